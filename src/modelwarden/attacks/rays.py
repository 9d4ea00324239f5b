"""By decisions alone, in l∞: which corner of a ball is beyond the boundary, of ever smaller balls.

Each input keeps the corner that was beyond at the least reach. Others are asked a little nearer,
and every decision, either way, is taken into a linear picture of what each place wants. A corner
moves over all thresholds within its reach, so this finds its way in trees, where the decisions
around one point of the boundary say nothing.
"""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.balls import Ball, flattened
from modelwarden.attacks.doubt import Doubt
from modelwarden.attacks.moves import Cells
from modelwarden.attacks.problem import Mask, Problem, Proposal, Told, begins
from modelwarden.attacks.signs import cells_of
from modelwarden.attacks.streams import Singles, Streams
from modelwarden.targets.frames import Floats, Labels

_NOISE = 0.01  # variance of a decision beyond the picture, as a share of all places' together
_EXPLORE = 1.5  # how far pictures are drawn from the one that is believed most
_LOCAL = 0.8  # of the corners, those that share some places with the best one
_FIRST = 8  # corners within eps, and answers before the best one is worth changing
# Of the reach after two corners that were none, until one is beyond; how often at most.
_GROWTH, _GROWN = 1.4, 100
# Of the way from eps to the least reach: where to ask first, then after a hit and after a miss.
_SHARE, _BOLDER, _MEEKER, _LEAST_BOLD = 0.7, 0.85, 1 / 0.97, 0.98
_NEARLY = 1.02  # of eps: as good as eps
_TOGETHER, _ALONE, _MOST = 4, 16, 8  # corners at once: before any is beyond, then one in so many


class RaySearch:
    """What each place of each input wants, its best corner, and how far that reaches.

    Source: Chen and Gu 2020, "RayS: a ray searching method for hard-label adversarial attack", for
    corners of ever less reach; what is learnt from each decision is as in `signs`.
    """

    def __init__(self, ball: Ball, streams: Streams, problem: Problem) -> None:
        """Begin with no corner."""
        n = len(problem)
        self._ball, self._problem, self._streams = ball, problem, streams
        self._cells = Cells(cells_of(ball.x.shape[1:]))
        self._places = d = self._cells.count
        self._real = flattened(ball.real)
        self._low, self._high = ends_of_box(ball)
        self._far = np.maximum(self._high - self._real, self._real - self._low).max(axis=1)
        # One feature more for what all changes have in common.
        self._slope = np.zeros((n, d + 1), np.float32)
        self._doubt = Doubt(n, d + 1, _NOISE * d)
        self._missed = np.zeros(n)
        self._best = np.zeros((n, d), np.bool_)
        self._reach, self._share = np.full(n, np.inf), np.full(n, _SHARE)
        self._step = np.zeros(n, np.int64)
        self._tried: tuple[Mask, Floats] = (np.zeros((0, d), np.bool_), np.zeros(0))

    def width(self, at: Labels) -> Labels:
        """Few at once; more when an answer more changes less of what is believed."""
        later = np.clip(self._step[at] // _ALONE, 1, _MOST)
        return np.where(np.isinf(self._reach[at]), _TOGETHER, later)

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return corners of what pictures want, each at the reach at which it is to be asked."""
        owners = np.repeat(at, widths)
        first = np.repeat(np.cumsum(widths) - widths, widths)
        steps = self._step[owners] + np.arange(len(owners)) - first
        ups = self._drawn(owners, steps) > 0
        held = self._held(owners, steps)
        ups = np.where(held, self._best[owners], ups)
        reach = self._reaches(owners, steps)
        self._tried = ups, reach
        self._step[at] += widths
        points = self._corners(owners, ups, reach)
        shape = (len(owners), *self._ball.x.shape[1:])
        return Proposal(at=owners, candidates=points.reshape(shape), free=True)

    def _drawn(self, owners: Labels, steps: Labels) -> Singles:
        """Return what places may want, (m, places)."""
        d = self._places
        normal = self._streams.normal(owners, steps, d)
        unit = _EXPLORE * np.sqrt(self._missed[owners] / np.maximum(steps, 1) / d + 1e-12)
        normal *= self._doubt.spread(owners)[:, :d]
        normal *= unit.astype(np.float32)[:, None]
        normal += self._slope[owners, :d]
        return normal

    def _held(self, owners: Labels, steps: Labels) -> Mask:
        """Return which places stay as they are in the best corner, (m, places)."""
        d = self._places
        chance = self._streams.uniform(owners, steps, d + 2, salt=1)
        begun = ~np.isinf(self._reach[owners]) & (steps > _FIRST)
        local = begun & (chance[:, d] < _LOCAL)
        # From one place to all of them, every order of magnitude as likely as any other.
        share = np.exp(-chance[:, d + 1] * np.log(d))
        return np.asarray((chance[:, :d] >= share[:, None]) & local[:, None])

    def _reaches(self, owners: Labels, steps: Labels) -> Floats:
        """Return how far each corner is to reach, at least eps."""
        eps, least = self._ball.eps, self._reach[owners]
        grown = eps * _GROWTH ** (np.clip(steps - _FIRST + 1, 0, 2 * _GROWN) // 2)
        nearer = eps + (np.where(np.isinf(least), eps, least) - eps) * self._share[owners]
        reach = np.where(np.isinf(least), np.minimum(grown, self._far[owners]), nearer)
        return np.where(reach < eps * _NEARLY, eps, reach)

    def _corners(self, owners: Labels, ups: Mask, reach: Floats) -> Floats:
        """Return the corners, (m, d); at eps they are those of the ball."""
        ball, real = self._ball, self._real[owners]
        within = (reach <= ball.eps)[:, None]
        away = reach[:, None]
        low = np.maximum(real - away, self._low[owners])
        high = np.minimum(real + away, self._high[owners])
        low = np.where(within, flattened(ball.least[owners]), low)
        high = np.where(within, flattened(ball.most[owners]), high)
        return np.where(self._cells.spread(ups), high, low)

    def learn(self, told: Told) -> None:
        """Take every decision into the picture; keep the corners that reach less far."""
        hit = told.answered & self._problem.reached(told.at, told.labels)
        reach = self._tried[1]
        moved = flattened(told.candidates.astype(np.float64)) - self._real[told.at]
        seen = np.ones((len(reach), self._places + 1), np.float32)
        seen[:, :-1] = self._cells.means(moved / reach[:, None])
        news = told.answered & ~told.known
        seen[~news] = 0.0
        first = begins(told.at)
        counts = np.diff(first, append=len(told.at))
        for count in np.unique(counts).tolist():
            rows = first[counts == count, None] + np.arange(count)
            at = told.at[rows[:, 0]]
            self._believe(at, seen[rows], np.where(hit[rows], 1.0, -1.0), news[rows])
            for j in range(count):
                self._move(at, rows[:, j], hit)

    def _believe(self, at: Labels, seen: Singles, votes: Floats, news: Mask) -> None:
        """Take in as many decisions of each input, (m, count, …)."""
        slope = self._slope[at]
        missed = votes - (seen @ slope[:, :, None])[:, :, 0]
        step, wrong = self._doubt.update(at, seen, np.where(news, missed, 0.0))
        self._slope[at] = slope + step
        self._missed[at] += wrong

    def _move(self, at: Labels, rows: Labels, hit: Mask) -> None:
        """Keep one corner of each input where it is the best, and ask more boldly after a hit."""
        ups, reach = self._tried[0][rows], self._tried[1][rows]
        won = hit[rows]
        begun = ~np.isinf(self._reach[at])
        better = won & (reach < self._reach[at])
        self._best[at[better]], self._reach[at[better]] = ups[better], reach[better]
        share = self._share[at]
        eased = np.where(won, share * _BOLDER, np.minimum(share * _MEEKER, _LEAST_BOLD))
        self._share[at] = np.where(begun, eased, share)


def ends_of_box(ball: Ball) -> tuple[Floats, Floats]:
    """Return (n, d) the least and the most that each number may be, whatever eps is."""
    every = np.arange(len(ball.x))
    low = ball.fit(every, np.full_like(ball.real, -np.inf), free=True)[0]
    high = ball.fit(every, np.full_like(ball.real, np.inf), free=True)[0]
    return flattened(low.astype(np.float64)), flattened(high.astype(np.float64))
