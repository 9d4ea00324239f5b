"""Pairs of sets without a change: how often drift is cried; and the processor time of the tests.

    python benchmarks/drift_pairs.py [--seed 0] [--rows 1000,10000] [--pairs 200]
    python benchmarks/drift_pairs.py --moved [--seed 0] [--rows 12000] [--pairs 5]

Twenty columns of many kinds (normal, skewed, heavy tails, counts, mostly one value, rounded, gaps,
few and many words, dates) are drawn twice from the same source, with a label, and held against each
other as the stage `data` does: schema, features, what is missing, correlations, labels. With
`--moved` one thing of the second set is changed, each of eight kinds in turn, and has to be named.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace

import numpy as np

from modelwarden.data import schema
from modelwarden.data.given import Given
from modelwarden.detectors import moves
from modelwarden.metrics.intervals import wilson
from modelwarden.targets.config import DataConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame
from modelwarden.targets.spec import Modality, Task

R = np.random.Generator


def words(rng: R, names: list[str], n: int, share: np.ndarray | None = None) -> Column:
    return np.array(names, object)[rng.choice(len(names), n, p=share)]


def columns(rng: R, n: int) -> dict[str, Column]:
    common = rng.normal(size=n)
    zipf = 1 / np.arange(1, 1001)
    gaps = rng.normal(size=n)
    gaps[rng.random(n) < 0.15] = np.nan
    return {
        "normal": common + rng.normal(size=n),
        "tied": 0.6 * common + rng.normal(size=n),
        "skewed": rng.lognormal(0, 1, n),
        "tails": rng.standard_t(2, n),
        "wild": rng.standard_cauchy(n),
        "gamma": rng.gamma(0.5, 2, n),
        "even": rng.uniform(size=n),
        "modes": rng.choice([-2.0, 2.0], n) + rng.normal(size=n),
        "counts": rng.poisson(0.4, n),
        "large": rng.poisson(40, n),
        "zeros": np.where(rng.random(n) < 0.9, 0.0, rng.exponential(1, n)),
        "rounded": rng.normal(5, 2, n).round(1),
        "flag": rng.random(n) < 0.03,
        "gaps": gaps,
        "rare gaps": np.where(rng.random(n) < 0.002, np.nan, rng.beta(2, 5, n)),
        "two": words(rng, ["yes", "no"], n, np.array([0.8, 0.2])),
        "six": words(rng, list("abcdef"), n, np.array([0.5, 0.2, 0.15, 0.1, 0.04, 0.01])),
        "many": words(rng, [f"w{i}" for i in range(1000)], n, zipf / zipf.sum()),
        "torn": np.where(rng.random(n) < 0.3, None, words(rng, list("xyz"), n)),
        "day": (np.datetime64("2024-01-01") + rng.integers(0, 365, n)).astype("M8[us]"),
    }


def drawn(rng: R, name: str, n: int) -> DataSet:
    made = columns(rng, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-made["normal"].astype(float) - 1))).astype(np.int64)
    return DataSet(name, Frame(tuple(made), tuple(made.values())), y, Frame((), ()))


def cries(rng: R, n: int, kind: str = "") -> tuple[list[str], float]:
    """Return what one pair cries, and the processor time of all tests."""
    train, test = drawn(rng, "train", n), drawn(rng, "test", n)
    test = moved(rng, test, kind) if kind else test
    given = Given(
        project=ProjectConfig(name="pairs", task=Task.BINARY, modality=Modality.TABULAR),
        data=DataConfig(label="y"),
        test=test,
        train=train,
    )
    began = time.process_time()
    found = [
        *schema.run(given).findings,
        *moves.features(train, test).findings,
        *moves.joint(train, test).findings,
        *moves.labels(train, test, "y", regression=False).findings,
    ]
    return [f"{f.rule}: {f.message}"[:160] for f in found], time.process_time() - began


MOVED = {
    "shift of 0.15 sd": ("normal", "feature-drift"),
    "1.25 times the scale": ("normal", "feature-drift"),
    "same mean, split in two": ("tied", "feature-drift"),
    "tail of 1 %": ("modes", "feature-drift"),
    "6 % missing": ("even", "missingness-change"),
    "mix": ("two", "feature-drift"),
    "correlation alone": ("tied", "joint-drift"),
    "prior": ("y", "label-drift"),
}


def moved(rng: R, data: DataSet, kind: str) -> DataSet:
    """Return the set with one thing of it changed."""
    name, n = MOVED[kind][0], len(data)
    if kind == "prior":
        assert data.y is not None
        return replace(data, y=np.where(rng.random(n) < 0.15, 1, data.y))
    old = data.inputs[name]
    if kind == "mix":
        new = np.where(rng.random(n) < 0.1, "no", old)
    elif kind == "correlation alone":
        new = rng.permutation(old)
    else:
        values = old.astype(float)
        sd = values.std()
        new = {
            "shift of 0.15 sd": values + 0.15 * sd,
            "1.25 times the scale": values.mean() + 1.25 * (values - values.mean()),
            "same mean, split in two": values.mean()
            + sd * (0.9 * rng.choice([-1.0, 1.0], n) + 0.19**0.5 * rng.normal(size=n)),
            "tail of 1 %": np.where(rng.random(n) < 0.01, values + 8 * sd, values),
            "6 % missing": np.where(rng.random(n) < 0.06, np.nan, values),
        }[kind]
    return replace(data, inputs=data.inputs.with_column(name, new))


def named(told: list[str], kind: str) -> bool:
    """Return whether the rule for a kind speaks, of the column where it is of one."""
    name, rule = MOVED[kind]
    return any(one.startswith(rule) and (name == "y" or f" {name} " in one) for one in told)


def found_moves(seed: int, n: int, draws: int) -> dict[str, object]:
    """Return of how many draws each kind is found in, and what else was told of them."""
    found: dict[str, int] = {}
    beside: list[str] = []
    for i, kind in enumerate(MOVED):
        for draw in range(draws):
            told, _ = cries(np.random.default_rng([seed, n, i, draw]), n, kind)
            found[kind] = found.get(kind, 0) + named(told, kind)
            beside += [one for one in told if not named([one], kind)]
    return {"rows": n, "draws_of_each": draws, "found": found, "beside": beside}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", default="1000,10000")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--moved", action="store_true")
    chosen = parser.parse_args()
    if chosen.moved:
        for n in map(int, chosen.rows.split(",")):
            print(json.dumps(found_moves(chosen.seed, n, chosen.pairs)), flush=True)
        return
    for n in map(int, chosen.rows.split(",")):
        told, seconds = [], []
        for pair in range(chosen.pairs):
            found, took = cries(np.random.default_rng([chosen.seed, n, pair]), n)
            told, seconds = told + [found] * bool(found), [*seconds, took]
        quiet = chosen.pairs - len(told)
        ends = wilson(quiet, chosen.pairs)
        print(
            json.dumps(
                {
                    "rows": n,
                    "pairs": chosen.pairs,
                    "quiet": quiet,
                    "interval": [round(ends.low, 3), round(ends.high, 3)],
                    "cpu_seconds_a_pair": round(float(np.median(seconds)), 3),
                    "cried": told[:5],
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
