"""How often honest claims are refuted, and false ones supported, over simulated models.

    python benchmarks/claims.py [--sets 500] [--seed 0] [--only NAME]

Each set draws fresh rows from a model whose truth is known exactly, states claims about it, and
asks the stage `claims`. Honest claims state the truth; false ones lie twice the margin above it.
Prints JSON; exits 1 when the lower end of a rate's interval is above 5 %.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats
from tables import wilson

from modelwarden.assess.claims.verify import run
from modelwarden.assess.config import AssessConfig, ClaimConfig, ClaimsConfig
from modelwarden.assess.context import Context
from modelwarden.targets.config import DataConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality, TargetSpec, Task

Rng = np.random.Generator
LIMIT = 0.05


class _Replay:
    """A target that answers what was drawn: rows are positions."""

    def __init__(self, spec: TargetSpec, answers: np.ndarray) -> None:
        self.spec, self.answers, self.rows, self.calls = spec, answers, 0, 0

    def _said(self, inputs: np.ndarray) -> np.ndarray:
        return self.answers[inputs[:, 0].astype(np.int64)]


class Scores(_Replay):
    """A classifier."""

    def scores(self, inputs: np.ndarray) -> np.ndarray:
        return self._said(inputs)

    def labels(self, inputs: np.ndarray) -> np.ndarray:
        return self._said(inputs).argmax(axis=1)


class Values(_Replay):
    """A regression."""

    def values(self, inputs: np.ndarray) -> np.ndarray:
        return self._said(inputs)


@dataclass(frozen=True)
class World:
    """A model on fresh rows, and what is true of it.

    Attributes:
        draw: from a generator and a number of rows to (truth, answers).
        truths: metric to (true value, margin).
    """

    task: Task
    draw: Callable[[Rng, int], tuple[np.ndarray, np.ndarray]]
    truths: dict[str, tuple[float, float]]


def normal_scores(share: float) -> World:
    """A binary model with normal scores, one and a half deviations apart."""
    d = 1.5
    cut = d / 2
    recall = float(stats.norm.sf(cut - d))
    false = float(stats.norm.sf(cut))
    accuracy = share * recall + (1 - share) * (1 - false)
    called = share * recall + (1 - share) * false
    f1 = 2 * share * recall / (called + share)
    auc = float(stats.norm.cdf(d / math.sqrt(2)))

    def draw(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
        y = (rng.random(n) < share).astype(np.int64)
        score = rng.normal(size=n) + d * y
        p = 1 / (1 + np.exp(-(score - cut)))
        return y, np.stack([1 - p, p], axis=1)

    truths = {
        "accuracy": (accuracy, 0.01),
        "recall": (recall, 0.02),
        "f1": (f1, 0.02),
        "roc_auc": (auc, 0.01),
        "balanced_accuracy": ((recall + 1 - false) / 2, 0.01),
    }
    return World(Task.BINARY, draw, truths)


def line() -> World:
    """A regression with normal errors."""

    def draw(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.normal(size=n)
        return y, y + 0.5 * rng.normal(size=n)

    truths = {
        "rmse": (0.5, 0.025),
        "mae": (0.5 * math.sqrt(2 / math.pi), 0.02),
        "r2": (0.75, 0.02),
    }
    return World(Task.REGRESSION, draw, truths)


WORLDS = {
    "balanced": normal_scores(0.5),
    "a tenth positive": normal_scores(0.1),
    "regression": line(),
}


def claims_of(world: World, *, honest: bool, own_n: int | None, rng: Rng) -> list[ClaimConfig]:
    """Return a claim for each metric; with rows of its own it is itself measured on fresh rows."""
    made = []
    fresh = None
    if own_n is not None:
        from modelwarden.assess.claims.verify import _measured

        y, answers = world.draw(rng, own_n)
        context = context_for(world, y, answers, [])
        fresh = _measured(context, context.judged(), world.truths)
    for metric, (truth, margin) in world.truths.items():
        value = truth if fresh is None else fresh[metric].value
        worse = -1 if metric in {"rmse", "mae"} else 1
        stated = value + (0 if honest else 2 * margin * worse)
        made.append(
            ClaimConfig(metric=metric, value=stated, margin=margin, averaging=None, n=own_n)
        )
    return [c if c.metric not in {"recall", "f1"} else replace_averaging(c) for c in made]


def replace_averaging(claim: ClaimConfig) -> ClaimConfig:
    return ClaimConfig(
        metric=claim.metric, value=claim.value, margin=claim.margin, averaging="binary", n=claim.n
    )


def context_for(
    world: World, y: np.ndarray, answers: np.ndarray, claims: list[ClaimConfig], seed: int = 0
) -> Context:
    regression = world.task is Task.REGRESSION
    spec = TargetSpec(
        task=world.task,
        modality=Modality.VECTOR,
        classes=() if regression else (0, 1),
        positive=None if regression else 1,
    )
    rows = np.arange(len(y), dtype=np.float64)[:, None]
    return Context(
        project=ProjectConfig(name="simulated", task=world.task, modality=Modality.VECTOR),
        model=ModelConfig(path="model", adapter="callable"),
        data=DataConfig(test="rows"),
        assess=AssessConfig(claims=tuple(claims), claiming=ClaimsConfig()),
        test=DataSet("test", rows, y, Frame((), ())),
        target=(Values if regression else Scores)(spec, answers),
        seed=seed,
    )


def rates(world: World, n: int, sets: int, seed: int, own_n: int | None) -> dict[str, object]:
    """Return how often any honest claim was refuted, and how often a false one was supported."""
    refuted = supported = asked = 0
    settled = 0
    for number in range(sets):
        rng = np.random.default_rng([seed, number, n])
        y, answers = world.draw(rng, n)
        for honest in (True, False):
            claims = claims_of(world, honest=honest, own_n=own_n, rng=rng)
            result = run(context_for(world, y, answers, claims, number))
            found = [f.rule for f in result.findings]
            if honest:
                refuted += "claim-refuted" in found
                settled += found.count("claim-supported")
            else:
                supported += "claim-supported" in found
                asked += len(claims)
    return {
        "rows": n,
        "rows_of_claim": own_n,
        "sets": sets,
        "any_honest_refuted": refuted / sets,
        "any_honest_refuted_interval": wilson(refuted, sets),
        "any_false_supported": supported / sets,
        "any_false_supported_interval": wilson(supported, sets),
        "honest_supported": settled / asked,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(WORLDS))
    parser.add_argument("--n", type=int, nargs="+", default=[100, 1_000, 10_000])
    arguments = parser.parse_args()
    table = {}
    for name, world in WORLDS.items():
        if arguments.only in {None, name}:
            for n in arguments.n:
                for own_n in (None, 2_000):
                    began = time.process_time()
                    row = rates(world, n, arguments.sets, arguments.seed, own_n)
                    table[f"{name}, n = {n}, claim's n = {own_n}"] = row
                    row["cpu_seconds"] = round(time.process_time() - began, 1)
    print(json.dumps(table, indent=1))
    over = [
        row
        for row in table.values()
        if row["any_honest_refuted_interval"][0] > LIMIT
        or row["any_false_supported_interval"][0] > LIMIT
    ]
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
