"""Drift of a table against itself without a change: our tests beside Evidently's, in one process.

    pip install '.[assess]' evidently==0.7.23 'pandas<3'      # in an environment of its own
    python benchmarks/drift_peers.py [--rows 100000] [--rounds 3]

Twenty columns of numbers, then twenty of many kinds (those of `drift_pairs.py`), drawn twice. Both
sides get the columns in the form that they take: ours arrays, Evidently a data frame that is made
beforehand. Ours are all tests of features with effects, intervals and margins, and of what is
missing; Evidently's is its `DataDriftPreset`. Processor time, the least of the rounds in turns.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from drift_pairs import columns
from evidently import Report
from evidently.presets import DataDriftPreset

from modelwarden.detectors import moves
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame


def numbers(rng: np.random.Generator, n: int) -> dict[str, Column]:
    return {f"c{i}": rng.normal(i, 1 + i / 10, n) for i in range(20)}


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def data(name: str, made: dict[str, Column]) -> DataSet:
    return DataSet(name, Frame(tuple(made), tuple(made.values())), None, Frame((), ()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    for kind, draw in (("numbers", numbers), ("many kinds", columns)):
        rng = np.random.default_rng(chosen.seed)
        one, two = draw(rng, chosen.rows), draw(rng, chosen.rows)
        here, there = data("train", one), data("test", two)
        before, after = pd.DataFrame(one), pd.DataFrame(two)
        ours, theirs = [], []
        for _ in range(chosen.rounds):
            ours.append(seconds(partial(moves.features, here, there)))
            theirs.append(seconds(partial(Report([DataDriftPreset()]).run, after, before)))
        told = {"columns": kind, "rows": chosen.rows, "ours": min(ours), "evidently": min(theirs)}
        print(json.dumps(told | {"ratio": min(theirs) / min(ours)}))


if __name__ == "__main__":
    main()
