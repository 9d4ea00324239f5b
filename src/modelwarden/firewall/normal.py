"""How abnormal a row is: distances to a reference as `fitting` learnt it, as shares of normal ones.

Distances that are too small count as well: a blank image is nearer to the axes than any real one.

Source: Lee et al. 2018 for the Mahalanobis distance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modelwarden.firewall.profile import Normal
from modelwarden.targets.frames import Floats

Flags = npt.NDArray[np.bool_]
Halves = npt.NDArray[np.float32]

NEIGHBOURS = 3
_SAME = 1e-5  # of standardised rows; rounding leaves less
REMEMBERED = 1000
"""Rows of one client that later ones are compared with."""
_CLIPPED = 1.0  # standardised: one value far away tells no more than that it has moved
FARTHEST = 1e6
_FEW = 16  # rows, up to which a partition is faster


class Ratios:
    """Distances of rows as shares of what is normal."""

    __slots__ = ("_floors", "_lows", "_told", "_units", "_zeros")

    def __init__(self, normal: Normal) -> None:
        across, moved = normal.across or np.inf, normal.moved if normal.usual else np.inf
        self._units = np.array([[normal.within, across, normal.nearest, moved]]).T
        self._zeros = np.array([[0.0, 0.0, 0.0, normal.usual]]).T
        told = [at for at, low in enumerate(normal.lows) if low]
        self._told = slice(told[0], told[-1] + 1) if told else slice(0)
        self._lows = np.array([normal.lows]).T[self._told]
        self._floors = np.where(self._lows > 0, self._lows * 1e-6, 1.0)

    def largest(self, distances: Floats) -> Floats:
        """Return (n,) the largest ratio of a distance to its quantile, or of one to what is low.

        Args:
            distances: (4, n).
        """
        ratios = np.subtract(distances, self._zeros)
        ratios /= self._units
        worst = np.maximum.reduce(ratios, axis=0)
        if len(self._lows):
            low = np.maximum(distances[self._told], self._floors)
            np.divide(self._lows, low, out=low)
            np.maximum(worst, np.maximum.reduce(low, axis=0), out=worst)
        return np.asarray(worst, np.float64)


def distances_to_others(a: Floats, b: Floats) -> Floats:
    """Return distances as `_apart` does; infinite where two rows are the same."""
    apart = _apart(a, b)
    apart[apart < _SAME] = np.inf
    return apart


def _apart(a: Floats, b: Floats) -> Floats:
    """Return (len(a), len(b)) Euclidean distances."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * (a @ b.T)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), np.float64)


class Judged:
    """What is known of rows.

    Attributes:
        scores: (n,), to be held against `alarm` and `refuse`.
        asked: (n, k + 1) places on the axes in half the digits, each with a 1: the product with
            rows that are kept as −2p and |p|² is then of squares as well.
        nearest: (n,) distance to the nearest rows of that part of the sample that rows are measured
            to; `local` is no larger.
    """

    __slots__ = (
        "_cells", "_local", "_sample", "_squares", "asked", "nearest", "scores",
    )  # fmt: skip

    def __init__(self, scores: Floats, asked: Halves, nearest: Floats, sample: Halves) -> None:
        self.scores = scores
        self.asked = asked
        self.nearest = nearest
        self._sample = sample
        self._cells: npt.NDArray[np.intp] | None = None
        self._local: Floats | None = None
        self._squares: Halves | None = None

    def only(self, rows: Sequence[int]) -> Judged:
        """Return what is known of some of the rows, in that order."""
        at = np.array(rows, np.intp)
        made = Judged(
            self.scores.take(at), self.asked.take(at, 0), self.nearest.take(at), self._sample
        )
        if self._cells is not None:
            made._cells = self._cells.take(at)
        return made

    @property
    def places(self) -> Halves:
        """(n, k) on the axes."""
        return self.asked[:, :-1]

    @property
    def squares(self) -> Halves:
        """(n,) of the lengths of the places."""
        found = self._squares
        if found is None:
            found = self._squares = np.vecdot(self.asked, self.asked)
            found -= np.float32(1)
        return found

    @property
    def cells(self) -> npt.NDArray[np.intp]:
        """(n,) the nearest row of the whole sample."""
        if self._cells is None:
            self._cells = (self.asked @ self._sample).argmin(axis=1)
        return self._cells

    @property
    def local(self) -> Floats:
        """(n,) distance to the nearest rows of the whole sample; asked for where it matters."""
        if self._local is None:
            self._local = _neighbours(self.asked, self.squares, self._sample)
        return self._local


class Scorer:
    """A reference ready to judge rows.

    One row is judged in full digits. Of many, only what is subtracted is: the mean, which may be
    large, and the squares of the lengths. What is left of each value after that is a few units, and
    half the digits of it change a score by some 1e-6 of itself; thresholds are learnt with as many.
    """

    def __init__(self, normal: Normal) -> None:
        self.normal = normal
        self._ratios = Ratios(normal)
        self._mean = np.array(normal.mean)
        self._inverse = 1 / np.array(normal.scale)
        self._axes = np.ascontiguousarray(np.array(normal.axes).T)
        self._spread = 1 / np.sqrt(np.array(normal.variance))
        sample = np.array(normal.sample)
        # One product gives |s|² − 2ps for all rows; half the digits are enough to rank by.
        both = np.concatenate([-2 * sample, (sample**2).sum(axis=1)[:, None]], axis=1)
        self._sample = np.ascontiguousarray(both.T, np.float32)
        self._measured = np.ascontiguousarray(self._sample[:, : normal.measured or None])
        self._few = min(NEIGHBOURS, self._measured.shape[1])
        # A column of nothing, where `Judged.asked` has its 1.
        self._turn = np.ascontiguousarray(np.pad(self._axes, ((0, 0), (0, 1))), np.float32)
        self._weights = np.zeros((len(normal.axes) + 1, 2), np.float32)
        self._weights[:-1, 0], self._weights[:-1, 1] = self._spread**2, 1
        self._ends = np.full(len(normal.mean), _CLIPPED, np.float32)
        self._ones = np.ones(len(normal.mean), np.float32)

    def judged(self, x: Floats) -> Judged:
        """Return what is known of (n, d) rows, before `step` is applied."""
        step = self.normal.step
        if step > 1:
            x = x[:, ::step]
        if len(x) == 1 and (judged := self._one(x[0])) is not None:
            return judged
        asked, distances = self._several(x)
        scores = self._ratios.largest(distances)
        return Judged(scores, asked, distances[2], self._sample)

    def _one(self, x: Floats) -> Judged | None:
        """Return what is known of one row, in a quarter of the time; None when it lacks a value."""
        z = x - self._mean
        z *= self._inverse
        energy = float(z.dot(z))
        if not energy < FARTHEST**2:
            return None
        place = z @ self._axes
        held = float(place.dot(place))
        scaled = place * self._spread
        asked = np.empty(len(place) + 1, np.float32)
        asked[:-1] = place
        asked[-1] = 1
        apart = asked.dot(self._measured)
        apart.partition(self._few - 1)
        few = apart[: self._few].tolist()
        nearest = sum([math.sqrt(max(square + held, 0.0)) for square in few]) / self._few
        within, across = math.sqrt(scaled.dot(scaled)), math.sqrt(max(energy - held, 0.0))
        score = _score(self.normal, within, across, nearest)
        if self.normal.usual:
            np.abs(z, out=z)
            np.minimum(z, _CLIPPED, out=z)
            moved = float(np.add.reduce(z)) - self.normal.usual
            score = max(score, moved / self.normal.moved)
        return Judged(np.array([score]), asked[None], np.array([nearest]), self._sample)

    def distances(self, x: Floats) -> Floats:
        """Return (n, 4): within the axes, across them, to the sample, and how much has moved.

        Args:
            x: rows to which `step` was applied.
        """
        return self._several(x)[1].T

    def places(self, x: Floats) -> Floats:
        """Return (n, k) places on the axes in full digits, of rows to which `step` was applied."""
        return np.asarray(self._standard(x)[0] @ self._axes, np.float64)

    def _standard(self, x: Floats) -> tuple[Floats, Floats]:
        """Return standardised rows, bounded, and the squares of their lengths."""
        z = x - self._mean
        z *= self._inverse
        energy = np.vecdot(z, z)
        if not np.maximum.reduce(energy) < FARTHEST**2:  # also where a value is missing
            z = np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0)
            np.clip(z, -FARTHEST, FARTHEST, out=z)
            energy = np.vecdot(z, z)
        return z, energy

    def _several(self, x: Floats) -> tuple[Halves, Floats]:
        full, energy = self._standard(x)
        z = full.astype(np.float32)
        asked = z @ self._turn
        sums = (asked * asked) @ self._weights
        asked[:, -1] = 1
        held = sums[:, 1]
        found = np.empty((4, len(x)))
        found[0] = sums[:, 0]
        np.maximum(energy - held, 0.0, out=found[1])
        np.sqrt(found[:2], out=found[:2])
        found[2] = _neighbours(asked, held, self._measured)
        np.abs(z, out=z)
        np.minimum(z, self._ends, out=z)  # a row of ends: a third of the time of a single one
        found[3] = z.dot(self._ones)
        return asked, found


def _neighbours(asked: Halves, held: Halves, sample: Halves) -> Floats:
    """Return (n,) mean distances to the nearest few rows of a sample.

    Args:
        asked: as `Judged` has it.
        held: (n,) squares of the lengths.
        sample: as `Scorer` keeps it.
    """
    apart = asked @ sample
    few = min(NEIGHBOURS, sample.shape[1])
    if len(asked) <= _FEW:
        apart.partition(few - 1, axis=1)
        found = apart[:, :few].T + held
    else:
        found = _least(apart, few)
        found += held
    np.maximum(found, 0.0, out=found)
    np.sqrt(found, out=found)
    return np.asarray(np.add.reduce(found, axis=0) / few, np.float64)


def _least(apart: Halves, few: int) -> Halves:
    """Return (few, n) the least of each line; taken out one by one, which many lines do faster."""
    width = apart.shape[1]
    first = np.arange(0, len(apart) * width, width)
    flat, found = apart.reshape(-1), np.empty((few, len(apart)), np.float32)
    for turn in range(few):
        at = apart.argmin(axis=1)
        at += first
        found[turn] = flat[at]
        flat[at] = np.inf
    return found


def neighbours_of(normal: Normal) -> Floats:
    """Return (m,) the mean distance of each row of the sample to the nearest few others."""
    sample = np.array(normal.sample)
    apart = np.sort(distances_to_others(sample, sample), axis=1)[:, :NEIGHBOURS]
    return np.asarray(np.where(np.isfinite(apart), apart, 0.0).mean(axis=1), np.float64)


def popularity(normal: Normal) -> Floats:
    """Return (m,) the share of rows whose nearest row of the sample is this one.

    The sample is held against itself. In many dimensions a few rows are nearest to very many.

    Source: Radovanović, Nanopoulos and Ivanović, 2010 (hubs).
    """
    sample = np.array(normal.sample)
    apart = _apart(sample, sample)
    np.fill_diagonal(apart, np.inf)
    counts = np.bincount(apart.argmin(axis=1), minlength=len(sample))
    return np.asarray((counts + 0.5) / (1.5 * len(sample)), np.float64)


def _score(normal: Normal, within: float, across: float, nearest: float) -> float:
    """Return what `Ratios` does, of one row."""
    score = max(within / normal.within, nearest / normal.nearest)
    if normal.across:
        score = max(score, across / normal.across)
    for low, distance in zip(normal.lows, (within, across, nearest), strict=True):
        if low:
            score = max(score, low / max(distance, low * 1e-6))
    return score
