"""What the firewall holds out: slow clients beside honest ones, a million clients and dead logs.

    python benchmarks/firewall_load.py slow [SECONDS]    500 slow clients, honest ones meanwhile
    python benchmarks/firewall_load.py clients [COUNT]   each client once, with nowhere to write

The real command in enforce with all checks, before the server of `firewall_upstream.c`. `slow`
tells the honest clients' 50th and 99th percentile with and without slow ones, turn about, and when
the last slow one was let go. `clients` sends from COUNT different clients (one row each) while
alerts go to /dev/full and the ledger to a file system that is full, and tells the largest resident
memory.
Needs `wrk` and `cc`; a full ledger needs the right to mount.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
from firewall_cost import HERE, firewall, free_port, port_of, prepared, process

SLOW = 500
MANY = """
local bodies = {{}}
for line in io.lines("{path}") do bodies[#bodies + 1] = line end
local n = 0
request = function()
  n = n + 1
  local head = {{["Content-Type"] = "application/json", ["X-Client"] = "client-" .. n}}
  return wrk.format("POST", "/v2/models/m/infer", head, bodies[n % #bodies + 1])
end
"""


@contextmanager
def upstream(folder):
    server = folder / "upstream"
    subprocess.run(["cc", "-O2", "-o", server, HERE / "firewall_upstream.c"], check=True)
    with process([server], stdout=subprocess.PIPE, text=True) as up:
        yield int(up.stdout.readline())


def resident(pid):
    """Return resident memory and its peak, in MB, and the number of open files."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(line.split(":", 1) for line in status.splitlines())
    megabytes = [int(found[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM")]
    return (*map(round, megabytes), len(os.listdir(f"/proc/{pid}/fd")))  # noqa: PTH208


def timed(port, bodies, seconds):
    """Return milliseconds of single requests, one after another."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times, end, n = [], time.monotonic() + seconds, 0
    while time.monotonic() < end:
        began = time.perf_counter()
        head = {"content-type": "application/json", "x-client": "honest"}
        connection.request("POST", "/v2/models/m/infer", bodies[n % len(bodies)], head)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"an honest request was answered {answer.status}")
        times.append((time.perf_counter() - began) * 1000)
        n += 1
        time.sleep(0.005)
    connection.close()
    return times


def slow_ones(port, results):
    """Open slow clients that send a byte now and then; tell when each was let go."""
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(SLOW)]
    began = time.monotonic()
    opened = dict.fromkeys(made, began)
    for s in made:
        s.setblocking(False)
        s.send(b"POST /v2/models/m/infer HTTP/1.1\r\n")
    while opened and time.monotonic() - began < 30:
        time.sleep(0.5)
        for s in list(opened):
            try:
                s.send(b"x")
                if not s.recv(1000):
                    raise ConnectionError
                results.append(time.monotonic() - opened.pop(s))
            except BlockingIOError:
                continue
            except OSError:
                results.append(time.monotonic() - opened.pop(s))
    results += [float("inf")] * len(opened)
    for s in made:
        s.close()


def slow(seconds=8):
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        prepared(folder)
        bodies = (folder / "1 KB.bodies").read_text().splitlines()
        up = stack.enter_context(upstream(folder))
        (folder / "on.toml").write_text("[firewall]\nblock_seconds = 0\n")
        running = stack.enter_context(firewall(folder, up, "--config", "on.toml"))
        port = port_of(running)
        timed(port, bodies, 1)
        alone, beside, let_go = [], [], []
        for _ in range(3):
            alone += timed(port, bodies, seconds)
            thread = threading.Thread(target=slow_ones, args=(port, let_go))
            thread.start()
            time.sleep(0.5)
            beside += timed(port, bodies, seconds)
            thread.join()
        both = [np.percentile(times, (50, 99)).round(2).tolist() for times in (alone, beside)]
        return {
            "slow clients": SLOW,
            "turns": 3,
            "honest requests": [len(alone), len(beside)],
            "alone p50, p99 ms": both[0],
            "beside p50, p99 ms": both[1],
            "p99 ratio": round(both[1][1] / both[0][1], 2),
            "last let go after s": round(max(let_go), 1),
        }


def clients(count=1_000_000):
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        prepared(folder)
        (folder / "many.lua").write_text(MANY.format(path=folder / "1 KB.bodies"))
        told_at = free_port()
        (folder / "on.toml").write_text(
            f"[firewall]\nclient_header = 'x-client'\nstatus = '127.0.0.1:{told_at}'\n"
            "[firewall.limit]\nrate = 10\nburst = 20\n"
        )
        (folder / "full").mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder / "full"]
        arguments = ["--config", "on.toml", "--alerts", "/dev/full"]
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            stack.callback(subprocess.run, ["umount", "-l", folder / "full"], check=False)
            arguments += ["--ledger", "full/ledger"]
        up = stack.enter_context(upstream(folder))
        running = stack.enter_context(firewall(folder, up, *arguments))
        port, pid = port_of(running), running.pid
        began, sent, failed, memory = time.monotonic(), 0, 0, [resident(pid)]
        # One thread of wrk numbers its clients from 1: all of them in one run.
        load = stack.enter_context(
            process(
                ["wrk", "-t1", "-c32", "-d3600s", "-s", folder / "many.lua",
                 f"http://127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        while sent < count and load.poll() is None:
            time.sleep(2)
            sent = counted(told_at)
            memory.append(resident(pid))
        load.send_signal(2)
        told = load.communicate(timeout=30)[0]
        failed = [line.strip() for line in told.splitlines() if "Non-2xx" in line]
        return {
            "clients": sent,
            "ledger": "--ledger" in arguments,
            "seconds": round(time.monotonic() - began),
            "resident MB at first": memory[0][0],
            "resident MB at most": max(peak for _, peak, _ in memory),
            "open files at most": max(files for *_, files in memory),
            "refused": failed or "none",
        }


def counted(port):
    """Return how many requests a firewall has decided about."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/status.json")
    models = json.loads(connection.getresponse().read())["models"]
    connection.close()
    return sum(m["allowed"] + m["would_refuse"] + m["refused"] for m in models)


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["slow"]
    print(json.dumps({"slow": slow, "clients": clients}[what](*map(int, rest)), indent=1))
