"""The bootstrap of everything that is a function of counts: draws on cells, never on rows.

Drawing n rows with replacement and counting them is drawing the cells from a multinomial, so a
thousand replicates of a million rows cost a thousand draws of a few dozen numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.metrics.intervals import Floats, Interval, z_of
from modelwarden.metrics.rates import share

DRAWS = 1_000
PRIOR_ROWS = 2.0
MOST_PAIRED = 40
_BLOCK_CELLS = 4_000_000

Statistic = Callable[[npt.NDArray[np.int64]], Floats]


def smoothed(table: npt.NDArray[np.int64]) -> Floats:
    """Return the shares to draw from: `PRIOR_ROWS` rows spread over the cells of each group.

    A cell that was never seen would never be drawn, and 30 right answers of 30 would read as
    certainty. Two rows a group do what Agresti and Coull's two successes and two failures do for
    a share; at thousands of rows they do nothing.
    """
    added = table + PRIOR_ROWS / (table.shape[-1] * table.shape[-2])
    return np.asarray(added / added.sum(), np.float64)


def blocks(
    table: npt.NDArray[np.int64], rng: np.random.Generator, draws: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield `draws` replicates of `table`, (some, *table.shape) at a time, bounded in memory."""
    flat, n = smoothed(table).ravel(), int(table.sum())
    size = max(1, _BLOCK_CELLS // table.size)
    for start in range(0, draws, size):
        drawn = rng.multinomial(n, flat, size=min(size, draws - start))
        yield drawn.reshape(-1, *table.shape)


def replicate(
    table: npt.NDArray[np.int64],
    statistic: Statistic,
    rng: np.random.Generator,
    *,
    draws: int = DRAWS,
) -> Floats:
    """Return `statistic` of each replicate, (draws, ...).

    Args:
        table: (..., k, k) counts.
        statistic: from (some, *table.shape) to (some, ...).
        rng: where all the chance comes from.
        draws: replicates.
    """
    return np.concatenate([statistic(block) for block in blocks(table, rng, draws)])


def percentiles(replicates: Floats, value: float, *, level: float = 0.95) -> Interval:
    """Return the middle `level` of the replicates (draws,), widened to hold `value`.

    Replicates without a value are left out.

    Source: Efron 1979, "Bootstrap methods: another look at the jackknife".
    """
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return Interval(-np.inf, np.inf)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high)).around(value)


def bca_mean(
    values: Floats, rng: np.random.Generator, *, level: float = 0.95, draws: int = DRAWS
) -> Interval:
    """Return the bias-corrected and accelerated interval of the mean of `values` (n,).

    For skewed values of some hundred rows, where Student's interval errs to one side; it draws
    rows, `draws` · n of them, so it is not for millions. Fewer than two values, or equal ones,
    give no bound: (-inf, inf).

    Source: Efron 1987, "Better bootstrap confidence intervals", equations 2.3 and 6.6.
    """
    n = len(values)
    if n < 2 or np.ptp(values) == 0:
        return Interval(-np.inf, np.inf)
    size = max(1, _BLOCK_CELLS // n)
    middle = float(values.mean())
    means = np.concatenate(
        [
            values[rng.integers(0, n, (min(size, draws - start), n))].mean(axis=1)
            for start in range(0, draws, size)
        ]
    )
    below = ((means < middle).sum() + (means <= middle).sum()) / (2 * draws)
    bias = float(special.ndtri(np.clip(below, 1 / draws, 1 - 1 / draws)))
    away = values - middle
    skew = float((away**3).sum() / (6 * (away**2).sum() ** 1.5))
    shift = bias + np.array([-1, 1]) * z_of(level)
    ends = np.quantile(means, special.ndtr(bias + shift / (1 - skew * shift)))
    return Interval(float(ends[0]), float(ends[1])).around(middle)


def widest_gap(rates: Floats, replicates: Floats, *, level: float = 0.95) -> tuple[float, Interval]:
    """Return the largest gap between two groups in any family of rates, with its interval.

    The largest of many gaps is larger than the truth even where all groups are equal, and its
    percentiles are too. So every pair gets its interval, all of them valid at once: |d| ± q·s with
    s the deviation of that pair's replicates, and q the level's quantile of the largest |d* − d|/s
    over pairs. The ends are the largest low and the largest high. Beyond `MOST_PAIRED` groups each
    rate gets such an interval in place of each pair, which is wider.

    Args:
        rates: (families, groups); NaN is not estimable and takes no part.
        replicates: (draws, families, groups).
        level: nominal simultaneous coverage.

    Returns:
        The gap and its interval in 0–1; NaN and (0, 1) where some family has fewer than two
        groups that can be compared.

    Source: Romano and Wolf 2005, "Exact and approximate stepdown methods for multiple hypothesis
    testing", section 3, for the studentised maximum.
    """
    known = np.isfinite(rates)
    families = [
        (r[k], replicates[:, i][:, k]) for i, (r, k) in enumerate(zip(rates, known, strict=True))
    ]
    if min(len(here) for here, _ in families) < 2:
        return float("nan"), Interval(0.0, 1.0)
    value = max(float(np.ptp(here)) for here, _ in families)
    paired = rates.shape[1] <= MOST_PAIRED
    contrasts = [_pairs(*f) if paired else f for f in families]
    moved = np.concatenate([drawn for _, drawn in contrasts], axis=1)
    spread = np.sqrt(np.nanvar(moved, axis=0))
    error = np.abs(moved - np.nanmean(moved, axis=0))
    largest = np.nan_to_num(share(error, spread, empty=0.0)).max(axis=1)
    reach = float(np.quantile(largest, level)) * spread
    ends, start = [], 0
    for here, _ in contrasts:
        part = reach[start : start + len(here)]
        start += len(here)
        low, high = here - part, here + part
        ends.append(
            (low.max(), high.max()) if paired else (low.max() - high.min(), high.max() - low.min())
        )
    low, high = (float(max(end)) for end in zip(*ends, strict=True))
    return value, Interval(low, high).within(0.0, 1.0).around(value)


def _pairs(rates: Floats, replicates: Floats) -> tuple[Floats, Floats]:
    """Return the size of each pair's difference, (pairs,), and its replicates, (draws, pairs)."""
    first, second = np.triu_indices(len(rates), k=1)
    gaps = rates[first] - rates[second]
    return np.abs(gaps), replicates[:, first] - replicates[:, second]
