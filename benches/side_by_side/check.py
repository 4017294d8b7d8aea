"""Before anything is measured: does the server do its job? And do its answers come over connections that are kept?"""

import hashlib
import http.client
import ssl

from machine import Failure


def answers(port, pki, row, content):
    """The right answer to the right client, and none to a client without a certificate."""
    status, body = get(port, pki, row.path, pki.clients[-1])
    if status != 200 or hashlib.sha256(body).digest() != hashlib.sha256(content[row.size]).digest():
        raise Failure(f"wrong answer: status {status}, {len(body)} bytes instead of 200 and {row.size}")
    try:
        status, body = get(port, pki, row.path, None)
    except (OSError, http.client.HTTPException):
        return
    if status < 400:
        raise Failure(f"lets in clients without a certificate: status {status}")


def get(port, pki, path, client):
    context = ssl.create_default_context(cafile=str(pki.ca))
    if client:
        context.load_cert_chain(*map(str, client))
    # The certificate is for this name; no resolver is asked.
    connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def upstream_connections(port):
    """The upstream numbers its connections (`$connection`): two looks tell how many were made in between."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/connection")
        return int(connection.getresponse().read())
    finally:
        connection.close()
