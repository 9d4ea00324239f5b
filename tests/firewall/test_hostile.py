"""What a client or a server can make the firewall hold in memory, without a network."""

from __future__ import annotations

import pytest

from modelwarden.firewall.connection import Connection
from modelwarden.firewall.http import Answer
from modelwarden.firewall.pool import LARGEST, Server


class Clock:
    """Stands for the loop."""

    now = 100.0

    def time(self):
        return self.now


class Wire:
    """Stands for a transport whose other end reads nothing beyond `room` bytes."""

    def __init__(self, room=1 << 30):
        self.room, self.sent, self.aborted, self.protocol = room, b"", False, None

    def get_extra_info(self, name):
        return ("10.0.0.7", 1) if name == "peername" else None

    def write(self, data):
        before = len(self.sent)
        self.sent += data
        if before <= self.room < len(self.sent):
            self.protocol.pause_writing()

    def abort(self):
        self.aborted = True

    def close(self):
        """Wait until all is sent, as transports do: for ever, here."""

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


class Handler:
    """Answers every request at once, with 1,000 bytes."""

    most, request_seconds, send_seconds = 1 << 30, 10.0, 5.0

    def __init__(self):
        self.bodies, self.broken_by = [], []

    def opened(self, connection):
        return True

    def closed(self, connection):
        pass

    def asked(self, connection, head, body):
        self.bodies.append(bytes(body))
        connection.answer(200, [], b"x" * 1000)

    def broken(self, connection, error):
        self.broken_by.append(error.detail)


def connected(room=1 << 30):
    handler, clock, wire = Handler(), Clock(), Wire(room)
    connection = Connection(handler, clock)
    wire.protocol = connection
    connection.connection_made(wire)
    return connection, handler, clock, wire


def feed(connection, data):
    while data:
        room = connection.get_buffer(-1)
        part = data[: len(room)]
        room[: len(part)] = part
        data = data[len(part) :]
        connection.buffer_updated(len(part))


GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


def test_requests_are_not_read_while_their_answers_are_not():
    connection, handler, clock, wire = connected(room=2500)

    feed(connection, GET * 50)

    assert len(handler.bodies) == 3
    assert connection.deadline == clock.now + handler.send_seconds
    wire.room = 1 << 30
    connection.resume_writing()
    assert len(handler.bodies) == 50
    assert not wire.aborted


def test_a_client_that_never_reads_is_let_go():
    connection, _, _, wire = connected(room=500)
    feed(connection, GET * 2)

    connection.expired()

    assert wire.aborted


def test_a_body_that_is_only_announced_takes_no_memory():
    connection, handler, _, _ = connected()
    body = bytes(range(256)) * 4000

    feed(connection, b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
    assert len(connection.get_buffer(-1)) <= 64 << 10
    feed(connection, body + GET)

    assert handler.bodies == [body, b""]


class Question:
    """Takes an answer whole."""

    head = body = b""
    method, deadline, server = "POST", 1e9, None

    def __init__(self, *, streams=False):
        self.streamed, self.failures = streams, []

    def streams(self, answer):
        assert isinstance(answer, Answer)
        return self.streamed

    def part(self, data):
        pass

    def failed(self, status, detail):
        self.failures.append((status, detail))


class Pool:
    def gone(self, server):
        pass


@pytest.mark.parametrize("streams", [False, True])
def test_a_chunk_of_the_server_that_is_too_large_is_not_waited_for(streams):
    server, question = Server(Pool()), Question(streams=streams)
    server.connection_made(Wire())
    server.ask(question)

    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    server.data_received(head + b"%x\r\n" % (LARGEST + 1))

    assert [status for status, _ in question.failures] == [502]
