"""Boosted trees on histograms, in numpy: of classes, and of what each row says too much.

Source: Friedman 2001, "Greedy function approximation"; histograms as in LightGBM (Ke 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.detectors.designs import LEVELS, Design
from modelwarden.targets.frames import Floats, Labels

_MOST_COLUMNS = 80  # that a tree of many looks at


@dataclass(frozen=True, slots=True)
class Boosted:
    """One tree for each class and round (one for two classes)."""

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
            if d > _MOST_COLUMNS:
                kept = np.sort(rng.choice(d, _MOST_COLUMNS, replace=False))
            for c in range(outs):
                tree = _grow(bins, kept, hot[:, c] - p[:, c], p[:, c] * (1 - p[:, c]), self)
                scores[:, c] += self.rate * _said(tree, bins)
                asked[:, c] += self.rate * _said(tree, answer)
        if outs == 1:
            p = special.expit(asked[:, 0])
            return np.column_stack([1 - p, p])
        return np.asarray(special.softmax(asked, axis=1), np.float64)


def regressed(design: Design, slope: Floats, bend: Floats, fold: Labels) -> Floats:
    """Return what boosted trees tell out of sample of sums (n,), `bend` being what each weighs."""
    how = Boosted(rounds=30, rate=0.3, depth=4)
    made = np.zeros(len(slope))
    for one in np.unique(fold):
        rows = np.flatnonzero(fold != one)
        kept = np.arange(design.bins.shape[1])[:_MOST_COLUMNS]
        left = slope[rows].copy()
        for _ in range(how.rounds):
            tree = _grow(design.bins[rows], kept, left, bend[rows], how)
            left -= bend[rows] * how.rate * _said(tree, design.bins[rows])
            ask = fold == one
            made[ask] += how.rate * _said(tree, design.bins[ask])
    return made


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
    flat = (bins[rows][:, kept].astype(np.int64) + np.arange(d) * LEVELS).ravel()
    size = d * LEVELS

    def sums(weights: Floats | None) -> Floats:
        repeated = None if weights is None else np.repeat(weights[rows], d)
        counted = np.bincount(flat, weights=repeated, minlength=size)
        return counted.reshape(d, LEVELS).cumsum(axis=1).astype(np.float64)

    n, g, h = sums(None), sums(slope), sums(bend)
    total_n, total_g, total_h = n[:, -1:], g[:, -1:], h[:, -1:]
    gain = g**2 / (h + 1) + (total_g - g) ** 2 / (total_h - h + 1) - total_g**2 / (total_h + 1)
    gain[(n < least) | (total_n - n < least)] = 0.0
    at = int(gain.argmax())
    if gain.flat[at] <= 1e-6:
        return None
    return int(kept[at // LEVELS]), at % LEVELS


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
