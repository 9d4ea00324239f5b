"""A soak over many runs: which streams were examined, kept in a file, shard by shard.

    python -m soak.progress STATE [--seed N] [--minutes M] [--shard I/N] [--family NAME]

Each shard of a seed works through the numbers I, I + N, I + 2N, … of batches, so that several
machines share a seed without meeting. A batch is examined by a process of its own, forked when
the seeds are made and the readers imported. STATE is JSON and is written after every batch; a later
run goes on where the last one ended. The state is printed at the end. Exits 1 on faults, which are
kept with the number of their stream. With a family of readers (`soak.families`) mutants of what it
reads are examined, and shown to its readers alone; each family has a STATE of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from .__main__ import prepared, work
from .families import families
from .seeds import Seed

BATCH = 20_000
"""Streams of one process: short enough that what a process keeps does not add up."""
_FAULTS = 200


class Progress:
    """What is known of a soak; `path` may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs: dict[str, dict[str, int]] = {}
        self.faults: list[dict[str, object]] = []
        if path.exists():
            kept = json.loads(path.read_text())
            self.runs, self.faults = kept["runs"], kept["faults"]

    @property
    def streams(self) -> int:
        """How many were examined, over all seeds and shards."""
        return sum(run["streams"] for run in self.runs.values())

    def next(self, seed: int, shard: int, shards: int) -> int:
        """Return the first stream of the batch that is due."""
        run = self.runs.get(f"{seed} {shard}/{shards}", {"batches": 0})
        return (shard + run["batches"] * shards) * BATCH

    def add(self, seed: int, shard: int, shards: int, faults: list[dict[str, object]]) -> None:
        """Count one batch, and write the file beside and renamed."""
        start = {"batches": 0, "streams": 0}
        run = self.runs.setdefault(f"{seed} {shard}/{shards}", start)
        run["batches"] += 1
        run["streams"] += BATCH
        self.faults = (self.faults + [{"seed": seed, **fault} for fault in faults])[:_FAULTS]
        beside = self.path.with_name(f".{self.path.name}.tmp")
        beside.write_text(json.dumps({"runs": self.runs, "faults": self.faults}, indent=1) + "\n")
        beside.replace(self.path)

    def __str__(self) -> str:
        lines = [f"seed {name}: {run['streams']:,} streams" for name, run in self.runs.items()]
        lines += [f"fault: {json.dumps(fault)}" for fault in self.faults]
        return "\n".join([*lines, f"{self.streams:,} streams, {len(self.faults)} faults"])


def batch(pool: list[Seed], seed: int, first: int, count: int) -> list[dict[str, object]]:
    """Return the faults of some streams, examined in a process of their own."""
    with tempfile.TemporaryFile() as out:
        fork = multiprocessing.get_context("fork")
        worker = fork.Process(target=_worker, args=(out.fileno(), pool, seed, first, count))
        worker.start()
        worker.join(120 + count)
        if worker.is_alive():
            worker.kill()
            worker.join()
        out.seek(0)
        said = out.read().decode("utf-8", "replace")
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    if not lines or lines[-1].get("streams") != count:
        return [*lines, {"number": first, "fault": f"the worker ended: {said[-500:]}"}]
    return lines[:-1]


def _worker(out: int, pool: list[Seed], seed: int, first: int, count: int) -> None:
    os.dup2(out, 1)
    os.dup2(out, 2)
    work(pool, seed, first, count)


def main(words: list[str]) -> int:
    """Go on with a soak; see above."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("state", type=Path)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--minutes", type=float, default=10, help="CPU time of this run")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--family", choices=sorted(families()))
    given = parser.parse_args(words)
    shard, shards = (int(part) for part in given.shard.split("/"))
    progress = Progress(given.state)
    pool = prepared(given.family)
    while _used() < 60 * given.minutes:
        faults = batch(pool, given.seed, progress.next(given.seed, shard, shards), BATCH)
        progress.add(given.seed, shard, shards, faults)
        sys.stderr.write(f"{progress.streams:,} streams, {len(progress.faults)} faults\n")
    sys.stdout.write(f"{progress}\n")
    return 1 if progress.faults else 0


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
