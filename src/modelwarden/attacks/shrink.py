"""How small a change would have done: wins are drawn towards their inputs, by halves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwarden.attacks.engine import Candidates, Mask, Problem
from modelwarden.targets.access import LabelTarget
from modelwarden.targets.frames import Floats, Labels

_ROUNDS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shrunk:
    """The smallest changes that were found.

    Attributes:
        sizes: (n,) in the unit of the budget; infinite where there is no win.
        rows: (n,) that were asked for it.
        candidates: (n, …) the smallest wins, confirmed; None where only their size is known.
        reached: (n, …) the changes of these sizes, each asked once; None where they are confirmed.
    """

    sizes: Floats
    rows: Labels
    candidates: Candidates | None = None
    reached: Candidates | None = None


def shrink(
    target: LabelTarget, problem: Problem, wins: Candidates, won: Mask, left: Labels
) -> Shrunk:
    """Halve the way between each win and its input, as often as its rows allow.

    Every size stands for a change that was asked and did what the attacker wants, so the smallest
    possible one is at most as large.

    Args:
        target: as the attacker sees it.
        problem: the inputs, as arrays.
        wins: (n, …) confirmed; anything where `won` is False.
        won: (n,).
        left: (n,) rows that may still be asked for each input.
    """
    n, space = len(problem), problem.space
    every = np.arange(n)
    sizes = np.full(n, np.inf)
    sizes[won] = space.cost(every[won], wins[won])
    real = space.origin.astype(np.float64)
    near, far = real.copy(), wins.astype(np.float64)
    reached = wins.copy()
    rows = np.zeros(n, np.int64)
    for _ in range(_ROUNDS):
        at = np.flatnonzero(won & (rows < left))
        if not len(at):
            break
        middle, _ = space.fit(at, (near[at] + far[at]) / 2)
        moved = (middle != wins[at]).reshape(len(at), -1).any(axis=1)
        at, middle = at[moved], middle[moved]
        if not len(at):
            break
        rows[at] += 1
        holds = problem.reached(at, target.labels(space.inputs(at, middle)))
        values = middle.astype(np.float64)
        far[at[holds]], near[at[~holds]] = values[holds], values[~holds]
        smaller, found = at[holds], space.cost(at[holds], middle[holds])
        less = found < sizes[smaller]
        reached[smaller[less]] = middle[holds][less]
        sizes[smaller] = np.minimum(sizes[smaller], found)
    return Shrunk(sizes=sizes, rows=rows, reached=reached)
