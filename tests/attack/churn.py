"""Connections that come, and end in every way, for so many seconds.

    churn.py PORT SECONDS CERTIFICATE KEY
"""

import socket
import ssl
import struct
import sys
import threading
import time

port, seconds, certificate, key = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
end = time.monotonic() + seconds
counts = {"connect": 0, "handshake": 0, "request": 0, "reset": 0, "failed": 0}

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(certificate, key)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def churn(number):
    turn = number
    while time.monotonic() < end:
        turn += 1
        kind = ("connect", "handshake", "request", "reset")[turn % 4]
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            if kind == "reset":
                connection.send(b"\x16\x03\x01")
            elif kind != "connect":
                connection = context.wrap_socket(connection)
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                if kind == "request":
                    connection.recv(4096)
            # Half of them in order, if there is one.
            if turn % 8 < 4:
                reset(connection)
            else:
                connection.close()
            counts[kind] += 1
        except OSError:
            counts["failed"] += 1


threads = [threading.Thread(target=churn, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
