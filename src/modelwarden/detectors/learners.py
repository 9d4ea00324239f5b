"""Small learners in numpy, to ask what the data themselves can tell of their labels.

They are not the model under test and need not be good; they answer out of sample, by folds.
Logistic regression sees straight lines, boosted histogram trees bends and combinations, nearest
neighbours shapes. Which of them is asked is decided by their own log loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from modelwarden.detectors.counts import as_numbers, word_of
from modelwarden.detectors.wordings import Wordings, straight
from modelwarden.targets.frames import Column, Floats, Frame, Labels

_LEVELS = 64  # histogram bins of a feature
_WORDS = 12
_MOST_PARTS = 2000
_CLIP = 5.0
_FLOOR = 1e-6

Learner = Callable[["Design", Labels, Labels, int, Labels], Floats]
"""(design, rows to learn from, their classes, classes, rows to answer) → probabilities."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Features as numbers.

    Attributes:
        x: (n, d) standardised, missing values at 0 with an indicator beside them.
        bins: (n, d) the same in at most 64 levels each.
        wordings: what stands in the n texts, where they are texts.
    """

    x: Floats
    bins: npt.NDArray[np.uint8]
    wordings: Wordings | None = None

    def __len__(self) -> int:
        """Rows."""
        return len(self.x)


def design_of(frame: Frame) -> Design:
    """Return a table as numbers: frequent words become indicators, dates seconds."""
    parts: list[Floats] = []
    for column in frame.columns:
        parts += _parts(column)
        if len(parts) >= _MOST_PARTS:
            break
    x = np.column_stack(parts) if parts else np.zeros((len(frame), 1))
    return design_of_array(x)


def design_of_array(x: Floats, wordings: Wordings | None = None) -> Design:
    """Return an array (n, d) as numbers, standardised, beside the texts that it stands for."""
    values = np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return Design(np.clip(scaled, -_CLIP, _CLIP), _levels(values), wordings)


def _parts(column: Column) -> list[Floats]:
    if column.dtype.kind != "O":
        values = as_numbers(column)
        finite = np.isfinite(values)
        if not finite.any():
            return []
        low, middle, high = np.quantile(values[finite], [0.005, 0.5, 0.995])
        made = [np.where(finite, np.clip(values, low, high), middle)]
        known = made[0][finite]
        spread = float(known.std())
        # A long tail is bent, or a straight line sees nothing but its end.
        if spread and abs(float(((known - known.mean()) ** 3).mean())) > 2 * spread**3:
            unit = float(np.quantile(np.abs(known - middle), 0.5)) or spread
            made.append(np.arcsinh((made[0] - middle) / unit))
        if not finite.all():
            made.append((~finite).astype(np.float64))
        return made
    words = [word_of(value) for value in column.tolist()]
    common = [word for word, n in Counter(words).most_common(_WORDS) if n > 1]
    return [np.array([value == word for value in words], np.float64) for word in common]


def _levels(x: Floats) -> npt.NDArray[np.uint8]:
    made = np.zeros(x.shape, np.uint8)
    for j in range(x.shape[1]):
        cuts = np.unique(np.quantile(x[:, j], np.linspace(0, 1, _LEVELS)[1:-1]))
        made[:, j] = np.searchsorted(cuts, x[:, j], side="left")
    return made


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


@dataclass(frozen=True, slots=True)
class Boosted:
    """Boosted trees on histograms, one tree for each class and round (one for two classes).

    Source: Friedman 2001, "Greedy function approximation"; histograms as in LightGBM (Ke 2017).
    """

    rounds: int = 60
    rate: float = 0.2
    depth: int = 3
    least: int = 15

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        bins = design.bins[train]
        rng = np.random.default_rng(0)
        outs = 1 if k == 2 else k
        hot = np.eye(k)[y][:, -outs:]
        prior = np.clip(hot.mean(axis=0), 1e-4, 1 - 1e-4)
        start = np.log(prior / (1 - prior)) if outs == 1 else np.log(prior)
        scores = np.tile(start, (len(train), 1))
        asked = np.tile(start, (len(ask), 1))
        answer = design.bins[ask]
        d = bins.shape[1]
        for _ in range(self.rounds):
            p = special.expit(scores) if outs == 1 else special.softmax(scores, axis=1)
            kept = np.arange(d)
            if d > 80:
                kept = np.sort(rng.choice(d, 80, replace=False))
            for c in range(outs):
                tree = _grow(bins, kept, hot[:, c] - p[:, c], p[:, c] * (1 - p[:, c]), self)
                scores[:, c] += self.rate * _said(tree, bins)
                asked[:, c] += self.rate * _said(tree, answer)
        if outs == 1:
            p = special.expit(asked[:, 0])
            return np.column_stack([1 - p, p])
        return np.asarray(special.softmax(asked, axis=1), np.float64)


# feature, level, place of the left child, of the right one, value; a leaf has feature −1.
Tree = list[tuple[int, int, int, int, float]]


def _grow(
    bins: npt.NDArray[np.uint8], kept: Labels, slope: Floats, bend: Floats, how: Boosted
) -> Tree:
    tree: Tree = []

    def node(rows: Labels, depth: int) -> int:
        at = len(tree)
        g, h = float(slope[rows].sum()), float(bend[rows].sum())
        tree.append((-1, 0, 0, 0, g / (h + 1.0)))
        if depth == 0 or len(rows) < 2 * how.least:
            return at
        best = _split(bins, kept, rows, slope, bend, how.least)
        if best is None:
            return at
        feature, level = best
        left = bins[rows, feature] <= level
        one, two = node(rows[left], depth - 1), node(rows[~left], depth - 1)
        tree[at] = (feature, level, one, two, 0.0)
        return at

    node(np.arange(len(bins)), how.depth)
    return tree


def _split(
    bins: npt.NDArray[np.uint8],
    kept: Labels,
    rows: Labels,
    slope: Floats,
    bend: Floats,
    least: int,
) -> tuple[int, int] | None:
    """Return the feature and level with the greatest gain; None where nothing is gained."""
    d = len(kept)
    flat = (bins[rows][:, kept].astype(np.int64) + np.arange(d) * _LEVELS).ravel()
    size = d * _LEVELS

    def sums(weights: Floats | None) -> Floats:
        repeated = None if weights is None else np.repeat(weights[rows], d)
        counted = np.bincount(flat, weights=repeated, minlength=size)
        return counted.reshape(d, _LEVELS).cumsum(axis=1).astype(np.float64)

    n, g, h = sums(None), sums(slope), sums(bend)
    total_n, total_g, total_h = n[:, -1:], g[:, -1:], h[:, -1:]
    gain = g**2 / (h + 1) + (total_g - g) ** 2 / (total_h - h + 1) - total_g**2 / (total_h + 1)
    gain[(n < least) | (total_n - n < least)] = 0.0
    at = int(gain.argmax())
    if gain.flat[at] <= 1e-6:
        return None
    return int(kept[at // _LEVELS]), at % _LEVELS


def _said(tree: Tree, bins: npt.NDArray[np.uint8]) -> Floats:
    made = np.zeros(len(bins))
    waiting = [(0, np.arange(len(bins)))]
    while waiting:
        at, rows = waiting.pop()
        feature, level, one, two, value = tree[at]
        if feature < 0:
            made[rows] = value
            continue
        left = bins[rows, feature] <= level
        waiting += [(one, rows[left]), (two, rows[~left])]
    return made


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
