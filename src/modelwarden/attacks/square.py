"""Square: squares of the picture go to the ends of what is allowed, and stay where that helps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.corners import ball_of
from modelwarden.attacks.engine import Mask, Problem, Proposal, Told
from modelwarden.attacks.margins import Margins
from modelwarden.attacks.problem import begins
from modelwarden.attacks.streams import Streams
from modelwarden.core import InputError
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

# Rows asked for each that is asked beside one more. What is asked beside others does not know what
# these found: on pictures that costs wins, while sets of places hardly help or hinder one another.
_FLAT, _PICTURE = 8, 128
# Of 10,000 queries: from here on the share of the picture that is changed is halved.
_HALVED = np.array([10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]) / 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """Square attack in l∞, on images (C, H, W) and on vectors.

    It begins with stripes. Each candidate sets one square, at a random place, to an end in each
    channel; the best so far is kept. In a vector a "square" is a random set of places.

    Attributes:
        name: of the attack. access: what it needs.
        share: of the picture that the first squares cover.

    Source: Andriushchenko, Croce, Flammarion and Hein 2020, "Square Attack", algorithms 1 and 2,
    schedule of section 5.
    """

    name: str = "square"
    access: Access = Access.SCORES
    share: float = 0.8

    def search(self, problem: Problem, seed: int, queries: int) -> SquareSearch:
        """Begin.

        Raises:
            InputError: the inputs are no arrays, or the norm is not l∞.
        """
        ball = ball_of(problem, self.name)
        if ball.norm is not Norm.LINF:
            raise InputError("the attack square works in linf", hint="Take signs for other norms.")
        return SquareSearch(self, ball, problem, seed, queries)


class SquareSearch:
    """The best picture of each input: at each place the end that it is at, the upper or not."""

    def __init__(
        self, attack: Square, ball: Ball, problem: Problem, seed: int, queries: int
    ) -> None:
        n, shape = len(problem), ball.x.shape[1:]
        self._attack, self._ball, self._queries = attack, ball, queries
        self._shape = shape if len(shape) == 3 else (1, 1, int(np.prod(shape)))
        self._streams = Streams(seed, attack.name, problem.rows.tolist())
        self._margins = Margins.of(problem)
        self._ups: Mask = np.zeros((n, *self._shape), np.bool_)
        self._tried = self._ups[:0]
        self._best = np.full(n, np.inf)
        self._step = np.zeros(n, np.int64)
        self._helped = np.zeros(n, np.int64)
        self._bored = np.zeros(n, np.int64)

    def go_on(self, at: Labels, ups: Mask, margins: Floats, steps: Labels) -> None:
        """Go on from pictures that something else found, as if these steps had been ours."""
        self._ups[at] = ups.reshape(len(at), *self._shape)
        self._best[at], self._step[at] = margins, steps

    def width(self, at: Labels) -> Labels:
        """More at once later, and the rarer it is that one helps: little is asked in vain then.

        One by one to the end, the last inputs would have a call almost to themselves.
        """
        rare = self._step[at] / (6.0 * (self._helped[at] + 2))
        late = self._step[at] // (_FLAT if self._shape[1] == 1 else _PICTURE)
        return np.minimum(np.maximum(np.maximum(rare, late).astype(np.int64), 1), 16)

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return the best pictures with one square changed in each."""
        owners = np.repeat(at, widths)
        first = np.repeat(np.cumsum(widths) - widths, widths)
        steps = self._step[owners] + np.arange(len(owners)) - first
        ups = self._squares(owners, steps)
        begun = np.flatnonzero(steps == 0)
        if len(begun):
            ups[begun] = self._stripes(owners[begun])
        self._tried = ups
        self._step[at] += widths
        shown = ups.reshape(len(owners), *self._ball.x.shape[1:])
        return Proposal(at=owners, candidates=self._ball.corners(owners, shown))

    def _stripes(self, owners: Labels) -> Mask:
        channels, _, width = self._shape
        ups = self._streams.coins(owners, 0, channels * width)
        return ups.reshape(len(owners), channels, 1, width)

    def _squares(self, owners: Labels, steps: Labels) -> Mask:
        """Return the best pictures, each with a window set to one end a channel.

        A window that would change nothing is turned over.
        """
        ends = self._streams.coins(owners, steps, self._shape[0], salt=2)[:, :, None, None]
        halved = np.searchsorted(_HALVED, steps / self._queries, side="right")
        share: Floats = self._attack.share / np.exp2(halved.astype(np.float64))
        flat = self._shape[1] == 1
        window = (self._sets if flat else self._windows)(owners, steps, share)
        now = self._ups.take(owners, axis=0)
        turned: Mask = (now ^ ends) & window
        same = np.flatnonzero(~turned.reshape(len(owners), -1).any(axis=1))
        if len(same):
            turned[same] = window[same]
        turned ^= now
        return turned

    def _windows(self, owners: Labels, steps: Labels, share: Floats) -> Mask:
        """Return random squares of a picture, (m, 1, h, w)."""
        _, height, width = self._shape
        chance = self._streams.uniform(owners, steps, 2, salt=1)
        side = np.clip(np.rint(np.sqrt(share * height * width)), 1, min(height, width) - 1)
        top = (chance[:, 0] * (height - side + 1)).astype(np.int64)
        left = (chance[:, 1] * (width - side + 1)).astype(np.int64)
        rows = np.arange(height) - top[:, None]
        columns = np.arange(width) - left[:, None]
        tall = (rows >= 0) & (rows < side[:, None])
        broad = (columns >= 0) & (columns < side[:, None])
        return np.asarray((tall[:, :, None] & broad[:, None, :])[:, None])

    def _sets(self, owners: Labels, steps: Labels, share: Floats) -> Mask:
        """Return random sets of places of a vector, (m, 1, 1, d)."""
        size = self._shape[2]
        chance = self._streams.shorts(owners, steps, size, salt=3)
        # Where all single places are known, only more of them at once are worth a question.
        count = np.maximum(1, np.rint(share * size / 2)) + self._bored[owners] // 8
        # As many on average; the one that is nearest to being chosen always is.
        edge = np.minimum(count / size * (1 << 16), (1 << 16) - 1).astype(np.uint16)
        np.maximum(edge, chance.min(axis=1), out=edge)
        chosen = chance <= edge[:, None]
        return np.asarray(chosen[:, None, None, :])

    def learn(self, told: Told) -> None:
        """Keep the best picture of each input."""
        if told.scores is None:
            return
        margin = self._margins(told.at, told.scores)
        margin[~told.answered] = np.inf
        place = least_of(told.at, margin)
        owners, least = told.at[place], margin[place]
        better = least < self._best[owners]
        at, place = owners[better], place[better]
        if told.known.any():
            np.add.at(self._bored, told.at[told.known], 1)
        self._bored[at] = 0
        self._best[at] = least[better]
        self._ups[at] = self._tried[place]
        self._helped[at] += 1


def least_of(owners: Labels, values: Floats) -> Labels:
    """Return where the least value of each owner stands, the first of equal ones.

    >>> least_of(np.array([4, 4, 4, 2]), np.array([3.0, 1.0, 1.0, 5.0])).tolist()
    [1, 3]
    """
    first = begins(owners)
    if len(first) == len(owners):
        return first
    least = np.minimum.reduceat(values, first)
    each = np.repeat(least, np.diff(first, append=len(owners)))
    places = np.flatnonzero(values == each)
    return np.asarray(places[begins(owners[places])], np.int64)
