"""Rows to one contingency table: the only pass over the data that most metrics need."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError
from modelwarden.core.values import dataclass

Labels = npt.NDArray[np.int64]
Names = tuple[str | int | float | bool, ...]

# A table beyond this is a sign that a column of identifiers was taken for classes or groups.
MOST_CELLS = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How often each (group, true class, predicted class) occurs.

    Counts of parts of the data add up to counts of all of it (`+`), so a table of any size is
    counted piece by piece.

    Attributes:
        table: (groups, k, k) int64; the true class is axis 1, the predicted one axis 2.
        classes: names of the k classes, in order.
        groups: names of the groups, in order; `("all",)` where none were given.
    """

    table: Labels
    classes: Names
    groups: Names

    @property
    def n(self) -> int:
        """Rows that were counted."""
        return int(self.table.sum())

    @property
    def overall(self) -> Labels:
        """The table of all groups together, (k, k)."""
        return np.asarray(self.table.sum(axis=0), np.int64)

    def __add__(self, other: Counts) -> Counts:
        """Add the counts of other rows with the same classes and groups."""
        if (self.classes, self.groups) != (other.classes, other.groups):
            raise ValueError("counts of other classes or groups cannot be added")
        return Counts(self.table + other.table, self.classes, self.groups)

    def index_of(self, name: str | float) -> int:
        """Return the position of a class.

        Raises:
            InputError: there is no such class.
        """
        if name not in self.classes:
            shown = ", ".join(str(c) for c in self.classes[:20])
            raise InputError(f"no class {name!r}", hint=f"Classes: {shown}.")
        return self.classes.index(name)


def count(
    y: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    group: npt.ArrayLike | None = None,
    classes: Names | None = None,
    groups: Names | None = None,
) -> Counts:
    """Count the rows of each (group, true, predicted).

    Args:
        y: (n,) true classes, of one comparable type.
        predicted: (n,) predicted classes.
        group: (n,) group of each row.
        classes: all classes; without, those that occur, sorted. Given as `(0, 1, …, k − 1)` with
            integer arrays, nothing is looked up.
        groups: likewise for groups.

    Raises:
        InputError: lengths differ, a value is not among the named ones, or the table would be
            larger than any honest one.
    """
    truth, said = np.asarray(y), np.asarray(predicted)
    if truth.ndim != 1 or truth.shape != said.shape:
        raise InputError(f"{truth.shape} labels do not go with {said.shape} predictions")
    names = classes if classes is not None else _union(truth, said)
    k = len(names)
    columns = None if group is None else np.asarray(group)
    if columns is not None and columns.shape != truth.shape:
        raise InputError(f"{truth.shape} labels do not go with {columns.shape} groups")
    known: Names = ("all",) if columns is None else groups or _present(columns)
    if len(known) * k * k > MOST_CELLS:
        raise InputError(f"{k} classes in {len(known)} groups are too many to count")
    cells = codes(truth, names) * k
    cells += codes(said, names)
    if columns is not None:
        cells += codes(columns, known) * (k * k)
    table = np.bincount(cells, minlength=len(known) * k * k)
    return Counts(table.reshape(len(known), k, k).astype(np.int64, copy=False), names, known)


def tables_at(y: npt.ArrayLike, scores: npt.ArrayLike, thresholds: npt.ArrayLike) -> Labels:
    """Return the table of a binary task at each threshold, (t, 2, 2), from one sort of the scores.

    A row is called positive when its score is at or above the threshold.

    Args:
        y: (n,) truth, True for the positive class.
        scores: (n,), higher is more positive.
        thresholds: (t,), in any order.
    """
    truth, score = np.asarray(y, np.bool_), np.asarray(scores, np.float64)
    if truth.ndim != 1 or truth.shape != score.shape:
        raise InputError(f"{truth.shape} labels do not go with {score.shape} scores")
    at = np.asarray(thresholds, np.float64)
    rows = []
    for part in (score[~truth], score[truth]):
        below = np.searchsorted(np.sort(part), at, side="left")
        rows.append(np.stack([below, len(part) - below], axis=-1))
    return np.asarray(np.stack(rows, axis=-2), np.int64)


def codes(values: npt.NDArray[np.generic], names: Names) -> Labels:
    """Return the position of each value among `names`, (n,) int64.

    Raises:
        InputError: a value is not among them.
    """
    k = len(names)
    if values.dtype.kind in "iub" and names == tuple(range(k)):
        found = values.astype(np.int64)
        bad = (found < 0) | (found >= k) if len(found) and _outside(found, k) else None
    else:
        listed = np.asarray(names, values.dtype if values.dtype.kind == "O" else None)
        order = np.argsort(listed, kind="stable")
        place = np.minimum(np.searchsorted(listed[order], values), max(k - 1, 0))
        found = order[place].astype(np.int64) if k else np.zeros(len(values), np.int64)
        bad = listed[found] != values if k else np.ones(len(values), np.bool_)
    if bad is not None and bad.any():
        raise InputError(f"{values[bad][0]!r} is not among the {k} known values")
    return found


def _outside(found: Labels, k: int) -> bool:
    return bool(found.min() < 0 or found.max() >= k)


def _union(truth: npt.NDArray[np.generic], said: npt.NDArray[np.generic]) -> Names:
    both = {*_present(truth), *_present(said)}
    return tuple(sorted(both, key=lambda v: (isinstance(v, str), v)))


def _present(values: npt.NDArray[np.generic]) -> Names:
    """Return the distinct values, sorted, as plain Python values."""
    if values.dtype.kind in "iub" and len(values):
        low, high = int(values.min()), int(values.max())
        if low >= 0 and high < 1_000:
            seen = np.flatnonzero(np.bincount(values.astype(np.int64)))
            return tuple(values.dtype.type(v).item() for v in seen)
    try:
        return tuple(np.unique(values).tolist())
    except TypeError as error:
        raise InputError(
            "labels or groups are of several types, or partly missing",
            hint="Make them one type, and name what is missing.",
        ) from error
