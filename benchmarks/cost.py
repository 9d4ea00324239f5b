"""What a scan costs: CPU and wall seconds and peak memory, ours and the peers, turn about.

    python benchmarks/cost.py [--rounds N] [--cap SECONDS] [--only ours] [--json FILE]

Every measurement is one cold process of the tool's own command, started by a small launcher that
reads the kernel's account of it (`wait4`): peak memory is of the largest process of the run. A
run over the cap is killed and counted as `over`. CPU seconds are the better evidence where the
machine is shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from adapters import KEPT, our_program, ready_peers
from tables import markdown
from workloads import SEED, build

# Small, so that the memory of the launcher never hides that of the tool (its peak is inherited).
_LAUNCHER = """
import os, signal, sys, time
cap, command = float(sys.argv[1]), sys.argv[2:]
sink = os.open(os.devnull, os.O_RDWR)
start = time.perf_counter()
child = os.fork()
if not child:
    os.setsid()
    for stream in (0, 1, 2):
        os.dup2(sink, stream)
    os.execv(command[0], command)
signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
signal.setitimer(signal.ITIMER_REAL, cap)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - start
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """One run.

    Attributes:
        wall: seconds. cpu: seconds, user and system. memory: peak resident MB (10^6 bytes).
        code: exit code; -9 when it was killed at the cap.
    """

    wall: float
    cpu: float
    memory: float
    code: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians over the rounds."""

    tool: str
    workload: str
    cpu: float
    wall: float
    memory: float
    n: int
    codes: tuple[int, ...]

    @property
    def over(self) -> bool:
        """Whether a run was killed at the cap."""
        return -9 in self.codes


def measure(command: list[str], cap: float) -> Cost:
    """Run a command once, in a process of its own."""
    launcher = [sys.executable, "-S", "-E", "-c", _LAUNCHER, str(cap), *command]
    quiet = {"NO_COLOR": "1", "NO_ANALYTICS": "1", "PROMPTFOO_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        launcher, capture_output=True, text=True, check=True, env=os.environ | quiet, cwd=KEPT
    )
    wall, cpu, kilobytes, code = done.stdout.split()
    return Cost(float(wall), float(cpu), float(kilobytes) * 1024 / 1e6, int(code))


def sides(workload: str, path: Path, only: str | None) -> dict[str, list[str]]:
    """Return the commands to compare on a workload."""
    scan = [*our_program(), "scan", str(path), "--format", "json"]
    if workload == "small":
        scan += ["--jobs", "2"]
    commands = {"modelwarden": scan, "modelwarden, no hashing": [*scan, "--no-hash"]}
    if only == "ours":
        return commands
    asked = {
        "picklescan": ["-p", str(path)],
        "modelscan": ["scan", "-p", str(path)],
        "fickling": ["--check-safety", str(path)],
        "modelaudit": ["scan", "--no-cache", "--format", "json", str(path)],
    }
    for peer in ready_peers():
        if not (peer.name == "fickling" and workload == "small"):  # it has no folder mode
            commands[peer.name] = [str(peer.program), *asked[peer.name]]
    return commands


def compare(
    commands: Mapping[str, list[str]], workload: str, rounds: int, cap: float
) -> list[Summary]:
    """Run every side once a round, turn about; a side that went over the cap is not run again."""
    runs: dict[str, list[Cost]] = {tool: [] for tool in commands}
    for _ in range(rounds):
        for tool, command in commands.items():
            if not any(cost.code == -9 for cost in runs[tool]):
                runs[tool].append(measure(command, cap))
                print(workload, tool, runs[tool][-1], file=sys.stderr)
    return [_summed(tool, workload, costs) for tool, costs in runs.items()]


def _summed(tool: str, workload: str, costs: list[Cost]) -> Summary:
    return Summary(
        tool,
        workload,
        statistics.median(c.cpu for c in costs),
        statistics.median(c.wall for c in costs),
        statistics.median(c.memory for c in costs),
        len(costs),
        tuple(c.code for c in costs),
    )


def table(summaries: list[Summary]) -> str:
    """Return one row a tool: CPU s / wall s / MB for every workload."""
    workloads = list(dict.fromkeys(s.workload for s in summaries))
    tools = list(dict.fromkeys(s.tool for s in summaries))
    cells = {(s.tool, s.workload): s for s in summaries}
    rows = [[tool, *(_cell(cells.get((tool, w))) for w in workloads)] for tool in tools]
    return markdown(["CPU s / wall s / peak MB", *workloads], rows)


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return "no folder mode"
    over = "over " if summary.over else ""
    refused = " (could not read it)" if summary.tool == "fickling" and 2 in summary.codes else ""
    numbers = f"{summary.cpu:.2f} / {summary.wall:.2f} / {summary.memory:.0f}"
    return f"{over}{numbers}{refused}"


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cap", type=float, default=90.0)
    parser.add_argument("--only", choices=["ours"])
    parser.add_argument("--json", type=Path, default=KEPT / "cost.json")
    options = parser.parse_args()

    paths = build(KEPT / "work")
    summaries: list[Summary] = []
    for workload, path in paths.items():
        rounds = options.rounds if workload != "tiny.pkl" else max(5, options.rounds)
        commands = sides(workload, path, options.only)
        summaries += compare(commands, workload, rounds, options.cap)
    print(table(summaries))
    told = {
        "versions": {"python": platform.python_version()}
        | {peer.name: peer.version for peer in ready_peers()},
        "cores": os.cpu_count(),
        "seed": SEED,
        "sizes": {name: _size(path) for name, path in paths.items()},
        "cap": options.cap,
        "medians": [asdict(s) for s in summaries],
        "ratio_to_ours": _ratios(summaries),
    }
    options.json.write_text(json.dumps(told, indent=1))


def _size(path: Path) -> int:
    return sum(p.stat().st_size for p in ([path] if path.is_file() else path.rglob("*.*")))


def _ratios(summaries: list[Summary]) -> dict[str, dict[str, float]]:
    """CPU seconds of each side as a multiple of ours with hashing."""
    ours = {s.workload: s.cpu for s in summaries if s.tool == "modelwarden"}
    ratios: dict[str, dict[str, float]] = {}
    for s in summaries:
        ratios.setdefault(s.workload, {})[s.tool] = round(s.cpu / ours[s.workload], 2)
    return ratios


if __name__ == "__main__":
    main()
