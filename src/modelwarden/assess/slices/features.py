"""Columns as small whole numbers, so that a search over many rows is a matter of counting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from modelwarden.assess.truth import missing
from modelwarden.core import Json
from modelwarden.targets.frames import Column, Floats, Frame, Labels

Codes = npt.NDArray[np.int16]
Mask = npt.NDArray[np.bool_]

FINE = 100  # bins of a number, of equal size
_MOST_NAMES = 60  # values of a category that can be selected; the others are one
_EDGES_FROM = 200_000  # rows that the edges of bins are taken from


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Rows that one feature selects.

    Attributes:
        feature: its place among the features.
        chosen: (size,) which of its codes.
    """

    feature: int
    chosen: Mask


@dataclass(frozen=True, kw_only=True, eq=False)
class Feature:
    """One column.

    Attributes:
        name: of the column.
        codes: (n,) places 0 … size − 1.
        size: different codes.
        ordered: codes follow the order of the values, so ranges of them make sense.
        lows, highs: smallest and largest value of each code of an ordered feature.
        names: value of each code of a category; the last may be "all others".
        empty: the code of missing values; None where none is missing.
        others: the code of rare values of a category; None where there is none.
    """

    name: str
    codes: Codes
    size: int
    ordered: bool
    lows: tuple[Json, ...] = ()
    highs: tuple[Json, ...] = ()
    names: tuple[Json, ...] = ()
    empty: int | None = None
    others: int | None = None

    @cached_property
    def selectable(self) -> Labels:
        """Codes of values that a condition can name."""
        return np.array([c for c in range(self.size) if c not in {self.empty, self.others}], int)

    def condition(self, chosen: Mask) -> dict[str, Json]:
        """Return what selects the rows of these codes, as `{column, op, value}`."""
        at = np.flatnonzero(chosen)
        if at.tolist() == [self.empty]:
            return {"column": self.name, "op": "==", "value": None}
        if not self.ordered:
            values = [self.names[i] for i in at]
            if len(values) == 1:
                return {"column": self.name, "op": "==", "value": values[0]}
            return {"column": self.name, "op": "in", "value": values}
        first, last = int(at[0]), int(at[-1])
        low, high = self.lows[first], self.highs[last]
        if first == last and low == high:
            return {"column": self.name, "op": "==", "value": low}
        top = int(self.selectable[-1])
        if first == 0:
            return {"column": self.name, "op": "<=", "value": high}
        if last == top:
            return {"column": self.name, "op": ">=", "value": low}
        return {"column": self.name, "op": "between", "value": [low, high]}


def features_of(frame: Frame) -> tuple[Feature, ...]:
    """Return the columns of a table that can tell rows apart."""
    found = (feature_of(n, c) for n, c in zip(frame.names, frame.columns, strict=True))
    return tuple(f for f in found if f is not None)


def feature_of(name: str, column: Column) -> Feature | None:
    """Return one column in codes; None where it has one value, or a text of its own in each row."""
    gone = missing(column)
    if column.dtype.kind in "Ob":
        return _category(name, column, gone)
    if column.dtype.kind not in "iufM":
        return None
    return _number(name, column, gone)


def _category(name: str, column: Column, gone: Mask) -> Feature | None:
    values: dict[object, int] = {}
    listed = ["" if v is None else v for v in column.tolist()]
    place = np.fromiter((values.setdefault(v, len(values)) for v in listed), np.int64, len(listed))
    counts = np.bincount(place[~gone], minlength=len(values))
    known = np.flatnonzero(counts)
    if not len(known) or len(known) > max(_MOST_NAMES, int((~gone).sum()) // 5):
        return None
    spelled = list(values)
    order = sorted(known.tolist(), key=lambda i: (-counts[i], str(spelled[i])))
    kept, rare = order[:_MOST_NAMES], len(order) > _MOST_NAMES
    size = len(kept) + rare
    code = np.full(len(values), len(kept), np.int16)
    code[kept] = np.arange(len(kept))
    codes = code[place]
    codes[gone] = size
    empty = size if gone.any() else None
    if size + (empty is not None) < 2:
        return None
    names: list[Json] = [_plain(spelled[i]) for i in kept]
    return Feature(
        name=name,
        codes=codes,
        size=size + (empty is not None),
        ordered=False,
        names=(*names, *(("all others",) if rare else ())),
        empty=empty,
        others=len(kept) if rare else None,
    )


def _plain(value: object) -> Json:
    item = value.item() if isinstance(value, np.generic) else value
    return item if isinstance(item, bool | int | float) else str(item)


def _number(name: str, column: Column, gone: Mask) -> Feature | None:
    stamps = column.dtype.kind == "M"
    values = column.astype("datetime64[us]").astype(np.int64) if stamps else column
    known = values[~gone]
    if not len(known):
        return None
    lows, highs = _bins(known)
    size = len(lows)
    codes = np.full(len(column), size, np.int16)
    codes[~gone] = np.searchsorted(lows, known, side="right") - 1
    empty = size if gone.any() else None
    if size + (empty is not None) < 2:
        return None
    whole = column.dtype.kind in "iu"
    return Feature(
        name=name,
        codes=codes,
        size=size + (empty is not None),
        ordered=True,
        lows=tuple(_told(v, stamps, whole) for v in lows),
        highs=tuple(_told(v, stamps, whole) for v in highs),
        empty=empty,
    )


def _told(value: np.generic, stamps: bool, whole: bool) -> Json:
    if stamps:
        return str(np.datetime64(int(value.item()), "us"))
    return int(value.item()) if whole else float(value.item())


def _bins(
    known: npt.NDArray[np.generic],
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    """Return the smallest and the largest value of each bin: where values are few, each is one."""
    step = max(1, len(known) // _EDGES_FROM)
    ordered = np.sort(known[::step])
    lows = ordered[np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])]
    if len(lows) > FINE:
        wanted = max(8, min(FINE, len(known) // 20))
        lows = np.unique(ordered[(np.arange(wanted) * len(ordered)) // wanted])
    lows = lows.copy()
    lows[0] = known.min()
    if step == 1:
        tops = ordered[np.searchsorted(ordered, lows[1:], side="left") - 1]
    elif known.dtype.kind == "f":
        tops = np.nextafter(lows[1:], -np.inf)
    else:
        tops = lows[1:] - np.ones(1, known.dtype)
    return lows, np.append(tops, known.max())


@dataclass(frozen=True, eq=False)
class Coarse:
    """A feature in fewer codes, and the sets of them that a search tries.

    Attributes:
        codes: (n,). size: of them.
        sets: (sets, size) which codes each set has.
        fine: (size fine,) the coarse code of each fine one.
    """

    codes: Codes
    size: int
    sets: Mask
    fine: Labels

    @cached_property
    def weights(self) -> Floats:
        """The sets as numbers, to be multiplied with tables."""
        return self.sets.astype(np.float64)

    def thinned(self, step: int) -> Coarse:
        """Return the feature with every `step`-th row."""
        return Coarse(np.ascontiguousarray(self.codes[::step]), self.size, self.sets, self.fine)

    def chosen(self, at: int) -> Mask:
        """Return the fine codes of one set."""
        return np.asarray(self.sets[at][self.fine], np.bool_)


def coarse(feature: Feature, bins: int, least: int) -> Coarse | None:
    """Return a feature in about `bins` codes; None where no set of them has `least` rows."""
    counts = np.bincount(feature.codes, minlength=feature.size)
    if feature.ordered:
        joined = _grouped(counts[feature.selectable], bins)
        groups = int(joined[-1]) + 1
        fine = np.r_[joined, [groups] * (feature.empty is not None)].astype(np.int64)
        sets = list(_ranges(groups, groups + (feature.empty is not None)))
        size = groups + (feature.empty is not None)
        if feature.empty is not None:
            sets.append(np.arange(size) == groups)
    else:
        keep = [c for c in range(feature.size) if counts[c] >= least and c != feature.others]
        fine = np.full(feature.size, len(keep), np.int64)
        fine[keep] = np.arange(len(keep))
        size = len(keep) + 1
        sets = [np.arange(size) == i for i in range(len(keep))]
    rows = np.bincount(fine, weights=counts, minlength=size)
    enough = [s for s in sets if least <= rows[s].sum() < rows.sum()]
    if not enough:
        return None
    return Coarse(fine.astype(np.int16)[feature.codes], size, np.array(enough), fine)


def _grouped(counts: Labels, bins: int) -> Labels:
    """Return the group of each of these codes: neighbours joined to about equal sizes."""
    if len(counts) <= bins:
        return np.arange(len(counts))
    middle = counts.cumsum() - counts / 2
    group = np.minimum((middle * bins / counts.sum()).astype(np.int64), bins - 1)
    return np.asarray(np.unique(group, return_inverse=True)[1], np.int64)


def _ranges(groups: int, size: int) -> Iterator[Mask]:
    """Yield every range of neighbours, all of them together left out."""
    places = np.arange(size)
    for first in range(groups):
        for last in range(first, groups):
            if (first, last) != (0, groups - 1):
                yield (places >= first) & (places <= last)


def rows_in(features: Sequence[Feature], conditions: Sequence[Condition], n: int) -> Mask:
    """Return which rows meet all conditions, (n,)."""
    mask = np.ones(n, np.bool_)
    for condition in conditions:
        mask &= condition.chosen[features[condition.feature].codes]
    return mask
