"""Clients that mean harm, all at a time, until the time is over. What becomes of them is counted.

    attack.py PORT SECONDS CERTIFICATE KEY

Those that get past the handshake have a client certificate that is accepted: nobody else gets there.
"""

import collections
import random
import select
import socket
import ssl
import sys
import threading
import time

HALF_OPEN = 2000
BYTE_BY_BYTE = 300
SLOW_HEADERS = 200
SLOW_READERS = 100
# The most connections that each kind makes in a second, so that the attack isn't one on the machine.
RATE = 400

port, seconds, certificate, key = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
end = time.monotonic() + seconds
counts = collections.Counter()

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(certificate, key)


def client_hello():
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def tcp():
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setblocking(False)
    return connection


def tls(request):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    secured = context.wrap_socket(connection)
    secured.sendall(request)
    secured.setblocking(False)
    return secured


def kept(kind, number, make, poke, pause):
    """So many connections of a kind, each poked after each pause; what is closed is made anew."""
    held = []
    while time.monotonic() < end:
        began = time.monotonic()
        for _ in range(min(number - len(held), max(1, int(RATE * pause)))):
            try:
                held.append(make())
                counts[kind, "made"] += 1
            except OSError:
                counts[kind, "failed"] += 1
                break
        alive = []
        for connection in held:
            try:
                poke(connection)
                alive.append(connection)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                alive.append(connection)
            except OSError:
                counts[kind, "closed"] += 1
                connection.close()
        held = alive
        counts[kind, "held"] = len(held)
        time.sleep(max(0, pause - (time.monotonic() - began)))
    for connection in held:
        connection.close()


def ended(connection):
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLRDHUP)
    for _, event in poll.poll(0):
        if event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR):
            raise OSError("closed")


HELLO = client_hello()
sent = {}


def trickle(connection):
    ended(connection)
    at = sent.get(connection, 0)
    if at < len(HELLO) - 1:
        connection.send(HELLO[at : at + 1])
        sent[connection] = at + 1


def half_open():
    connection = tcp()
    # One in four makes the server answer.
    if random.random() < 0.25:
        connection.send(HELLO)
    return connection


def one_byte_of_a_header(connection):
    ended(connection)
    connection.send(b"x")


def start(kind, number, make, poke, pause):
    thread = threading.Thread(target=kept, args=(kind, number, make, poke, pause), daemon=True)
    thread.start()
    return thread


threads = [
    start("half-open", HALF_OPEN, half_open, ended, 0.25),
    start("byte by byte", BYTE_BY_BYTE, tcp, trickle, 0.1),
    start(
        "slow headers",
        SLOW_HEADERS,
        lambda: tls(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "),
        one_byte_of_a_header,
        0.5,
    ),
    start(
        "slow readers",
        SLOW_READERS,
        lambda: tls(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ended,
        0.5,
    ),
]
for thread in threads:
    thread.join(seconds + 30)
for (kind, what), count in sorted(counts.items()):
    print(f"{kind}: {count} {what}")
