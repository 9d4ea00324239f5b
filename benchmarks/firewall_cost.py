"""What the firewall costs beside nginx: CPU of the process for each request, and added latency.

One process each in front of the same server of C, keep-alive, wrk with 16 connections, bodies of
1 KB (one row of 110 numbers) and 98 KB (100 rows): 64 of each, so most rows were sent before, and
8,192 small ones, more than are remembered: each row is new. `firewall_floor.py` is the least that
Python can do. Sides take turns, so that a busy machine slows all of them; ratios are of medians.
Needs `nginx`, `wrk` and `cc`.

    python benchmarks/firewall_cost.py [ROUNDS] [SECONDS]
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")
WIDTH = 110
SIZES = {"1 KB": (1, 64), "1 KB, new rows": (1, 8192), "98 KB": (100, 64)}
"""Rows of a body, and how many bodies there are."""
CONNECTIONS = 16
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error; master_process off;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_body_buffer_size 256k; keepalive_requests 10000000;
  upstream model {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://model; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }}
  }}
}}
"""
LUA = """
local bodies = {{}}
for line in io.lines("{path}") do bodies[#bodies + 1] = line end
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", "/v2/models/m/infer",
    {{["Content-Type"] = "application/json"}}, bodies[n % #bodies + 1])
end
"""


def rows(rng, count):
    basis = np.random.default_rng(99).normal(size=(20, WIDTH))
    clean = rng.normal(size=(count, 20)) @ basis * 0.3
    return np.round(clean + rng.normal(size=(count, WIDTH)) * 0.3, 4)


def body(x):
    entry = {"name": "x", "shape": list(x.shape), "datatype": "FP32", "data": x.tolist()}
    return json.dumps({"inputs": [entry]}, separators=(",", ":"))


def prepared(folder):
    """Write the profile, bodies and configurations."""
    from modelwarden.firewall import Meta, Protocol, dumped, profile_of
    from modelwarden.firewall.normal import Scorer

    rng = np.random.default_rng(0)
    meta = Meta(name="m", protocol=Protocol("oip-v2"), input="x", datatype="FP32")
    profile = profile_of(rows(rng, 3000), meta, digest="sha256:0", version="0", rate=0.01)
    (folder / "profile.json").write_bytes(dumped(profile))
    scorer = Scorer(profile.normal)
    most = max(count * bodies for count, bodies in SIZES.values())
    more = rows(rng, 2 * most)
    parts = [more[at : at + 1000] for at in range(0, len(more), 1000)]
    more = more[np.concatenate([scorer.judged(x).scores for x in parts]) < profile.normal.alarm]
    for name, (count, bodies) in SIZES.items():
        made = [body(more[i * count : (i + 1) * count]) for i in range(bodies)]
        path = folder / f"{name}.bodies"
        path.write_text("\n".join(made) + "\n")
        (folder / f"{name}.lua").write_text(LUA.format(path=path))
    (folder / "off.toml").write_text('[firewall]\ndrift = false\n[firewall.rules]\nall = "off"\n')
    # Each client's rows are few, else the same 64 bodies would count as a search.
    (folder / "on.toml").write_text("[firewall]\nblock_seconds = 0\n")


@contextmanager
def process(command, **more):
    running = subprocess.Popen(command, **more)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as made:
        return made.getsockname()[1]


def firewall(folder, upstream, *arguments):
    return process(
        [
            *(sys.executable, "-m", "modelwarden", "firewall", "--listen", "127.0.0.1:0"),
            *("--upstream", f"http://127.0.0.1:{upstream}", "--mode", "enforce"),
            *("--profile", "profile.json", *arguments),
        ],
        cwd=folder, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def port_of(running):
    line = running.stderr.readline()
    return int(re.search(r"listening at http://127\.0\.0\.1:(\d+)", line)[1])


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def load(port, script, seconds):
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in done:
        raise SystemExit(f"refused under load: {done}")
    return int(re.search(r"(\d+) requests in", done)[1])


def latency(port, data, count):
    """Return the median time of single requests, one after another."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for number in range(count):
        began = time.perf_counter()
        head = {"content-type": "application/json"}
        connection.request("POST", "/v2/models/m/infer", data[number % len(data)], head)
        connection.getresponse().read()
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    return statistics.median(times)


def main(rounds=5, seconds=2):
    for tool in ("nginx", "wrk", "cc"):
        if shutil.which(tool) is None and not Path(f"/usr/sbin/{tool}").exists():
            raise SystemExit(f"firewall_cost needs {tool}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        prepared(folder)
        server = folder / "upstream"
        subprocess.run(["cc", "-O2", "-o", server, HERE / "firewall_upstream.c"], check=True)
        up = stack.enter_context(process([server], stdout=subprocess.PIPE, text=True))
        upstream = int(up.stdout.readline())
        port = free_port()
        text = NGINX.format(folder=folder, upstream=upstream, port=port)
        (folder / "nginx.conf").write_text(text)
        nginx = stack.enter_context(
            process([shutil.which("nginx") or "/usr/sbin/nginx", "-c", folder / "nginx.conf"])
        )
        sides = {"nginx": (nginx.pid, port)}
        for side, arguments in (
            ("pass-through", ("--config", "off.toml")),
            ("all checks and ledger", ("--config", "on.toml", "--ledger", "ledger")),
        ):
            running = stack.enter_context(firewall(folder, upstream, *arguments))
            sides[side] = (running.pid, port_of(running))
        for level, *path in (("http",), ("json",), ("ledger", folder / "floor")):
            command = [sys.executable, HERE / "firewall_floor.py", level, str(upstream), *path]
            running = stack.enter_context(process(command, stdout=subprocess.PIPE, text=True))
            sides[f"floor: {level}"] = (running.pid, int(running.stdout.readline()))
        time.sleep(0.5)
        print(json.dumps(measured(folder, upstream, sides, rounds, seconds), indent=1))


def measured(folder, upstream, sides, rounds, seconds):
    result = {"rounds": rounds, "seconds": seconds, "connections": CONNECTIONS}
    for size in SIZES:
        script = str(folder / f"{size}.lua")
        data = (folder / f"{size}.bodies").read_text().splitlines()
        costs = {side: [] for side in sides}
        rates = {side: [] for side in sides}
        delays = {side: [] for side in ("direct", *sides)}
        for _, port in sides.values():
            load(port, script, 1)
        for _ in range(rounds):
            for side, (pid, port) in sides.items():
                before = cpu(pid)
                served = load(port, script, seconds)
                costs[side].append((cpu(pid) - before) / served * 1e6)
                rates[side].append(served / seconds)
            for side, port in (("direct", upstream), *((s, p) for s, (_, p) in sides.items())):
                delays[side].append(latency(port, data, 100))
        base = statistics.median(costs["nginx"])
        result[size] = {
            side: {
                "cpu_us": round(statistics.median(costs[side]), 1),
                "times_nginx": round(statistics.median(costs[side]) / base, 2),
                "requests_s": round(statistics.median(rates[side])),
                "added_p50_ms": round(
                    statistics.median(delays[side]) - statistics.median(delays["direct"]), 3
                ),
            }
            for side in sides
        }
    return result


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
