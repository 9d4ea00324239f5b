"""Rows that repeat: equal ones, those that differ in one cell, and those that differ a little.

A repeat counts when it is no coincidence: fewer than a twentieth of a row is expected to equal it
by chance (`coincidence`). Nearly equal rows must moreover be far closer than rows of this table lie
to each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.coincidence import chance_of_rows
from modelwarden.detectors.counts import as_numbers
from modelwarden.detectors.duplicates import column_codes, mixed
from modelwarden.targets.frames import Column, Floats, Frame, Labels

EXPECTED = 0.05  # other rows that may equal one by chance, or it is none that counts
_NEAR_EXPECTED = 0.02
_ONE_CELL_EXPECTED = 1e-4
_CLOSER = 0.008
_CROWD = 3  # equal rows for each that differs in one cell, at most
_WIDTHS = (0.01, 0.06, 0.3)  # of a cell of the grid, in standard deviations
_SHIFTS = 8
_ROWS_NEAR = 200_000
_SAMPLE = 1500
_ONE_CELL_COLUMNS = 200
Codes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Repeat:
    """Two rows of one table that are the same, or nearly.

    Attributes:
        first, second: positions, `first` the earlier one.
        how: `equal`, or in which way they are near.
    """

    first: int
    second: int
    how: str


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """A table as codes: (n,) positions of each column's values in their order, and hashes."""

    columns: list[Labels]
    hashes: list[Codes]
    total: Codes


@dataclass(frozen=True, slots=True)
class Repeats:
    """What repeats in a table, though chance would hardly make it.

    Attributes:
        pairs: equal rows first. by_chance: how many such pairs of equal rows chance makes all the
            same, over all rows together.
    """

    pairs: tuple[Repeat, ...] = ()
    by_chance: float = 0.0


def repeats(frame: Frame, *, near: bool = True) -> Repeats:
    """Return the repeats of a table that are no coincidence."""
    if len(frame) < 2 or not frame.names:
        return Repeats()
    coded = _coded(frame)
    distinct = np.unique(coded.total, return_index=True)[1].astype(np.int64)
    chance, parts = chance_of_rows(coded.columns, distinct)
    crowded = _crowded(coded.columns, len(frame))
    expected = len(frame) * np.exp(chance)
    if crowded:
        return Repeats()
    rare = [pair for pair in _same(coded.total) if expected[pair[1]] <= EXPECTED]
    if len(frame) <= _ROWS_NEAR:
        rare = list(_outside_of_crowds(coded, distinct, rare, parts))
    found = [Repeat(first, second, "equal") for first, second in rare]
    by_chance = float(expected[expected <= EXPECTED].sum()) / 2
    if near and len(frame) <= _ROWS_NEAR:
        rows = np.sort(distinct)
        found += _one_cell(frame, coded, rows, chance, parts)
        found += _close(frame, coded, rows)
    return Repeats(tuple(found), by_chance)


def _outside_of_crowds(
    coded: _Coded, distinct: Labels, pairs: Sequence[tuple[int, int]], parts: Floats
) -> Iterator[tuple[int, int]]:
    """Yield equal rows that do not lie among others like them.

    Where rows crowd, at the ends of a scale that many columns share say, no model of the whole
    table knows how dense they lie. Rows that differ in one cell tell: a cell that agrees with
    chance p is another one (1 − p)/p times as often. A row with enough of those that equal ones are
    to be expected, and hardly fewer of them than of equal ones, stands in a crowd.
    """
    heads, at = np.unique([first for first, _ in pairs], return_inverse=True)
    if not len(heads):
        return
    near = np.zeros(len(heads))
    for hashes in coded.hashes[:_ONE_CELL_COLUMNS]:
        with np.errstate(over="ignore"):
            rest = coded.total - hashes
        codes, times = np.unique(rest[distinct], return_counts=True)
        near += times[np.searchsorted(codes, rest[heads])] - 1
    agree = np.exp(np.clip(parts[heads], -30.0, -1e-3))
    crowd = near / ((1 - agree) / agree).sum(axis=1) > EXPECTED
    crowd &= np.bincount(at) <= _CROWD * near
    for pair, head in zip(pairs, at.tolist(), strict=True):
        if not crowd[head]:
            yield pair


def _coded(frame: Frame) -> _Coded:
    columns, hashes = [], []
    total = np.zeros(len(frame), np.uint64)
    for j, column in enumerate(frame.columns):
        codes = column_codes(column, column)[0]
        order = as_numbers(column) if column.dtype.kind != "O" else codes
        columns.append(np.asarray(np.unique(order, return_inverse=True)[1], np.int64))
        hashes.append(mixed(np.full(len(codes), j + 1, np.uint64), codes))
        with np.errstate(over="ignore"):
            total = total + hashes[-1]
    return _Coded(columns, hashes, total)


def _crowded(columns: list[Labels], n: int) -> bool:
    """Tell whether so few different rows are possible at all that repeats are bound to come."""
    room = sum(np.log(int(codes.max()) + 1) for codes in columns)
    return bool(room < np.log(n) + np.log(100))


def _same(codes: Codes, rows: Labels | None = None) -> Iterator[tuple[int, int]]:
    """Yield each row that equals an earlier one, with the first of its kind."""
    at = np.arange(len(codes)) if rows is None else rows
    order = np.argsort(codes[at], kind="stable")
    ranked = codes[at][order]
    new = np.ones(len(ranked), np.bool_)
    new[1:] = ranked[1:] != ranked[:-1]
    group = new.cumsum() - 1
    heads = order[new]
    for place in np.flatnonzero(~new):
        yield int(at[heads[group[place]]]), int(at[order[place]])


def _one_cell(
    frame: Frame, coded: _Coded, rows: Labels, chance: Floats, parts: Floats
) -> Iterator[Repeat]:
    """Yield rows that differ in one column only, which columns left out one by one find."""
    if len(coded.columns) < 4:
        return
    for j in range(min(len(coded.columns), _ONE_CELL_COLUMNS)):
        expected = len(frame) * np.exp(chance - parts[:, j])
        with np.errstate(over="ignore"):
            rest = coded.total - coded.hashes[j]
        for first, second in _same(rest, rows):
            if expected[second] <= _ONE_CELL_EXPECTED:
                yield Repeat(first, second, f"equal but for {frame.names[j]}")


def _close(frame: Frame, coded: _Coded, rows: Labels) -> Iterator[Repeat]:
    """Yield rows whose numbers differ a little, found in the cells of shifted grids."""
    scaled = _scaled(frame, rows)
    if scaled is None:
        return
    numbers, others = scaled
    tied = np.zeros(len(rows), np.uint64)
    for j in others:
        with np.errstate(over="ignore"):
            tied = tied + coded.hashes[j][rows]
    seen: set[tuple[int, int]] = set()
    rng = np.random.default_rng(0)
    for width in _WIDTHS:
        for _ in range(_SHIFTS):
            shift = rng.random(numbers.shape[1])
            with np.errstate(invalid="ignore"):
                cells = np.floor(numbers / width + shift)
            cells[np.isnan(cells)] = -(2.0**40)
            codes = tied.copy()
            for j in range(cells.shape[1]):
                place = cells[:, j].astype(np.int64).view(np.uint64)
                with np.errstate(over="ignore"):
                    codes = codes + mixed(np.full(len(rows), j + 1, np.uint64), place)
            found = list(_same(codes))
            if len(found) > len(rows) // 2:
                break  # a grid this wide holds neighbours, not copies
            seen.update(found)
    pairs = np.array(sorted(seen), np.int64).reshape(-1, 2)
    if not len(pairs):
        return
    expected = _expected_near(coded, rows, pairs, others, numbers, _WIDTHS[-1])
    kept = pairs[(expected <= _NEAR_EXPECTED) & _much_closer(numbers, tied, pairs)]
    for one, two in kept:
        first, second = sorted((int(rows[one]), int(rows[two])))
        yield Repeat(first, second, "nearly equal")


def _scaled(frame: Frame, rows: Labels) -> tuple[Floats, list[int]] | None:
    """Return columns of many numbers in standard deviations, and the places of all others."""
    numbers, others = [], []
    for j, column in enumerate(frame.columns):
        values = _many_numbers(column, rows)
        if values is None:
            others.append(j)
        else:
            numbers.append(values)
    return (np.column_stack(numbers), others) if numbers else None


def _many_numbers(column: Column, rows: Labels) -> Floats | None:
    if column.dtype.kind == "O":
        return None
    values = as_numbers(column)[rows]
    known = values[np.isfinite(values)]
    if len(known) < 10 or len(np.unique(known)) < max(20, 0.02 * len(known)):
        return None
    low, high = np.quantile(known, [0.01, 0.99])
    spread = float(np.clip(known, low, high).std()) or float(known.std())
    if not spread:
        return None
    return np.where(np.isfinite(values), (values - low) / spread, np.nan)


def _expected_near(
    coded: _Coded,
    rows: Labels,
    pairs: Labels,
    others: list[int],
    numbers: Floats,
    width: float,
) -> Floats:
    """Return how many rows are expected as near to each pair by the marginals and their tree."""
    cells = []
    for j in range(numbers.shape[1]):
        values = np.nan_to_num(numbers[:, j], nan=-1e6)
        cells.append(np.asarray(np.unique(np.floor(values / width), return_inverse=True)[1]))
    tied = [np.unique(coded.columns[j][rows], return_inverse=True)[1] for j in others]
    chance, _ = chance_of_rows([*cells, *map(np.asarray, tied)], np.arange(len(rows)))
    # Narrower than a cell, the chance shrinks in each column with the distance.
    shrunk = np.zeros(len(pairs))
    for column in numbers.T:
        shrunk += np.log(_as_near(column, pairs, width))
    return np.asarray(len(rows) * np.exp(chance[pairs[:, 0]] + shrunk), np.float64)


def _as_near(column: Floats, pairs: Labels, width: float) -> Floats:
    """Return which share of a cell lies as near to the first of each pair as the second does.

    Of a column without ties that is the distance over the width. Rounded values, and values that
    are missing, are shared by others all the same, and those are counted.
    """
    ranked = np.sort(column[np.isfinite(column)])
    one = column[pairs[:, 0]]
    apart = np.abs(one - column[pairs[:, 1]])

    def within(reach: Floats | float) -> Floats:
        high = np.searchsorted(ranked, one + reach, side="right")
        return np.asarray(high - np.searchsorted(ranked, one - reach, side="left"), np.float64)

    others = np.maximum(within(apart * (1 + 1e-9)) - 2, 0) / np.maximum(within(width / 2), 1)
    share = np.clip(np.maximum(2 * apart / width, others), 1e-3, 1.0)
    return np.asarray(np.where(np.isfinite(apart), share, 1.0), np.float64)


def _much_closer(numbers: Floats, tied: Codes, pairs: Labels) -> Mask:
    """Tell which pairs are far closer than the nearest of a sample of other rows.

    On a surface of k dimensions the count of rows within a distance grows with its k-th power, so
    the nearest of a sample says how many of all are expected as near as the pair. k is estimated
    from the sample, low.
    """
    filled = np.nan_to_num(numbers).astype(np.float64)
    step = max(1, len(filled) // _SAMPLE)
    sample = np.arange(0, len(filled), step)
    power = _dimensions(filled[sample]) / 2
    made = np.zeros(len(pairs), np.bool_)
    for start in range(0, len(pairs), 256):
        part = pairs[start : start + 256]
        one, two = filled[part[:, 0]], filled[part[:, 1]]
        near = ((one - two) ** 2).sum(axis=1)
        known = filled[sample]
        far = (one**2).sum(axis=1)[:, None] - 2 * one @ known.T + (known**2).sum(axis=1)
        far = np.maximum(far, 0.0) + (tied[part[:, 0]][:, None] != tied[sample])
        same = (sample == part[:, :1]) | (sample == part[:, 1:])
        far[same] = np.inf
        # Rows as near as the pair itself are further copies of it.
        far[far <= 4 * near[:, None] + 1e-12] = np.inf
        closest = far.min(axis=1)
        made[start : start + 256] = step * (near / closest) ** power <= _CLOSER
    return made


def _dimensions(sample: Floats) -> float:
    """Return three quarters of the dimensions that rows fill, at least one, at most all columns.

    The ratio of the distances to the second and to the first neighbour has the median 2^(1/k).
    Rounded rows lie on a lattice, where both are often the same.

    Source: Facco, d'Errico, Rodriguez and Laio 2017, "Estimating the intrinsic dimension".
    """
    size = (sample**2).sum(axis=1)
    apart = np.maximum(size[:, None] + size - 2 * sample @ sample.T, 0.0)
    apart[apart <= 1e-12 * (1 + size[:, None])] = np.inf
    if len(sample) < 50:
        return 1.0
    near = np.sort(np.partition(apart, 1, axis=1)[:, :2], axis=1)
    known = np.isfinite(near).all(axis=1)
    ratio = float(np.median(np.log(near[known, 1] / near[known, 0]) / 2)) if known.any() else 1.0
    filled = min(math.log(2) / max(ratio, 1e-3), float(sample.shape[1]))
    return max(1.0, 0.75 * filled)
