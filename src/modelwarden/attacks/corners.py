"""The floor: random corners of what is allowed, without any feedback."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwarden.attacks.balls import Ball, Norm, flattened
from modelwarden.attacks.engine import Candidates, Problem, Proposal, Told
from modelwarden.attacks.streams import Streams
from modelwarden.core import InputError
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

_WIDEST = 16
_NEVER_TWICE = 48  # numbers that can move: of 500 random corners two are alike once in 2 · 10⁹


@dataclass(frozen=True, slots=True, kw_only=True)
class Corners:
    """Try random corners of the ball until the label changes.

    In l∞ every number goes to one of its ends. In l2 and l1 the change is shared by a random
    number of random places, in l0 as many as are allowed go to an end of the box.

    Attributes:
        name: of the attack.
        access: what it needs.

    Source: our own baseline; any published attack should beat it.
    """

    name: str = "corners"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Corner:  # noqa: ARG002 -- budget
        """Begin.

        Raises:
            InputError: the inputs are no arrays.
        """
        return Corner(ball_of(problem, self.name), Streams(seed, self.name, problem.rows.tolist()))


def ball_of(problem: Problem, name: str) -> Ball:
    """Return the space of a problem whose inputs are arrays.

    Raises:
        InputError: they are something else.
    """
    if not isinstance(problem.space, Ball):
        raise InputError(f"the attack {name} needs images or vectors within a norm")
    return problem.space


class Corner:
    """How many corners of each input were tried."""

    def __init__(self, ball: Ball, streams: Streams) -> None:
        self._ball, self._streams = ball, streams
        self._tried = np.zeros(len(ball.x), np.int64)
        free = flattened(ball.least != ball.most).sum(axis=1)
        self._new = ball.norm is Norm.LINF and bool((free >= _NEVER_TWICE).all())

    def width(self, at: Labels) -> Labels:
        """One by one at first, more at once later: nothing is learnt from an answer."""
        return np.minimum(np.maximum(self._tried[at] // 2, 1), _WIDEST)

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return the next corners."""
        owners = np.repeat(at, widths)
        first = np.repeat(np.cumsum(widths) - widths, widths)
        numbers = self._tried[owners] + np.arange(len(owners)) - first
        self._tried[at] += widths
        candidates = self._corners(owners, numbers)
        return Proposal(at=owners, candidates=candidates, new=self._new)

    def learn(self, told: Told) -> None:
        """Learn nothing: that is the point of a floor."""

    def _corners(self, owners: Labels, numbers: Labels) -> Candidates:
        ball = self._ball
        size = int(np.prod(ball.x.shape[1:]))
        shape = (len(owners), *ball.x.shape[1:])
        ups = self._streams.coins(owners, numbers, size).reshape(shape)
        if ball.norm is Norm.LINF:
            return ball.corners(owners, ups)
        ends = np.where(ups, ball.most[owners], ball.least[owners])
        shares = self._streams.uniform(owners, numbers, 1, salt=1)
        places = self._streams.uniform(owners, numbers, size, salt=2)
        if ball.norm is Norm.L0:
            chosen = places.argsort(axis=1).argsort(axis=1) < ball.eps
            return np.where(chosen.reshape(shape), ends, ball.real[owners])
        # From one place to all of them, every order of magnitude as likely as any other.
        count = np.exp(shares * np.log(size + 0.999)).astype(np.int64)
        chosen = (places.argsort(axis=1).argsort(axis=1) < count).reshape(shape)
        each = (ball.eps / (count if ball.norm is Norm.L1 else np.sqrt(count))).reshape(
            (-1, *(1,) * (len(shape) - 1))
        )
        moved: Floats = np.where(chosen, np.where(ups, each, -each), 0.0)
        return ball.real[owners] + moved
