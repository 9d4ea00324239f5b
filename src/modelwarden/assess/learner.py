"""A small learner of our own: boosted trees on columns in codes, to tell what can be told.

It is no model for use. It answers how well something can be told from the columns at all: the truth
where the model under test gives no scores, a protected attribute from the other columns. Written
here because a stage may not depend on a library of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.assess.slices.features import Feature
from modelwarden.targets.frames import Floats, Labels

_BINS = 32
_DEPTH = 3
_ROUNDS = 60
_RATE = 0.2
_LEAST = 15  # rows of a leaf
_RIDGE = 2.0
_MOST_ROWS = 20_000  # to learn from


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """Splits level by level: at node i rows whose code is above `cut[i]` go right."""

    feature: Labels
    cut: Labels
    leaf: Floats

    def of(self, codes: npt.NDArray[np.uint8]) -> Floats:
        node = np.zeros(codes.shape[1], np.int64)
        rows = np.arange(codes.shape[1])
        for _ in range(_DEPTH):
            node = 2 * node + 1 + (codes[self.feature[node], rows] > self.cut[node])
        return np.asarray(self.leaf[node - (2**_DEPTH - 1)], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learned.

    Attributes:
        gains: (features,) how much each column told, adding up to 1; all 0 where none did.
    """

    base: float
    trees: tuple[_Tree, ...]
    orders: tuple[npt.NDArray[np.uint8], ...]
    gains: Floats
    logistic: bool

    def of(self, features: Sequence[Feature], rows: Labels) -> Floats:
        """Return the prediction for these rows: a probability, or a number."""
        codes = _ordered(features, self.orders, rows)
        raw = np.full(len(rows), self.base)
        for tree in self.trees:
            raw += tree.of(codes)
        return 1 / (1 + np.exp(-np.clip(raw, -30, 30))) if self.logistic else raw


def learn(
    features: Sequence[Feature], y: Floats, rows: Labels, *, logistic: bool, rounds: int = _ROUNDS
) -> Learned:
    """Learn (n,) numbers, or 0 and 1, from these rows; at most `_MOST_ROWS` of them.

    Source: Friedman 2001, "Greedy function approximation"; histograms as in LightGBM (2017).
    """
    rows = rows[:: max(1, len(rows) // _MOST_ROWS)]
    target = y[rows]
    orders = tuple(_order(f, target, rows) for f in features)
    codes = _ordered(features, orders, rows)
    mean = float(target.mean()) if len(target) else 0.0
    base = float(np.log((mean + 1e-3) / (1 - mean + 1e-3))) if logistic else mean
    raw = np.full(len(rows), base)
    gains = np.zeros(len(features))
    trees = []
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-raw)) if logistic else raw
        pull = target - p
        weight = p * (1 - p) if logistic else np.ones(len(rows))
        tree, gained = _grow(codes, pull, weight)
        if not gained.any():
            break
        gains += gained
        trees.append(tree)
        raw += tree.of(codes)
    total = gains.sum()
    return Learned(base, tuple(trees), orders, gains / total if total else gains, logistic)


def _order(feature: Feature, target: Floats, rows: Labels) -> npt.NDArray[np.uint8]:
    """Return the bin of each code: along the values, or along the mean target of a category."""
    codes = feature.codes[rows]
    n = np.bincount(codes, minlength=feature.size).astype(np.float64)
    rank = np.arange(feature.size)
    if not feature.ordered:
        means = (np.bincount(codes, target, feature.size) + target.mean()) / (n + 1)
        rank = np.argsort(np.argsort(means, kind="stable"), kind="stable")
    along = np.argsort(rank, kind="stable")
    middle = n[along].cumsum() - n[along] / 2
    group = np.minimum(middle * _BINS / max(n.sum(), 1.0), _BINS - 1).astype(np.int64)
    bins = np.empty(feature.size, np.uint8)
    bins[along] = np.unique(group, return_inverse=True)[1] if feature.size > _BINS else rank[along]
    return bins


def _ordered(
    features: Sequence[Feature], orders: Sequence[npt.NDArray[np.uint8]], rows: Labels
) -> npt.NDArray[np.uint8]:
    if not features:
        return np.zeros((1, len(rows)), np.uint8)
    return np.stack([o[f.codes[rows]] for f, o in zip(features, orders, strict=True)])


def _grow(codes: npt.NDArray[np.uint8], pull: Floats, weight: Floats) -> tuple[_Tree, Floats]:
    """Grow one tree by the largest gain of each node; return what each feature gained."""
    count = 2**_DEPTH - 1
    feature, cut = np.zeros(count, np.int64), np.full(count, 255, np.int64)
    gains = np.zeros(len(codes))
    node, rows = np.zeros(codes.shape[1], np.int64), np.arange(codes.shape[1])
    for level in range(_DEPTH):
        start, wide = 2**level - 1, 2**level
        best = np.zeros(wide)
        local = (node - start) * _BINS
        for f, code in enumerate(codes):
            place = local + code
            n, g, h = (
                np.bincount(place, w, wide * _BINS).reshape(wide, _BINS).cumsum(axis=1)
                for w in (None, pull, weight)
            )
            gain = _gain(n, g, h)
            at = gain.argmax(axis=1)
            value = gain[np.arange(wide), at]
            better = value > best
            best = np.where(better, value, best)
            here = start + np.flatnonzero(better)
            feature[here], cut[here] = f, at[better]
        for k in np.flatnonzero(best):
            gains[feature[start + k]] += best[k]
        node = 2 * node + 1 + (codes[feature[node], rows] > cut[node])
    leaf = node - count
    top = np.bincount(leaf, pull, 2**_DEPTH)
    return _Tree(feature, cut, _RATE * top / (np.bincount(leaf, weight, 2**_DEPTH) + _RIDGE)), gains


def _gain(n: Floats, g: Floats, h: Floats) -> Floats:
    """Return what a cut after each bin gains, (nodes, bins); 0 where a side is too small."""
    left, right = n, n[:, -1:] - n
    other, weight = g[:, -1:] - g, h[:, -1:] - h
    whole = g[:, -1:] ** 2 / (h[:, -1:] + _RIDGE)
    gain = g**2 / (h + _RIDGE) + other**2 / (weight + _RIDGE) - whole
    return np.where((left >= _LEAST) & (right >= _LEAST) & (gain > 1e-9), gain, 0.0)
