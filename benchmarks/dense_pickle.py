"""A pickle of 21 MB that is all opcodes: CPU seconds and peak memory of reading it.

Usage: python benchmarks/dense_pickle.py [--containers 420000] [--rounds 3]

The pickle is a list of small dicts and tuples of integers and short strings. Each round reads it in
a new process, so that the peak is that of one scan.
"""

from __future__ import annotations

import argparse
import json
import pickle
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = [f"k{number:02d}" for number in range(40)]
SEED = 20


def build(containers: int, seed: int) -> bytes:
    """Return the pickle of `containers` tuples and dicts, half of each; protocol 4."""
    rng = random.Random(seed)
    rows: list[object] = []
    for index in range(containers // 2):
        numbers = tuple(rng.randrange(256) for _ in range(9))
        rows.append((*numbers, f"some string {index:07d}", rng.randrange(60_000)))
        rows.append({word: rng.randrange(256) for word in rng.sample(WORDS, 13)})
    return pickle.dumps(rows, 4)


def read_once(path: Path) -> dict[str, float]:
    """Read the pickle in this process; CPU seconds of the reading, peak MB of the process."""
    from modelwarden.formats import Limits, Source
    from modelwarden.formats.pickle.reader import read

    before = time.process_time()
    with Source.open(path) as source:
        view = read(source, Limits())
        if view.gaps or view.end != source.size:
            raise SystemExit(f"not read to its end: {view.gaps}")
    elapsed = time.process_time() - before
    return {"cpu_seconds": round(elapsed, 3), "peak_mb": round(peak_mb(), 1)}


def peak_mb() -> float:
    """Return the peak of this process alone; `ru_maxrss` would still hold the parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no VmHWM: this benchmark needs Linux")


def count_opcodes(data: bytes) -> int:
    import pickletools

    return sum(1 for _ in pickletools.genops(data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--containers", type=int, default=420_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", action="store_true", help="also count the opcodes (slow)")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read is not None:
        print(json.dumps(read_once(options.read)))
        return
    data = build(options.containers, SEED)
    with tempfile.NamedTemporaryFile(suffix=".pkl") as file:
        file.write(data)
        file.flush()
        command = [sys.executable, __file__, "--read", file.name]
        rounds = [
            json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            for _ in range(options.rounds)
        ]
    result = {
        "bytes": len(data),
        "containers": options.containers,
        "seed": SEED,
        "rounds": options.rounds,
        "cpu_seconds": statistics.median(one["cpu_seconds"] for one in rounds),
        "peak_mb": max(one["peak_mb"] for one in rounds),
        "python": platform.python_version(),
    }
    if options.count:
        result["opcodes"] = count_opcodes(data)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
