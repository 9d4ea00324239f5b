"""What starting costs beside the bare interpreter: `--version`, `--help`, a scan of a tiny pickle.

    python benchmarks/cold_start.py [--rounds N] [--fail]

Each round starts every side once, turn about. Times are CPU seconds (user and system) of the
whole process, memory is its peak; both from `wait4`. With `--fail` the exit code is 1 when a
target of `docs/scan.md` is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import statistics
import sys
import tempfile
from pathlib import Path

TARGETS = {"version_ratio": 8.0, "scan_cpu_seconds": 0.15, "scan_peak_mb": 30.0}


def cost(command: list[str]) -> tuple[float, float]:
    """Return CPU seconds and peak memory in MB (10^6 bytes) of one process."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    child = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nowhere, 1)]
    )
    os.close(nowhere)
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def measure(rounds: int, tiny: Path) -> dict[str, dict[str, float]]:
    """Return the medians of each side."""
    ours = [sys.executable, "-m", "modelwarden"]
    sides = {
        "interpreter": [sys.executable, "-c", "pass"],
        "version": [*ours, "--version"],
        "help": [*ours, "--help"],
        "scan": [*ours, "scan", str(tiny), "--format", "json"],
    }
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for command in sides.values():  # once unmeasured: byte code is written, files are cached
        cost(command)
    for _ in range(rounds):
        for name, command in sides.items():
            runs[name].append(cost(command))
    return {
        name: {
            "cpu_seconds": round(statistics.median(cpu for cpu, _ in taken), 4),
            "peak_mb": round(statistics.median(memory for _, memory in taken), 1),
        }
        for name, taken in runs.items()
    }


def main() -> int:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--fail", action="store_true")
    arguments = parser.parse_args()
    # Installed packages bring their byte code; a source tree may only then be compared with them.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder, "tiny.pkl")
        tiny.write_bytes(pickle.dumps({"weights": [1.0, 2.0, 3.0]}))
        sides = measure(arguments.rounds, tiny)
    bare = sides["interpreter"]["cpu_seconds"]
    reached = {
        "version_ratio": round(sides["version"]["cpu_seconds"] / bare, 2),
        "scan_cpu_seconds": sides["scan"]["cpu_seconds"],
        "scan_peak_mb": sides["scan"]["peak_mb"],
    }
    missed = [name for name, target in TARGETS.items() if reached[name] > target]
    result = {
        "python": platform.python_version(),
        "rounds": arguments.rounds,
        "sides": sides,
        "reached": reached,
        "targets": TARGETS,
        "missed": missed,
    }
    print(json.dumps(result, indent=1))
    return 1 if missed and arguments.fail else 0


if __name__ == "__main__":
    sys.exit(main())
