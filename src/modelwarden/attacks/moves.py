"""The most extreme changes that a linear picture of a model asks for, cell by cell, in each norm.

A search holds the best change of each input, draws the next from slopes, and learns from what each
cell was changed by. In l∞ a change is a side for each cell, and no more than that is kept of it; in
the other norms it is the numbers themselves.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.balls import Ball, Ends, Norm, flattened
from modelwarden.attacks.problem import Candidates, Mask
from modelwarden.targets.frames import Floats, Labels

# (m, cells) sides, or (m, d) numbers.
Moves: TypeAlias = npt.NDArray[np.generic]
Singles: TypeAlias = npt.NDArray[np.float32]


class Moving(Protocol):
    """Changes of one norm."""

    def keep(self, at: Labels, moves: Moves) -> None:
        """Keep these as the best changes of inputs, each named once."""

    def best(self, at: Labels) -> Moves:
        """Return the best changes."""

    def extreme(self, owners: Labels, slope: Singles) -> Moves:
        """Return the changes that lower linear margins most; `slope` is (m, cells)."""

    def mixed(self, owners: Labels, keep: Mask, moves: Moves) -> Moves:
        """Return the best changes where `keep`, (m, cells), and the given ones elsewhere."""

    def candidates(self, owners: Labels, moves: Moves) -> Candidates:
        """Return the inputs, so changed."""

    def made(self, owners: Labels, moves: Moves, candidates: Candidates) -> Moves:
        """Return the changes that became of these, once the candidates were fitted."""

    def features(self, owners: Labels, moves: Moves) -> Singles:
        """Return the mean change of each cell, in units of what it is at most or on average."""


def moving(ball: Ball, cells: Labels) -> Moving:
    """Return the changes of a ball's norm; `cells` has the cell of each number."""
    return Sides(ball, cells) if ball.norm is Norm.LINF else Numbers(ball, cells)


class Cells:
    """Numbers that are changed together, and their mean."""

    def __init__(self, cells: Labels) -> None:
        self.of = cells
        self.count = int(cells.max()) + 1
        self.whole = self.count == len(cells)
        self._sizes = np.bincount(cells, minlength=self.count)
        self._order = cells.argsort(kind="stable")
        self._starts = np.concatenate(([0], np.cumsum(self._sizes)[:-1]))

    def spread(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return (m, d) of (m, cells)."""
        return values if self.whole else values.take(self.of, axis=1)

    def means(self, values: Floats) -> Floats:
        """Return (m, cells) of (m, d)."""
        if self.whole:
            return values
        total = np.add.reduceat(values[:, self._order], self._starts, axis=1)
        return np.asarray(total / self._sizes, np.float64)


class Sides:
    """l∞: each cell is at its lower or its upper end."""

    def __init__(self, ball: Ball, cells: Labels) -> None:
        """Begin with all at the lower ends."""
        self._ball, self._cells = ball, Cells(cells)
        self._shape = ball.x.shape[1:]
        low, high = (flattened(end - ball.real) for end in (ball.least, ball.most))
        self._means = Ends(
            (self._cells.means(low) / ball.eps).astype(np.float32),
            (self._cells.means(high) / ball.eps).astype(np.float32),
        )
        # Where both ends are one, there is one side.
        self._free = self._cells.means((low != high).astype(np.float64)) > 0
        self._best: Mask = np.zeros((len(ball.x), self._cells.count), np.bool_)

    def keep(self, at: Labels, moves: Moves) -> None:
        """Keep these as the best changes of inputs, each named once."""
        self._best[at] = moves

    def best(self, at: Labels) -> Moves:
        """Return the best changes."""
        return self._best.take(at, axis=0)

    def extreme(self, owners: Labels, slope: Singles) -> Moves:
        """Return the changes that lower linear margins most; `slope` is (m, cells)."""
        ups: Mask = slope <= 0
        ups &= self._free.take(owners, axis=0)
        return ups

    def mixed(self, owners: Labels, keep: Mask, moves: Moves) -> Moves:
        """Return the best changes where `keep`, (m, cells), and the given ones elsewhere."""
        turned = self._best.take(owners, axis=0)
        turned ^= moves.view(np.bool_)
        turned &= keep
        turned ^= moves.view(np.bool_)
        return turned

    def candidates(self, owners: Labels, moves: Moves) -> Candidates:
        """Return the inputs, so changed."""
        ups = self._cells.spread(moves).reshape(len(owners), *self._shape)
        return self._ball.corners(owners, ups.view(np.bool_))

    def made(self, owners: Labels, moves: Moves, candidates: Candidates) -> Moves:  # noqa: ARG002
        """Return the same: corners are fitted as they are."""
        return moves

    def features(self, owners: Labels, moves: Moves) -> Singles:
        """Return the mean change of each cell, in units of eps."""
        return self._means.chosen(owners, moves.view(np.bool_)).view(np.float32)


class Numbers:
    """l2, l1 and l0: all numbers of the change."""

    def __init__(self, ball: Ball, cells: Labels) -> None:
        """Begin with no change."""
        self._ball, self._cells = ball, Cells(cells)
        self._shape = ball.x.shape[1:]
        self._unit = _units(ball)
        self._best: Floats = np.zeros((len(ball.x), len(cells)))

    def keep(self, at: Labels, moves: Moves) -> None:
        """Keep these as the best changes of inputs, each named once."""
        self._best[at] = moves

    def best(self, at: Labels) -> Moves:
        """Return the best changes."""
        return self._best[at]

    def extreme(self, owners: Labels, slope: Singles) -> Moves:
        """Return the changes that lower linear margins most; `slope` is (m, cells)."""
        ball = self._ball
        wide: Floats = self._cells.spread(slope).astype(np.float64)
        if ball.norm is Norm.L2:
            size = np.sqrt((wide**2).sum(axis=1, keepdims=True))
            return np.asarray(-ball.eps * wide / np.maximum(size, 1e-300))
        ends = np.where(wide > 0, flattened(ball.least[owners]), flattened(ball.most[owners]))
        room: Floats = ends - flattened(ball.real[owners])
        order = (-np.abs(wide)).argsort(axis=1, kind="stable")
        here = np.take_along_axis(room, order, axis=1)
        if ball.norm is Norm.L0:
            here[:, int(ball.eps) :] = 0.0
        else:  # l1: the budget goes to the steepest places, as far as the box lets each
            reach = np.abs(here)
            before = np.cumsum(reach, axis=1) - reach
            here = np.sign(here) * np.clip(ball.eps - before, 0, reach)
        moves = np.zeros_like(wide)
        np.put_along_axis(moves, order, here, axis=1)
        return moves

    def mixed(self, owners: Labels, keep: Mask, moves: Moves) -> Moves:
        """Return the best changes where `keep`, (m, cells), and the given ones elsewhere."""
        kept = self._cells.spread(keep).view(np.bool_)
        return np.where(kept, self._best[owners], moves.view(np.float64))

    def candidates(self, owners: Labels, moves: Moves) -> Candidates:
        """Return the inputs, so changed."""
        changed = moves.view(np.float64).reshape(len(owners), *self._shape)
        return np.asarray(self._ball.real[owners] + changed)

    def made(self, owners: Labels, moves: Moves, candidates: Candidates) -> Moves:  # noqa: ARG002
        """Return what the fitted candidates are changed by."""
        return flattened(candidates.astype(np.float64) - self._ball.real[owners])

    def features(self, owners: Labels, moves: Moves) -> Singles:
        """Return the mean change of each cell, in units of what it is at most or on average."""
        scaled = moves.view(np.float64) / self._unit[owners][:, None]
        return self._cells.means(scaled).astype(np.float32)


def _units(ball: Ball) -> Floats:
    """Return the size of a change of one place, (n,)."""
    n, size = len(ball.x), int(np.prod(ball.x.shape[1:]))
    if ball.norm is Norm.L0:
        room = flattened(ball.most - ball.least).max(axis=1, initial=0.0)
        return np.asarray(np.maximum(room, 1e-300), np.float64)
    return np.full(n, ball.eps / np.sqrt(size))
