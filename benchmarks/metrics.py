"""Group metrics and ROC AUC with intervals at a million rows, beside scikit-learn and fairlearn.

    python benchmarks/metrics.py [--rows N] [--rounds N] [--fail]

Prints JSON: median CPU seconds of each side in one process, turn about, the data in memory. Ours
give every number an interval (1,000 replicates); the others give none. `--fail` exits 1 when a
target is missed. fairlearn takes part where it is installed, in the first round only.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata, util

import numpy as np
from sklearn import metrics as sk

from modelwarden.metrics.classification import performance
from modelwarden.metrics.counts import count
from modelwarden.metrics.groups import gaps, per_group
from modelwarden.metrics.ranking import auc_difference, average_precision, roc_auc

SEED, GROUPS, DRAWS = 0, 16, 1_000
TARGETS = {"groups": 0.2, "roc_auc": 0.3}


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def sides(rows: int) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name; `name` is ours, `name/library` the other side of it."""
    rng = np.random.default_rng(SEED)
    y = rng.integers(0, 2, rows)
    predicted = np.where(rng.random(rows) < 0.8, y, 1 - y)
    group = rng.integers(0, GROUPS, rows)
    score = rng.normal(size=rows) + y
    other = score + rng.normal(size=rows)

    def ours() -> list[object]:
        counts = count(y, predicted, group=group)
        return [
            *performance(counts, rng, positive=1, draws=DRAWS),
            *per_group(counts, positive=1),
            *gaps(counts, rng, positive=1, draws=DRAWS),
        ]

    def reference() -> list[float]:
        named = (sk.accuracy_score, sk.recall_score, sk.precision_score, sk.f1_score)
        rows_of = [np.flatnonzero(group == g) for g in range(GROUPS)]
        return [metric(y[part], predicted[part]) for part in rows_of for metric in named]

    work = {
        "groups": ours,
        "groups/scikit-learn": reference,
        "roc_auc": lambda: roc_auc(y, score),
        "roc_auc/scikit-learn": lambda: sk.roc_auc_score(y, score),
        "average_precision": lambda: average_precision(y, score, rng),
        "average_precision/scikit-learn": lambda: sk.average_precision_score(y, score),
        "auc_difference": lambda: auc_difference(y, score, other),
    }
    if util.find_spec("fairlearn"):
        work["groups/fairlearn"] = lambda: fairlearn(y, predicted, group)
    return work


def fairlearn(y: np.ndarray, predicted: np.ndarray, group: np.ndarray) -> object:
    from fairlearn import metrics as fl

    named = {
        "accuracy": sk.accuracy_score,
        "selection_rate": fl.selection_rate,
        "recall": sk.recall_score,
        "false_positive_rate": fl.false_positive_rate,
        "precision": sk.precision_score,
    }
    frame = fl.MetricFrame(metrics=named, y_true=y, y_pred=predicted, sensitive_features=group)
    return frame.by_group, frame.difference()


def main() -> int:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fail", action="store_true")
    arguments = parser.parse_args()
    work = sides(arguments.rows)
    work["groups"]()  # once unmeasured: modules are imported
    work["roc_auc"]()
    taken: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(arguments.rounds):
        for name, side in work.items():
            if turn == 0 or not name.endswith("/fairlearn"):
                taken[name].append(seconds(side))
    median = {name: round(statistics.median(times), 4) for name, times in taken.items()}
    missed = [name for name, target in TARGETS.items() if median[name] > target]
    libraries = [
        "numpy",
        "scipy",
        "scikit-learn",
        *(["fairlearn"] * bool(util.find_spec("fairlearn"))),
    ]
    result = {
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in libraries},
        "rows": arguments.rows,
        "groups": GROUPS,
        "draws": DRAWS,
        "seed": SEED,
        "numbers_with_intervals": len(work["groups"]()),
        "cpu_seconds": median,
        "ratios": {
            name: round(value / median[name.partition("/")[0]], 1)
            for name, value in median.items()
            if "/" in name
        },
        "targets": TARGETS,
        "missed": missed,
    }
    print(json.dumps(result, indent=1))
    return 1 if missed and arguments.fail else 0


if __name__ == "__main__":
    sys.exit(main())
