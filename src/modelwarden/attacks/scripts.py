"""Attacks that are told as a story for one input, and advance for many at once.

A script is a generator: it yields candidates of its input and is sent what came of them.

    def script(i):
        heard = yield candidates          # all of them asked, in as many rounds as the budget takes
        best = heard.candidates[heard.margin.argmin()]

Scripts of many inputs run side by side, and their candidates are merged. One that returns gives
its input up. What a script does depends on its own input alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

import numpy as np

from modelwarden.attacks.engine import Candidates, Mask, Problem, Proposal, Told
from modelwarden.attacks.margins import Margins
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Labels

# Of one input in one round.
_WIDEST = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """What came of the candidates of a script.

    Attributes:
        candidates: (m, …) as they were asked, fitted.
        margin: (m,) below 0 is what the attacker wants; +inf where nothing was answered. Of a
            target that gives labels only, −1 or 1.
        won: (m,) reached within the budget.
        reached: (m,) reached, within the budget or not.
    """

    candidates: Candidates
    margin: Floats
    won: Mask
    reached: Mask


Script: TypeAlias = Generator[Candidates, Heard, None]


# Generations without anything better, after which breeding ends.
_BORED = 12


def bred(
    children: Callable[[], Candidates], take: Callable[[Heard], bool], generations: int
) -> Script:
    """Ask generation after generation, until many in a row were no better.

    Args:
        children: makes the next one of what is known.
        take: takes in what came of it; true where that is better than what was known.
        generations: at most.
    """
    bored = 0
    for _ in range(generations):
        if bored >= _BORED:
            return
        bored = 0 if take((yield children())) else bored + 1


class Scripts:
    """Runs a script for each input."""

    def __init__(self, problem: Problem, begin: Callable[[int], Script]) -> None:
        """Begin no script yet; `begin` makes that of an input when it is first asked."""
        n = len(problem)
        self._problem, self._begin = problem, begin
        self._margins = Margins.of(problem)
        self._scripts: list[Script | None] = [None] * n
        self._due: list[Candidates | None] = [None] * n
        self._told: list[list[Heard]] = [[] for _ in range(n)]
        self._over = np.zeros(n, np.bool_)

    def width(self, at: Labels) -> Labels:
        """Return how many candidates of each wait to be asked, up to what one round takes."""
        return np.array([self._waiting(i) for i in at.tolist()], np.int64)

    def _waiting(self, i: int) -> int:
        if self._over[i]:
            return 0
        due = self._due[i]
        if due is None:
            if self._scripts[i] is None:
                self._scripts[i] = self._begin(i)
            due = self._next(i, None)
        return 0 if due is None else min(len(due), _WIDEST)

    def _next(self, i: int, heard: Heard | None) -> Candidates | None:
        """Return the next candidates of a script that are any; None when it is over."""
        script = self._scripts[i]
        try:
            while script is not None:
                due = next(script) if heard is None else script.send(heard)
                if len(due):
                    self._due[i] = due
                    return due
                heard = _nothing(due)
        except StopIteration:
            self._over[i] = True
            self._due[i] = None
        return None

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return what each script wants to ask next."""
        parts = []
        for i, width in zip(at.tolist(), widths.tolist(), strict=True):
            due = self._due[i]
            if due is not None:
                parts.append(due[:width])
                self._due[i] = due[width:]
        return Proposal(at=np.repeat(at, widths), candidates=np.concatenate(parts))

    def learn(self, told: Told) -> None:
        """Tell each script what came of its candidates, once all of them are answered."""
        heard = self._heard(told)
        starts = np.flatnonzero(np.diff(told.at, prepend=-1))
        ends = np.append(starts[1:], len(told.at))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            i, due = int(told.at[start]), self._due[int(told.at[start])]
            self._told[i].append(_part(heard, start, end))
            if due is not None and not len(due):
                whole, self._told[i] = _joined(self._told[i]), []
                self._next(i, whole)

    def _heard(self, told: Told) -> Heard:
        margin = np.full(len(told.at), np.inf)
        seen = told.answered
        reached = np.zeros(len(told.at), np.bool_)
        reached[seen] = self._problem.reached(told.at[seen], told.labels[seen])
        if told.scores is None:
            margin[seen] = np.where(reached[seen], -1.0, 1.0)
        elif seen.any():
            margin[seen] = self._margins(told.at[seen], told.scores[seen])
        return Heard(candidates=told.candidates, margin=margin, won=told.won, reached=reached)


def _nothing(due: Candidates) -> Heard:
    none = np.zeros(0, np.bool_)
    return Heard(candidates=due, margin=np.zeros(0), won=none, reached=none)


def _part(heard: Heard, start: int, end: int) -> Heard:
    return Heard(
        candidates=heard.candidates[start:end],
        margin=heard.margin[start:end],
        won=heard.won[start:end],
        reached=heard.reached[start:end],
    )


def _joined(parts: list[Heard]) -> Heard:
    if len(parts) == 1:
        return parts[0]
    return Heard(
        candidates=np.concatenate([part.candidates for part in parts]),
        margin=np.concatenate([part.margin for part in parts]),
        won=np.concatenate([part.won for part in parts]),
        reached=np.concatenate([part.reached for part in parts]),
    )
