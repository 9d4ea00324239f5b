"""Which values of a row differ from those of others: by the dozen, or the few that people vary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modelwarden.targets.frames import Floats

Marks = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.intp]

BY_HAND = 2
"""Features that a what-if, a join or a counter varies, and a search does not stop at."""
_SPREADING = np.uint64(0x9E3779B97F4A7C15)
_TOP = np.uint64(56)


def mark_of(row: Floats) -> Marks:
    """Return (d,) a byte for each value; those of two values that differ are seldom the same.

    Source: Dietzfelbinger et al., 1997 (multiply-shift).
    """
    bits = np.ascontiguousarray(row, np.float64).view(np.uint64) * _SPREADING
    bits >>= _TOP
    return bits.astype(np.uint8)


class Features:
    """To which feature each column of a row belongs: a category has one for each of its words."""

    __slots__ = ("_first",)

    def __init__(self, features: Sequence[int] | None = None) -> None:
        """Make ready.

        Args:
            features: by the columns, of which feature it is, in order; None where each is its own.
        """
        self._first = None
        if features is not None:
            first = np.flatnonzero(np.diff(features, prepend=-1))
            self._first = first if len(first) < len(features) else None

    def varied(self, marks: Marks, mark: Marks) -> int:
        """Return in how many features a row and (n, d) others are not all alike."""
        differ = np.logical_or.reduce(marks != mark, axis=0)
        if self._first is not None:
            differ = np.logical_or.reduceat(differ, self._first)
        return int(np.count_nonzero(differ))

    def differing(self, marks: Marks, mark: Marks) -> Counts:
        """Return (n,) in how many features a row differs from each of (n, d) others."""
        differ = marks != mark
        if self._first is not None:
            differ = np.logical_or.reduceat(differ, self._first, axis=1)
        return np.asarray(np.count_nonzero(differ, axis=1))
