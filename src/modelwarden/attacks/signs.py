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
import numpy.typing as npt

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.corners import ball_of
from modelwarden.attacks.doubt import Doubt
from modelwarden.attacks.engine import Mask, Problem, Proposal, Told
from modelwarden.attacks.finer import Finer
from modelwarden.attacks.margins import Margins
from modelwarden.attacks.moves import Cells, Moves, moving
from modelwarden.attacks.problem import Search, begins
from modelwarden.attacks.square import Square
from modelwarden.attacks.streams import Singles, Streams, normal_of, uniform_of
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

# Places that the regression knows; an image is cut into as many cells, a longer vector is cut too.
CELLS = 128
_NOISE = 0.2  # variance of an answer beyond the picture, as a share of all places' together
_LOCAL = 0.4
_FIRST = 8  # answers before the best one is worth changing
_PICTURES = 4  # dimensions of a batch of them
_ALONE = 8  # answers for each that is asked beside one more; in other norms than l∞ twice as many


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Learn from every answer which way each place wants to go.

    In l∞, on pictures of more pixels than it knows places, squares of pixels follow (`finer`).

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

    def search(self, problem: Problem, seed: int, queries: int) -> Search:
        """Begin.

        Raises:
            InputError: the inputs are no arrays.
        """
        ball = ball_of(problem, self.name)
        search = _Search(self, ball, problem, seed)
        if ball.norm is not Norm.LINF or search.whole or ball.x.ndim != _PICTURES:
            return search
        squares = Square(name=self.name).search(problem, seed, queries)
        return Finer(search, squares, len(problem))


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
        n, cells = len(problem), cells_of(ball.x.shape[1:])
        self._attack = attack
        self._streams = Streams(seed, attack.name, problem.rows.tolist())
        self._margins = Margins.of(problem)
        self._moving, self._cells = moving(ball, cells), Cells(cells)
        self._alone = _ALONE if ball.norm is Norm.LINF else 2 * _ALONE
        self._places = d = self._cells.count
        # One feature more for what all changes have in common: no model is linear.
        self._slope = np.zeros((n, d + 1), np.float32)
        self._doubt = Doubt(n, d + 1, _NOISE * d)
        self._clean = self._margins.clean()
        self._best = np.full(n, np.inf)
        self._step = np.zeros(n, np.int64)
        self._missed = np.zeros(n)
        self._bored = np.zeros(n)
        self._tried = self._moving.best(np.empty(0, np.int64))
        self.whole = d == len(cells)

    def steps(self, at: Labels) -> Labels:
        """Return how many candidates of each were made."""
        return self._step[at]

    def found(self, at: Labels) -> tuple[Mask, Floats]:
        """Return (m, d) at which end each number of the best one is, and (m,) the margins."""
        sides = self._cells.spread(self._moving.best(at))
        return sides.view(np.bool_), self._best[at]

    def width(self, at: Labels) -> Labels:
        """One at first, more at once when an answer more changes less of what is believed."""
        return np.minimum(np.maximum(self._step[at] // self._alone, 1), 24)

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return the best changes of pictures drawn from what is believed."""
        owners = np.repeat(at, widths)
        first = np.repeat(np.cumsum(widths) - widths, widths)
        steps = self._step[owners] + np.arange(len(owners)) - first
        # For each place a number for its slope and one for keeping it, and two for all of them.
        d, quarter = self._places, -(-self._places // 4)
        words = self._streams.words(owners, steps, 2 * quarter + 2)
        shorts = words.view(np.uint16)
        drawn = self._drawn(owners, steps, normal_of(shorts[:, :d]))
        moves = self._moving.extreme(owners, drawn)
        chance = uniform_of(words[:, -2:])
        local = np.flatnonzero((chance[:, 0] < _LOCAL) & (steps > _FIRST))
        if len(local):
            keep = self._kept(shorts[local, 4 * quarter : 4 * quarter + d], chance[local, 1])
            moves[local] = self._moving.mixed(owners[local], keep, moves[local])
        self._step[at] += widths
        self._tried = moves
        return Proposal(at=owners, candidates=self._moving.candidates(owners, moves))

    def _kept(self, shorts: npt.NDArray[np.uint16], chance: Floats) -> Mask:
        """Return which places stay as they are in the best change so far, (m, places)."""
        # From one place to all of them, every order of magnitude as likely as any other.
        share = np.exp(-chance * np.log(self._places))
        return np.asarray(shorts >= (share * (1 << 16)).astype(np.uint32)[:, None])

    def _drawn(self, owners: Labels, steps: Labels, normal: Singles) -> Singles:
        """Return slopes as they may be, (m, places)."""
        d = self._places
        unit = np.sqrt(self._missed[owners] / np.maximum(steps, 1) / d + 1e-12)
        wide = self._attack.explore * 2.0 ** np.minimum(self._bored[owners], 8)
        normal *= self._doubt.spread(owners)[:, :d]
        normal *= (wide * unit).astype(np.float32)[:, None]
        normal += self._slope.take(owners, axis=0)[:, :d]
        return normal

    def learn(self, told: Told) -> None:
        """Take every answer into the picture; a repeat says that more must be dared."""
        seen = np.flatnonzero(told.answered)
        if told.scores is None or not len(seen):
            return
        at, scores, tried, asked = told.at, told.scores, self._tried, told.candidates
        if len(seen) < len(at):
            at, scores, tried, asked = at[seen], scores[seen], tried[seen], asked[seen]
        margin = self._margins(at, scores)
        made = self._moving.made(at, tried, asked)
        # An input's answers stand side by side, in the order of its questions.
        first = begins(at)
        counts = np.diff(first, append=len(at))
        for count in _values(counts):
            mine = np.flatnonzero(counts == count)
            if len(mine) == len(counts):
                shape = (len(mine), count, -1)
                self._take(at[first], made.reshape(shape), margin.reshape(shape[:2]))
                continue
            rows = first[mine, None] + np.arange(count)
            self._take(at[first[mine]], made[rows], margin[rows])

    def _take(self, at: Labels, made: Moves, margin: Floats) -> None:
        """Take in as many answers of each input, (m, count, …); `at` names none twice."""
        fresh = self._noted(at, made, margin)
        count = margin.shape[1]
        flat = made.reshape(-1, made.shape[2])
        seen = np.ones((*margin.shape, self._places + 1), np.float32)
        seen[:, :, :-1] = self._moving.features(np.repeat(at, count), flat).reshape(
            len(at), count, -1
        )
        slope = self._slope[at]
        with np.errstate(invalid="ignore"):  # some BLAS say so of the lanes beyond small matrices
            told = (seen @ slope[:, :, None])[:, :, 0]
        missed = margin - self._clean[at][:, None] - told
        if fresh is not None:
            seen[~fresh] = 0.0
            missed[~fresh] = 0.0
        step, wrong = self._doubt.update(at, seen, missed)
        slope += step
        self._slope[at] = slope
        self._missed[at] += wrong

    def _noted(self, at: Labels, made: Moves, margin: Floats) -> Mask | None:
        """Keep what is best, and count its repeats.

        Returns:
            (m, count) which answers are of something new; None where all are.
        """
        if margin.shape[1] == 1:
            before = self._best[at][:, None]
            best = np.minimum(before, margin)
            holds = (margin < before).astype(np.int64) - 1
        else:
            best = np.minimum.accumulate(np.column_stack((self._best[at], margin)), axis=1)
            before = best[:, :-1]
            holds = np.where(margin < before, np.arange(margin.shape[1]), -1)
            holds = np.maximum.accumulate(holds, axis=1)
        fresh = self._fresh(at, made, holds, np.argwhere(margin == before))
        bored = self._bored[at]
        if fresh is not None or bored.any():
            for j in range(margin.shape[1]):
                eased = np.maximum(bored - 0.1, 0)
                bored = eased if fresh is None else np.where(fresh[:, j], eased, bored + 1)
            self._bored[at] = bored
        last = holds[:, -1]
        won = np.flatnonzero(last >= 0)
        self._best[at[won]] = best[won, -1]
        self._moving.keep(at[won], made[won, last[won]])
        return fresh

    def _fresh(self, at: Labels, made: Moves, holds: Labels, equal: Labels) -> Mask | None:
        """Tell answers that equal the best from repeats of it; None where nothing is repeated."""
        if not len(equal):
            return None
        i, j = equal.T
        holder = holds[i, j]
        held = np.where((holder < 0)[:, None], self._moving.best(at[i]), made[i, holder])
        same = (made[i, j] == held).all(axis=1)
        if not same.any():
            return None
        fresh = np.ones(holds.shape, np.bool_)
        fresh[i[same], j[same]] = False
        return fresh


def _values(numbers: Labels) -> list[int]:
    """Return the different ones of small numbers, the least first."""
    return np.flatnonzero(np.bincount(numbers)).tolist()
