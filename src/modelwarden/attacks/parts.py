"""A problem cut into parts that fit the memory; what comes of an input is the same in any part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelwarden.attacks.balls import Ball
from modelwarden.attacks.engine import run_beside
from modelwarden.attacks.problem import Attack, Outcome, Problem, joined_outcomes
from modelwarden.targets.access import LabelTarget

# Numbers of all inputs of a part: searches keep up to some forty times as many.
NUMBERS = 4_000_000


def run_in_parts(
    attack: Attack,
    target: LabelTarget,
    problem: Problem,
    *,
    seed: int = 0,
    queries: int = 500,
    numbers: int = NUMBERS,
) -> Outcome:
    """Attack as `engine.run` does, some inputs after others where they are large.

    Raises:
        AccessError: the attack needs more than the target gives.
        TargetError: the model failed, or answered something that is no answer.
    """
    (found,) = beside_in_parts(
        [attack], target, problem, seed=seed, queries=queries, numbers=numbers
    )
    return found


def beside_in_parts(
    attacks: Sequence[Attack],
    target: LabelTarget,
    problem: Problem,
    *,
    seed: int = 0,
    queries: int = 500,
    numbers: int = NUMBERS,
) -> list[Outcome]:
    """Attack as `engine.run_beside` does, some inputs after others where they are large.

    Raises:
        AccessError: an attack needs more than the target gives.
        TargetError: the model failed, or answered something that is no answer.
    """
    each = len(problem)
    if isinstance(problem.space, Ball):
        size = max(1, int(np.prod(problem.space.x.shape[1:])))
        each = max(1, numbers // size)
    if len(problem) <= each:
        return run_beside(attacks, target, problem, seed=seed, queries=queries)
    found = []
    for start in range(0, len(problem), each):
        part = problem.take(np.arange(start, min(start + each, len(problem))))
        found.append(run_beside(attacks, target, part, seed=seed, queries=queries))
    return [joined_outcomes(outcomes) for outcomes in zip(*found, strict=True)]
