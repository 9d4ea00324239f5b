"""A search in cells of a picture that goes on in its pixels, from the best that it found.

What is learnt of cells leads to good changes soon, and no further than cells reach: from some row
on, squares of single pixels and more are set in the best picture, as `square` does it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from modelwarden.attacks.problem import Candidates, Mask, Proposal, Search, Told
from modelwarden.attacks.square import SquareSearch
from modelwarden.targets.frames import Floats, Labels

_CELLS = 100  # rows of an input that go to cells


class Coarse(Search, Protocol):
    """A search in l∞ that says how far it came."""

    def steps(self, at: Labels) -> Labels:
        """Return how many candidates of each were made."""

    def found(self, at: Labels) -> tuple[Mask, Floats]:
        """Return (m, d) at which end each number of the best one is, and (m,) the margins."""


class Finer:
    """Two searches one after the other, each input by itself."""

    def __init__(self, first: Coarse, then: SquareSearch, n: int) -> None:
        """Begin `n` inputs with the first."""
        self._first, self._then = first, then
        self._over = np.zeros(n, np.bool_)

    def width(self, at: Labels) -> Labels:
        """Return what the search of each wants; who has had his rows of the first goes over."""
        steps = self._first.steps(at)
        due = at[(steps >= _CELLS) & ~self._over[at]]
        if len(due):
            self._then.go_on(due, *self._first.found(due), self._first.steps(due))
            self._over[due] = True
        later = self._over[at]
        widths = np.empty(len(at), np.int64)
        widths[~later] = self._first.width(at[~later])
        widths[later] = self._then.width(at[later])
        return widths

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return the next candidates of both."""
        later = self._over[at]
        made = [
            search.propose(at[mine], widths[mine])
            for search, mine in ((self._first, ~later), (self._then, later))
            if mine.any()
        ]
        if len(made) == 1:
            return made[0]
        candidates: Candidates = np.concatenate([one.candidates for one in made])
        return Proposal(at=np.concatenate([one.at for one in made]), candidates=candidates)

    def learn(self, told: Told) -> None:
        """Tell each search what came of its own candidates."""
        later = self._over[told.at]
        for search, mine in ((self._first, ~later), (self._then, later)):
            if mine.all():
                search.learn(told)
            elif mine.any():
                search.learn(told.part(np.flatnonzero(mine)))
