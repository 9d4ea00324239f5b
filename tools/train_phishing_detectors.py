"""Train the example detectors of phishing pages on generated pages, and say how good they are.

    python tools/train_phishing_detectors.py [--pages N] [--seed N]

Needs scikit-learn; what it writes needs numpy alone. `fitted` is also what the benchmark trains.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from modelwarden.attacks.html.dom import Page
from modelwarden.redteam.phishing.detectors import KINDS, Detector, tokens_of, words_of
from modelwarden.redteam.phishing.features import bags_of, matrix_of
from modelwarden.redteam.phishing.pages import sample

HELD_OUT_SEED = 1_000_003


def fitted(kind: str, pages: Sequence[Page], y: Sequence[int], seed: int) -> Detector:
    """Return a detector of a kind, trained on pages."""
    return detector_of(kind, trained(kind, pages, y, seed))


def detector_of(kind: str, weights: dict[str, np.ndarray]) -> Detector:
    """Return a detector as it comes back from a file."""
    read = {name: np.asarray(array).astype(np.float64) for name, array in weights.items()}
    return Detector(kind=kind, weights=read, uses_url=kind != "embedding")


def trained(kind: str, pages: Sequence[Page], y: Sequence[int], seed: int) -> dict[str, np.ndarray]:
    """Return the arrays of a detector, small enough to be shipped."""
    truth = np.asarray(y)
    return {
        "linear": _linear,
        "forest": _forest,
        "boosted": _boosted,
        "embedding": _embedding,
    }[kind](pages, truth, seed)


def _linear(pages, y, seed):
    numbers = matrix_of(pages)
    scaler = StandardScaler().fit(numbers)
    x = np.clip(scaler.transform(numbers), -4, 4)
    x = np.concatenate((x, bags_of(map(words_of, pages))), axis=1)
    model = LogisticRegression(C=0.3, max_iter=3000, random_state=seed).fit(x, y)
    return {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "coef": model.coef_[0].astype(np.float32),
        "bias": model.intercept_[0],
    }


def _trees(trees, values):
    """Return trees as arrays, one after another."""
    parts = {name: [] for name in ("feature", "threshold", "left", "right", "value")}
    roots, start = [], 0
    for tree, value in zip(trees, values, strict=True):
        roots.append(start)
        leaf = tree.children_left < 0
        parts["feature"].append(np.where(leaf, -1, tree.feature))
        # scikit-learn compares float32 inputs with float64 thresholds: rounding down keeps that.
        down = tree.threshold.astype(np.float32)
        down = np.where(down > tree.threshold, np.nextafter(down, np.float32(-np.inf)), down)
        parts["threshold"].append(down)
        parts["left"].append(np.where(leaf, 0, tree.children_left + start))
        parts["right"].append(np.where(leaf, 0, tree.children_right + start))
        parts["value"].append(value)
        start += len(leaf)
    out = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    kinds = {"feature": np.int16, "left": np.int32, "right": np.int32}
    kinds |= {"threshold": np.float32, "value": np.float32}
    return {name: array.astype(kinds[name]) for name, array in out.items()} | {
        "roots": np.array(roots, np.int32)
    }


def _forest(pages, y, seed):
    model = RandomForestClassifier(80, max_depth=12, min_samples_leaf=2, random_state=seed)
    trees = [one.tree_ for one in model.fit(matrix_of(pages), y).estimators_]
    return _trees(trees, [t.value[:, 0, 1] / t.value[:, 0].sum(axis=1) for t in trees])


def _boosted(pages, y, seed):
    model = GradientBoostingClassifier(
        n_estimators=120, max_depth=3, subsample=0.7, max_features=0.4, random_state=seed
    )
    model.fit(matrix_of(pages), y)
    trees = [one.tree_ for one in model.estimators_[:, 0]]
    share = float(np.mean(y))
    out = _trees(trees, [t.value[:, 0, 0] * model.learning_rate for t in trees])
    return out | {"bias": np.float64(np.log(share / (1 - share)))}


def _embedding(pages, y, seed):
    x = np.stack([tokens_of(page.html) for page in pages])
    space = TruncatedSVD(48, random_state=seed).fit(x)
    embed = (space.components_.T * 8).astype(np.float16)
    net = MLPClassifier((32,), alpha=1e-2, max_iter=400, random_state=seed)
    net.fit(x @ embed.astype(np.float64), y)
    first, second = net.coefs_
    return {
        "embed": embed,
        "first": first.astype(np.float32),
        "first_bias": net.intercepts_[0].astype(np.float32),
        "second": second.astype(np.float32),
        "second_bias": net.intercepts_[1].astype(np.float32),
    }


def main() -> None:
    """Train, measure on other pages, write."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pages", type=int, default=1500)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    train, test = sample(given.seed, given.pages), sample(HELD_OUT_SEED, 300)
    folder = Path(__file__).parents[1] / "src/modelwarden/redteam/phishing/weights"
    folder.mkdir(exist_ok=True)
    told = {}
    for kind in KINDS:
        weights = trained(kind, train.pages, train.y, given.seed)
        np.savez_compressed(folder / f"{kind}.npz", **weights)
        detector = detector_of(kind, weights)
        bad = detector.scores(test.pages)[:, 1] >= 0.5
        y = np.array(test.y, bool)
        told[kind] = {
            "n": len(y),
            "accuracy": float((bad == y).mean()),
            "found": float(bad[y].mean()),
            "false_alarms": float(bad[~y].mean()),
        }
    print(json.dumps({"train": 2 * given.pages, "held_out": told}, indent=1))


if __name__ == "__main__":
    main()
