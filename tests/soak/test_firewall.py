"""A day of a firewall in an hour or less: its memory stays flat, and no descriptor is lost.

A day of 20 requests a second is 1.7 million. They come over connections that are kept, dropped in
the middle of a request, and from ever new clients; now and then the policy is read anew.
`MODELWARDEN_SOAK_COUNT` chooses how many.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall
from modelwarden.firewall import dumped

pytestmark = pytest.mark.soak
COUNT = int(os.environ.get("MODELWARDEN_SOAK_COUNT", "1700000"))
CLIENTS = 8
SETTLED = 0.3  # of the requests: until then buffers and memories of clients fill
HEAD = (
    b"POST /v2/models/m/infer HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n"
    b"x-client: %d\r\ncontent-length: %d\r\n\r\n"
)


def held(pid):
    """Return resident memory in MB, and open descriptors."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]) / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def bodies():
    entry = {"name": "x", "shape": [1, 12], "datatype": "FP32"}
    rows = vectors(4000, seed=3).round(6).tolist()
    return [json.dumps({"inputs": [{**entry, "data": [row]}]}).encode() for row in rows]


async def answering(reader, writer):
    """Answer every request as a model's server would."""
    answer = b'{"model_name":"m","outputs":[{"name":"s","shape":[1],"datatype":"FP64","data":[1]}]}'
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                % (len(answer), answer)
            )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
        await writer.wait_closed()


class Client:
    """Asks one request after another, over one connection while that lasts."""

    def __init__(self, port, number):
        self.port, self.number, self.statuses = port, number, {}
        self.reader = self.writer = None

    async def ask(self, turn, body):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        who = self.number if turn % 3 else turn * CLIENTS + self.number
        if turn % 50 == 7:
            body = body[:-3]
        head = HEAD % (who, len(body))
        if turn % 200 == 11:
            self.writer.write(head + body[:20])
            await self.drop()
            return
        self.writer.write(head + body)
        got = await self.reader.readuntil(b"\r\n\r\n")
        await self.reader.readexactly(int(got.lower().split(b"content-length: ")[1].split()[0]))
        status = int(got[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if turn % 997 == 0:
            await self.drop()

    async def drop(self):
        self.writer.close()
        await self.writer.wait_closed()
        self.writer = None


async def soaked(port, pid, upstream):
    made, seen = bodies(), []
    clients = [Client(port, n) for n in range(CLIENTS)]
    turns = COUNT // CLIENTS
    step = max(1, turns // 50)
    for start in range(0, turns, step):

        async def run(client, begin=start):
            for turn in range(begin, min(begin + step, turns)):
                await client.ask(turn, made[(turn * CLIENTS + client.number) % len(made)])

        await asyncio.gather(*map(run, clients))
        os.kill(pid, signal.SIGHUP)
        await asyncio.sleep(0.3)
        seen.append(held(pid))
    for client in clients:
        if client.writer is not None:
            await client.drop()
    await asyncio.sleep(1)
    return seen, clients, held(pid)


def test_a_day_of_requests_leaves_memory_flat_and_no_descriptor_open(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    (tmp_path / "c.toml").write_text(
        "[firewall]\nclient_header = 'x-client'\nblock_seconds = 0\n[firewall.limit]\nrate = 1e6\n"
    )
    arguments = ("--mode", "enforce", "--config", "c.toml", "--alerts", "alerts")

    async def run():
        server = await asyncio.start_server(answering, "127.0.0.1", 0)
        upstream = server.sockets[0].getsockname()[1]
        ledger = ("--ledger", "ledger")
        with firewall(upstream, "profile.json", *arguments, *ledger, cwd=tmp_path) as wall:
            before = held(wall.process.pid)
            found = await soaked(wall.port, wall.process.pid, upstream)
            server.close()
        await asyncio.sleep(1)  # for the ends of the server's connections
        return before, *found

    before, seen, clients, after = asyncio.run(run())

    settled = [resident for resident, _ in seen[int(SETTLED * len(seen)) :]]
    told = f"MB: {before[0]:.0f} at first, then {[round(r) for r in settled]}"
    assert set().union(*(client.statuses for client in clients)) == {200, 400}
    assert settled[-1] < settled[0] + 20, told
    assert after[1] <= before[1] + 2 * 64 + 8  # connections to the server are kept
    assert max(files for _, files in seen) <= before[1] + 2 * 64 + 2 * CLIENTS + 8
    reloads = [a for a in alerts(tmp_path / "alerts") if a["rule"] == "reload"]
    assert len(reloads) >= len(seen) - 1
    assert all("was replaced" in a["detail"] for a in reloads)
