"""Along the boundary, by decisions alone: where labels change, and which way leads closer.

Each input keeps a point on the far side of the boundary. It is drawn towards the input by halves,
the direction of the boundary there is estimated from the labels of points scattered around it, a
step is made along it, and so on. All inputs do so side by side, whatever each is doing. In l∞,
where a corner says more than a point of the boundary does, `rays` searches instead.
"""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.balls import Ball, Norm, flattened
from modelwarden.attacks.corners import ball_of
from modelwarden.attacks.engine import Mask, Problem, Proposal, Search, Told
from modelwarden.attacks.rays import RaySearch, ends_of_box
from modelwarden.attacks.signs import cells_of
from modelwarden.attacks.streams import Streams
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

_START, _HALVE, _SCATTER, _STEP = range(4)
_CLOSE = 16  # first points that are not drawn from the whole box
_HALVES = 6
_FEWEST, _MOST = 24, 96
_CELLS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """HopSkipJump in l2 and l1, with directions made of cells that stay together; rays in l∞.

    Attributes:
        name: of the attack. access: what it needs.

    Source: Chen, Jordan and Wainwright 2020, "HopSkipJumpAttack", algorithms 1 and 2; directions
    in fewer dimensions as in Li et al. 2020, "QEBA: Query-efficient boundary-based blackbox
    attack"; what is done in l∞ stands in `rays`.
    """

    name: str = "boundary"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Search:  # noqa: ARG002
        """Begin.

        Raises:
            InputError: the inputs are no arrays.
        """
        ball = ball_of(problem, self.name)
        streams = Streams(seed, self.name, problem.rows.tolist())
        if ball.norm is Norm.LINF:
            return RaySearch(ball, streams, problem)
        return _Search(ball, streams, problem)


class _Search:
    """What each input is doing, and its point beyond the boundary."""

    def __init__(self, ball: Ball, streams: Streams, problem: Problem) -> None:
        n, size = len(problem), int(np.prod(ball.x.shape[1:]))
        self._ball, self._problem, self._size = ball, problem, size
        self._streams = streams
        self._cells = cells_of(ball.x.shape[1:], _CELLS)
        self._real = flattened(ball.real)
        self._low, self._high = ends_of_box(ball)
        self._doing = np.full(n, _START)
        self._beyond = self._real.copy()
        self._near, self._far = np.zeros(n), np.ones(n)
        self._halves = np.zeros(n, np.int64)
        self._turn, self._asked = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._way = np.zeros((n, size))
        self._stride = np.zeros(n)
        self._tried: Floats = np.zeros((0, size))

    def width(self, at: Labels) -> Labels:
        """Scatter many at once; all else is one by one, and as cheap as that."""
        doing = self._doing[at]
        many = np.clip(_FEWEST * np.sqrt(self._turn[at] + 1), _FEWEST, _MOST).astype(np.int64)
        start = np.where(self._asked[at] < _CLOSE, 4, 8)
        return np.select([doing == _SCATTER, doing == _START], [many, start], 1)

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return the next points, within the box but not within eps."""
        owners = np.repeat(at, widths)
        nth = np.arange(len(owners)) - np.repeat(np.cumsum(widths) - widths, widths)
        numbers = self._asked[owners] + nth
        doing = self._doing[owners]
        points = np.empty((len(owners), self._size))
        for kind, made in (
            (_START, self._starts),
            (_HALVE, self._middles),
            (_SCATTER, self._scattered),
            (_STEP, self._ahead),
        ):
            mine = doing == kind
            if mine.any():
                points[mine] = made(owners[mine], numbers[mine])
        self._asked[at] += widths
        self._tried = points
        shape = (len(owners), *self._ball.x.shape[1:])
        return Proposal(at=owners, candidates=points.reshape(shape), free=True)

    def _starts(self, o: Labels, numbers: Labels) -> Floats:
        """Return blends with noise over all of the box, ever more of it."""
        noise = self._streams.uniform(o, numbers, self._size, salt=1)
        wild = self._low[o] + noise * (self._high[o] - self._low[o])
        share = np.minimum(1.0, 0.25 + (numbers - _CLOSE) / 64)[:, None]
        return np.asarray(self._real[o] + share * (wild - self._real[o]), np.float64)

    def _middles(self, o: Labels, _: Labels) -> Floats:
        return self._between(o, (self._near[o] + self._far[o]) / 2)

    def _between(self, o: Labels, share: Floats) -> Floats:
        """Return the points a share of the way from the inputs to their points beyond."""
        moved = self._beyond[o] - self._real[o]
        return np.asarray(self._real[o] + share[:, None] * moved, np.float64)

    def _noise(self, o: Labels, numbers: Labels) -> Floats:
        count = int(self._cells.max()) + 1
        normal = self._streams.normal(o, numbers, count, salt=3)[:, self._cells]
        size = np.sqrt((normal**2).sum(axis=1, keepdims=True))
        return np.asarray(normal / np.maximum(size, 1e-300), np.float64)

    def _scattered(self, o: Labels, numbers: Labels) -> Floats:
        """Return points around the one beyond, a small part of its distance away."""
        moved = np.sqrt(((self._beyond[o] - self._real[o]) ** 2).sum(axis=1, keepdims=True))
        return np.asarray(self._beyond[o] + 0.15 * moved * self._noise(o, numbers), np.float64)

    def _ahead(self, o: Labels, _: Labels) -> Floats:
        points = self._beyond[o] + self._stride[o][:, None] * self._way[o]
        return np.asarray(np.clip(points, self._low[o], self._high[o]), np.float64)

    def learn(self, told: Told) -> None:
        """Go on from what the labels say."""
        hit = told.answered & self._problem.reached(told.at, told.labels)
        points = flattened(told.candidates.astype(np.float64))
        owners, first = np.unique(told.at, return_index=True)
        doing = self._doing[owners]
        self._learn_starts(owners[doing == _START], told.at, points, hit)
        single = first[doing == _HALVE]
        self._learn_halves(told.at[single], points[single], hit[single])
        self._learn_scatter(owners[doing == _SCATTER], told, hit)
        single = first[doing == _STEP]
        self._learn_step(told.at[single], points[single], hit[single])

    def _learn_starts(self, o: Labels, at: Labels, points: Floats, hit: Mask) -> None:
        """Take the point of each input that reaches over the boundary at the least distance."""
        mine = np.flatnonzero(hit & np.isin(at, o))
        if not len(mine):
            return
        shape = (len(mine), *self._ball.x.shape[1:])
        size = self._ball.cost(at[mine], points[mine].reshape(shape))
        order = mine[np.lexsort((size, at[mine]))]
        found, place = np.unique(at[order], return_index=True)
        self._set(found, points[order[place]])

    def _set(self, o: Labels, points: Floats) -> None:
        """Keep points beyond the boundary, to be drawn towards their inputs."""
        self._beyond[o] = points
        self._doing[o] = _HALVE
        self._near[o], self._far[o], self._halves[o] = 0.0, 1.0, 0

    def _learn_halves(self, o: Labels, points: Floats, hit: Mask) -> None:
        middle = (self._near[o] + self._far[o]) / 2
        self._far[o] = np.where(hit, middle, self._far[o])
        self._near[o] = np.where(hit, self._near[o], middle)
        self._halves[o] += 1
        done = o[self._halves[o] >= _HALVES]
        if len(done):
            self._beyond[done] = self._between(done, self._far[done])
            self._doing[done] = _SCATTER
        del points

    def _learn_scatter(self, o: Labels, told: Told, hit: Mask) -> None:
        """Estimate which way leads away from the true class: the mean of what did, less the rest.

        The mean label is taken off first, which keeps the estimate good where the point does not
        lie on the boundary.
        """
        if not len(o):
            return
        mine = np.flatnonzero(np.isin(told.at, o) & told.answered)
        at = told.at[mine]
        vote = hit[mine] * 2.0 - 1.0
        count = np.maximum(np.bincount(at, minlength=len(self._doing)), 1)
        mean = np.bincount(at, vote, minlength=len(self._doing)) / count
        level = np.where(np.abs(mean[at]) == 1, 0.0, mean[at])
        moved = flattened(told.candidates[mine].astype(np.float64)) - self._beyond[at]
        total = np.zeros((len(self._doing), self._size))
        np.add.at(total, at, (vote - level)[:, None] * moved)
        way = total[o]
        size = np.sqrt((way**2).sum(axis=1, keepdims=True))
        self._way[o] = way / np.maximum(size, 1e-300)
        far = np.sqrt(((self._beyond[o] - self._real[o]) ** 2).sum(axis=1))
        self._turn[o] += 1
        self._stride[o] = far / np.sqrt(self._turn[o])
        self._doing[o] = _STEP

    def _learn_step(self, o: Labels, points: Floats, hit: Mask) -> None:
        """Go on from a step that stayed beyond; halve one that did not, and give up small ones."""
        self._set(o[hit], points[hit])
        lost = o[~hit]
        self._stride[lost] /= 2
        far = np.sqrt(((self._beyond[lost] - self._real[lost]) ** 2).sum(axis=1))
        small = self._stride[lost] < 0.02 * far
        self._doing[lost[small]] = _SCATTER
