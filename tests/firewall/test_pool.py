"""Connections to the server: what waits for one is asked, or told at once that it cannot be."""

from __future__ import annotations

import asyncio
import socket
import time

from modelwarden.firewall.config import Upstream
from modelwarden.firewall.pool import Pool


class Question:
    head, body = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", b""
    method, server = "POST", None

    def __init__(self):
        self.deadline = time.monotonic() + 30
        self.said = asyncio.get_running_loop().create_future()

    def streams(self, answer):
        return False

    def answered(self, answer, body):
        self.deadline = float("inf")
        self.said.set_result(answer.status)

    def failed(self, status, detail):
        self.deadline = float("inf")
        self.said.set_result(status)


def asked(port, count, most):
    async def run():
        loop = asyncio.get_running_loop()
        pool = Pool(Upstream("127.0.0.1", port, False), loop, most=most, queue=50, context=None)
        questions = [Question() for _ in range(count)]
        for question in questions:
            pool.ask(question)
        try:
            async with asyncio.timeout(10):
                return await asyncio.gather(*(q.said for q in questions))
        finally:
            pool.close()

    return asyncio.run(run())


def test_what_waits_while_a_connection_fails_is_not_left_to_its_deadline():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert asked(port, 20, most=2) == [502] * 20


def test_what_waits_is_asked_when_the_server_closes_after_each_answer():
    async def serve():
        async def one(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(one, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await asyncio.to_thread(asked, port, 20, 2)

    assert asyncio.run(serve()) == [200] * 20
