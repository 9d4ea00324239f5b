"""Search by a linear picture of the model, learnt from every answer: for vectors, trees and images.

All that was asked is kept in a Bayesian regression of the margin on the change. The next candidate
is the best change of a picture drawn from what is believed so far (Thompson's rule), or the best
one found yet with some of its places replaced. Candidates are extreme, so trees, which only know
on which side of a threshold a value lies, are moved over all thresholds in reach at once; what
counts is learnt from the responses, not from the thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwarden.attacks.balls import Ball, Norm, flattened
from modelwarden.attacks.corners import ball_of
from modelwarden.attacks.doubt import Doubt
from modelwarden.attacks.engine import Mask, Problem, Proposal, Told
from modelwarden.attacks.margins import Margins
from modelwarden.attacks.streams import Streams
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

# Places that the regression knows; an image is cut into as many cells, a longer vector is cut too.
CELLS = 128
_NOISE = 0.2  # variance of an answer beyond the picture, as a share of all places' together
_LOCAL = 0.4
_FIRST = 8  # answers before the best one is worth changing


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Learn from every answer which way each place wants to go.

    Attributes:
        name: of the attack. access: what it needs.
        explore: how far pictures are drawn from the one that is believed most.

    Source: our own; Thompson 1933, "On the likelihood that one unknown probability exceeds
    another"; Russo and Van Roy 2014, "Learning to optimize via posterior sampling", for linear
    rewards.
    """

    name: str = "signs"
    access: Access = Access.SCORES
    explore: float = 0.5

    def search(self, problem: Problem, seed: int, queries: int) -> _Search:  # noqa: ARG002
        """Begin.

        Raises:
            InputError: the inputs are no arrays.
        """
        return _Search(self, ball_of(problem, self.name), problem, seed)


def cells_of(shape: tuple[int, ...], most: int = CELLS) -> Labels:
    """Return the cell of each number, (d,): squares in images, stretches in vectors.

    >>> cells_of((3,)).tolist()
    [0, 1, 2]
    >>> int(cells_of((1, 28, 28)).max())
    99
    """
    if len(shape) == 3 and int(np.prod(shape)) > most:
        channels, height, width = shape
        side = 1
        while channels * -(-height // side) * -(-width // side) > most and side < max(shape):
            side += 1
        across = -(-width // side)
        rows, columns = np.arange(height) // side, np.arange(width) // side
        plane = rows[:, None] * across + columns[None, :]
        each = int(plane.max()) + 1
        cells = np.arange(channels)[:, None, None] * each + plane
        return np.asarray(cells.ravel(), np.int64)
    size = int(np.prod(shape))
    return np.arange(size) // -(-size // most)


class _Search:
    """What is believed of each input, and the best change found."""

    def __init__(self, attack: Signs, ball: Ball, problem: Problem, seed: int) -> None:
        n = len(problem)
        self._attack, self._ball = attack, ball
        self._streams = Streams(seed, attack.name, problem.rows.tolist())
        self._margins = Margins.of(problem)
        self._cells = cells_of(ball.x.shape[1:])
        self._places = d = int(self._cells.max()) + 1
        self._sizes = np.bincount(self._cells, minlength=d).astype(np.float64)
        self._order = self._cells.argsort(kind="stable")
        self._starts = np.concatenate(([0], np.cumsum(self._sizes.astype(np.int64))[:-1]))
        self._unit = _units(ball)
        # One feature more for what all changes have in common: no model is linear.
        self._slope = np.zeros((n, d + 1))
        self._doubt = Doubt(n, d + 1, _NOISE * d)
        self._clean = self._margins.clean()
        self._best = np.full(n, np.inf)
        self._change = np.zeros((n, len(self._cells)))
        self._step = np.zeros(n, np.int64)
        self._missed = np.zeros(n)
        self._bored = np.zeros(n)

    def width(self, at: Labels) -> Labels:
        """One at first, more at once when an answer more changes less of what is believed."""
        return np.clip(self._step[at] // 16, 1, 24)

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return the best changes of pictures drawn from what is believed."""
        owners = np.repeat(at, widths)
        first = np.repeat(np.cumsum(widths) - widths, widths)
        steps = self._step[owners] + np.arange(len(owners)) - first
        drawn = self._drawn(owners, steps)
        change = self._extreme(owners, drawn)
        chance = self._streams.uniform(owners, steps, 2, salt=2)
        local = np.flatnonzero((chance[:, 0] < _LOCAL) & (steps > _FIRST))
        if len(local):
            change[local] = self._local(owners[local], steps[local], change[local], chance[local])
        self._step[at] += widths
        shape = (len(owners), *self._ball.x.shape[1:])
        candidates = self._ball.real[owners] + change.reshape(shape)
        return Proposal(at=owners, candidates=candidates)

    def _local(self, owners: Labels, steps: Labels, change: Floats, chance: Floats) -> Floats:
        """Return the best changes so far, with some of their places replaced."""
        # From one place to all of them, every order of magnitude as likely as any other.
        share = np.exp(-chance[:, 1] * np.log(self._places))
        keep = self._streams.uniform(owners, steps, self._places, salt=3) >= share[:, None]
        return np.where(keep[:, self._cells], self._change[owners], change)

    def _drawn(self, owners: Labels, steps: Labels) -> Floats:
        """Return slopes as they may be, (m, places)."""
        d = self._places
        spread = np.sqrt(self._doubt.variance[owners, :d])
        unit = np.sqrt(self._missed[owners] / np.maximum(steps, 1) / d + 1e-12)
        wide = self._attack.explore * 2.0 ** np.minimum(self._bored[owners], 8)
        normal = self._streams.normal(owners, steps, d)
        drawn: Floats = self._slope[owners, :d] + (wide * unit)[:, None] * spread * normal
        return drawn

    def _extreme(self, owners: Labels, slope: Floats) -> Floats:
        """Return the change that lowers a linear margin most, (m, d)."""
        ball = self._ball
        real = flattened(ball.real[owners])
        ends = np.where(
            slope[:, self._cells] > 0,
            flattened(ball.least[owners]),
            flattened(ball.most[owners]),
        )
        room: Floats = ends - real
        if ball.norm is Norm.LINF:
            return room
        wide: Floats = slope[:, self._cells]
        if ball.norm is Norm.L2:
            size = np.sqrt((wide**2).sum(axis=1, keepdims=True))
            return np.asarray(-ball.eps * wide / np.maximum(size, 1e-300))
        order = (-np.abs(wide)).argsort(axis=1, kind="stable")
        here = np.take_along_axis(room, order, axis=1)
        if ball.norm is Norm.L0:
            here[:, int(ball.eps) :] = 0.0
        else:  # l1: the budget goes to the steepest places, as far as the box lets each
            reach = np.abs(here)
            before = np.cumsum(reach, axis=1) - reach
            here = np.sign(here) * np.clip(ball.eps - before, 0, reach)
        change = np.zeros_like(wide)
        np.put_along_axis(change, order, here, axis=1)
        return change

    def learn(self, told: Told) -> None:
        """Take every answer into the picture; a repeat says that more must be dared."""
        seen = told.answered
        if told.scores is None or not seen.any():
            return
        at, scores = told.at[seen], told.scores[seen]
        margin = self._margins(at, scores)
        moved = flattened(told.candidates[seen].astype(np.float64) - self._ball.real[at])
        counts = np.bincount(at)
        many = counts[at]
        for count in np.unique(many).tolist():
            part = np.flatnonzero(many == count)
            # An input's answers stand side by side, in the order of its questions.
            self._take(at[part[::count]], moved[part], margin[part].reshape(-1, count))

    def _take(self, at: Labels, moved: Floats, margin: Floats) -> None:
        """Take in as many answers of each input, (m, count); `at` names none twice."""
        shape = (*margin.shape, -1)
        fresh = self._noted(at, moved.reshape(shape), margin)
        seen = np.ones((*margin.shape, self._places + 1), np.float32)
        seen[:, :, :-1] = self._features(np.repeat(at, shape[1]), moved).reshape(shape)
        slope = self._slope[at]
        missed = margin - self._clean[at][:, None] - (seen @ slope[:, :, None])[:, :, 0]
        if not fresh.all():
            seen[~fresh] = 0.0
            missed[~fresh] = 0.0
        step, wrong = self._doubt.update(at, seen, missed)
        self._slope[at] = slope + step
        self._missed[at] += wrong

    def _noted(self, at: Labels, moved: Floats, margin: Floats) -> Mask:
        """Keep what is best, and count its repeats; return which answers are none, (m, count)."""
        best = np.minimum.accumulate(np.column_stack((self._best[at], margin)), axis=1)
        better = margin < best[:, :-1]
        places = np.arange(margin.shape[1])
        holds = np.maximum.accumulate(np.where(better, places, -1), axis=1)
        fresh = np.ones(margin.shape, np.bool_)
        for i, j in np.argwhere(margin == best[:, :-1]).tolist():
            holder = int(holds[i, j])
            held = self._change[at[i]] if holder < 0 else moved[i, holder]
            fresh[i, j] = (moved[i, j] != held).any()
        bored = self._bored[at]
        for j in range(margin.shape[1]):
            bored = np.where(fresh[:, j], np.maximum(bored - 0.1, 0), bored + 1)
        self._bored[at] = bored
        last = holds[:, -1]
        won = np.flatnonzero(last >= 0)
        self._best[at[won]] = best[won, -1]
        self._change[at[won]] = moved[won, last[won]]
        return fresh

    def _features(self, at: Labels, moved: Floats) -> Floats:
        """Return the mean change of each cell, in units of what it is at most or on average."""
        scaled = moved / self._unit[at][:, None]
        if self._places == moved.shape[1]:
            return scaled
        total = np.add.reduceat(scaled[:, self._order], self._starts, axis=1)
        return np.asarray(total / self._sizes, np.float64)


def _units(ball: Ball) -> Floats:
    """Return the size of a change of one place, (n,)."""
    n, size = len(ball.x), int(np.prod(ball.x.shape[1:]))
    if ball.norm is Norm.LINF:
        return np.full(n, ball.eps)
    if ball.norm is Norm.L0:
        room = flattened(ball.most - ball.least).max(axis=1, initial=0.0)
        return np.asarray(np.maximum(room, 1e-300), np.float64)
    return np.full(n, ball.eps / np.sqrt(size))
