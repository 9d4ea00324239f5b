"""Rows put into groups by one or more protected columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from modelwarden.assess.truth import missing, plain
from modelwarden.targets.frames import Column, Labels

LEAST_ROWS = 30  # of a group that is compared
_MOST_VALUES = 12  # of a number whose values are groups of their own
_MOST_GROUPS = 60
_BINS = 4
MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouping:
    """Rows in groups.

    Attributes:
        protected: the columns.
        names: of the groups.
        code: (n,) the group of each row; -1 of rows whose group is too small to be compared.
        small: names of those groups, the largest first.
        binned: values were put together to ranges.
    """

    protected: tuple[str, ...]
    names: tuple[str, ...]
    code: Labels
    small: tuple[str, ...] = ()
    binned: bool = False

    def take(self, rows: Labels) -> Grouping:
        """Return some rows."""
        return replace(self, code=self.code[rows])


def grouping_of(name: str, column: Column) -> Grouping:
    """Return the groups of one column: its values, or ranges of a number that has many.

    A missing value is a group as well: those who do not say may be treated differently.
    """
    gone = missing(column)
    known = column[~gone]
    number = column.dtype.kind in "iufM" and len(np.unique(known)) > _MOST_VALUES
    place = np.zeros(len(column), np.int64)
    if number:
        names, place[~gone] = _ranges(known)
    else:
        names, place[~gone] = _values(known)
    if gone.any():
        names = [*names, MISSING]
        place[gone] = len(names) - 1
    return _compared((name,), names, place, binned=number)


def crossed(groupings: Sequence[Grouping]) -> Grouping:
    """Return the groups that people of each combination form."""
    place = np.zeros(len(groupings[0].code), np.int64)
    out = np.zeros(len(place), np.bool_)
    names = [""]
    for one in groupings:
        place = place * len(one.names) + np.maximum(one.code, 0)
        out |= one.code < 0
        names = [f"{a}, {b}" if a else b for a in names for b in one.names]
    protected = tuple(name for one in groupings for name in one.protected)
    place[out] = -1
    return _compared(protected, names, place, binned=any(g.binned for g in groupings))


def _values(known: Column) -> tuple[list[str], Labels]:
    raw: dict[object, int] = {}
    place = np.array([raw.setdefault(v, len(raw)) for v in known.tolist()], np.int64)
    named: dict[str, int] = {}
    code = np.array([named.setdefault(_text(v), len(named)) for v in raw], np.int64)
    return list(named), code[place] if len(place) else place


def _text(value: object) -> str:
    return str(value if isinstance(value, str | bool) else plain(value))[:80]


def _ranges(known: Column) -> tuple[list[str], Labels]:
    """Cut a number into ranges of about equal size, named by their first and last value."""
    values: npt.NDArray[np.generic] = known
    edges = np.unique(
        np.quantile(_plain(values), np.linspace(0, 1, _BINS + 1)[1:-1], method="higher")
    )
    place = np.searchsorted(edges, _plain(values), side="right")
    kept, place = np.unique(place, return_inverse=True)
    names = []
    for i in range(len(kept)):
        part = values[place == i]
        low, high = part.min(), part.max()
        if values.dtype.kind == "M":
            names.append(f"{str(low)[:10]} to {str(high)[:10]}")
        else:
            names.append(f"{low:.6g} to {high:.6g}")
    return names, place.astype(np.int64)


def _plain(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]").astype(np.int64).astype(np.float64)
    return values.astype(np.float64)


def _compared(
    protected: tuple[str, ...], names: Sequence[str], place: Labels, *, binned: bool
) -> Grouping:
    """Keep the groups that have enough rows, in order of name; ranges keep theirs."""
    sizes = np.bincount(place[place >= 0], minlength=len(names))
    enough = [i for i in range(len(names)) if sizes[i] >= LEAST_ROWS]
    enough = sorted(enough, key=lambda i: -sizes[i])[:_MOST_GROUPS]
    enough = sorted(enough) if binned else sorted(enough, key=lambda i: names[i])
    code = np.full(len(names) + 1, -1, np.int64)
    code[enough] = np.arange(len(enough))
    small = [i for i in range(len(names)) if sizes[i] and code[i] < 0]
    return Grouping(
        protected=protected,
        names=tuple(names[i] for i in enough),
        code=code[place],
        small=tuple(names[i] for i in sorted(small, key=lambda i: (-sizes[i], names[i]))),
        binned=binned,
    )
