"""What the audit of dependencies costs: importing advisories, and 50 old pins in a cold process.

    python benchmarks/dependencies.py FEED [--rounds N] [--fail]

FEED is OSV data as gzipped lines of JSON. The hits are compared with a straight evaluation of the
records: another program, below, that reads every record of the feed and keeps no index. Ranges
that cannot be evaluated are left out of it; the scan names them. CPU and peak memory are those of
the whole process, from `wait4`; wall time includes its start. With `--fail` the exit code is 1
when a target is missed or a hit is.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

TARGETS = {"import_cpu_seconds": 5.0, "scan_wall_seconds": 0.5, "scan_peak_mb": 60.0}

PINS = """
aiohttp==3.7.4 apache-airflow==2.2.0 bentoml==1.0.0 black==21.4b0 certifi==2021.5.30 click==7.1.2
cryptography==3.4.7 dask==2021.3.0 django==3.2.0 fastapi==0.63.0 flask==1.1.2 fonttools==4.28.0
gradio==3.0 gunicorn==20.0.4 horovod==0.22.0 idna==2.10 ipython==7.16.1 jinja2==2.11.2
joblib==1.0.1 jupyter-server==1.4.1 jupyterlab==3.0.0 keras==2.4.3 langchain==0.0.100 lxml==4.6.2
markdown==3.3.4 mlflow==1.20.0 nltk==3.6.0 notebook==6.2.0 numpy==1.19.0 onnx==1.8.0
onnxruntime==1.8.0 opencv-python==4.5.1.48 pandas==1.2.0 pillow==8.1.0 protobuf==3.15.0
pyarrow==3.0.0 pyyaml==5.3.1 ray==1.2.0 requests==2.25.1 scikit-learn==0.24.0 scipy==1.6.0
sqlalchemy==1.3.0 starlette==0.13.6 tensorflow==2.3.0 torch==1.13.1+cu117 tornado==6.1
tqdm==4.60.0 transformers==4.30 urllib3==1.26.4 werkzeug==1.0.1
""".split()


def straight(feed: Path, pins: list[str]) -> set[tuple[str, str]]:
    """Return (package, id) of every live record that affects a pin, by reading all records."""
    wanted = {canonicalize_name(n): Version(v) for n, _, v in (p.partition("==") for p in pins)}
    hits = set()
    with gzip.open(feed) as lines:
        for record in map(json.loads, lines):
            for entry in [] if record.get("withdrawn") else record["affected"]:
                name = canonicalize_name(entry["package"]["name"])
                if name in wanted and hit(wanted[name], entry):
                    hits.add((name, record["id"]))
    return hits


def hit(version: Version, entry: dict[str, list]) -> bool:
    """Tell whether an entry lists the version's release, or has it in a range."""
    release = Version(version.public)
    if any(v in {version, release} for v in valid(entry.get("versions", []))):
        return True
    return any(inside(release, r["events"]) for r in entry.get("ranges", []) if r["type"] != "GIT")


def valid(texts: list[str]) -> Iterator[Version]:
    for text in texts:
        try:
            yield Version(text)
        except InvalidVersion:
            continue


def inside(version: Version, events: list[dict[str, str]]) -> bool:
    rank = {"fixed": 0, "introduced": 1, "last_affected": 2}
    try:
        pairs = [
            (kind, Version("0.dev0" if at == "0" else at)) for e in events for kind, at in e.items()
        ]
    except InvalidVersion:
        return False
    state = False
    for kind, at in sorted(pairs, key=lambda pair: (pair[1], rank[pair[0]])):
        if kind == "introduced" and version >= at:
            state = True
        elif (kind == "fixed" and version >= at) or (
            kind == "last_affected" and version > Version(at.public)
        ):
            state = False
    return state


def cost(command: list[str], output: Path) -> tuple[float, float, float]:
    """Return wall and CPU seconds and peak memory in MB (10^6 bytes) of one process."""
    began = time.perf_counter()
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o600)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in {0, 1, 3}:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    wall = time.perf_counter() - began
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def ours(report: Path) -> set[tuple[str, str]]:
    """Return (package, id) of every finding about a pin itself, with all names of the advisory."""
    told = json.loads(report.read_text())
    return {
        (canonicalize_name(f["evidence"]["package"]), reference)
        for f in told["findings"]
        if f["rule"].startswith("vulnerable-dependency")
        for reference in f["references"]
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("feed", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fail", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index, project = Path(folder, "index.sqlite"), Path(folder, "project")
        project.mkdir()
        (project / "requirements.txt").write_text("\n".join(PINS) + "\n")
        program = [sys.executable, "-m", "modelwarden"]
        making = [*program, "advisories", "import", str(options.feed), "--advisories", str(index)]
        imported = cost([*making, "--replace"], Path(folder, "told"))
        report = Path(folder, "report.json")
        asking = [*program, "scan", str(project), "--advisories", str(index), "--format", "json"]
        cost(asking, report)
        runs = [cost(asking, report) for _ in range(options.rounds)]
        found, expected = ours(report), straight(options.feed, PINS)
    medians = [statistics.median(values) for values in zip(*runs, strict=True)]
    reached = {
        "import_cpu_seconds": round(imported[1], 2),
        "scan_wall_seconds": round(medians[0], 3),
        "scan_peak_mb": round(medians[2], 1),
    }
    missed = sorted(expected - found)
    told = {
        "python": platform.python_version(),
        "pins": len(PINS),
        "rounds": options.rounds,
        "hits": len(expected),
        "missed": missed[:20],
        "scan_cpu_seconds": round(medians[1], 3),
        "reached": reached,
        "targets": TARGETS,
    }
    print(json.dumps(told, indent=1))
    over = any(reached[name] > TARGETS[name] for name in TARGETS)
    return 1 if options.fail and (over or missed) else 0


if __name__ == "__main__":
    sys.exit(main())
