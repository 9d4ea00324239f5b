"""Arrays of numbers within a norm's ball, a box and a grid: images and vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.problem import Candidates, Mask
from modelwarden.core import InputError, Json
from modelwarden.targets.frames import Floats, Inputs, Labels

# Of eps: what rounding to the type of the inputs may add to a distance.
SLACK = 1e-6
_HALVES, _SCALES = 40, 8


class Norm(StrEnum):
    """How the size of a change is measured; `L0` counts changed numbers."""

    LINF = "linf"
    L2 = "l2"
    L1 = "l1"
    L0 = "l0"


class Ends:
    """What each number may be at least and at most, where one of the two is taken very often.

    The choice is made on bits: `np.where` guesses the way for each number, and is ten times slower
    where there is nothing to be guessed.
    """

    def __init__(self, low: npt.NDArray[np.generic], high: npt.NDArray[np.generic]) -> None:
        """Take (n, …) lower and upper ends, of one type."""
        self._low, self._high = np.ascontiguousarray(low), np.ascontiguousarray(high)
        kind = np.dtype(f"u{low.dtype.itemsize}")
        self._bits: npt.NDArray[np.uint64] = self._low.view(kind)
        self._turn = self._bits ^ self._high.view(kind)

    def chosen(self, at: Labels, ups: Mask) -> npt.NDArray[np.generic]:
        """Return (m, …) the ends of the inputs `at`, the upper where `ups` is."""
        turned = self._turn.take(at, axis=0)
        turned *= ups
        turned ^= self._bits.take(at, axis=0)
        chosen: npt.NDArray[np.generic] = turned.view(self._low.dtype)
        return chosen

    def within(self, at: Labels, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return (m, …) values cut to the ends of the inputs `at`."""
        cut = self._low.take(at, axis=0)
        np.maximum(values, cut, out=cut)
        np.minimum(cut, self._high.take(at, axis=0), out=cut)
        return cut


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ball:
    """The inputs that lie within `eps` of the true ones, inside the box, on the grid.

    Attributes:
        x: (n, …) the true inputs, in the type and the units of the model.
        norm: of a change.
        eps: its largest size.
        low, high: the box; numbers, or arrays that go with one input. A true input that lies
            outside widens it for itself.
        grid: distance of neighbouring values (1 for 8-bit pixels and whole numbers); 0 where any
            value may be; an array goes with one input.
    """

    x: npt.NDArray[np.generic]
    norm: Norm
    eps: float
    low: npt.ArrayLike
    high: npt.ArrayLike
    grid: npt.ArrayLike = 0.0
    real: Floats = field(init=False)
    least: Floats = field(init=False)
    most: Floats = field(init=False)
    steps: Floats = field(init=False)
    ends: Ends = field(init=False)
    gridded: bool = field(init=False)

    def __post_init__(self) -> None:
        """Work out what each number may be at least and at most, as values that the type has."""
        if not self.eps > 0:
            raise InputError(f"eps must be above 0, not {self.eps}")
        real = self.x.astype(np.float64)
        if not np.isfinite(real).all():
            raise InputError("an input that is attacked holds NaN or infinity")
        shape = real.shape
        low = np.minimum(np.broadcast_to(np.asarray(self.low, np.float64), shape), real)
        high = np.maximum(np.broadcast_to(np.asarray(self.high, np.float64), shape), real)
        if self.norm is Norm.LINF:
            low, high = np.maximum(low, real - self.eps), np.minimum(high, real + self.eps)
        whole = self.x.dtype.kind in "iu"
        steps = np.broadcast_to(np.asarray(self.grid, np.float64), shape[1:])
        steps = np.maximum(steps, 1.0) if whole else steps
        if (steps > 0).any():
            safe = np.where(steps > 0, steps, 1.0)
            # Of float32 values on a grid of 1/255 the quotients are whole but for a rounding.
            down = np.ceil((low - real) / safe - 1e-4) * safe + real
            up = np.floor((high - real) / safe + 1e-4) * safe + real
            low, high = np.where(steps > 0, down, low), np.where(steps > 0, up, high)
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "least", _inward(low, real, self.x.dtype, up=True))
        object.__setattr__(self, "most", _inward(high, real, self.x.dtype, up=False))
        object.__setattr__(self, "steps", steps)
        ends = Ends(self.least.astype(self.x.dtype), self.most.astype(self.x.dtype))
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "gridded", bool((steps > 0).any()))

    @property
    def origin(self) -> Candidates:
        """(n, …) the inputs as they are."""
        return self.x

    def take(self, at: Labels) -> Ball:
        """Return the space of some of the inputs."""
        return replace(self, x=self.x[at])

    def fit(
        self, at: Labels, candidates: Candidates, *, free: bool = False
    ) -> tuple[Candidates, Mask]:
        """Return the candidates cut to box and ball, on the grid, in the type of the inputs.

        l2 and l1 are kept by drawing the candidate straight towards its input, which stays inside
        any box; l0 keeps the largest changes.
        """
        if candidates.dtype == self.x.dtype and self.norm is Norm.LINF and not free:
            if not self.gridded:
                # Of the type already, as the ends are: nothing has to be rounded.
                return self.ends.within(at, candidates), np.ones(len(at), np.bool_)
            candidates = candidates.astype(np.float64)
        least, most = self._box(at) if free and self.norm is Norm.LINF else self._ends(at)
        cut = np.minimum(np.maximum(candidates, least), most)
        within = self.norm is Norm.LINF or free
        if within and not self.gridded:
            return self._stored(cut, at), np.ones(len(at), np.bool_)
        real = self.real[at]
        if not within:
            cut = real + _shrunk(cut - real, self.norm, self.eps)
        cut = self._on_grid(cut, real)
        return self._stored(cut, at), np.ones(len(at), np.bool_)

    def corners(self, at: Labels, ups: Mask) -> Candidates:
        """Return the candidates with each number at one of its ends, the upper where `ups` is."""
        return self.ends.chosen(at, ups)

    def _ends(self, at: Labels) -> tuple[Floats, Floats]:
        """Return the bounds."""
        return self.least[at], self.most[at]

    def _stored(self, values: Floats, at: Labels) -> Candidates:
        """Return values in the type of the inputs; where that rounds, towards the input."""
        stored: Candidates = values.astype(self.x.dtype)
        if self.norm is Norm.LINF or self.x.dtype.kind != "f" or self.x.dtype.itemsize == 8:
            return stored
        x = self.x[at]
        beyond = np.abs(stored.astype(np.float64) - x.astype(np.float64)) > np.abs(
            values - x.astype(np.float64)
        )
        return np.where(beyond, np.nextafter(stored, x), stored)

    def _box(self, at: Labels) -> tuple[Floats, Floats]:
        """Return the bounds without eps."""
        shape = (len(at), *self.x.shape[1:])
        low = np.broadcast_to(np.asarray(self.low, np.float64), shape)
        high = np.broadcast_to(np.asarray(self.high, np.float64), shape)
        return np.minimum(low, self.real[at]), np.maximum(high, self.real[at])

    def _on_grid(self, values: Floats, real: Floats) -> Floats:
        """Round to the grid through each true input; changes of l2, l1 and l0 never grow."""
        if not self.gridded:
            return values
        safe = np.where(self.steps > 0, self.steps, 1.0)
        moved = (values - real) / safe
        near = np.rint(moved) if self.norm is Norm.LINF else np.trunc(moved + np.sign(moved) * 1e-4)
        return np.where(self.steps > 0, real + near * safe, values)

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        """Tell which candidates are within eps, but for a rounding."""
        return np.asarray(self.cost(at, candidates) <= self.eps * (1 + SLACK) + 1e-12)

    def cost(self, at: Labels, candidates: Candidates) -> Floats:
        """Return the size of each change."""
        moved = np.asarray(candidates, np.float64) - self.real[at]
        return size_of(moved, self.norm)

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:  # noqa: ARG002 -- all spaces
        """Return the candidates: they are what the target takes."""
        return candidates

    def conditions(self) -> Mapping[str, Json]:
        """Return norm, eps, the ends of the box, and the grid."""
        grid = float(self.steps.max(initial=0.0))
        return {
            "norm": self.norm.value,
            "eps": self.eps,
            "low": float(np.min(np.asarray(self.low, np.float64))),
            "high": float(np.max(np.asarray(self.high, np.float64))),
            "grid": grid if grid > 0 else None,
        }


def _inward(ends: Floats, real: Floats, kind: np.dtype[np.generic], *, up: bool) -> Floats:
    """Return the ends as values of the type that lie not beyond them, nor beyond the input."""
    if kind.kind in "iu":
        return np.ceil(ends) if up else np.floor(ends)
    stored = ends.astype(kind)
    beyond = stored.astype(np.float64) < ends if up else stored.astype(np.float64) > ends
    towards = np.array(np.inf if up else -np.inf, kind)
    stored = np.where(beyond, np.nextafter(stored, towards), stored)
    inner = np.minimum if up else np.maximum
    return inner(stored.astype(np.float64), real)


def flattened(values: Floats) -> Floats:
    """Return (m, d) of (m, …), also of no rows."""
    return values.reshape(len(values), int(np.prod(values.shape[1:])))


def size_of(moved: Floats, norm: Norm) -> Floats:
    """Return the size of each of (m, …) changes, (m,)."""
    flat = np.abs(flattened(moved))
    if norm is Norm.LINF:
        size = flat.max(axis=1, initial=0.0)
    elif norm is Norm.L1:
        size = flat.sum(axis=1)
    elif norm is Norm.L0:
        size = (flat != 0).sum(axis=1)
    else:
        size = np.sqrt(np.einsum("ij,ij->i", flat, flat))
    return np.asarray(size, np.float64)


def onto_l1(moved: Floats, low: Floats, high: Floats, eps: float | Floats) -> Floats:
    """Return the nearest changes of at most eps in l1 that stay in the box, (m, d).

    Args:
        moved: (m, d) changes.
        low: (m, d) how far each number may fall, at most 0.
        high: (m, d) how far it may rise, at least 0.
        eps: of all together.

    What is nearest has every number drawn towards 0 by one and the same amount and cut to its end;
    the amount is found by halving.

    >>> onto_l1(np.array([[3.0, 1.0]]), np.full((1, 2), -9.0), np.full((1, 2), 9.0), 2.0).round(6)
    array([[2., 0.]])

    Source: Croce and Hein 2021, "Mind the box", proposition 1.
    """
    size, room = np.abs(moved), np.where(moved > 0, high, -low)
    least = np.zeros(len(moved))
    most = size.max(axis=1, initial=0.0)
    fits = np.minimum(size, room).sum(axis=1) <= eps
    for _ in range(_HALVES):
        middle = (least + most) / 2
        total = np.minimum(np.maximum(size - middle[:, None], 0), room).sum(axis=1)
        over = total > eps
        least, most = np.where(over, middle, least), np.where(over, most, middle)
    drawn = np.where(fits, 0.0, most)[:, None]
    return np.asarray(np.sign(moved) * np.minimum(np.maximum(size - drawn, 0), room), np.float64)


def onto_l2(moved: Floats, low: Floats, high: Floats, eps: float) -> Floats:
    """Return the nearest changes of at most eps in l2 that stay in the box, (m, d).

    Args:
        moved: (m, d) changes.
        low: (m, d) how far each number may fall, at most 0.
        high: (m, d) how far it may rise, at least 0.
        eps: of all together.

    What is nearest has every number multiplied by one and the same factor and cut to its end. The
    factor is found from below, by the numbers that it does not cut; it never becomes too large.

    >>> onto_l2(np.array([[6.0, 8.0]]), np.full((1, 2), -9.0), np.array([[9.0, 3.0]]), 5.0).round(6)
    array([[4., 3.]])
    """
    nearest = np.minimum(np.maximum(moved, low), high)
    over = np.flatnonzero(np.einsum("ij,ij->i", nearest, nearest) > eps**2)
    moved, low, high = moved[over], low[over], high[over]
    squares = moved**2
    factor = eps / np.sqrt(np.maximum(squares.sum(axis=1), 1e-300))
    for _ in range(_SCALES):
        scaled = factor[:, None] * moved
        ends = np.minimum(np.maximum(scaled, low), high)
        free = ends == scaled
        left = eps**2 - np.where(free, 0.0, ends**2).sum(axis=1)
        loose = np.where(free, squares, 0.0).sum(axis=1)
        wanted = np.sqrt(np.maximum(left, 0) / np.maximum(loose, 1e-300))
        factor = np.maximum(factor, np.minimum(wanted, 1.0))
    nearest[over] = np.minimum(np.maximum(factor[:, None] * moved, low), high)
    return np.asarray(nearest, np.float64)


def _shrunk(moved: Floats, norm: Norm, eps: float) -> Floats:
    """Return changes of at most eps, on the straight line to none; l0 keeps the largest."""
    flat = flattened(moved)
    if norm is Norm.L0:
        keep = int(min(eps, flat.shape[1]))
        if keep < flat.shape[1]:
            least = np.argsort(-np.abs(flat), axis=1, kind="stable")[:, keep:]
            flat = flat.copy()
            np.put_along_axis(flat, least, 0.0, axis=1)
        return flat.reshape(moved.shape)
    size = size_of(flat, norm)
    factor = np.where(size > eps, eps * (1 - SLACK / 2) / np.maximum(size, 1e-300), 1.0)
    return (flat * factor[:, None]).reshape(moved.shape)
