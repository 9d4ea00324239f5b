"""Rows on the reference's axes, and which of them come back to where others came back before.

A search asks many variants of one row, so one place has many children. What honest clients send
twice (a replay, a retry with other digits, a correction, the other arm of a trial) has one child
each, and what moves on (a camera, a form that is filled in, a customer scored every day) is a chain
of rows that are each nearest to the one before. So a row counts when an earlier one has had a child
already, and not where all that differs are a few values, as in a what-if, a join or a health check.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.firewall.normal import REMEMBERED, Flags, Halves, Judged
from modelwarden.firewall.searches.edits import BY_HAND, Marks, mark_of
from modelwarden.firewall.searches.reference import CROWD, LAG, Reference
from modelwarden.targets.frames import Floats

COUNTED = 32
"""Rows of one request."""
_FIRST = 16
_COLUMNS = REMEMBERED + 2 * COUNTED  # as a request has no gap, and goes over the oldest
_OFF = 1.25  # times the spacing there that the distance of a row to the reference counts for
_AS_NEAR = 0.21  # of the square of a distance: what is a tenth farther is as near
_ROUNDED = 1e-4  # of the square of a row's length: what is less apart, half the digits cannot rank
_MARKED = 64  # rows that came back, whose values are kept
_NONE = -1
_GONE = 1e38  # a square that is never near; infinity times the padding of BLAS is no number

_LATE = np.triu(np.ones((LAG, LAG), np.bool_))  # of rows, which of the last ones are too close

Columns = npt.NDArray[np.intp]


class Asked:
    """New rows on the axes, in the form that distances are taken in; made once for all memories.

    They are those of all requests of a turn. Who counts those of one is told which they are.

    Attributes:
        rows: numbers of all of them.
        scores: (n,) as they were judged.
        places: (n, k + 1) float32; the last is 1.
        kept: (n, k + 1) −2p and |p|²: one product with `places` gives all distances.
        cells: by the rows, the nearest row of the sample.
    """

    __slots__ = (
        "_judged", "_marks", "_most", "_reference", "_values", "cells", "kept", "places", "rows",
        "scores",
    )  # fmt: skip

    def __init__(self, reference: Reference, judged: Judged, values: Floats) -> None:
        self._judged, self._reference, self._values = judged, reference, values
        self.scores: list[float] = judged.scores.tolist()
        self.rows = list(range(len(self.scores)))
        self.places = judged.asked
        self.kept: Halves = self.places * np.float32(-2)
        self.kept[:, -1] = judged.squares
        self.cells: list[int] = judged.cells.tolist()
        self._most = self._reach(judged.nearest)
        self._marks: dict[int, Marks] = {}

    def _reach(self, local: Floats) -> Floats:
        """Return the square of the distance that is near, less that of the row's own length."""
        reach = local * self._reference.normal.near
        reach *= reach
        reach -= self._judged.squares
        return reach

    def near(self, least: Halves, rows: list[int]) -> list[bool]:
        """Tell which rows are nearly the same as another one.

        Args:
            least: (n,) square of the distance to it, less that of the row's own length. How dense
                the reference is there is looked up only if that can matter.
            rows: (n,) which they are.
        """
        some = rows != self.rows
        found = np.less(least, self._most[rows] if some else self._most).tolist()
        if True in found:
            there = _OFF * self._reference.spacing[self.cells]
            self._most = self._reach(np.minimum(self._judged.local, there))
            found = np.less(least, self._most[rows] if some else self._most).tolist()
        told: list[bool] = found
        return told

    def square(self, at: int) -> float:
        """Return the square of a row's length."""
        return float(self._judged.squares[at])

    def reach(self, at: int, *, near: bool) -> float:
        """Return what `near` holds a row against, or what rows of one crowd are apart at most."""
        if near:
            return float(self._most[at])
        return float(self._reference.spacing[self.cells[at]]) ** 2 - self.square(at)

    def mark(self, at: int) -> Marks:
        """Return a byte for each value of a row."""
        found = self._marks.get(at)
        if found is None:
            found = self._marks[at] = mark_of(self._values[at, :: self._reference.normal.step])
        return found


@functools.lru_cache(maxsize=256)
def _order(sizes: tuple[int, ...]) -> tuple[Flags, Flags]:
    """Return (n, n) which rows of requests came before each, and which came too late to count.

    Rows of later requests are neither: when a row is judged, theirs are not there yet.
    """
    number, ends = np.arange(sum(sizes)), np.repeat(np.cumsum(sizes), sizes)
    before = number < number[:, None] - LAG
    return before, ~before & (number < ends[:, None])


@dataclass(slots=True, eq=False)
class _Back:
    """What is kept of rows that came back.

    Attributes:
        parent: by the columns of the places, whether that row has a child.
        slots: by the columns, where its values are kept, or `_NONE`.
        marks: of the values. columns, cells: by the slots, of which row.
        turn: the slot that is overwritten next.
    """

    parent: Flags
    slots: npt.NDArray[np.int16]
    marks: Marks
    columns: Columns
    cells: Columns
    turn: int = 0

    def forget(self, begin: int, end: int) -> None:
        """Take out the rows of some columns."""
        self.parent[begin:end] = False
        self.slots[begin:end] = _NONE

    def keep(self, column: int, mark: Marks, cell: int) -> None:
        """Remember the values of a row instead of those that were kept for longest."""
        slot, gone = self.turn, self.columns[self.turn]
        self.turn = (slot + 1) % _MARKED
        if self.slots[gone] == slot:
            self.slots[gone] = _NONE
        self.slots[column] = slot
        self.marks[slot], self.columns[slot], self.cells[slot] = mark, column, cell

    def lately(self, column: int, cell: int) -> Columns:
        """Return the slots of rows of a cell that came shortly before a column."""
        slots = np.flatnonzero(self.cells == cell)
        where = self.columns[slots]
        alive = (self.slots[where] == slots) & (where < column) & (where > column - 2 * CROWD)
        return np.asarray(slots[alive], np.intp)


def _nothing_back(width: int) -> _Back:
    return _Back(
        np.zeros(_COLUMNS, np.bool_),
        np.full(_COLUMNS, _NONE, np.int16),
        np.zeros((_MARKED, width), np.uint8),
        np.zeros(_MARKED, np.intp),
        np.full(_MARKED, _NONE),
    )


class Places:
    """Rows on the axes that later ones are compared with; the oldest go first."""

    __slots__ = (
        "_back",
        "_begin",
        "_end",
        "_late",
        "_owners",
        "_reference",
        "_rows",
        "_used",
        "_width",
    )

    def __init__(self, reference: Reference, *, shared: bool = False) -> None:
        """Make ready.

        Args:
            reference: of the model.
            shared: whether the rows are of many clients: then a row counts only where the earlier
                one is somebody else's.
        """
        self._reference = reference
        # A column for each row: products with it are a third faster than with a line for each.
        self._rows = _empty(len(reference.normal.axes) + 1, _FIRST)
        self._begin = self._end = self._used = 0
        self._width = _FIRST
        self._late: list[int] = []  # columns of the last rows, the oldest first
        self._owners = [""] * _COLUMNS if shared else []
        self._back: _Back | None = None

    @property
    def bytes(self) -> int:
        """Memory that is held."""
        held = self._rows.nbytes
        return held if self._back is None else held + self._back.marks.nbytes + 4 * _COLUMNS

    def near(self, asked: Asked, rows: list[int], sizes: Sequence[int]) -> list[bool]:
        """Return which rows of some requests are nearly the same as an earlier one.

        Each is told as if the requests before its own had been taken; they are not yet.

        The last `LAG` rows before a row do not count: a camera's pictures are like those just
        before them and move on, while a search comes back to where it was.

        Args:
            asked: the rows of these requests, and maybe of others.
            rows: which are of these, in order.
            sizes: rows of each request.
        """
        columns, gap = self._columns(sizes)
        used = max(self._used, columns[-1] + 1 if gap is None else gap[1])
        if len(rows) == 1:
            apart = asked.places[rows[0]].dot(self._rows[:, :used])
            if gap is not None:
                apart[gap[1] :] = np.inf
            _take_out(apart, [*self._late, *columns])
            return asked.near(np.minimum.reduce(apart, keepdims=True), rows)
        whole = rows == asked.rows
        places, kept = (
            (asked.places, asked.kept) if whole else (asked.places[rows], asked.kept[rows])
        )
        apart = places @ self._rows[:, :used]
        if gap is not None:
            apart[gap[0] :, gap[1] :] = np.inf
        side = slice(columns[0], columns[-1] + 1) if gap is None else columns
        own = apart[:, side]
        before, late = _order(tuple(sizes))
        np.copyto(own, places @ kept.T, where=before)
        np.copyto(own, np.inf, where=late)
        if gap is not None:
            apart[:, side] = own
        if self._late:
            self._take_out_late(apart)
        # The least by where it is: several times as fast as the minimum of each line.
        return asked.near(apart[np.arange(len(rows)), apart.argmin(axis=1)], rows)

    def _take_out_late(self, apart: Halves) -> None:
        """Let the last rows count for none of the first `LAG` ones that they are too close to."""
        late = self._late
        if late[-1] - late[0] == len(late) - 1:
            block = apart[:LAG, late[0] : late[-1] + 1]
            np.copyto(block, np.inf, where=_LATE[: len(block), -len(late) :])
        else:
            for number in range(min(len(apart), LAG)):
                apart[number, late[number - LAG :]] = np.inf

    def take(self, asked: Asked, rows: list[int], owner: str = "") -> None:
        """Remember the rows of one request.

        Args:
            asked: the rows of this request, and maybe of others.
            rows: which are of this one.
            owner: who sent them.
        """
        count = len(rows)
        begin = self._end
        if begin + count > self._width:
            begin = self._room(count)
        self._begin = begin
        end = self._end = begin + count
        if end > self._used:
            self._used = end
        if self._back is not None:
            self._back.forget(begin, end)
        if self._owners:
            self._owners[begin:end] = [owner] * count
        late = self._late
        if count == 1:
            self._rows[:, begin] = asked.kept[rows[0]]
            late.append(begin)
        else:
            self._rows[:, begin:end] = asked.kept[rows].T
            late += range(begin, end)
        del late[:-LAG]

    def again(
        self, asked: Asked, rows: list[int], near: list[bool], crowded: list[bool]
    ) -> list[list[bool]]:
        """Return which rows are near, and which crowded, where others came back before.

        Args:
            asked: that `take` was called with last.
            rows: likewise.
            near: what `near` told of them.
            crowded: which of them fall into a crowd.
        """
        if True not in near and True not in crowded:
            return [near, crowded]
        told = [near, crowded]
        for number, (one, other) in enumerate(zip(near, crowded, strict=True)):
            column = self._begin + number
            if (one or other) and not self._again(asked, rows[number], column, near=one):
                told = [[*flags[:number], False, *flags[number + 1 :]] for flags in told]
        return told

    def _again(self, asked: Asked, at: int, column: int, *, near: bool) -> bool:
        mark = asked.mark(at)
        if self._back is None:
            self._back = _nothing_back(len(mark))
        back = self._back
        first, last = (0, self._used) if near else (max(0, column - CROWD - LAG), column)
        apart = asked.places[at].dot(self._rows[:, first:last])
        apart[column - first : self._end - first] = np.inf
        there = np.flatnonzero(apart <= asked.reach(at, near=near))
        if len(there):
            distances = apart[there]
            there += first
            least, square = float(np.minimum.reduce(distances)), asked.square(at)
            limit = least + _AS_NEAR * max(least + square, 0.0) + _ROUNDED * square
            told = self._second(back, column, there[distances <= limit])
            kept = back.slots[there]
            alike = kept[kept >= 0].astype(np.intp)
        else:
            alike = np.empty(0, np.intp) if near else back.lately(column, asked.cells[at])
            differing = self._reference.features.differing(back.marks[alike], mark)
            alike, differing = alike[differing <= BY_HAND], differing[differing <= BY_HAND]
            told = bool(len(alike)) and self._second(
                back, column, back.columns[alike[differing == differing.min()]]
            )
        if told and len(alike):
            told = self._reference.features.varied(back.marks[alike], mark) > BY_HAND
        back.keep(column, mark, asked.cells[at])
        return told

    def _second(self, back: _Back, column: int, parents: Columns) -> bool:
        """Tell whether one of these rows has a child already; now they have."""
        told = bool(back.parent[parents].any())
        back.parent[parents] = True
        if told and self._owners:
            mine = self._owners[column]
            return any(self._owners[parent] != mine for parent in parents.tolist())
        return told

    def _columns(self, sizes: Sequence[int]) -> tuple[list[int], tuple[int, int] | None]:
        """Return the columns that rows of requests will have.

        Returns:
            By the rows; and where one of them begins in front again, which, and the first of the
            columns behind it, which then are empty.
        """
        self._grow(sum(sizes))
        end, size = self._end, self._width
        columns: list[int] = []
        gap = None
        for count in sizes:
            if end + count > size:
                gap, end = (len(columns), end), 0
            columns += range(end, end + count)
            end += count
        return columns, gap

    def _grow(self, count: int) -> None:
        """Make room for so many rows behind the last, as long as that is allowed."""
        size = self._width
        while size < _COLUMNS and self._end + count > size:
            size = min(4 * size, _COLUMNS)
        if size > self._width:
            grown = _empty(len(self._rows), size)
            grown[:, : self._end] = self._rows[:, : self._end]
            self._rows, self._width = grown, size

    def _room(self, count: int) -> int:
        """Return the first column for so many rows, side by side: behind the last, or in front."""
        self._grow(count)
        if self._end + count <= self._width:
            return self._end
        self._rows[-1, self._end :] = _GONE  # what is left there is older than all the rest
        return 0


def _take_out(apart: Halves, columns: list[int]) -> None:
    """Let columns count for nothing; most often they stand side by side."""
    if columns[-1] - columns[0] == len(columns) - 1:
        apart[columns[0] : columns[-1] + 1] = np.inf
    else:
        apart[columns] = np.inf


def _empty(height: int, width: int) -> Halves:
    """Return columns that nothing is near to."""
    made = np.zeros((height, width), np.float32)
    made[-1] = _GONE
    return made
