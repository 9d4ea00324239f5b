"""Intervals for shares, differences of shares, and means; and the rows that settle a question.

`level` is the nominal two-sided coverage, 0.95 unless told. With nothing observed an interval is
all that is possible: (0, 1) for a share, (-1, 1) for a difference, unbounded for a mean.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """The two ends, low first."""

    low: float
    high: float

    def within(self, low: float, high: float) -> Interval:
        """Return the interval cut to what is possible."""
        return Interval(min(max(self.low, low), high), max(min(self.high, high), low))

    def around(self, value: float) -> Interval:
        """Return the interval widened until it holds `value`."""
        return Interval(min(self.low, value), max(self.high, value))


SHARE = Interval(0.0, 1.0)
UNBOUNDED = Interval(-math.inf, math.inf)


def z_of(level: float) -> float:
    """Return the normal quantile of a two-sided interval: 1.96 for 0.95."""
    return float(special.ndtri((1 + level) / 2))


def t_of(level: float, freedom: float) -> float:
    """Return Student's quantile of a two-sided interval with `freedom` degrees, > 0."""
    return float(special.stdtrit(freedom, (1 + level) / 2))


def wilson(right: float, n: float, *, level: float = 0.95) -> Interval:
    """Return the score interval of a share `right` / n; (0, 1) when n is 0.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Its coverage averages to the level and
    dips below it near 0 and 1; `clopper_pearson` never does.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    hits, size = float(right), float(n)  # `wilson_ends`, without the arrays
    safe = max(size, 1.0)
    z = z_of(level)
    share = hits / safe
    middle = share + z * z / (2 * safe)
    half = z * math.sqrt(share * (1 - share) / safe + z * z / (4 * safe * safe))
    scale = 1 + z * z / safe
    low = 0.0 if hits == 0 or size == 0 else (middle - half) / scale
    return Interval(low, 1.0 if hits == size or size == 0 else (middle + half) / scale)


def wilson_ends(
    right: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the low and high ends of `wilson` for many shares; counts broadcast."""
    hits, size = np.asarray(right, np.float64), np.asarray(n, np.float64)
    safe = np.maximum(size, 1.0)
    z = z_of(level)
    share = hits / safe
    middle = share + z * z / (2 * safe)
    half = z * np.sqrt(share * (1 - share) / safe + z * z / (4 * safe * safe))
    scale = 1 + z * z / safe
    low = np.where((size == 0) | (hits == 0), 0.0, (middle - half) / scale)
    high = np.where((size == 0) | (hits == size), 1.0, (middle + half) / scale)
    return low, high


def clopper_pearson(right: int, n: int, *, level: float = 0.95) -> Interval:
    """Return the exact interval of a share: coverage is never below `level`; (0, 1) when n is 0.

    The ends are the Beta(right, n − right + 1) and Beta(right + 1, n − right) quantiles.

    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits".
    """
    tail = (1 - level) / 2
    low = 0.0 if right == 0 else float(special.betaincinv(right, n - right + 1, tail))
    high = 1.0 if right == n else float(special.betaincinv(right + 1, n - right, 1 - tail))
    return Interval(low, high)


FEWEST = 5


def of_share(right: int, n: int, *, level: float = 0.95) -> Interval:
    """Return the interval of a share that measurements carry.

    Wilson's, and the exact one where fewer than `FEWEST` rows are right or wrong: there Wilson's
    coverage dips below 0.92 (a share of 0.999 at 1,000 rows).

    Source: Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion", section
    4.1.1, on the dips.
    """
    rare = min(right, n - right) < FEWEST
    return (clopper_pearson if rare else wilson)(right, n, level=level)


def newcombe(
    right: float, n: float, other_right: float, other_n: float, *, level: float = 0.95
) -> Interval:
    """Return the interval of right/n − other_right/other_n, two independent samples.

    Square-and-add of both Wilson intervals; (-1, 1) when either sample is empty.

    Source: Newcombe 1998, "Interval estimation for the difference between independent
    proportions", method 10.
    """
    if not n or not other_n:
        return Interval(-1.0, 1.0)
    here, there = right / n, other_right / other_n
    mine, other = wilson(right, n, level=level), wilson(other_right, other_n, level=level)
    gap = here - there
    return Interval(
        gap - math.hypot(here - mine.low, other.high - there),
        gap + math.hypot(mine.high - here, there - other.low),
    )


def paired(gained: int, lost: int, n: int, *, level: float = 0.95) -> Interval:
    """Return the interval of (gained − lost) / n, two answers to the same n rows.

    `gained` rows only the first gets right, `lost` only the second. Half a row is added to each
    of the four cells, so that no discordant row at all does not read as certainty.

    Source: Agresti and Min 2005, "Simple improved confidence intervals for comparing matched
    proportions".
    """
    if not n:
        return Interval(-1.0, 1.0)
    up, down, size = gained + 0.5, lost + 0.5, n + 2.0
    gap = (up - down) / size
    half = z_of(level) * math.sqrt(up + down - (up - down) ** 2 / size) / size
    return Interval(gap - half, gap + half).within(-1.0, 1.0).around((gained - lost) / n)


def unit_of(*values: Floats) -> float:
    """Return a power of two near the largest size of these values, by which they can be divided.

    Squares of what is left are neither infinite nor zero where the values are not, and dividing by
    it changes no other bit.
    """
    largest = max((float(np.abs(part).max(initial=0.0)) for part in values), default=0.0)
    if not largest or not math.isfinite(largest):
        return 1.0
    return math.ldexp(1.0, math.frexp(largest)[1] - 1)


def mean_of(values: Floats, *, level: float = 0.95, within: Interval = UNBOUNDED) -> Interval:
    """Return Student's interval of the mean of `values` (n,), cut to what is `within` reach.

    Fewer than two values, or values that are all the same, say nothing of the spread: below two
    the interval is `within`; equal values of a bounded quantity get the bound that n rows without
    an exception give a share.
    """
    n = len(values)
    if n < 2:
        return within
    unit = unit_of(values)
    scaled = values / unit
    middle, spread = unit * float(scaled.mean()), unit * float(scaled.std(ddof=1))
    if spread <= 1e-12 * abs(middle):
        return _without_spread(middle, n, level, within)
    half = t_of(level, n - 1) * spread / math.sqrt(n)
    return Interval(middle - half, middle + half).within(*within).around(middle)


def _without_spread(middle: float, n: int, level: float, within: Interval) -> Interval:
    """Bounds for n equal values: a share of at most `1 - floor` can lie elsewhere, at the worst."""
    floor = ((1 - level) / 2) ** (1 / n)
    low = within.low + (middle - within.low) * floor if math.isfinite(within.low) else middle
    high = within.high - (within.high - middle) * floor if math.isfinite(within.high) else middle
    return Interval(low, high)


def quantile_ends(ranked: Floats, share: float, *, level: float = 0.95) -> Interval:
    """Return the interval of a quantile between two order statistics; the ranks are binomial.

    Source: Conover 1999, "Practical nonparametric statistics", section 3.2.
    """
    n = len(ranked)
    tail = (1 - level) / 2
    ranks = np.arange(n + 1)
    upto = special.bdtr(ranks, n, share)
    below = int((upto <= tail).sum())
    above = int(np.searchsorted(upto, 1 - tail)) + 1
    low = float(ranked[below - 1]) if below else 0.0
    high = float(ranked[above - 1]) if above <= n else math.inf
    return Interval(low, high)


def rows_needed(
    variance: float,
    margin: float,
    *,
    alpha: float = 0.05,
    power: float = 0.9,
    equivalence: bool = False,
) -> int:
    """Return how many rows settle whether a mean is within `margin` of a threshold.

    n = variance · ((z₁₋α + z) / margin)², where z belongs to `power`, or to 1 − (1 − power)/2 for
    equivalence (two one-sided tests). `variance` is that of one row: p(1 − p) for a share, the sum
    of both for a difference of two groups (then n is per group). One-sided, normal approximation.

    Source: Chow, Shao and Wang 2008, "Sample size calculations in clinical research", chapter 4.

    >>> rows_needed(0.9 * 0.1, 0.01), rows_needed(0.9 * 0.1, 0.01, equivalence=True)
    (7708, 9740)
    """
    if margin <= 0:
        raise ValueError(f"a margin is above 0, not {margin}")
    wanted = 1 - (1 - power) / 2 if equivalence else power
    sure = float(special.ndtri(1 - alpha)) + float(special.ndtri(wanted))
    return max(1, math.ceil(variance * (sure / margin) ** 2))
