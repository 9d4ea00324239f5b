"""Test rows whose inputs stand, value for value, in the training set; and how many would by chance.

Rows are compared by a 64-bit code first and by their values where the codes agree.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Column, Frame, Inputs, Labels

SIGNIFICANT = 0.001
Codes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What test and training set share.

    Attributes:
        test: (m,) test rows that also stand in training, in order.
        train: (m,) the first training row that equals each.
        n: test rows.
        expected: share of test rows that coincidence gives.
        surprise: chance of m or more by coincidence alone.
    """

    test: Labels
    train: Labels
    n: int
    expected: float
    surprise: float

    def beyond(self, margin: float) -> bool:
        """Tell whether there are more than coincidence explains, by a share that matters."""
        share = len(self.test) / self.n if self.n else 0.0
        return share - self.expected >= margin and self.surprise <= SIGNIFICANT


def overlap(test: Inputs, train: Inputs) -> Overlap:
    """Find test rows in the training set.

    Where rows are drawn independently, the share of training rows that equal *another* training
    row says how often a new row equals one of them; the same share within the test set does so
    from its side. The larger is what coincidence gives, with half a row added for each kind that
    was not seen.
    """
    here, there = codes_of(test, train)
    if not len(here) or not len(there):
        nothing = np.empty(0, np.int64)
        return Overlap(nothing, nothing, len(here), 0.0, 1.0)
    codes, rows = np.unique(there, return_index=True)
    at = np.minimum(np.searchsorted(codes, here), len(codes) - 1)
    found = np.flatnonzero(codes[at] == here).astype(np.int64)
    partner = rows[at[found]].astype(np.int64)
    kept = _equal(test, train, found, partner)
    found, partner = found[kept], partner[kept]
    expected = max(_repeating(there), _repeating(here))
    n = len(here)
    surprise = _surprise(len(found), n, expected, len(there))
    return Overlap(found, partner, n, expected, surprise)


def _surprise(count: int, n: int, expected: float, known: int) -> float:
    """Return the chance of `count` or more by coincidence, the larger of two figures.

    The binomial tail at the expected share counts where next to nothing is expected. The normal one
    takes in that the share itself is an estimate of `known` rows, and that rows which repeat come
    in pairs, which doubles the variance of both.
    """
    if count <= 0:
        return 1.0
    share = min(max(expected, 0.5 / known), 1.0)
    exact = float(special.betainc(count, n - count + 1, share)) if share < 1 else 1.0
    pooled = (count + share * known) / (n + known)
    error = math.sqrt(2 * pooled * (1 - pooled) * (1 / n + 1 / known))
    near = float(special.ndtr(-(count / n - share) / error)) if error else 1.0
    return max(exact, near)


def _repeating(codes: Codes) -> float:
    """Return the share of rows that equal another row."""
    if len(codes) < 2:
        return 0.0
    ranked = np.sort(codes)
    same = ranked[1:] == ranked[:-1]
    repeated = np.zeros(len(codes), np.bool_)
    repeated[1:] |= same
    repeated[:-1] |= same
    return float(repeated.mean())


def codes_of(test: Inputs, train: Inputs) -> tuple[Codes, Codes]:
    """Return a code for each row of both; equal rows have equal codes."""
    if isinstance(test, Frame) and isinstance(train, Frame):
        shared = [name for name in test.names if name in train.names]
        if not shared:
            return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
        here, there = (np.zeros(len(part), np.uint64) for part in (test, train))
        for name in shared:
            mine, other = column_codes(test[name], train[name])
            here, there = mixed(here, mine), mixed(there, other)
        return here, there
    if isinstance(test, Frame) or isinstance(train, Frame):
        return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
    return _array_codes(test), _array_codes(train)


def _array_codes(values: npt.NDArray[np.generic]) -> Codes:
    """Return codes of texts, or of rows of an array by their bytes."""
    if values.dtype.kind == "O":
        return np.array([_code(str(v).encode("utf-8", "surrogatepass")) for v in values], np.uint64)
    if values.dtype.kind == "f":
        values = values.astype(np.float64) + 0.0  # -0.0 and 0.0 are the same input
    rows = np.ascontiguousarray(values).reshape(len(values), math.prod(values.shape[1:]))
    return np.array([_code(row.tobytes()) for row in rows], np.uint64)


def _code(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def column_codes(first: Column, second: Column) -> tuple[Codes, Codes]:
    """Return codes of two columns of one name; the same value has the same code in both.

    Numbers are compared as numbers whatever their type; a missing value equals a missing value.
    """
    numeric = "biuf"
    if first.dtype.kind in numeric and second.dtype.kind in numeric:
        return _number_codes(first), _number_codes(second)
    if first.dtype.kind in "mM" and second.dtype.kind in "mM":
        unit = "datetime64[us]"
        return (first.astype(unit).view(np.uint64), second.astype(unit).view(np.uint64))
    known: dict[object, int] = {}

    def of(column: Column) -> Codes:
        made = np.empty(len(column), np.uint64)
        for i, value in enumerate(column.tolist()):
            key = None if value is None or value != value else str(value)
            made[i] = known.setdefault(key, len(known) + 1)
        return made

    return of(first), of(second)


def _number_codes(column: Column) -> Codes:
    values = column.astype(np.float64) + 0.0
    values[np.isnan(values)] = np.nan
    return values.view(np.uint64)


def mixed(code: Codes, value: Codes) -> Codes:
    """Return codes with one more column in them (splitmix64, Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        z = (code * np.uint64(0x9E3779B97F4A7C15)) ^ value
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)


def _equal(test: Inputs, train: Inputs, here: Labels, there: Labels) -> npt.NDArray[np.bool_]:
    """Tell which pairs of rows really have the same values."""
    same = np.ones(len(here), np.bool_)
    if isinstance(test, Frame) and isinstance(train, Frame):
        for name in test.names:
            if name in train.names:
                mine, other = column_codes(test[name][here], train[name][there])
                same &= mine == other
    elif not isinstance(test, Frame) and not isinstance(train, Frame) and len(here):
        first, second = test[here], train[there]
        if first.shape[1:] != second.shape[1:]:
            return np.zeros(len(here), np.bool_)
        if first.dtype.kind == "O":
            return np.asarray(first == second, np.bool_)
        apart = (first != second) & ~((first != first) & (second != second))
        same &= ~apart.reshape(len(here), -1).any(axis=1)
    return same
