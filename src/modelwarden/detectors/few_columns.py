"""A learner that looks for the few columns which tell the class together, and bends freely there.

Boards, rings and parities show nothing in any one column, and among many columns that tell nothing
neither trees that cut greedily nor distances over all of them see the form. Counted in cells, every
pair, triple or four of columns is quickly held against the labels; the best of them are then looked
at as closely as the rows allow.

Source: Nadaraya 1964 and Watson 1964 (kernel averages), bandwidth by leave-one-out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.designs import Design
from modelwarden.targets.frames import Floats, Labels

# Columns together: levels of each, and up to how many columns all such sets are tried.
_KINDS = ((1, 48, 400), (2, 10, 60), (3, 4, 20), (4, 2, 15))
_SOFT = 2.0  # rows of the whole that stand in for a cell without any
_WIDTHS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # standard deviations
_PROBES, _PART = 1500, 512


@dataclass(frozen=True, slots=True)
class FewColumns:
    """Averages of the classes of near rows, by the few columns that tell most together.

    Attributes:
        sizes: how many columns may be taken.
    """

    sizes: tuple[int, ...] = (1, 2, 3, 4)

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        best: float = np.inf
        kept: tuple[int, ...] = (0,)
        for size, levels, most in _KINDS:
            if size not in self.sizes or not size <= design.x.shape[1] <= most:
                continue
            found = _best(design.bins[train], y, k, size, levels)
            if found[0] < best:
                best, kept = found
        x = design.x[:, list(kept)]
        known, hot = x[train], np.eye(k)[y]
        prior = hot.mean(axis=0)
        probes = np.arange(0, len(train), -(-len(train) // _PROBES))
        losses = []
        for width in _WIDTHS:
            p = _averaged(known, hot, known[probes], width, prior, own=probes)
            losses.append(-np.log(p[np.arange(len(probes)), y[probes]]).mean())
        return _averaged(known, hot, x[ask], _WIDTHS[int(np.argmin(losses))], prior)


def _best(
    bins: npt.NDArray[np.uint8], y: Labels, k: int, size: int, levels: int
) -> tuple[float, tuple[int, ...]]:
    """Return the least log loss of cells, each row left out of its own, and the columns of it."""
    coarse = _coarser(bins, levels)
    prior = np.bincount(y, minlength=k) / len(y)
    cells = levels**size
    best: tuple[float, tuple[int, ...]] = (np.inf, (0,))
    for columns, at in _joined(coarse, size, levels):
        table = np.bincount(at * k + y, minlength=cells * k).reshape(cells, k)
        total = table.sum(axis=1, keepdims=True)
        p = (table - 1 + _SOFT * prior) / np.maximum(total - 1 + _SOFT, 1e-9)
        loss = -float((table * np.log(np.where(table > 0, p, 1.0))).sum()) / len(y)
        if loss < best[0]:
            best = (loss, columns)
    return best


def _joined(coarse: Labels, size: int, levels: int) -> Iterator[tuple[tuple[int, ...], Labels]]:
    d = coarse.shape[1]
    for first in combinations(range(d), size - 1):
        start = np.zeros(len(coarse), np.int64)
        for column in first:
            start = start * levels + coarse[:, column]
        start *= levels
        for last in range(first[-1] + 1 if first else 0, d):
            yield (*first, last), start + coarse[:, last]


def _coarser(bins: npt.NDArray[np.uint8], levels: int) -> Labels:
    """Return bins (n, d) in fewer levels of about equal many rows; equal values stay together."""
    made = np.zeros(bins.shape, np.int64)
    for j in range(bins.shape[1]):
        below = np.concatenate([[0], np.bincount(bins[:, j], minlength=256).cumsum()[:-1]])
        own = np.bincount(bins[:, j], minlength=256)
        middle = (below + own / 2) / len(bins)
        made[:, j] = np.minimum((middle * levels).astype(np.int64), levels - 1)[bins[:, j]]
    return made


def _averaged(
    known: Floats,
    hot: Floats,
    ask: Floats,
    width: float,
    prior: Floats,
    own: Labels | None = None,
) -> Floats:
    made = np.empty((len(ask), hot.shape[1]))
    size = (known**2).sum(axis=1)
    for start in range(0, len(ask), _PART):
        part = ask[start : start + _PART]
        far = (part**2).sum(axis=1)[:, None] - 2 * part @ known.T + size
        weights = np.exp(-np.maximum(far, 0.0) / (2 * width**2))
        if own is not None:
            weights[np.arange(len(part)), own[start : start + _PART]] = 0.0
        votes = weights @ hot + 0.5 * prior
        made[start : start + _PART] = votes / votes.sum(axis=1, keepdims=True)
    return made
