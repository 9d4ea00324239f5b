"""Whether a sequence changed its level at some point, and where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from modelwarden.metrics.intervals import z_of
from modelwarden.targets.frames import Floats, Labels

LEAST_ROWS = 100
_EDGE = 0.05  # of the rows at either end, where two levels cannot be told


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """The best place for one change of level.

    Attributes:
        at: first row of the second part.
        before, after: means of the two parts. low, high: 95 % interval of their difference.
        p: that the sequence has one level.
    """

    at: int
    before: float
    after: float
    low: float
    high: float
    p: float


def change_point(values: Floats, clusters: Labels | None = None) -> ChangePoint | None:
    """Return where the mean of a sequence (n,) changes most; None of a constant or a short one.

    The running sum of what each value has above the mean, over σ√n, is a Brownian bridge where
    nothing changes; the law of its largest distance from 0 is that of Kolmogorov. σ is that of
    neighbours in blocks, so a sequence whose neighbours are alike does not alarm by that alone.
    Where rows come in `clusters` (n,), it is that of their sums, if those spread wider.

    Source: Page 1955; Ploberger and Krämer 1992, "The CUSUM test with OLS residuals".
    """
    n = len(values)
    if n < LEAST_ROWS:
        return None
    sums = np.cumsum(values - values.mean())
    sigma = max(float(values.std()), _long_run(values))
    if sigma <= 0:
        return None
    edge = max(1, int(_EDGE * n))
    inner = np.abs(sums[edge - 1 : n - edge])
    at = int(inner.argmax()) + edge
    first, second = values[:at], values[at:]
    if clusters is not None:
        left = np.concatenate([first - first.mean(), second - second.mean()])
        together = np.bincount(clusters, weights=left)
        sigma = max(sigma, math.sqrt(float(together @ together) / n))
    error = math.sqrt(float(first.var()) / len(first) + float(second.var()) / len(second))
    gap = float(second.mean() - first.mean())
    half = z_of(0.95) * error
    return ChangePoint(
        at=at,
        before=float(first.mean()),
        after=float(second.mean()),
        low=gap - half,
        high=gap + half,
        p=float(special.kolmogorov(float(np.abs(sums).max()) / (sigma * math.sqrt(n)))),
    )


def _long_run(values: Floats) -> float:
    """Return the long-run deviation of a sequence within its blocks, by differences of block means.

    A lasting change of level adds to one difference only, so it does not hide itself.
    """
    size = max(2, int(len(values) ** (1 / 3)))
    blocks = values[: len(values) // size * size].reshape(-1, size).mean(axis=1)
    if len(blocks) < 4:
        return 0.0
    return float(np.sqrt(np.mean(np.diff(blocks) ** 2) / 2 * size))
