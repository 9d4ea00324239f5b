"""Attacks on small models of scikit-learn's digits: strength, rows, calls, cost beside the model.

    python benchmarks/attack_strength.py [--samples N] [--queries N] [--autoattack FOLDER]

Victims are a network of 64 units, a forest of 100 trees and boosted trees. `overhead` is the
processor time of an attack over that of the same number of rows asked in whole tiles, with nothing
else. With a checkout of AutoAttack (it needs torch) its Square runs on the same inputs, as images.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.catalog import fitting
from modelwarden.attacks.engine import Problem, run
from modelwarden.metrics.intervals import wilson
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task

Floats = npt.NDArray[np.float64]
Scores = Callable[[npt.NDArray[np.generic]], Floats]
EPS = {"network": 0.16, "forest": 0.12, "boosted": 0.12}
TILE = 256


def victims() -> Iterator[tuple[str, Scores, npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
    from sklearn.datasets import load_digits
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.neural_network import MLPClassifier

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.data))
    x, y = (digits.data[order] / 16).astype(np.float32), digits.target[order].astype(np.int64)
    models = {
        "network": MLPClassifier((64,), max_iter=300, random_state=0),
        "forest": RandomForestClassifier(100, random_state=0, n_jobs=1),
        "boosted": HistGradientBoostingClassifier(max_iter=60, random_state=0),
    }
    for name, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x[:1200], y[:1200])
        yield name, model.predict_proba, x[1200:], y[1200:]


def seconds_of(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def told(name: str, success: Floats, queries: Floats, seconds: float, row: float) -> dict:
    n, held = len(success), int((~success.astype(bool)).sum())
    low, high = wilson(held, n)
    won = queries[success.astype(bool)]
    return {
        "attack": name,
        "robust": held / n,
        "low": round(low, 3),
        "high": round(high, 3),
        "n": n,
        "rows": float(np.mean(queries)),
        "median_rows_to_a_win": float(np.median(won)) if len(won) else None,
        "overhead": round(float(seconds / max(queries.sum() * row, 1e-12)), 2),
    }


def reference_square(
    folder: str,
    scores: Scores,
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.int64],
    eps: float,
    queries: int,
    row: float,
    *,
    logs: bool,
) -> dict:
    """Run the reference Square on digits as images of 8 by 8."""
    sys.path.insert(0, folder)
    import torch
    from autoattack.square import SquareAttack

    def model(z: torch.Tensor) -> torch.Tensor:
        p = scores(z.reshape(len(z), -1).numpy())
        return torch.tensor(np.log(np.maximum(p, 1e-12)) if logs else p)

    torch.set_num_threads(1)
    attack = SquareAttack(
        model, norm="Linf", n_queries=queries, eps=eps, seed=0, device="cpu", verbose=False
    )
    images = torch.tensor(x).reshape(-1, 1, 8, 8)
    attack.init_hyperparam(images)
    found: list[torch.Tensor] = []
    seconds = seconds_of(lambda: found.extend(attack.attack_single_run(images, torch.tensor(y))))
    success = scores(found[1].reshape(len(x), -1).numpy()).argmax(axis=1) != y
    return told("reference Square", success, found[0].numpy().ravel(), seconds, row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--autoattack")
    chosen = parser.parse_args()
    results = []
    for name, scores, x, y in victims():
        spec = TargetSpec(
            task=Task.MULTICLASS, modality=Modality.VECTOR, classes=tuple(range(10)), tile=TILE
        )
        target = function_target(scores, spec, x)
        right = np.flatnonzero(scores(x).argmax(axis=1) == y)[: chosen.samples]
        x, y = x[right], y[right]
        whole = np.resize(x, (TILE, x.shape[1]))
        row = seconds_of(lambda s=scores, w=whole: [s(w) for _ in range(20)]) / 20 / TILE
        ball = Ball(x=x, norm=Norm.LINF, eps=EPS[name], low=0, high=1)
        problem = Problem(space=ball, y=y, rows=np.arange(len(x)), classes=10, clean=scores(x))
        for entry in fitting("arrays", "linf", Access.SCORES):
            attack = entry.load()
            began = time.process_time()
            one = run(attack, target, problem, seed=chosen.seed, queries=chosen.queries)
            seconds = time.process_time() - began
            line = told(entry.name, one.success, one.queries, seconds, row)
            line["rows_a_call"] = round(one.rows / max(one.calls, 1), 1)
            results.append({"victim": name, **line})
        if chosen.autoattack:
            line = reference_square(
                chosen.autoattack,
                scores,
                x,
                y,
                EPS[name],
                chosen.queries,
                row,
                logs=name == "network",
            )
            results.append({"victim": name, **line})
    print(json.dumps({"eps": EPS, "queries": chosen.queries, "results": results}, indent=1))


if __name__ == "__main__":
    main()
