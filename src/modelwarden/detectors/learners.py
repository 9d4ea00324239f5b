"""Small learners in numpy, to ask what the data themselves can tell of their labels.

They are not the model under test and need not be good; they answer out of sample, by folds.
Logistic regression sees straight lines, boosted histogram trees bends and combinations, nearest
neighbours shapes. Which of them is asked is decided by their own log loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special

from modelwarden.detectors.codes import indicators
from modelwarden.detectors.designs import Design
from modelwarden.detectors.wordings import straight
from modelwarden.targets.frames import Floats, Labels

_FLOOR = 1e-6

Learner = Callable[["Design", Labels, Labels, int, Labels], Floats]
"""(design, rows to learn from, their classes, classes, rows to answer) → probabilities."""


def logistic(design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
    """Multinomial logistic regression with a ridge, by L-BFGS."""
    return _straight(design.x, train, y, k, ask, 1.0)


@dataclass(frozen=True, slots=True)
class Ridge:
    """Logistic regression with a ridge as heavy as `weight` rows."""

    weight: float = 10.0

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        return _straight(design.x, train, y, k, ask, self.weight)


@dataclass(frozen=True, slots=True)
class Worded:
    """Logistic regression on what stands in texts, with a ridge as heavy as `weight` rows."""

    part: Literal["words", "letters"]
    weight: float

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`; what is no text tells nothing."""
        if design.wordings is None:
            return np.full((len(ask), k), 1.0 / k)
        return straight(getattr(design.wordings, self.part), train, y, k, ask, self.weight)


@dataclass(frozen=True, slots=True)
class Coded:
    """Logistic regression on every value of columns of many values, with a ridge of its own."""

    weight: float = 1.0

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        return straight(indicators(design.codes), train, y, k, ask, self.weight)


@dataclass(frozen=True, slots=True)
class Squared:
    """Logistic regression on columns, their squares and their products."""

    weight: float = 10.0
    most: int = 25  # columns of which all products are taken

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        x = _finest(design, self.most)
        one, two = np.triu_indices(x.shape[1])
        made = np.column_stack([design.x, x[:, one] * x[:, two]])
        spread = made[train].std(axis=0)
        made = (made - made[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        return _straight(np.clip(made, -8, 8), train, y, k, ask, self.weight)


@dataclass(frozen=True, slots=True)
class CodedSlopes:
    """Logistic regression in which every value of columns of many values has slopes of its own."""

    weight: float = 3.0
    most: int = 12  # columns that may have other slopes

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        values = indicators(design.codes)
        x = _finest(design, self.most)
        own = [values.multiply(x[:, [j]]) for j in range(x.shape[1])]
        made = sparse.csr_matrix(sparse.hstack([sparse.csr_matrix(design.x), values, *own]))
        return straight(made, train, y, k, ask, self.weight)


@dataclass(frozen=True, slots=True)
class Bent:
    """Logistic regression on how near each row lies to some rows, which may bend in any way.

    Source: Williams and Seeger 2001, "Using the Nyström method to speed up kernel machines".
    """

    marks: int = 300
    weight: float = 10.0

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        rng = np.random.default_rng(0)
        marks = design.x[train[rng.permutation(len(train))[: self.marks]]]
        apart = _apart(marks, marks)
        middle = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
        values, turns = np.linalg.eigh(np.exp(-apart / middle) + 1e-6 * np.eye(len(marks)))
        onto = turns / np.sqrt(np.maximum(values, 1e-6)) * np.sqrt(len(marks)) / 3
        rows = np.concatenate([train, ask])
        x = np.exp(-_apart(design.x[rows], marks) / middle) @ onto
        at = np.arange(len(rows))
        return _straight(x, at[: len(train)], y, k, at[len(train) :], self.weight)


def _finest(design: Design, most: int) -> Floats:
    """Return the columns (n, at most `most`) of most levels: numbers before yes and no."""
    levels = [len(np.unique(column)) for column in design.bins.T]
    return design.x[:, np.sort(np.argsort(-np.array(levels), kind="stable")[:most])]


def _apart(one: Floats, two: Floats) -> Floats:
    """Return squared distances, (n, m)."""
    far = (one**2).sum(axis=1)[:, None] - 2 * one @ two.T + (two**2).sum(axis=1)
    return np.asarray(np.maximum(far, 0.0), np.float64)


def _straight(x: Floats, train: Labels, y: Labels, k: int, ask: Labels, weight: float) -> Floats:
    other = np.column_stack([x[ask], np.ones(len(ask))])
    x = np.column_stack([x[train], np.ones(len(train))])
    d = x.shape[1]
    hot = np.eye(k)[y]
    ridge = np.full((d, 1), weight / len(train))
    ridge[-1] = 0.0

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(d, k)
        scores = x @ weights
        top = special.logsumexp(scores, axis=1, keepdims=True)
        value = float((top[:, 0] - (scores * hot).sum(axis=1)).mean())
        slope = x.T @ (np.exp(scores - top) - hot) / len(x) + ridge * weights
        return value + float((ridge * weights**2).sum()) / 2, slope.ravel()

    found = optimize.minimize(
        loss, np.zeros(d * k), jac=True, method="L-BFGS-B", options={"maxiter": 150}
    )
    return np.asarray(special.softmax(other @ found.x.reshape(d, k), axis=1), np.float64)


def neighbours(design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
    """Shares of classes among the nearest rows, nearer ones counting more."""
    many = min(15, len(train))
    known = design.x[train].astype(np.float32)
    size = (known**2).sum(axis=1)
    made = np.empty((len(ask), k))
    for start in range(0, len(ask), 512):
        part = design.x[ask[start : start + 512]].astype(np.float32)
        apart = size - 2 * part @ known.T
        near = np.argpartition(apart, many - 1, axis=1)[:, :many]
        far = np.take_along_axis(apart, near, axis=1) + (part**2).sum(axis=1)[:, None]
        weights = 1.0 / (np.sqrt(np.maximum(far, 0.0)) + 1e-3)
        votes = np.stack([((y[near] == c) * weights).sum(axis=1) for c in range(k)], axis=1)
        made[start : start + 512] = (votes + 0.1 * weights.mean(axis=1, keepdims=True)) / (
            weights.sum(axis=1, keepdims=True) + 0.1 * k * weights.mean(axis=1, keepdims=True)
        )
    return made


def folds_of(y: Labels, many: int, rng: np.random.Generator) -> Labels:
    """Return the fold of each row, the classes spread evenly."""
    fold = np.empty(len(y), np.int64)
    for c in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == c))
        fold[rows] = (np.arange(len(rows)) + int(rng.integers(many))) % many
    return fold


def out_of_sample(
    learner: Learner,
    design: Design,
    y: Labels,
    k: int,
    fold: Labels,
    keep: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """Return probabilities (n, k) of every row from learners that did not see it.

    Args:
        learner: how.
        design: the features.
        y: (n,) classes 0 to k − 1.
        k: how many.
        fold: (n,) of each row.
        keep: rows to learn from; all of them by default.
    """
    made = np.full((len(y), k), 1.0 / k)
    for one in np.unique(fold):
        ask = np.flatnonzero(fold == one)
        train = np.flatnonzero((fold != one) if keep is None else (fold != one) & keep)
        if len(train) and len(np.unique(y[train])) > 1:
            made[ask] = learner(design, train, y[train], k, ask)
    return np.asarray(np.clip(made, _FLOOR, 1.0), np.float64)


def log_loss(p: Floats, y: Labels) -> float:
    """Return the mean log loss of probabilities."""
    total = p.sum(axis=1)
    return float(-np.log(p[np.arange(len(y)), y] / total).mean())


def auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; one half where one class is empty."""
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return 0.5
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    first = np.searchsorted(ranked, ranked, side="left")
    last = np.searchsorted(ranked, ranked, side="right")
    ranks = np.empty(len(scores))
    ranks[order] = (first + last + 1) / 2
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def blended(answers: Sequence[Floats], y: Labels) -> tuple[Floats, Floats]:
    """Return the log-linear mixture (n, k) of answers out of sample, and the weight of each.

    Weights are those of the least log loss; none is negative. So a learner that tells nothing of
    its own drops out, and of several that tell the same the mean is taken.
    """
    logs = np.stack([np.log(p / p.sum(axis=1, keepdims=True)) for p in answers])
    own = logs[:, np.arange(len(y)), y]

    def loss(weights: Floats) -> tuple[float, Floats]:
        mixed = np.tensordot(weights, logs, axes=1)
        top = special.logsumexp(mixed, axis=1, keepdims=True)
        expected = (np.exp(mixed - top) * logs).sum(axis=2).mean(axis=1)
        value = float((top[:, 0] - weights @ own).mean())
        return value + 1e-4 * float(weights @ weights), expected - own.mean(axis=1) + 2e-4 * weights

    many = len(answers)
    end = optimize.minimize(
        loss, np.full(many, 1.0 / many), jac=True, method="L-BFGS-B", bounds=[(0.0, 3.0)] * many
    )
    made = special.softmax(np.tensordot(end.x, logs, axes=1), axis=1)
    return np.asarray(np.clip(made, _FLOOR, 1.0), np.float64), np.asarray(end.x, np.float64)
