"""How often each value of a column of words stands there, soonest where rows share their words."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from modelwarden.targets.frames import Column

_CHUNK = 1 << 15
_LEAST = 4096  # rows, below which a look at each is as quick
_HEAD = 1024  # rows by which it is told whether rows share their words
_MOST = 4096  # different places in a chunk, beyond which nothing is gained
_ALIGNED = 4  # lowest bits of a place that say nothing
_KEYS = 1 << 16

Places = npt.NDArray[np.intp]


def times_of(column: Column) -> Counter[object]:
    """Return how often each value of a column (n,) of objects stands there, in order of appearance.

    It is what `Counter` says of the values. A table of a few words mostly holds the same few
    objects over and over, and equal places in memory are counted without a look at the words.
    """
    if len(column) < _LEAST or not _shared(column):
        return Counter(column.tolist())
    counted: Counter[object] = Counter()
    row_of = np.zeros(_KEYS, np.intp)
    for start in range(0, len(column), _CHUNK):
        part = np.ascontiguousarray(column[start : start + _CHUNK])
        places = _places(part)
        ordered = np.sort(places)
        begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        if len(begins) > _MOST:
            counted.update(part.tolist())
            continue
        times = np.diff(begins, append=len(places))
        rows = _first_rows(places, ordered[begins], row_of)
        order = np.argsort(rows)
        for value, many in zip(part[rows[order]].tolist(), times[order].tolist(), strict=True):
            counted[value] += many
    return counted


def _places(part: Column) -> Places:
    """Return where the objects of an array stand in memory: what the array itself holds."""
    return np.ndarray(part.shape, np.intp, buffer=part.data)


def _shared(column: Column) -> bool:
    """Return whether many rows hold an object that others hold, by evenly spaced ones."""
    sample = np.ascontiguousarray(column[:: len(column) // _HEAD])
    return len(set(_places(sample).tolist())) <= 3 * len(sample) // 4


def _first_rows(places: Places, distinct: Places, row_of: Places) -> Places:
    """Return the first row that holds each of the distinct places.

    A key that several places have leads to one of them; the others are looked for.

    Args:
        places: (n,).
        distinct: (d,) all that occur there.
        row_of: (keys,) room to work in.
    """
    backwards = np.ascontiguousarray(_keys(places)[::-1])  # what is written last stays
    row_of[backwards] = np.arange(len(places) - 1, -1, -1)
    rows = row_of[_keys(distinct)]
    for lost in np.flatnonzero(places[rows] != distinct).tolist():
        rows[lost] = int((places == distinct[lost]).argmax())
    return rows


def _keys(places: Places) -> Places:
    return (places >> _ALIGNED) & (_KEYS - 1)


__all__ = ["times_of"]
