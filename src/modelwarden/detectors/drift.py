"""Whether a column moved between two sets: tests on counts, each with an effect to be weighed.

A change is worth an alarm when it is significant *and* its effect reaches a margin. Significance
alone finds every trifle in a million rows; effect alone finds chance in a hundred.

Numbers are tested in five ways, because each is blind to what another sees: the distribution as a
whole (Kolmogorov–Smirnov), the mean, the spread, and how much lies beyond the extremes of the
reference on either side. Words are tested by their shares (chi-square). Both by what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from modelwarden.detectors.clusters import ROWS, Worth
from modelwarden.detectors.counts import NumberCounts, WordCounts
from modelwarden.metrics.intervals import Interval, newcombe, z_of
from modelwarden.targets.frames import Floats

LEAST_ROWS = 20  # known values on either side; below, nothing is tested
_TAIL = 0.001
_EXPECTED = 5.0  # rows in a cell of a chi-square test


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """The least effects that matter.

    Attributes:
        distribution: largest difference between the two cumulative shares.
        mean: in standard deviations of the reference.
        spread: ratio of the mean distance from the median, either way.
        tail: share of rows beyond an extreme that one row of a thousand of the reference passes.
        mix: share of rows that would have to change their word.
        missing: share of rows.
    """

    distribution: float = 0.045
    mean: float = 0.10
    spread: float = 1.12
    tail: float = 0.005
    mix: float = 0.04
    missing: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one test says.

    Attributes:
        kind: `distribution`, `mean`, `spread`, `low tail`, `high tail`, `mix` or `missing`.
        effect: how much changed, in the unit of the margin of its kind; `low`, `high`: its
            interval at 95 %.
        matters: the effect reaches the margin.
        p: of no change at all.
        told: for people.
    """

    kind: str
    effect: float
    low: float
    high: float
    matters: bool
    p: float
    told: str


def of_numbers(
    reference: NumberCounts,
    current: NumberCounts,
    margins: Margins,
    worths: Mapping[str, Worth] | None = None,
) -> Iterator[Change]:
    """Test the values of a number that are known, in five ways.

    `worths` has for each kind of test what a row is worth where rows come in clusters.
    """
    n, m = reference.known, current.known
    if min(n, m) < LEAST_ROWS:
        return
    of = worths or {}
    yield _distribution(reference, current, margins, of.get("distribution", ROWS))
    pair = _only_two(reference, current)
    yield _mean(reference, current, margins, of.get("mean", ROWS), pair)
    if pair is None:
        yield _spread(reference, current, margins, of.get("spread", ROWS))
    for high in (False, True):
        worth = of.get("high tail" if high else "low tail", ROWS)
        yield _tail(reference, current, margins, worth, high=high)


def _distribution(
    reference: NumberCounts, current: NumberCounts, margins: Margins, worth: Worth
) -> Change:
    """Two-sample Kolmogorov–Smirnov on bins; they can only make it more careful.

    Source: Smirnov 1939; the limit law by `scipy.special.kolmogorov`.
    """
    n, m = reference.known, current.known
    here, there = reference.counts.cumsum(), current.counts.cumsum()
    gaps = np.abs(here / n - there / m)
    at = int(gaps.argmax())
    gap = float(gaps[at])
    one = worth.share
    ends = newcombe(int(there[at]) * one, m * one, int(here[at]) * one, n * one)
    low, high = sorted((abs(ends.low), abs(ends.high)))
    if ends.low < 0 < ends.high:
        low = 0.0
    # A value that occurs, not the middle of an empty bin between two of them.
    held = np.flatnonzero(reference.counts[: at + 1] + current.counts[: at + 1])
    value = reference.bins.values()[int(held[-1]) if held.size else at]
    value = 0.0 if abs(value) < reference.bins.step / 100 else value
    share, before = there[at] / m, here[at] / n
    return Change(
        kind="distribution",
        effect=gap,
        low=low,
        high=high,
        matters=gap >= margins.distribution,
        p=worth.p(float(special.kolmogorov(math.sqrt(one * n * m / (n + m)) * gap))),
        told=f"{share:.1%} of the values are at most {value:.4g}, {before:.1%} before",
    )


def _only_two(reference: NumberCounts, current: NumberCounts) -> int | None:
    """Return the bin of the higher of two values, where there are no others.

    A column of yes and no has no spread of its own, which follows from how often it says yes, and
    "distances from the median" are words for something else.
    """
    held = np.flatnonzero(reference.counts + current.counts)
    return int(held[-1]) if len(held) == 2 else None


def _moments(counts: NumberCounts, values: Floats) -> tuple[float, float]:
    share = counts.counts / counts.known
    mean = float(share @ values)
    return mean, float(share @ (values - mean) ** 2)


def _mean(
    reference: NumberCounts,
    current: NumberCounts,
    margins: Margins,
    worth: Worth = ROWS,
    pair: int | None = None,
) -> Change:
    """Welch's test of the means on the scale of the bins, outliers at its ends.

    `pair` is the bin of the higher value where there are two, whose mean is told as its share.
    """
    n, m = reference.known, current.known
    scale = reference.bins.scale()
    (before, var), (after, other) = _moments(reference, scale), _moments(current, scale)
    unit = math.sqrt(var) or math.sqrt(other) or 1.0
    error = _error(var, n * worth.share, other, m * worth.share, after - before)
    gap = (after - before) / unit
    half = z_of(0.95) * error / unit
    told = f"the mean moved by {gap:+.2f} standard deviations"
    if pair is not None:
        share, earlier = current.counts[pair] / m, reference.counts[pair] / n
        value = reference.bins.values()[pair]
        told = f"{share:.1%} of the values are {value:.4g}, {earlier:.1%} before"
    return Change(
        kind="mean",
        effect=gap,
        low=gap - half,
        high=gap + half,
        matters=abs(gap) >= margins.mean,
        p=worth.p(_two_sided(after - before, error)),
        told=told,
    )


def _spread(
    reference: NumberCounts, current: NumberCounts, margins: Margins, worth: Worth
) -> Change:
    """Brown and Forsythe's test: Welch's on the distances from each side's own median."""
    scale = reference.bins.scale()
    found = []
    for counts in (reference, current):
        away = np.abs(scale - scale[middle_of(counts)])
        found.append((*_moments(counts, away), counts.known))
    (before, var, n), (after, other, m) = found
    error = _error(var, n * worth.share, other, m * worth.share, after - before)
    least = max(before, after) * 1e-9
    if before <= least or after <= least:
        ratio, low, high = (1.0, 1.0, 1.0) if before == after else (math.inf, 1.0, math.inf)
        if after < before:
            ratio, low, high = 0.0, 0.0, 1.0
    else:
        ratio = after / before
        relative = var / n / (before * before) + other / m / (after * after)
        half = z_of(0.95) * math.sqrt(relative / worth.share)
        low, high = ratio * math.exp(-half), ratio * math.exp(half)
    moved = float(np.abs(reference.counts.cumsum() / n - current.counts.cumsum() / m).max())
    far = ratio >= margins.spread or ratio <= 1 / margins.spread
    return Change(
        kind="spread",
        effect=ratio,
        low=low,
        high=high,
        # Of a column that is nearly constant a handful of rows makes any ratio.
        matters=far and moved >= margins.distribution / 3,
        p=worth.p(_two_sided(after - before, error)),
        told=f"values lie {ratio:.2f} times as far from their median as before",
    )


def middle_of(counts: NumberCounts) -> int:
    """Return the bin of the median."""
    return int(np.searchsorted(counts.counts.cumsum(), counts.known / 2))


def beyond(reference: NumberCounts, *, high: bool) -> int:
    """Return how many bins of an end lie before its share of extreme rows is reached."""
    counts = reference.counts[::-1] if high else reference.counts
    return int(np.searchsorted(counts.cumsum(), max(_TAIL * reference.known, 1)))


def _tail(
    reference: NumberCounts,
    current: NumberCounts,
    margins: Margins,
    worth: Worth,
    *,
    high: bool,
) -> Change:
    """Exceedances of an extreme of the reference.

    That k of the current values pass what r of the reference pass means that among the k + r
    outermost of both together only r are of the reference: a binomial draw, if nothing changed.

    Source: Rosenbaum 1954, "Tables for a nonparametric test of location", for r = 0.
    """
    n, m = reference.known, current.known
    here, there = reference.counts, current.counts
    if high:
        here, there = here[::-1], there[::-1]
    cut = beyond(reference, high=high)
    r, k, one = int(here[:cut].sum()), int(there[:cut].sum()), worth.share
    p = float(special.betainc(k * one, r * one + 1, m / (n + m))) if k else 1.0
    ends = newcombe(k * one, m * one, r * one, n * one)
    gap = k / m - r / n
    values = reference.bins.values()
    edge = values[::-1][min(cut, len(values) - 1)] if high else values[min(cut, len(values) - 1)]
    side = "above" if high else "below"
    return Change(
        kind="high tail" if high else "low tail",
        effect=gap,
        low=ends.low,
        high=ends.high,
        matters=gap >= margins.tail,
        p=worth.p(p),
        told=f"{k / m:.2%} of the values lie {side} {edge:.4g}, {r / n:.2%} before",
    )


def _error(var: float, n: float, other: float, m: float, gap: float) -> float:
    """Return the standard error of a difference of means.

    A side that does not vary at all – three hundred rows without the one in a hundred that is not
    zero – does not know its variance: there it is that of both sides together.
    """
    if var > 0 and other > 0:
        return math.sqrt(var / n + other / m)
    within = (n * var + m * other) / (n + m)
    between = abs(gap) / math.sqrt(n + m)  # no square of it: values may be as large as floats go
    return math.hypot(math.sqrt(within * (1 / n + 1 / m)), between)


def _two_sided(gap: float, error: float) -> float:
    if error == 0:
        return 1.0 if gap == 0 else 0.0
    return float(2 * special.ndtr(-abs(gap) / error))


def of_words(
    reference: WordCounts, current: WordCounts, margins: Margins, worth: Worth = ROWS
) -> Iterator[Change]:
    """Test the shares of words that are known; rare words are taken together.

    Of rows in clusters the statistic is a sum of squares of unequal weights: their mean is taken
    off, and their spread costs degrees of freedom.

    Source: Rao and Scott 1984, the second-order correction; its F as in Thomas and Rao 1987.
    """
    n, m = reference.known, current.known
    if min(n, m) < LEAST_ROWS:
        return
    names, here, there = cells(reference, current)
    if len(here) < 2:
        return
    shares = here / n, there / m
    pooled = (here + there) / (n + m)
    spread = pooled * (1 / n + 1 / m)
    statistic = float(((shares[1] - shares[0]) ** 2 / spread).sum()) * worth.share
    spread = spread / worth.share
    moved = float(np.abs(shares[1] - shares[0]).sum()) / 2
    # What chance alone moves, on average: it is taken off, so that many words make no effect.
    noise = float(np.sqrt(2 * spread * (1 - pooled) / math.pi).sum()) / 2
    effect = math.sqrt(max(0.0, moved**2 - noise**2))
    half = z_of(0.95) * 0.5 * math.sqrt(float((spread * (1 - pooled)).sum()))
    gaps = shares[1] - shares[0]
    most = int(np.abs(gaps).argmax())
    jumps = (np.abs(gaps) >= margins.mix / 4) & (
        (shares[1] >= 2 * shares[0]) | (shares[1] <= shares[0] / 2)
    )
    certain = np.abs(gaps) >= 5 * np.sqrt(spread)
    if (jumps & certain).any():
        most = int(np.where(jumps & certain, np.abs(gaps), 0).argmax())
    yield Change(
        kind="mix",
        effect=effect,
        low=max(0.0, effect - half),
        high=min(1.0, moved + half),
        matters=effect >= margins.mix or bool((jumps & certain).any()),
        p=_of_chi_square(statistic, len(here) - 1, worth),
        told=f"{names[most]!r} has {shares[1][most]:.1%} of the rows, {shares[0][most]:.1%} before",
    )


def _of_chi_square(statistic: float, free: int, worth: Worth) -> float:
    if math.isinf(worth.freedom):
        return float(special.chdtrc(free, statistic))
    left = max(free * worth.cells, 1.0)
    return float(special.fdtrc(left, left * worth.freedom, statistic / free))


def cells(reference: WordCounts, current: WordCounts) -> tuple[list[str], Floats, Floats]:
    """Return words with their rows on both sides, those too rare for a test in one cell."""
    n, m = reference.known, current.known
    names: list[str] = []
    rows: list[tuple[int, int]] = []
    rest = [reference.others, current.others]
    for word in dict.fromkeys((*reference.words, *current.words)):
        one, two = reference.words.get(word, 0), current.words.get(word, 0)
        if (one + two) * min(n, m) / (n + m) >= _EXPECTED:
            names.append(word[:80])
            rows.append((one, two))
        else:
            rest[0] += one
            rest[1] += two
    if sum(rest):
        if sum(rest) * min(n, m) / (n + m) >= _EXPECTED or not rows:
            names.append("any other")
            rows.append((rest[0], rest[1]))
        else:
            rows[-1] = (rows[-1][0] + rest[0], rows[-1][1] + rest[1])
    table = np.array(rows, np.float64).reshape(-1, 2)
    return names, table[:, 0], table[:, 1]


def of_missing(
    before: int, n: int, after: int, m: int, margin: float, worth: Worth = ROWS
) -> Change:
    """Test whether another share of rows lacks a value."""
    gap = after / m - before / n if n and m else 0.0
    one = worth.share
    ends = newcombe(after * one, m * one, before * one, n * one) if n and m else Interval(-1.0, 1.0)
    return Change(
        kind="missing",
        effect=gap,
        low=ends.low,
        high=ends.high,
        matters=abs(gap) >= margin,
        p=worth.p(shares_differ(before * one, n * one, after * one, m * one)),
        told=f"{after / max(m, 1):.1%} of the values are missing, {before / max(n, 1):.1%} before",
    )


def shares_differ(one: float, n: float, two: float, m: float) -> float:
    """Return the two-sided p that two shares are equal, given how many there are in all.

    Given the total, the count of one side is hypergeometric; the binomial takes its place, which
    is a little more careful.

    Source: Fisher 1935; the doubling of the smaller tail as in Agresti 2013, section 3.5.
    """
    total = one + two
    if not n or not m or not total:
        return 1.0
    if total > (n + m) / 2:
        one, two, total = n - one, m - two, n + m - total
        if not total:
            return 1.0
    share = n / (n + m)
    # The binomial's tails, by the integral that also holds between whole numbers of rows.
    lower = float(special.betainc(two, one + 1, 1 - share)) if two else 1.0
    upper = float(special.betainc(one, two + 1, share)) if one else 1.0
    return min(1.0, 2 * min(lower, upper))
