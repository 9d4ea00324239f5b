"""A hundred million rows from parquet, counted piece by piece within two gigabytes.

    python benchmarks/huge_table.py [--rows 100000000] [--folder DIR] [--seed 0]

Makes a table of truth, score and group (kept in DIR for the next run), then counts it in batches:
one contingency table by group, and positives and negatives in 65,536 bins of the score. Metrics
with intervals follow from the counts alone. Prints JSON; exits 1 above two gigabytes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT = 2 << 30
BINS = 65_536
GROUPS = 16


def make(path: Path, rows: int, seed: int) -> None:
    """Write the table with duckdb's own generator, so that no row passes through Python."""
    import duckdb

    query = f"""
        COPY (
            SELECT (hash(i + {seed}) % 1000 < 300)::TINYINT AS y,
                   least(greatest((hash(i * 7 + {seed}) % 100000) / 100000.0 * 0.6
                         + 0.4 * (hash(i + {seed}) % 1000 < 300)::INT, 0), 1)::FLOAT AS score,
                   (hash(i * 13 + {seed}) % {GROUPS})::TINYINT AS grp
            FROM range({rows}) AS t(i)
        ) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 1000000)
    """
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1GB'")
        connection.execute("SET threads = 2")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(query)


def measure(path: Path, seed: int) -> dict[str, object]:
    """Count and measure; returns what was found and what it cost."""
    from modelwarden.metrics.classification import performance
    from modelwarden.metrics.counts import count
    from modelwarden.metrics.groups import gaps
    from modelwarden.metrics.ranking import roc_auc_of_bins
    from modelwarden.targets.reading.tables import iter_batches

    began, cpu = time.perf_counter(), time.process_time()
    counts = None
    hits = np.zeros((2, BINS), np.int64)
    rows = 0
    for frame in iter_batches(path, ("y", "score", "grp")):
        y = frame["y"].astype(np.int64)
        score = frame["score"].astype(np.float64)
        group = frame["grp"].astype(np.int64)
        said = (score >= 0.5).astype(np.int64)
        part = count(y, said, group=group, classes=(0, 1), groups=tuple(range(GROUPS)))
        counts = part if counts is None else counts + part
        at = np.minimum((score * BINS).astype(np.int64), BINS - 1)
        for label in (0, 1):
            hits[label] += np.bincount(at[y == label], minlength=BINS)
        rows += len(y)
    if counts is None:
        raise SystemExit("the table holds no row")
    rng = np.random.default_rng(seed)
    found = [
        *performance(counts, rng, positive=1),
        *gaps(counts, rng, positive=1),
        roc_auc_of_bins(hits[1], hits[0]),
    ]
    shown = {m.name: [m.value, m.low, m.high] for m in found}
    return {
        "rows": rows,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "limit_bytes": LIMIT,
        "file_bytes": path.stat().st_size,
        "measured": {
            k: shown[k] for k in ("accuracy", "f1", "roc_auc", "equalized_odds_difference")
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", type=Path, help="only measure this table (used by itself)")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.seed), indent=1))
        return 0
    with tempfile.TemporaryDirectory() as own:
        folder = arguments.folder or Path(own)
        path = folder / f"huge-{arguments.rows}-{arguments.seed}.parquet"
        if not path.exists():
            make(path, arguments.rows, arguments.seed)
        # A process of its own, so that the peak is that of measuring, not of making.
        words = [sys.executable, __file__, "--measure", str(path), "--seed", str(arguments.seed)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    print(done.stdout, end="")
    return 1 if json.loads(done.stdout)["peak_bytes"] > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
