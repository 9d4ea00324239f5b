"""The labels of a data set by name: which are missing, which are equal under another spelling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwarden.targets.frames import Column, Labels
from modelwarden.targets.spec import Name

_PIECE = 4096


def missing(column: Column) -> npt.NDArray[np.bool_]:
    """Return which values of a column are missing, (n,)."""
    if column.dtype.kind == "O":
        return np.array([v is None or v != v for v in column.tolist()], bool)
    if column.dtype.kind == "f":
        return np.asarray(np.isnan(column.astype(np.float64)))
    if column.dtype.kind in "mM":
        return np.asarray(np.isnat(column))
    return np.zeros(len(column), np.bool_)


def all_missing(column: Column) -> bool:
    """Return whether no value of a column is known; looks no further than the first one."""
    if len(column) and not missing(column[:1])[0]:
        return False
    pieces = (column[start : start + _PIECE] for start in range(0, len(column), _PIECE))
    return all(bool(missing(piece).all()) for piece in pieces)


def plain(value: object) -> Name:
    """Return a label as a plain value: 1.0 is 1, numpy's types are Python's."""
    item = value.item() if isinstance(value, np.generic) else value
    if isinstance(item, float) and item.is_integer():
        return int(item)
    return item if isinstance(item, str | int | float | bool) else str(item)


def names_in(column: Column) -> tuple[Name, ...]:
    """Return the distinct labels of a column, sorted, missing ones left out."""
    known = column[~missing(column)]
    found = set(known.tolist()) if known.dtype.kind == "O" else set(np.unique(known).tolist())
    return tuple(sorted({plain(v) for v in found}, key=lambda v: (isinstance(v, str), v)))


def same(name: Name) -> str:
    """Return a key under which equal labels of different spelling meet: 1, 1.0, True, "1"."""
    if isinstance(name, bool):
        return str(int(name))
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return str(name)


def positions(column: Column) -> tuple[tuple[Name, ...], Labels]:
    """Return the distinct labels, and the position of each row's label among them."""
    if column.dtype.kind == "O":
        values: dict[str, int] = {}
        names: list[Name] = []
        place = np.empty(len(column), np.int64)
        for i, value in enumerate(column.tolist()):
            name = plain(value)
            key = same(name)
            if key not in values:
                values[key] = len(names)
                names.append(name)
            place[i] = values[key]
        return tuple(names), place
    distinct, place = np.unique(column, return_inverse=True)
    return tuple(plain(v) for v in distinct), np.asarray(place, np.int64)
