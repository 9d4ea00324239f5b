"""The least that a proxy in Python does: what no check of the firewall can go below.

No limits, no timeouts, no errors, no routes, no clients: heads that were read before are looked up,
a body is decoded once by simdjson into an array, and a line is hashed into a chain and written by
one `write()` a turn of the loop; then the bytes go on. `firewall_cost.py` runs it beside nginx.

    python benchmarks/firewall_floor.py LEVEL UPSTREAM [FILE]    # LEVEL: http, json or ledger
"""

from __future__ import annotations

import asyncio
import os
import sys

import numpy as np
import simdjson
import uvloop

from modelwarden.firewall.http import answer_of, head_of, known_answer, known_request
from modelwarden.ledger.chain import GENESIS, RECORD, line_of

_END = b"\r\n\r\n"


class Floor:
    """What decodes, writes and passes on."""

    def __init__(self, level, upstream, path):
        self.loop = asyncio.get_running_loop()
        self.decodes, self.writes = level != "http", level == "ledger"
        self.upstream = upstream
        self.ledger = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if path else -1
        self.parser, self.digest = simdjson.Parser(), GENESIS
        self.idle, self.waiting = [], []

    async def begin(self, connections):
        for _ in range(connections):
            await self.loop.create_connection(lambda: Back(self), "127.0.0.1", self.upstream)
        server = await self.loop.create_server(lambda: Front(self), "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    def asked(self, front, head, body):
        if self.decodes:
            data = self.parser.parse(body)["inputs"][0]["data"]
            rows = len(np.frombuffer(data.as_buffer(of_type="d"), np.float64))
            del data
        if not self.writes:
            self.idle.pop().ask(front, head, body)
            return
        if not self.waiting:
            self.loop.call_soon(self.flush)
        record = f'{{"kind":"request","model":"m","decision":"allow","values":{rows}}}'
        self.waiting.append((front, head, body, record.encode()))

    def flush(self):
        waiting, self.waiting = self.waiting, []
        lines = []
        for *_, record in waiting:
            line, self.digest = line_of(self.digest, RECORD, record)
            lines.append(line)
        os.write(self.ledger, b"".join(lines))
        for front, head, body, _ in waiting:
            self.idle.pop().ask(front, head, body)


class Front(asyncio.Protocol):
    """A client."""

    def __init__(self, floor):
        self.floor, self.held = floor, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.held:
            data, self.held = self.held + data, b""
        found = known_request(data)
        if found is None:
            end = data.find(_END) + 4
            head = head_of(data[:end])
            if len(data) < end + head.length:
                self.held = data
                return
            found = head, data[end:]
        self.floor.asked(self, *found)


class Back(asyncio.Protocol):
    """A connection to the server."""

    def __init__(self, floor):
        self.floor = floor

    def connection_made(self, transport):
        self.transport = transport
        self.floor.idle.append(self)

    def ask(self, front, head, body):
        self.front = front
        first = b"POST %s HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n"
        lines = (first + b"content-length: %d\r\n\r\n") % (head.path.encode(), len(body))
        self.transport.writelines((lines, body))

    def data_received(self, data):
        found = known_answer(data)
        if found is None:
            end = data.find(_END) + 4
            found = answer_of(data[:end]), data[end:]
        answer, body = found
        self.floor.idle.append(self)
        if self.front.transport.is_closing():
            return
        lines = b"HTTP/1.1 %d OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.front.transport.write(lines % (answer.status, len(body)) + body)


async def main(level, upstream, path=None):
    floor = Floor(level, int(upstream), path)
    print(await floor.begin(64), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(*sys.argv[1:]))
