"""How abnormal a row is: distances to a reference, with thresholds that hold on unseen rows.

Thresholds are conformal: every row of the reference is scored by a fit to the other four fifths of
it, so the share of normal rows above `alarm` is the rate that was asked for, also for small
references. Distances that are too small count as well: a blank image is nearer to the axes than
any real one.

Source: Vovk, "Cross-conformal predictors", 2015; Lee et al. 2018 for the Mahalanobis distance.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from modelwarden.core import seed_for
from modelwarden.firewall.profile import Normal
from modelwarden.targets.frames import Floats

Flags = npt.NDArray[np.bool_]
Halves = npt.NDArray[np.float32]

_AXES = 32
_WIDEST = 4096
_FIT = 10_000
_SAMPLE = 1000
_MEASURED = 256  # of them: the distances to so few tell as much, at a quarter of the cost
_FOLDS = 5
_NEIGHBOURS = 3
_NEAR_SHARE = 0.005
_PAIRS = 20
_CERTAIN = 2000
_FEWEST_NEAR = 300
_SAME = 1e-5  # of standardised rows; rounding leaves less
REMEMBERED = 1000
"""Rows of one client that later ones are compared with."""
_TAIL = 0.05
_REFUSED = 0.0005
_FEWEST = 50
_WIDE = 8
_FLOOR = 0.25
_LOWEST = 0.2
_CLIPPED = 1.0  # standardised: one value far away tells no more than that it has moved
_FARTHEST = 1e6


def normal_of(x: Floats, *, rate: float, seed: int = 0) -> Normal | None:
    """Return where a reference lies.

    Args:
        x: (n, d) rows; NaN where a value is missing.
        rate: share of normal rows that may raise an alarm.
        seed: of the choice of rows and folds.

    Returns:
        None when there are no features or too few rows to say anything.
    """
    if x.shape[1] == 0 or len(x) < _FEWEST:
        return None
    rng = np.random.default_rng(seed_for(seed, "normal"))
    x = x[rng.permutation(len(x))[:_FIT]]
    step = math.ceil(x.shape[1] / _WIDEST)
    x = x[:, ::step]
    fold = np.arange(len(x)) % _FOLDS
    parts = [Scorer(_fit(x[fold != k], rng)).distances(x[fold == k]) for k in range(_FOLDS)]
    found = np.concatenate(parts)
    usual, moved = _steps(found[:, 3], rate)
    whole = _fit(x, rng, len(x) - len(x) // _FOLDS)
    known = replace(
        whole,
        rate=rate,
        step=step,
        within=_quantile(found[:, 0], 1 - rate),
        across=_quantile(found[:, 1], 1 - rate) if whole.across else 0.0,
        nearest=_quantile(found[:, 2], 1 - rate),
        lows=tuple(_low(found[:, i], rate) if _tells(whole, i) else 0.0 for i in range(3)),
        usual=usual if len(whole.mean) >= _WIDE else 0.0,
        moved=moved,
    )
    scores = np.sort(_Ratios(known).largest(found.T))
    at = math.ceil((len(scores) + 1) * (1 - rate)) - 1
    alarm = float(scores[at]) if at < len(scores) else float(scores[-1]) * 1.05
    return replace(
        known,
        alarm=alarm,
        refuse=max(_beyond(scores), alarm),
        near=_near(known, x, rng),
    )


def _beyond(scores: Floats) -> float:
    """Return the score that a share of `_REFUSED` of normal rows has, from the tail's decay.

    The largest score of a reference is an accident; the mean excess over a high quantile is not.

    Source: Pickands, 1975, with an exponential tail.
    """
    start = float(np.quantile(scores, 1 - _TAIL))
    excess = scores[scores > start] - start
    mean = float(excess.mean()) if excess.size else 0.1 * start
    return start + mean * math.log(_TAIL / _REFUSED)


def _tells(normal: Normal, which: int) -> bool:
    """Tell whether a distance that is too small says anything: in few dimensions many are."""
    wide = len(normal.mean) if which == 1 and normal.across else len(normal.axes)
    return wide >= _WIDE and (which != 1 or normal.across > 0)


def _low(distances: Floats, rate: float) -> float:
    """Return the distance below which a row is too near; 0 where normal rows may be anywhere.

    Where the reference holds rows twice, some of them are at no distance at all.
    """
    low = float(np.quantile(distances, rate))
    return low if float(np.quantile(distances, rate / 10)) > _LOWEST * low else 0.0


def _steps(values: Floats, rate: float) -> tuple[float, float]:
    """Return zero and unit of a measure: 1 is the rate's quantile, 2 what `_beyond` refuses."""
    end = float(np.quantile(values, 1 - rate))
    unit = max(_beyond(values) - end, 0.05 * (end - float(np.median(values))), 1e-9)
    return end - unit, unit


def _quantile(values: Floats, share: float) -> float:
    found = float(np.quantile(values, share))
    positive = values[values > 0]
    return found if found > 0 else float(positive.min()) if positive.size else 1.0


def _fit(x: Floats, rng: np.random.Generator, most: int = _SAMPLE) -> Normal:
    """Return mean, scale, axes and a sample of at most so many rows; thresholds come later."""
    with np.errstate(all="ignore"):
        counts = np.isfinite(x).sum(axis=0)
        filled = np.where(np.isfinite(x), x, 0.0)
        mean = filled.sum(axis=0) / np.maximum(counts, 1)
    centred = np.where(np.isfinite(x), x - mean, 0.0)
    spread = centred.std(axis=0)
    positive = spread[spread > 0]
    # What never changes in the reference must not change, but rounding is no change.
    floor = _FLOOR * float(np.median(positive)) if positive.size else 1.0
    scale = np.maximum(np.maximum(spread, floor), 1e-9 * np.abs(mean))
    z = np.clip(centred / scale, -_FARTHEST, _FARTHEST)
    axes, variance = _axes(z, rng)
    sample = z[rng.permutation(len(z))[: min(most, _SAMPLE)]] @ axes.T
    held = float(variance.sum()) / max(float((z**2).sum() / len(z)), 1e-12)
    return Normal(
        rate=0.0,
        alarm=math.inf,
        refuse=math.inf,
        step=1,
        mean=_listed(mean),
        scale=_listed(scale),
        axes=tuple(map(_listed, axes)),
        variance=_listed(variance),
        sample=tuple(map(_listed, sample)),
        within=1.0,
        across=1.0 if held < 0.999 else 0.0,
        nearest=1.0,
        lows=(0.0, 0.0, 0.0),
        usual=0.0,
        moved=1.0,
        near=0.0,
        measured=min(_MEASURED, len(sample)),
    )


def _listed(values: Floats) -> tuple[float, ...]:
    """Return numbers with as many digits as matter, so that a profile can be looked at."""
    return tuple(float(f"{value:.9g}") for value in values)


def _axes(z: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the directions of most variance, and the variance along each, by subspace iteration.

    Source: Halko, Martinsson and Tropp, 2011, algorithm 4.4.
    """
    count = max(1, min(_AXES, z.shape[1], len(z) // 10))
    basis = rng.normal(size=(z.shape[1], min(count + 8, z.shape[1])))
    for _ in range(4):
        basis, _ = np.linalg.qr(z.T @ (z @ basis))
    _, singular, right = np.linalg.svd(z @ basis, full_matrices=False)
    axes = (right @ basis.T)[:count]
    variance = singular[:count] ** 2 / len(z)
    kept = variance > 1e-9 * max(float(variance[0]), 1e-12)
    kept[0] = True
    return axes[kept], np.maximum(variance[kept], 1e-12)


class _Ratios:
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


def _near(normal: Normal, x: Floats, rng: np.random.Generator) -> float:
    """Return the share of its distance to the sample below which a row seldom meets another one.

    Seldom is once in two hundred rows among the `REMEMBERED` of a client. So few pairs of a small
    reference are as close as that, so the share is taken from more of them and carried on by the
    power law that their distances follow; the fewer rows, the more careful.

    Source: Hill, 1975; Levina and Bickel, 2004, for distances.
    """
    if len(x) < _FEWEST_NEAR:
        return 0.0
    places = Scorer(normal).places(x)
    order = rng.permutation(len(x))
    half = len(x) // 2
    asked, others = places[order[:half][:_SAMPLE]], places[order[half:][:_SAMPLE]]
    # A row of the reference may be in the sample itself, and twice: it is no neighbour of itself.
    local = np.sort(_others(asked, np.array(normal.sample)), axis=1)[:, :_NEIGHBOURS].mean(axis=1)
    whole = np.isfinite(local)
    ratios = (_others(asked[whole], others) / local[whole, None]).reshape(-1)
    pairs = np.sort(ratios[np.isfinite(ratios)])
    wanted = _NEAR_SHARE / REMEMBERED * min(1.0, len(x) / _CERTAIN)
    at = max(_PAIRS, math.ceil(wanted * len(pairs)))
    if at >= len(pairs):
        return 0.0
    reach = float(pairs[at])
    dimension = at / max(float(np.log(reach / pairs[:at]).sum()), 1e-9)
    share = min(1.0, wanted / (at / len(pairs)))
    return min(0.5, reach * math.pow(share, 1 / max(dimension, 0.5)))


def _others(a: Floats, b: Floats) -> Floats:
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
        worst: the largest score.
    """

    __slots__ = (
        "_cells", "_local", "_sample", "_squares", "_whole", "asked", "nearest", "scores", "worst",
    )  # fmt: skip

    def __init__(
        self, scores: Floats, asked: Halves, nearest: Floats, worst: float, sample: Halves
    ) -> None:
        self.scores = scores
        self.asked = asked
        self.nearest = nearest
        self.worst = worst
        self._sample = sample
        self._cells: npt.NDArray[np.intp] | None = None
        self._local: Floats | None = None
        self._squares: Halves | None = None
        self._whole: tuple[Judged, slice] | None = None

    def only(self, rows: list[int]) -> Judged:
        """Return what is known of some of the rows."""
        if len(rows) == len(self.scores):
            return self
        made = Judged(
            self.scores[rows], self.asked[rows], self.nearest[rows], self.worst, self._sample
        )
        if self._cells is not None:
            made._cells = self._cells[rows]
        return made

    def part(self, start: int, end: int) -> Judged:
        """Return what is known of the rows from one to another.

        What is looked up late is then looked up for all rows at once, when the first part asks.
        """
        if end - start == len(self.scores):
            return self
        rows = slice(start, end)
        scores = self.scores[rows]
        worst = max(scores.tolist())
        made = Judged(scores, self.asked[rows], self.nearest[rows], worst, self._sample)
        made._whole = self, rows
        return made

    @property
    def places(self) -> Halves:
        """(n, k) on the axes."""
        return self.asked[:, :-1]

    @property
    def squares(self) -> Halves:
        """(n,) of the lengths of the places."""
        found = self._squares
        if self._whole is not None:
            whole, rows = self._whole
            return whole.squares[rows]
        if found is None:
            found = self._squares = np.vecdot(self.asked, self.asked)
            found -= np.float32(1)
        return found

    @property
    def cells(self) -> npt.NDArray[np.intp]:
        """(n,) the nearest row of the whole sample."""
        if self._cells is None and self._whole is not None:
            whole, rows = self._whole
            self._cells = whole.cells[rows]
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
        self._ratios = _Ratios(normal)
        self._mean = np.array(normal.mean)
        self._inverse = 1 / np.array(normal.scale)
        self._axes = np.ascontiguousarray(np.array(normal.axes).T)
        self._spread = 1 / np.sqrt(np.array(normal.variance))
        sample = np.array(normal.sample)
        # One product gives |s|² − 2ps for all rows; half the digits are enough to rank by.
        both = np.concatenate([-2 * sample, (sample**2).sum(axis=1)[:, None]], axis=1)
        self._sample = np.ascontiguousarray(both.T, np.float32)
        self._measured = np.ascontiguousarray(self._sample[:, : normal.measured or None])
        self._few = min(_NEIGHBOURS, self._measured.shape[1])
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
        worst = float(np.maximum.reduce(scores))
        return Judged(scores, asked, distances[2], worst, self._sample)

    def _one(self, x: Floats) -> Judged | None:
        """Return what is known of one row, in a quarter of the time; None when it lacks a value."""
        z = x - self._mean
        z *= self._inverse
        energy = float(z.dot(z))
        if not energy < _FARTHEST**2:
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
        return Judged(np.array([score]), asked[None], np.array([nearest]), score, self._sample)

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
        if not np.maximum.reduce(energy) < _FARTHEST**2:  # also where a value is missing
            z = np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0)
            np.clip(z, -_FARTHEST, _FARTHEST, out=z)
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
    few, width = min(_NEIGHBOURS, sample.shape[1]), sample.shape[1]
    first = np.arange(0, len(asked) * width, width)
    flat, found = apart.reshape(-1), np.empty((few, len(asked)), np.float32)
    for turn in range(few):  # three times the least is much faster here than a partition
        at = apart.argmin(axis=1)
        at += first
        found[turn] = flat[at]
        flat[at] = np.inf
    found += held
    np.maximum(found, 0.0, out=found)
    np.sqrt(found, out=found)
    return np.asarray(np.add.reduce(found, axis=0) / few, np.float64)


def neighbours_of(normal: Normal) -> Floats:
    """Return (m,) the mean distance of each row of the sample to the nearest few others."""
    sample = np.array(normal.sample)
    apart = np.sort(_others(sample, sample), axis=1)[:, :_NEIGHBOURS]
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
    """Return what `_Ratios` does, of one row."""
    score = max(within / normal.within, nearest / normal.nearest)
    if normal.across:
        score = max(score, across / normal.across)
    for low, distance in zip(normal.lows, (within, across, nearest), strict=True):
        if low:
            score = max(score, low / max(distance, low * 1e-6))
    return score
