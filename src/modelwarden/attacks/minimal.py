"""After a win: how little would have been enough, and what carries it.

    minimal(target, problem, wins, won, left, shrink)  ─▶  Minimal

A script (`scripts`) starts from each win and asks for smaller ones; the judge confirms the last, as
it confirms every win. What an attack has already asked is part of the same budget.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TypeAlias

import numpy as np

from modelwarden.attacks.engine import (
    Candidates,
    Mask,
    Problem,
    Space,
    keys_of,
    run,
)
from modelwarden.attacks.scripts import Heard, Script, Scripts
from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.targets.access import LabelTarget
from modelwarden.targets.frames import Floats, Inputs, Labels
from modelwarden.targets.spec import Access

# Yields smaller candidates, is sent what came of them, returns the smallest win.
Shrinking: TypeAlias = Generator[Candidates, Heard, Candidates]
Shrink: TypeAlias = Callable[[Problem, int, Candidates], Shrinking]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Minimal:
    """The smallest wins.

    Attributes:
        candidates: (n, …) confirmed; as the attack left them where nothing smaller was.
        queries: (n,) rows asked for this.
        rows: in all. calls: in which.
    """

    candidates: Candidates
    queries: Labels
    rows: int
    calls: int


def minimal(
    target: LabelTarget,
    problem: Problem,
    wins: Candidates,
    won: Mask,
    left: Labels,
    shrink: Shrink,
    *,
    seed: int = 0,
) -> Minimal:
    """Return the smallest wins that are found within what is left of each input's budget.

    Args:
        target: as the attack saw it.
        problem: that was attacked.
        wins: (n, …) confirmed; anything where `won` is False.
        won: (n,).
        left: (n,) rows that may still be asked for each input.
        shrink: makes the candidates.
        seed: root of all chance.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    left = np.where(won, left, 0)
    if left.max(initial=0) < 2:
        none = np.zeros(len(problem), np.int64)
        return Minimal(candidates=wins, queries=none, rows=0, calls=0)
    last = _Last(problem.space)
    shrunk = Problem(
        space=last,
        y=problem.y,
        rows=problem.rows,
        classes=problem.classes,
        goal=problem.goal,
        clean=problem.clean,
        apart=problem.apart,
    )
    attack = _Shrinking(problem, wins, shrink, last, left)
    found = run(attack, target, shrunk, seed=seed, queries=int(left.max()))
    better = found.success
    candidates = wins.copy()
    candidates[better] = found.candidates[better]
    return Minimal(candidates=candidates, queries=found.queries, rows=found.rows, calls=found.calls)


class _Last:
    """A space in which only the last candidate of each script counts as a win."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.chosen: dict[int, object] = {}

    @property
    def origin(self) -> Candidates:
        return self.space.origin

    def take(self, at: Labels) -> Space:
        raise NotImplementedError  # what is made smaller is never cut into parts

    def fit(
        self, at: Labels, candidates: Candidates, *, free: bool = False
    ) -> tuple[Candidates, Mask]:
        return self.space.fit(at, candidates, free=free)

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        keys = keys_of(candidates)
        last = [self.chosen.get(i) == key for i, key in zip(at.tolist(), keys, strict=True)]
        return self.space.inside(at, candidates) & np.array(last, np.bool_)

    def cost(self, at: Labels, candidates: Candidates) -> Floats:
        return self.space.cost(at, candidates)

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:
        return self.space.inputs(at, candidates)

    def conditions(self) -> Mapping[str, Json]:
        return self.space.conditions()


class _Shrinking:
    """The attack that makes wins smaller."""

    name = "minimal"
    access = Access.LABELS

    def __init__(
        self, problem: Problem, wins: Candidates, shrink: Shrink, last: _Last, left: Labels
    ) -> None:
        self.problem, self.wins, self.shrink = problem, wins, shrink
        self.last, self.left = last, left

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:  # noqa: ARG002 -- none
        return Scripts(problem, self._script)

    def _script(self, i: int) -> Script:
        if self.left[i] < 2:
            return
        start = self.wins[i]
        story = self.shrink(self.problem, i, start)
        # One row is the judge's, one may be the last question.
        rows = int(self.left[i]) - 2
        heard: Heard | None = None
        best = start
        while rows > 0:
            try:
                due = next(story) if heard is None else story.send(heard)
            except StopIteration as end:
                best = end.value
                break
            due = due[:rows]
            rows -= len(due)
            asked = yield due
            inside = self.problem.space.inside(np.full(len(due), i), asked.candidates)
            heard = Heard(
                candidates=asked.candidates,
                margin=asked.margin,
                won=asked.reached & inside,
                reached=asked.reached,
            )
            best = self._smaller(i, best, heard)
        one = _single(best)
        if keys_of(one) == keys_of(_single(start)):
            return
        self.last.chosen[i] = keys_of(one)[0]
        yield one

    def _smaller(self, i: int, best: Candidates, heard: Heard) -> Candidates:
        """Return the cheapest win so far, for a budget that ends before the story does."""
        if not heard.won.any():
            return best
        wins = heard.candidates[heard.won]
        at = np.full(len(wins) + 1, i)
        both = np.concatenate((_single(best), wins))
        smallest: Candidates = both[int(self.problem.space.cost(at, both).argmin())]
        return smallest


def _single(candidate: Candidates) -> Candidates:
    """Return one candidate as a batch; texts are single objects."""
    if isinstance(candidate, str):
        out = np.empty(1, object)
        out[0] = candidate
        return out
    one: Candidates = np.asarray(candidate)[None]
    return one
