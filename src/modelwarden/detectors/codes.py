"""Columns of many values, such as codes, towns and numbers of things, as places in a list.

What a value means cannot be read from its neighbours, so learners that cut numbers, or that have an
indicator for a dozen words, are blind to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from modelwarden.detectors.counts import as_numbers, word_of
from modelwarden.targets.frames import Column, Frame, Labels

_MOST_COLUMNS = 20
_MOST_VALUES = 3000  # the most frequent ones
_REPEATED = 0.5  # of the rows, that must have a value which stands there more often than once


def codes_of(frame: Frame, few: int) -> tuple[Labels, ...]:
    """Return places (n,) for each column of more than `few` values that repeat; −1 where none."""
    made: list[Labels] = []
    for column in frame.columns:
        places = _places(column, few)
        if places is not None:
            made.append(places)
        if len(made) == _MOST_COLUMNS:
            break
    return tuple(made)


def indicators(codes: Sequence[Labels]) -> sparse.csr_matrix:
    """Return one column for each value of each column, (n, d), in CSR form."""
    parts = []
    for places in codes:
        rows = np.flatnonzero(places >= 0)
        shape = (len(places), int(places.max(initial=-1)) + 1)
        parts.append(sparse.csr_matrix((np.ones(len(rows)), (rows, places[rows])), shape=shape))
    return sparse.csr_matrix(sparse.hstack(parts, format="csr"))


def _places(column: Column, few: int) -> Labels | None:
    if column.dtype.kind == "O":
        words = [word_of(value) or "" for value in column.tolist()]
        values = np.array(words, object)
    elif column.dtype.kind in "iuf":
        values = as_numbers(column)
        if not (np.isfinite(values) & (values == np.round(values))).all():
            return None
    else:
        return None
    _, at, times = np.unique(values, return_inverse=True, return_counts=True)
    if int((times > 1).sum()) <= few or times[times > 1].sum() < _REPEATED * len(values):
        return None
    kept = np.argsort(-times, kind="stable")[:_MOST_VALUES]
    kept = kept[times[kept] > 1]
    place = np.full(len(times), -1, np.int64)
    place[kept] = np.arange(len(kept))
    made: Labels = place[at]
    return made
