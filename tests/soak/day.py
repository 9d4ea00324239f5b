"""A day of a firewall, accelerated: `python -m soak.day [COUNT]` with `tests` on the path.

What could leak leaks by the event, not by the second: the day holds as many events of each kind as
a real one or more. A day of 20 requests a second is 1.7 million requests; what goes by the clock
there is configured to come as often in the minutes that they take here (`CONFIG`), and every time
that is fixed in the firewall is shorter than the run. It is the real command over real sockets, and
each of the 24 hours has its troubles, all under load: a new policy, alerts that are rotated away,
a process that is stopped, a server that dies and comes back, a disk that takes nothing, a collector
of traces that is away, clients that leave in the middle or never finish, and one that searches.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import re
import resource
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from firewall.profiles import tensor, vectors
from firewall.serving import firewall
from modelwarden.detectors import probes as golden
from modelwarden.detectors.profile import Watched
from modelwarden.firewall import dumped
from modelwarden.ledger import verify

HOURS = 24
OUTAGE = 1  # of every third hour
CLIENTS = 8
BURST = 8
CONFIG = """
[firewall]
client_header = "x-client"
block_seconds = 1
watch_seconds = 0.5
request_seconds = 2
upstream_seconds = 5
probe_seconds = 0.5
status = "127.0.0.1:{status}"
[firewall.rules]
crowded-rows = "observe"
spread-search = "observe"
[firewall.limit]
rate = 3000
burst = 3000
[firewall.ledger]
segment_bytes = 1_000_000
retention_bytes = 16_000_000
head_seconds = 0.5
[firewall.traces]
url = "http://127.0.0.1:{collector}"
sample = 0.05
"""
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
HEAD = (
    b"POST /v2/models/m/infer HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n"
    b"x-client: %s\r\ncontent-length: %d\r\n\r\n"
)


@dataclass(frozen=True)
class Held:
    """What the process holds: resident memory, descriptors by what they are, threads."""

    megabytes: float
    files: int
    sockets: int
    threads: int


@dataclass
class Day:
    """What was seen.

    Attributes:
        held: before, after each hour, and at the end.
        statuses: of honest clients' requests.
        hours: the same up to the end of each hour.
        search: of the client that searches.
        counters: of the firewall's metrics at the end.
        told: alerts by rule, over all files.
        check: of the ledger.
        code: that the command ended with.
        cpu: seconds of the firewall's processor time.
    """

    held: list[Held] = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    hours: list[Counter] = field(default_factory=list)
    search: Counter = field(default_factory=Counter)
    connections: int = 0
    counters: dict[str, float] = field(default_factory=dict)
    told: Counter = field(default_factory=Counter)
    check: object = None
    code: int | None = None
    cpu: float = 0.0
    seconds: float = 0.0


def held(pid):
    """Return what a process holds."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    opened = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            opened.append(str(path.readlink()))
    sockets = sum(name.startswith("socket:") for name in opened)
    megabytes = round(int(status["VmRSS"].split()[0]) / 1024, 1)
    return Held(megabytes, len(opened) - sockets, sockets, int(status["Threads"]))


def body_of(row):
    entry = {"name": "x", "shape": [1, 12], "datatype": "FP32", "data": [row]}
    return json.dumps({"inputs": [entry]}).encode()


class Answering(asyncio.Protocol):
    """The model's server: one number for each row."""

    def __init__(self, open_ones):
        self.data, self.open_ones = b"", open_ones

    def connection_made(self, transport):
        self.transport = transport
        self.open_ones.add(transport)

    def connection_lost(self, error):
        self.open_ones.discard(self.transport)

    def data_received(self, data):
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            length = int(LENGTH.search(self.data[:end])[1])
            if len(self.data) < end + 4 + length:
                return
            body, self.data = self.data[end + 4 :][:length], self.data[end + 4 + length :]
            self.transport.write(self.answer(body))

    def answer(self, body):
        rows = int(re.search(rb'"shape":\s*\[(\d+)', body)[1])
        ones = ",".join(["1.0"] * rows)
        output = f'{{"name":"s","shape":[{rows}],"datatype":"FP64","data":[{ones}]}}'
        text = f'{{"model_name":"m","outputs":[{output}]}}'
        head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
        return f"{head}{len(text)}\r\n\r\n{text}".encode()


class Collecting(Answering):
    """A collector of traces."""

    def answer(self, body):
        return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Server:
    """A server that dies and comes back at the same port."""

    def __init__(self, protocol):
        self.protocol, self.port, self.open_ones, self.server = protocol, 0, set(), None

    async def begin(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            lambda: self.protocol(self.open_ones), "127.0.0.1", self.port, reuse_address=True
        )
        self.port = self.server.sockets[0].getsockname()[1]

    def die(self):
        self.server.close()
        for transport in list(self.open_ones):
            transport.abort()


class Client:
    """Asks bursts of requests over one connection while that lasts, under ever new names."""

    def __init__(self, port, number, day, bodies):
        self.port, self.number, self.day, self.bodies = port, number, day, bodies
        self.reader = self.writer = None
        self.turn = 0

    async def bursts(self, count):
        for _ in range(count):
            self.turn += 1
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.burst()
                if self.turn % 25 == 0:
                    await self.drop()
                continue
            await self.drop()

    async def burst(self):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.day.connections += 1
        asked = b"".join(map(self.one, range(BURST)))
        if self.turn % 100 == 11:
            self.writer.write(asked[:-30])  # it leaves in the middle of a request
            await self.writer.drain()
            await self.drop()
            return
        self.writer.write(asked)
        for _ in range(BURST):
            self.day.statuses[await status_of(self.reader)] += 1

    def one(self, place):
        at = (self.turn * CLIENTS + self.number) * BURST + place
        who = b"c%d" % (self.number if at % 3 else at + CLIENTS)
        body = self.bodies[at % len(self.bodies)]
        if at % 50 == 7:
            body = body[:-3]
        return HEAD % (who, len(body)) + body

    async def drop(self):
        if self.writer is not None:
            self.writer.close()
            with suppress(ConnectionError):
                await self.writer.wait_closed()
        self.writer = None


async def status_of(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(LENGTH.search(head)[1]))
    return int(head[9:12])


@asynccontextmanager
async def connected(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def search(port, day, hour):
    """One client that feels its way around one row, which nobody else asks about."""
    rng, start = random.Random(hour), vectors(1, seed=1000 + hour)[0].tolist()
    async with connected(port) as (reader, writer):
        for _ in range(80):
            body = body_of([round(v + rng.uniform(-1, 1) * 1e-4, 7) for v in start])
            writer.write(HEAD % (b"search-%d" % (hour % 3), len(body)) + body)
            day.search[await status_of(reader)] += 1


async def idlers(port):
    """Clients that connect and say nothing, or half of a head, and stay until they are let go."""
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(connected(port)) for _ in range(40)]
        for _, writer in made[::2]:
            writer.write(HEAD[:40])
        for reader, _ in made:
            with suppress(ConnectionError):
                await reader.read()


async def fetched(port, path):
    async with connected(port) as (reader, writer):
        writer.write(b"GET %s HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n" % path)
        data = await reader.read()
    return data.partition(b"\r\n\r\n")[2]


async def looks(port):
    """Ask for the status as Prometheus and a page do, a day's worth of times in the run."""
    while True:
        with suppress(ConnectionError):
            for path in (b"/metrics", b"/status.json", b"/"):
                await fetched(port, path)
        await asyncio.sleep(0.1)


async def troubles(hour, wall, folder, upstream, collector):
    """What happens in one hour, while requests come."""
    pid = wall.process.pid
    os.utime(folder / "model.bin")
    (folder / "alerts").rename(folder / f"alerts.{hour}")
    os.kill(pid, signal.SIGHUP)
    await asyncio.sleep(1)
    if hour % 3 == OUTAGE:
        upstream.die()
        await asyncio.sleep(0.5)
        await upstream.begin()
    if hour % 4 == 2:
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
        await asyncio.sleep(0.5)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    if hour % 6 == 3:
        collector.die()
    if hour % 6 == 5:
        await collector.begin()
    if hour % 8 == 7:
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(3)
        os.kill(pid, signal.SIGCONT)


async def lived(folder, day, count, upstream, collector, wall, status):
    rows = vectors(4000, seed=3).round(6).tolist()
    bodies = [body_of(row) for row in rows]
    clients = [Client(wall.port, n, day, bodies) for n in range(CLIENTS)]
    looking = asyncio.create_task(looks(status))
    await asyncio.sleep(1)
    day.held.append(held(wall.process.pid))
    for hour in range(HOURS):
        share = max(1, count // (HOURS * CLIENTS * BURST))
        await asyncio.gather(
            *(client.bursts(share) for client in clients),
            search(wall.port, day, hour),
            idlers(wall.port),
            troubles(hour, wall, folder, upstream, collector),
        )
        day.held.append(held(wall.process.pid))
        day.hours.append(Counter(day.statuses))
    for client in clients:
        await client.drop()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await asyncio.sleep(2)  # looks at files that were begun by an earlier policy end
    day.held.append(held(wall.process.pid))
    for line in (await fetched(status, b"/metrics")).decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            day.counters[name.removeprefix("modelwarden_")] = float(value)


def prepared(folder, status, collector):
    weights = folder / "model.bin"
    weights.write_bytes(b"weights" * 100_000)
    watched = (Watched(str(weights), hashlib.sha256(weights.read_bytes()).hexdigest()),)
    made = replace(tensor(), watched=watched)
    (folder / "profile.json").write_bytes(dumped(made))
    probes = golden.probes_of(made, {"x": vectors(800)}, "sha256:0")
    golden.write(golden.place_of(folder / "profile.json"), probes)
    (folder / "c.toml").write_text(CONFIG.format(status=status, collector=collector))


def rule_of(line):
    """Return the rule of an alert; "torn" for one of which a full disk took a part."""
    return json.loads(line)["rule"] if line.endswith("}") else "torn"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def day_of(folder, count):
    """Live through a day of so many requests."""
    day, status = Day(), free_port()

    async def run():
        upstream, collector = Server(Answering), Server(Collecting)
        await upstream.begin()
        await collector.begin()
        prepared(folder, status, collector.port)
        arguments = ("--mode", "enforce", "--config", "c.toml", "--alerts", "alerts")
        arguments += ("--ledger", "ledger")
        with firewall(upstream.port, "profile.json", *arguments, cwd=folder) as wall:
            began = time.monotonic()
            await lived(folder, day, count, upstream, collector, wall, status)
            day.seconds = time.monotonic() - began
            times = Path(f"/proc/{wall.process.pid}/stat").read_text().rpartition(")")[2].split()
            day.cpu = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
            wall.process.send_signal(signal.SIGTERM)
            day.code = await asyncio.to_thread(wall.process.wait, 60)
        upstream.die()
        collector.die()
        await asyncio.sleep(0.5)  # for the ends of connections

    asyncio.run(run())
    for path in folder.glob("alerts*"):
        day.told.update(map(rule_of, path.read_text().splitlines()))
    day.check = verify(folder / "ledger")
    return day


def main():
    with tempfile.TemporaryDirectory() as name:
        day = day_of(Path(name), int(sys.argv[1]) if sys.argv[1:] else 1_700_000)
    shown = {
        "requests": sum(day.statuses.values()),
        "seconds": round(day.seconds),
        "firewall cpu seconds": round(day.cpu),
        "resident MB": [round(one.megabytes) for one in day.held],
        "files": [one.files for one in day.held],
        "sockets": [one.sockets for one in day.held],
        "threads": [one.threads for one in day.held],
        "statuses": day.statuses,
        "search": day.search,
        "connections": day.connections,
        "told": day.told,
        "ledger": {k: getattr(day.check, k) for k in ("segments", "lines", "records", "retired")},
        "problems": [str(p) for p in day.check.problems],
        "counters": {k: v for k, v in day.counters.items() if "bucket" not in k},
        "code": day.code,
    }
    sys.stdout.write(json.dumps(shown, indent=1) + "\n")


if __name__ == "__main__":
    main()
