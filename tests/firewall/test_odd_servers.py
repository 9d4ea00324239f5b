"""A model's server that splits, floods, cuts, lies or speaks another tongue: what a client sees."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from contextlib import contextmanager, suppress

import pytest

from firewall.profiles import tensor, vectors
from firewall.serving import firewall
from modelwarden.firewall import dumped

OUT = {"name": "s", "shape": [1], "datatype": "FP64", "data": [1.0]}
GOOD = json.dumps({"model_name": "m", "outputs": [OUT]}).encode()
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CHUNKED = PLAIN + b"transfer-encoding: chunked\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(GOOD), GOOD)


def whole(body=GOOD, more=b"", first=b"HTTP/1.1 200 OK"):
    head = first + b"\r\ncontent-type: application/json\r\n" + more
    return head + b"content-length: %d\r\n\r\n%s" % (len(body), body)


FAILING = {
    "a length beyond the end": PLAIN + b"content-length: 500\r\n\r\n" + GOOD,
    "a length and chunks": CHUNKED + b"content-length: 5\r\n\r\n" + CHUNK + b"0\r\n\r\n",
    "two lengths": PLAIN + b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + GOOD,
    "a negative length": PLAIN + b"content-length: -1\r\n\r\n" + GOOD,
    "a line feed in a header": whole(more=b"x-a: b\nset-cookie: evil\r\n"),
    "a NUL in a header": whole(more=b"x-a: \x00\r\n"),
    "a folded header": whole(more=b"x-a: b\r\n evil\r\n"),
    "bytes": b"\x00\xff" * 100,
    "a page without a head": b"<html>evil</html>",
    "HTTP/0.9": GOOD,
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "status 099": whole(first=b"HTTP/1.1 099 A"),
    "status 1000": whole(first=b"HTTP/1.1 1000 A"),
    "status 600": whole(first=b"HTTP/1.1 600 A"),
    "another protocol": b"HTTP/1.1 101 Switching\r\nupgrade: evil\r\n\r\n" + GOOD,
    "a flood of 100": b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
    "a large head": whole(more=b"x-a: " + b"a" * 100_000 + b"\r\n"),
    "many headers": whole(more=b"".join(b"x-%d: a\r\n" % i for i in range(5000))),
    "a huge length": PLAIN + b"content-length: 99999999999\r\n\r\n" + GOOD,
    "a huge chunk": CHUNKED + b"\r\nffffffff\r\n" + GOOD,
    "no chunk": CHUNKED + b"\r\nzz\r\n" + GOOD,
    "an extension": CHUNKED + b"\r\n%x;evil=1\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD),
    "a trailer": CHUNKED + b"\r\n" + CHUNK + b"0\r\nx-evil: 1\r\n\r\n",
    "chunks that end early": CHUNKED + b"\r\n" + CHUNK,
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent",
    "a coding of its own": PLAIN + b"transfer-encoding: gzip\r\n\r\n" + gzip.compress(GOOD),
    "an answer without an end": PLAIN + b"\r\n" + b" " * (65 << 20),
    "a reset": None,
}
PASSING = {
    "an answer twice": (whole() + whole(b'{"evil": 1}'), GOOD),
    "a length that is too short": (PLAIN + b"content-length: 5\r\n\r\n" + GOOD, GOOD[:5]),
    "headers of the hop": (
        whole(more=b"upgrade: evil\r\nset-cookie: evil\r\nlocation: evil\r\nserver: evil\r\n"), GOOD
    ),
    "an early hint": (b"HTTP/1.1 103 Early Hints\r\nlink: evil\r\n\r\n" + whole(), GOOD),
    "no reason": (whole(first=b"HTTP/1.1 200"), GOOD),
    "an end by closing": (PLAIN + b"\r\n" + GOOD, GOOD),
    "gzip that nobody asked for": (
        whole(gzip.compress(GOOD), b"content-encoding: gzip\r\n"), gzip.compress(GOOD)
    ),
}  # fmt: skip


class Odd:
    """Answers each connection with the same bytes, and closes it; None resets it."""

    def __init__(self):
        self.answer, self.port = b"", 0

    def serve(self, connection):
        with connection, suppress(OSError):
            connection.settimeout(20)
            data = b""
            while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
                data += part
            if self.answer is None:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                connection.sendall(self.answer)


@contextmanager
def odd_server():
    odd = Odd()
    with socket.create_server(("127.0.0.1", 0)) as server:
        odd.port = server.getsockname()[1]

        def accepting():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=odd.serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accepting, daemon=True)
        thread.start()
        yield odd
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def walled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "profile.json").write_bytes(dumped(tensor()))
    with (
        odd_server() as odd,
        firewall(odd.port, "profile.json", "--mode", "enforce", cwd=folder) as wall,
    ):
        yield odd, wall


def asked(wall):
    """Return all that comes back over one connection."""
    entry = {"name": "x", "shape": [1, 12], "datatype": "FP32", "data": vectors(1).tolist()}
    body = json.dumps({"inputs": [entry]}).encode()
    head = b"POST /v2/models/m/infer HTTP/1.1\r\nhost: m\r\nconnection: close\r\n"
    kind = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    return wall.raw(head + kind + body)


@pytest.mark.parametrize("name", FAILING)
def test_what_is_no_answer_is_one_502_that_says_nothing_of_it(walled, name):
    odd, wall = walled
    odd.answer = FAILING[name]

    got = asked(wall)

    assert got.startswith(b"HTTP/1.1 502 ")
    assert got.count(b"HTTP/1.") == 1
    assert b"evil" not in got
    assert b"x-modelwarden" not in got


@pytest.mark.parametrize("name", PASSING)
def test_one_answer_comes_back_and_nothing_beside_it(walled, name):
    odd, wall = walled
    odd.answer, body = PASSING[name]

    got = asked(wall)

    assert got.startswith(b"HTTP/1.1 200 ")
    assert got.count(b"HTTP/1.") == 1
    assert got.endswith(b"\r\n\r\n" + body)
    assert b"evil" not in got
    assert (b"content-encoding: gzip" in got) == (b"gzip" in odd.answer)
