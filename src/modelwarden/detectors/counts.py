"""Counts of a column that can be added up: of a number by fine bins, of words by themselves.

Bins are fitted to a reference once; whatever is counted in them later – another data set, an hour
of traffic, a part of a file – can be added and compared without the values. A column takes 33 kB.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest

import numpy as np
import numpy.typing as npt

from modelwarden.targets.counting import times_of
from modelwarden.targets.frames import Column, Floats, Labels

BINS = 4096
_SAMPLE = 50_000
_CHUNK = 1 << 16
_COARSE = 64  # bins that the middle half of the values must spread over, or the scale is bent
_MOST_WORDS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class NumberBins:
    """Equal bins of a number, or of its inverse hyperbolic sine where values spread very widely.

    Attributes:
        low: lower end of the first inner bin, on the scale. step: width of a bin there.
        centre, unit: the scale is asinh((value − centre) / unit) where unit is above 0, else the
            value itself.
        bins: inner ones; one more on each side takes what lies outside.
    """

    low: float
    step: float
    centre: float = 0.0
    unit: float = 0.0
    bins: int = BINS

    @staticmethod
    def fit(reference: Column) -> NumberBins:
        """Choose bins for values like these (n,); missing and infinite ones do not matter."""
        sample = as_numbers(reference[:: max(1, len(reference) // _SAMPLE)])
        sample = np.sort(sample[np.isfinite(sample)])  # quantiles are found sooner in order
        if not len(sample):
            return NumberBins(-0.5, 1.0 / BINS)
        least, most = float(sample[0]), float(sample[-1])
        spread = most - least
        if spread <= BINS / 2 and bool((np.floor(sample) == sample).all()):
            # Whole numbers stand in the middle of a bin, with bins between for those that are not.
            parts = max(1, int(BINS / (2 * (spread + 1))) - 1 | 1)
            before = (BINS - int(spread) * parts) // 2
            return NumberBins(least - (before + 0.5) / parts, 1.0 / parts)
        ends = _quantiles(sample, np.array([0.001, 0.25, 0.5, 0.75, 0.999]))
        linear = _around(float(ends[0]), float(ends[4]))
        if (ends[3] - ends[1]) / linear.step >= _COARSE or ends[4] == ends[0]:
            return linear
        centre = float(ends[2])
        unit = float(ends[3] - ends[1]) or float(np.abs(sample - centre).mean()) * 1e-3
        if unit <= 0 or not np.isfinite(unit):
            return linear
        bent = np.arcsinh((ends[[0, 4]] - centre) / unit)
        found = _around(float(bent[0]), float(bent[1]))
        return NumberBins(found.low, found.step, centre, unit)

    def count(self, column: Column) -> NumberCounts:
        """Count the values of a column (n,)."""
        total = np.zeros(self.bins + 2, np.int64)
        missing = 0
        for start in range(0, len(column), _CHUNK):
            at, gone = self._places(column[start : start + _CHUNK])
            missing += gone
            total += np.bincount(at, minlength=len(total))
        return NumberCounts(self, total, missing)

    def places(self, column: Column) -> Labels:
        """Return the bin of each value, (n,); −1 of a missing one."""
        values = as_numbers(column)
        known = ~np.isnan(values)
        found = np.full(len(values), -1, np.int64)
        found[known] = self._places(values[known])[0]
        return found

    def scale(self) -> Floats:
        """Return the middle of every bin on the scale, the outer ones at the ends."""
        return _scale_of(self)

    def values(self) -> Floats:
        """Return the middle of every bin as a value."""
        return _values_of(self)

    def _places(self, column: Column) -> tuple[npt.NDArray[np.int64], int]:
        values = as_numbers(column)
        known = values == values
        gone = len(values) - int(np.count_nonzero(known))
        if gone:
            values = values[known]
        with np.errstate(over="ignore", invalid="ignore"):
            if self.unit:
                at = values - self.centre
                at /= self.unit
                at = _arcsinh(at)
                at -= self.low
            else:
                at = values - self.low
            at *= 1.0 / self.step
            at += 1.0
        np.maximum(at, 0.0, out=at)
        np.minimum(at, self.bins + 1.0, out=at)
        return at.astype(np.int64), gone


def _arcsinh(values: Floats) -> Floats:
    """Return `numpy.arcsinh` to within some 1e-15, which no bin is as narrow as, in half the time.

    ln(|x| + √(x² + 1)), with the sign of x.
    """
    sizes = np.abs(values)
    made: Floats = sizes * sizes
    made += 1.0
    if not np.isfinite(made.max(initial=0.0)):
        np.arcsinh(values, out=made)
        return made
    np.sqrt(made, out=made)
    made += sizes
    np.log(made, out=made)
    np.copysign(made, values, out=made)
    return made


@lru_cache(maxsize=8)  # each of five tests of a column asks for them
def _scale_of(bins: NumberBins) -> Floats:
    inner = bins.low + (np.arange(bins.bins) + 0.5) * bins.step
    scale = np.concatenate([[bins.low], inner, [bins.low + bins.bins * bins.step]])
    scale.setflags(write=False)
    return scale


@lru_cache(maxsize=8)
def _values_of(bins: NumberBins) -> Floats:
    scale = _scale_of(bins)
    if not bins.unit:
        return scale
    values: Floats = np.sinh(scale) * bins.unit + bins.centre
    values.setflags(write=False)
    return values


def _quantiles(ranked: Floats, shares: Floats) -> Floats:
    """Return what `numpy.quantile` says of values that are in order, without sorting them again."""
    places = shares * (len(ranked) - 1)
    below = np.floor(places).astype(np.int64)
    lower, upper = ranked[below], ranked[np.minimum(below + 1, len(ranked) - 1)]
    part, step = places - below, upper - lower
    return np.where(part < 0.5, lower + step * part, upper - step * (1 - part))


def _around(low: float, high: float) -> NumberBins:
    """Return bins from a quarter of the width below to a quarter above."""
    width = (high - low) or abs(low) * 1e-6 or 1.0
    if not np.isfinite(width):
        low, high, width = -1e300, 1e300, 2e300
    return NumberBins(low - width / 4, width * 1.5 / BINS)


@dataclass(frozen=True, slots=True, eq=False)
class NumberCounts:
    """How many values fell into each bin.

    Attributes:
        counts: (bins + 2,). missing: rows without a value.
    """

    bins: NumberBins
    counts: Labels
    missing: int = 0

    @property
    def known(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @property
    def n(self) -> int:
        """All rows."""
        return self.known + self.missing

    def __add__(self, other: NumberCounts) -> NumberCounts:
        """Return both together; they must have the same bins."""
        if self.bins is not other.bins and not _alike(self.bins, other.bins):
            raise ValueError("counts of different bins cannot be added")
        return NumberCounts(self.bins, self.counts + other.counts, self.missing + other.missing)


def _alike(one: NumberBins, two: NumberBins) -> bool:
    return (one.low, one.step, one.centre, one.unit, one.bins) == (
        two.low,
        two.step,
        two.centre,
        two.unit,
        two.bins,
    )


@dataclass(frozen=True, slots=True, eq=False)
class WordCounts:
    """How often each word stands in a column.

    Attributes:
        words: the most frequent; all others are in `others`. missing: rows without a word.
    """

    words: Mapping[str, int] = field(default_factory=dict)
    others: int = 0
    missing: int = 0

    @staticmethod
    def of(column: Column) -> WordCounts:
        """Count the words of a column (n,) of texts, booleans or labels."""
        words = words_in(column)
        known = words.total()
        kept = dict(nsmallest(_MOST_WORDS, words.items(), key=lambda item: (-item[1], item[0])))
        return WordCounts(kept, known - sum(kept.values()), len(column) - known)

    @property
    def known(self) -> int:
        """Rows with a word."""
        return sum(self.words.values()) + self.others

    @property
    def n(self) -> int:
        """All rows."""
        return self.known + self.missing

    def __add__(self, other: WordCounts) -> WordCounts:
        """Return both together."""
        both = Counter(self.words)
        both.update(other.words)
        return WordCounts(dict(both), self.others + other.others, self.missing + other.missing)


def words_in(column: Column) -> Counter[str]:
    """Return how often each word stands in a column, in order of appearance."""
    counted: Counter[str] = Counter()
    for value, times in times_of(column).items():  # few differ: each is spelled once
        word = word_of(value)
        if word is not None:
            counted[word] += times
    return counted


def word_of(value: object) -> str | None:
    """Return a value as a word; None where it is missing."""
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else plain_text(value)


def plain_text(value: object) -> str:
    """Return a label as text; 1, 1.0 and True are the same label."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_numbers(column: Column) -> Floats:
    """Return a column of numbers, flags or times as floats; times are seconds, NaT is NaN.

    What is floats already is returned as it is, and not to be written to.
    """
    if column.dtype.kind in "mM":
        form = "datetime64[us]" if column.dtype.kind == "M" else "timedelta64[us]"
        ticks = column.astype(form, copy=False)
        seconds = ticks.view(np.int64) / 1e6
        seconds[np.isnat(ticks)] = np.nan
        return seconds
    return column.astype(np.float64, copy=False)
