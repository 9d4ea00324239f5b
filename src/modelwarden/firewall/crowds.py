"""Rows that come back to one place of the reference: quickly, or seldom for a long time.

An attack asks about one input again and again. Its rows may be too far from each other to be nearly
the same, but the nearest row of the reference is the same for nearly all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from modelwarden.firewall.normal import popularity
from modelwarden.firewall.profile import Normal

LAG = 4
"""Rows before a row that it is not compared with."""
_CROWD = 64  # rows of a client that a crowd is looked for in …
_LEAST_CROWD = 4  # … and how many of them make one at the least
_TIMES_USUAL = 5.0
_FEWEST_CELLS = 200
_SHARE = 0.02  # of all rows that a search sends to one place
_DRIFT = 3.0  # times its usual share that a place may have where traffic has moved
_SELDOM = 2.0  # rows of the sample's number that fall there by chance
_PROOF = 20.0
_SUSPECT = 4.0
_WINDOW = 128
_MOVED = 1 / 6
_KEPT = 256


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
        counts, needed, get = self._counts, self._needed, self._counts.get
        if not needed:
            return [False] * len(cells)
        line = self._last + cells
        late = len(self._last) - LAG
        crowded = []
        for at, cell in enumerate(cells, late):
            crowded.append(get(cell, 0) >= needed[cell])
            if at >= 0:
                one = line[at]
                counts[one] = get(one, 0) + 1
            if at >= _CROWD:
                gone = line[at - _CROWD]
                left = counts[gone] - 1
                if left:
                    counts[gone] = left
                else:
                    del counts[gone]
        self._last = line[-_CROWD - LAG :]
        return crowded


def needed(normal: Normal) -> list[int]:
    """Return how many of the last rows of a client make a crowd, by the rows of the sample."""
    if len(normal.sample) < _FEWEST_CELLS:
        return []
    usual = _CROWD * popularity(normal)
    return [max(_LEAST_CROWD, math.ceil(_TIMES_USUAL * part)) for part in usual.tolist()]


class Slow:
    """Tells a place that a small steady share of rows falls to, where few normal rows do.

    One cumulative sum for each place: a share of `_SHARE` beside what is usual, against three times
    what is usual, which traffic that drifts may reach. A place that nobody comes to is forgotten
    after some hundred rows; so memory does not grow, and a search may be hidden for hours. Where
    many rows fall to such places the traffic itself has moved: that is drift, or a search
    that others tell sooner.

    Source: Page, 1954 (CUSUM), for each row of the sample.

    Attributes:
        rows: counted.
    """

    __slots__ = ("_at", "_began", "_hits", "_share", "_shared", "_sums", "rows")

    def __init__(self, hits: Sequence[float]) -> None:
        """Make ready; `hits` is by the rows of the sample what a row that falls there says."""
        self.rows = 0
        self._hits = hits
        # By place: its sum, and what all sums have lost since the start; its last row; and the row
        # that the sum began to rise with.
        self._sums: dict[int, float] = {}
        self._at: dict[int, int] = {}
        self._began: dict[int, int] = {}
        self._share, self._shared = 0.0, 0  # of rows that fell to a suspect, and when the last did

    def __len__(self) -> int:
        """Places that are remembered."""
        return len(self._sums)

    def told(self, cells: Sequence[int]) -> list[tuple[int, int]]:
        """Count rows; return each place that shows a search, and the row that it began with."""
        found: list[tuple[int, int]] = []
        hits, sums, at, now = self._hits, self._sums, self._at, self.rows
        if not hits:
            return found
        for cell in cells:
            now += 1
            before = at.get(cell, -LAG)
            at[cell] = now
            if now - before <= LAG:
                continue
            lost = _SHARE * now
            kept = sums.get(cell, 0.0)
            if kept <= lost:
                kept, self._began[cell] = lost, now
            kept = sums[cell] = kept + hits[cell]
            if kept - lost > _SUSPECT:
                self._suspect(now)
                if kept - lost > _PROOF and self._share < _MOVED:
                    found.append((cell, self._began[cell]))
                    del sums[cell]
        self.rows = now
        if len(sums) > _KEPT:
            self._forget()
        return found

    def _suspect(self, now: int) -> None:
        """Count a row that fell to a suspect, among the last ones."""
        past = math.exp((self._shared - now) / _WINDOW)
        self._share, self._shared = self._share * past + 1 / _WINDOW, now

    def _forget(self) -> None:
        lost = _SHARE * self.rows
        self._sums = {cell: kept for cell, kept in self._sums.items() if kept > lost}
        self._began = {cell: self._began[cell] for cell in self._sums}
        self._at = {c: at for c, at in self._at.items() if c in self._sums or at > self.rows - LAG}


def hits(normal: Normal) -> list[float]:
    """Return what one row says for a search, by the row of the sample that it falls to."""
    many = len(normal.sample)
    if many < _FEWEST_CELLS:
        return []
    usual = np.maximum(_DRIFT * popularity(normal), _SELDOM / many)
    found: list[float] = np.log((usual + _SHARE) / usual).tolist()
    return found
