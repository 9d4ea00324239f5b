"""What the firewall costs where an Envoy asks it: beside that Envoy alone, and beside the proxy.

One process each in front of the same server of C, keep-alive, wrk with 16 connections, bodies of
1 KB (one row of 110 numbers) and 98 KB (100 rows), as in `firewall_cost.py`; all checks and ledger,
and all rules off. Envoy has one thread and the documented configuration. Sides take turns; what is
told is processor time a request, medians, of Envoy and of the firewall.
Needs `wrk`, `cc`, and the program that MODELWARDEN_ENVOY names (or `make models` brings).

    python benchmarks/firewall_envoy.py [ROUNDS] [SECONDS]
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from firewall_cost import (
    CONNECTIONS,
    SIZES,
    cpu,
    firewall,
    free_port,
    latency,
    load,
    port_of,
    prepared,
    process,
)  # fmt: skip
from firewall_load import upstream as server

ROOT = Path(__file__).parents[1]
FILTER = re.compile(
    r"\n {18}# Behind filters that know.*?(?=\n {18}- name: envoy\.filters\.http\.router)", re.S
)


def binary():
    named = os.environ.get("MODELWARDEN_ENVOY")
    found = [named] if named else sorted(ROOT.glob(".venv-models/lib/*/*/envoy/_bin/envoy"))
    if not found:
        raise SystemExit(
            "firewall_envoy needs Envoy: `make models`, or name one in MODELWARDEN_ENVOY"
        )
    return str(found[0])


@contextmanager
def envoy(folder, name, upstream, asked):
    """Run Envoy with the documented configuration; without the filter where nobody is asked."""
    port = free_port()
    text = (ROOT / "docs" / "deploy" / "envoy.yaml").read_text()
    text = text.replace("0.0.0.0, port_value: 8080", f"127.0.0.1, port_value: {port}")
    text = text.replace("port_value: 5001", f"port_value: {upstream}")
    text = text.replace("port_value: 9002", f"port_value: {asked or 1}")
    if asked is None:
        text, count = FILTER.subn("", text)
        if count != 1:
            raise SystemExit("the filter was not found in docs/deploy/envoy.yaml")
    config = folder / f"{name}.yaml"
    config.write_text(text)
    command = [binary(), "-c", config, "--concurrency", "1", "-l", "off", "--use-dynamic-base-id"]
    with process(command) as running:
        yield running.pid, port


def asked_of(running):
    line = running.stderr.readline()
    return int(re.search(r"listening at envoy://127\.0\.0\.1:(\d+)", line)[1])


def main(rounds=3, seconds=3):
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        prepared(folder)
        upstream = stack.enter_context(server(folder))
        plain = stack.enter_context(envoy(folder, "plain", upstream, None))
        sides = {"envoy alone": (plain[1], {"envoy": plain[0]})}
        for kind, arguments in (
            ("rules off", ("--config", "off.toml")),
            ("all checks and ledger", ("--config", "on.toml")),
        ):
            more = ("--ledger", f"proxy-{kind[:3]}") if kind != "rules off" else ()
            proxy = stack.enter_context(firewall(folder, upstream, *arguments, *more))
            sides[f"proxy, {kind}"] = (port_of(proxy), {"firewall": proxy.pid})
            more = ("--ledger", f"envoy-{kind[:3]}") if kind != "rules off" else ()
            beside = ("--envoy-listen", "127.0.0.1:0")
            wall = stack.enter_context(firewall(folder, upstream, *arguments, *more, *beside))
            port_of(wall)
            pid, port = stack.enter_context(envoy(folder, kind[:3], upstream, asked_of(wall)))
            sides[f"envoy that asks, {kind}"] = (port, {"envoy": pid, "firewall": wall.pid})
        time.sleep(2)
        print(json.dumps(measured(folder, upstream, sides, rounds, seconds), indent=1))


def measured(folder, upstream, sides, rounds, seconds):
    version = subprocess.run([binary(), "--version"], capture_output=True, text=True, check=True)
    result = {
        "rounds": rounds, "seconds": seconds, "connections": CONNECTIONS,
        "envoy": version.stdout.split("/")[-4:-3], "load": os.getloadavg(),
    }  # fmt: skip
    for size in SIZES:
        script = str(folder / f"{size}.lua")
        data = (folder / f"{size}.bodies").read_text().splitlines()[:100]
        costs = {side: {part: [] for part in parts} for side, (_, parts) in sides.items()}
        delays = {side: [] for side in ("direct", *sides)}
        for port, _ in sides.values():
            load(port, script, 1)
        for _ in range(rounds):
            for side, (port, parts) in sides.items():
                before = {part: cpu(pid) for part, pid in parts.items()}
                served = load(port, script, seconds)
                for part, pid in parts.items():
                    costs[side][part].append((cpu(pid) - before[part]) / served * 1e6)
            for side, port in (("direct", upstream), *((s, p) for s, (p, _) in sides.items())):
                delays[side].append(latency(port, data, 100))
        result[size] = {
            side: {
                **{f"{part}_us": round(statistics.median(c), 1) for part, c in costs[side].items()},
                "total_us": round(sum(statistics.median(c) for c in costs[side].values()), 1),
                "added_p50_ms": round(
                    statistics.median(delays[side]) - statistics.median(delays["direct"]), 3
                ),
            }
            for side in sides
        }
    return result


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
