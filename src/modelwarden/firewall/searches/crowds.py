"""Rows that come back to one place of the reference: quickly, or seldom for a long time.

An attack asks about one input again and again. Its rows may be too far from each other to be nearly
the same, but the nearest row of the reference is the same for nearly all of them.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence

import numpy as np

from modelwarden.firewall.normal import Halves
from modelwarden.firewall.searches.edits import BY_HAND, Marks
from modelwarden.firewall.searches.places import Asked
from modelwarden.firewall.searches.reference import CROWD, LAG, SHARE, Reference

_PROOF = 20.0
_SUSPECT = 4.0
_WINDOW = 128
_MOVED = 1 / 6
_KEPT = 256
_SHOWN = 16  # rows of a suspected place that are held against each other


class Crowd:
    """Tells rows that fall again and again where few normal rows do, among the last ones."""

    __slots__ = ("_counts", "_last", "_needed")

    def __init__(self, needed: Sequence[int]) -> None:
        """Make ready; `needed` is by the rows of the sample how many of the last are a crowd."""
        self._needed = needed
        self._last: list[int] = []
        self._counts: dict[int, int] = {}

    def falls(self, cells: list[int]) -> list[bool]:
        """Count rows, one after another; tell for each whether it falls into a crowd."""
        counts, needed, get, last = self._counts, self._needed, self._counts.get, self._last
        if not needed:
            return [False] * len(cells)
        late = len(last) - LAG
        last += cells
        crowded = []
        for at, cell in enumerate(cells, late):
            crowded.append(get(cell, 0) >= needed[cell])
            if at >= 0:
                one = last[at]
                counts[one] = get(one, 0) + 1
            if at >= CROWD:
                gone = last[at - CROWD]
                left = counts[gone] - 1
                if left:
                    counts[gone] = left
                else:
                    del counts[gone]
        if len(last) > 2 * (CROWD + LAG):  # seldom: each time it costs as much as the counting
            del last[: -CROWD - LAG]
        return crowded


class Around:
    """Rows of suspected places: are they variants of one row, or do they only lie there?

    Traffic that has moved falls to few rows of the sample, far from each other; a what-if or a
    health check, to one of them and alike in all but a few values. Neither is a search.
    """

    __slots__ = ("_held", "_reference")

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._held: dict[int, list[tuple[Marks, Halves]]] = {}

    def __len__(self) -> int:
        """Rows that are held."""
        return sum(map(len, self._held.values()))

    def keep(self, cell: int, asked: Asked, at: int) -> None:
        """Remember a row that fell to a suspected place; at most `_SHOWN` of each."""
        held = self._held.setdefault(cell, [])
        held.append((asked.mark(at), asked.places[at, :-1]))
        del held[:-_SHOWN]

    def one(self, cell: int) -> bool:
        """Tell whether a third of the rows of a place have another that is close or an edit."""
        held = self._held.get(cell, [])
        if len(held) < 2:
            return False
        marks, places = np.array([m for m, _ in held]), np.array([p for _, p in held], np.float64)
        features, reach = self._reference.features, self._reference.spacing[cell] ** 2
        if features.varied(marks, marks[-1]) <= BY_HAND:
            return False
        apart = ((places[:, None] - places[None]) ** 2).sum(axis=2)
        np.fill_diagonal(apart, np.inf)
        edits = np.stack([features.differing(marks, mark) for mark in marks])
        np.fill_diagonal(edits, edits.max() + BY_HAND + 1)
        alike = (apart.min(axis=1) <= reach) | (edits.min(axis=1) <= BY_HAND)
        return 3 * int(alike.sum()) >= len(held)

    def forget(self, cell: int) -> None:
        """Take out the rows of a place."""
        self._held.pop(cell, None)

    def only(self, cells: Container[int]) -> None:
        """Take out the rows of all other places."""
        self._held = {cell: held for cell, held in self._held.items() if cell in cells}


class Slow:
    """Tells a place that a small steady share of rows falls to, where few normal rows do.

    One cumulative sum for each place: a share of `SHARE` beside what is usual, against three times
    what is usual, which traffic that drifts may reach. A place that nobody comes to is forgotten
    after some hundred rows; so memory does not grow, and a search may be hidden for hours. Where
    many rows fall to such places the traffic itself has moved: that is drift, or a search
    that others tell sooner.

    Source: Page, 1954 (CUSUM), for each row of the sample.

    Attributes:
        rows: counted.
    """

    __slots__ = ("_around", "_at", "_began", "_hits", "_share", "_shared", "_sums", "rows")

    def __init__(self, hits: Sequence[float], around: Around | None = None) -> None:
        """Make ready.

        Args:
            hits: by the rows of the sample what a row that falls there says.
            around: keeps the rows of suspects; without it a place is told by their number alone.
        """
        self.rows = 0
        self._hits, self._around = hits, around
        # By place: its sum, and what all sums have lost since the start; its last row; and the row
        # that the sum began to rise with.
        self._sums: dict[int, float] = {}
        self._at: dict[int, int] = {}
        self._began: dict[int, int] = {}
        self._share, self._shared = 0.0, 0  # of rows that fell to a suspect, and when the last did

    def __len__(self) -> int:
        """Places that are remembered."""
        return len(self._sums)

    def told(
        self, cells: Sequence[int], asked: Asked | None = None, rows: Sequence[int] = ()
    ) -> list[tuple[int, int]]:
        """Count rows; return each place that shows a search, and the row that it began with.

        Args:
            cells: by the rows, where they fall.
            asked: the rows, for what keeps those of suspects.
            rows: which of those.
        """
        found: list[tuple[int, int]] = []
        hits, sums, at, now = self._hits, self._sums, self._at, self.rows
        if not hits:
            return found
        for number, cell in enumerate(cells):
            now += 1
            before = at.get(cell, -LAG)
            at[cell] = now
            if now - before <= LAG:
                continue
            lost = SHARE * now
            kept = sums.get(cell, 0.0)
            if kept <= lost:
                kept, self._began[cell] = lost, now
            kept = sums[cell] = kept + hits[cell]
            if kept - lost > _SUSPECT:
                self._suspect(now)
                if asked is not None and self._around is not None:
                    self._around.keep(cell, asked, rows[number])
                if kept - lost > _PROOF and self._share < _MOVED:
                    found += self._proved(cell, lost)
        self.rows = now
        if len(sums) > _KEPT:
            self._forget()
        return found

    def _proved(self, cell: int, lost: float) -> list[tuple[int, int]]:
        """Return a place unless its rows say that it is no search; then it must be proved again."""
        if self._around is not None and not self._around.one(cell):
            self._sums[cell] = lost + _PROOF / 2
            return []
        del self._sums[cell]
        if self._around is not None:
            self._around.forget(cell)
        return [(cell, self._began[cell])]

    def _suspect(self, now: int) -> None:
        """Count a row that fell to a suspect, among the last ones."""
        past = math.exp((self._shared - now) / _WINDOW)
        self._share, self._shared = self._share * past + 1 / _WINDOW, now

    def _forget(self) -> None:
        lost = SHARE * self.rows
        self._sums = {cell: kept for cell, kept in self._sums.items() if kept > lost}
        if self._around is not None:
            self._around.only(self._sums)
        self._began = {cell: self._began[cell] for cell in self._sums}
        self._at = {c: at for c, at in self._at.items() if c in self._sums or at > self.rows - LAG}
