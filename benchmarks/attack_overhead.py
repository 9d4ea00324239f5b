"""What attacks cost beside the model: processor time over that of the same rows, and rows a call.

    python benchmarks/attack_overhead.py [--samples N] [--queries N] [--rounds N]

Victims are a network of 64 units, a forest of 100 trees, boosted trees and, where torch is
installed, a small convolutional network, all on scikit-learn's digits, in this process and on one
thread. `overhead` is the processor time of an attack over that of as many rows asked in whole
batches of the best size (16, 64 or 256), with nothing else. `beside` are the attacks that a check
runs by default, in common calls.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec

# Libraries of linear algebra read these when they are loaded. A thread more would spin beside the
# first, and its processor time would be taken for the model's or for the attack's.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import numpy.typing as npt
from attack_strength import EPS, Scores, victims

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.catalog import entry_of, fitting
from modelwarden.attacks.engine import Outcome, Problem, run_beside
from modelwarden.targets.access import LabelTarget
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task

TILE = 256
Victim = tuple[str, Scores, npt.NDArray[np.float32], npt.NDArray[np.int64], float]


def all_victims() -> Iterator[Victim]:
    for name, scores, x, y in victims():
        yield name, scores, x, y, EPS[name]
        train = x, y
    if find_spec("torch") is None:
        print("no torch here: the convolutional network is left out", file=sys.stderr)
        return
    yield ("convolutional", *_convolutional(*train), 0.12)


def _convolutional(
    x: npt.NDArray[np.float32], y: npt.NDArray[np.int64]
) -> tuple[Scores, npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1024, 10),
    )
    images = torch.tensor(x).reshape(-1, 1, 8, 8)
    steps = torch.optim.Adam(net.parameters(), 1e-3)
    for turn in range(300):
        at = torch.randint(len(images), (64,), generator=torch.Generator().manual_seed(turn))
        loss = nn.functional.cross_entropy(net(images[at]), torch.tensor(y)[at])
        steps.zero_grad()
        loss.backward()
        steps.step()
    net.eval()

    def scores(z: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        with torch.inference_mode():
            rows = torch.from_numpy(np.ascontiguousarray(z, np.float32)).reshape(-1, 1, 8, 8)
            return net(rows).double().numpy()

    return scores, x, y


class Counted:
    """A model that counts what it is asked, padding included."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        self.rows = self.calls = 0

    def __call__(self, x: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        self.rows += len(x)
        self.calls += 1
        return self._scores(x)


def seconds_of(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def best_row(scores: Scores, x: npt.NDArray[np.float32]) -> tuple[float, int]:
    """Return the least seconds of one row, and the batch size that has it."""
    found = []
    for size in (16, 64, 256):
        whole = np.resize(x, (size, x.shape[1]))
        turns = max(3, 2048 // size)
        seconds = seconds_of(lambda w=whole, t=turns: [scores(w) for _ in range(t)], 3)
        found.append((seconds / turns / size, size))
    return min(found)


def line(
    names: Sequence[str],
    found: Sequence[Outcome],
    counted: Counted,
    seconds: float,
    row: float,
) -> dict[str, object]:
    rows = sum(one.rows for one in found)
    return {
        "attacks": list(names),
        "robust": [round(float((~one.success).mean()), 3) for one in found],
        "n": len(found[0].success),
        "rows": rows,
        "calls": counted.calls,
        "rows_a_call": round(rows / counted.calls, 1),
        "padding": round(counted.rows / rows - 1, 3),
        "seconds": round(seconds, 3),
        "overhead": round(seconds / (rows * row), 2),
    }


def measured(
    names: Sequence[str], target: LabelTarget, counted: Counted, problem: Problem, how: object
) -> tuple[list[Outcome], float]:
    attacks = [entry_of(name).load() for name in names]
    times = []
    for _ in range(how.rounds):
        counted.rows = counted.calls = 0
        began = time.process_time()
        found = run_beside(attacks, target, problem, seed=how.seed, queries=how.queries)
        times.append(time.process_time() - began)
    return found, statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    chosen = parser.parse_args()
    results = []
    for name, scores, x, y, eps in all_victims():
        if chosen.only and name not in chosen.only:
            continue
        counted = Counted(scores)
        spec = TargetSpec(
            task=Task.MULTICLASS, modality=Modality.VECTOR, classes=tuple(range(10)), tile=TILE
        )
        target = function_target(counted, spec, x)
        right = np.flatnonzero(scores(x).argmax(axis=1) == y)[: chosen.samples]
        some, truth = x[right], y[right]
        row, size = best_row(scores, x)
        ball = Ball(x=some, norm=Norm.LINF, eps=eps, low=0, high=1)
        rows = np.arange(len(some))
        problem = Problem(space=ball, y=truth, rows=rows, classes=10, clean=scores(some))
        known = {"victim": name, "best_batch": size, "row_us": round(row * 1e6, 2)}
        fit = fitting("arrays", "linf", Access.SCORES)
        sets = [[e.name] for e in fit]
        usual = [e.name for e in fit if not e.spare and not e.floor]
        sets.append([*usual, *(e.name for e in fit if e.floor)])
        for names in sets:
            found, seconds = measured(names, target, counted, problem, chosen)
            results.append({**known, **line(names, found, counted, seconds, row)})
            print(json.dumps(results[-1]), file=sys.stderr)
    print(json.dumps({"queries": chosen.queries, "results": results}, indent=1))


if __name__ == "__main__":
    main()
