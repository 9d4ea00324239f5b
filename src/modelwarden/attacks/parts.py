"""A problem cut into parts that fit the memory; what comes of an input is the same in any part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from modelwarden.attacks.balls import Ball
from modelwarden.attacks.engine import Attack, Outcome, Problem, run
from modelwarden.targets.access import LabelTarget
from modelwarden.targets.frames import Labels

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
    if not isinstance(problem.space, Ball):
        return run(attack, target, problem, seed=seed, queries=queries)
    size = max(1, int(np.prod(problem.space.x.shape[1:])))
    each = max(1, numbers // size)
    if len(problem) <= each:
        return run(attack, target, problem, seed=seed, queries=queries)
    found = []
    for start in range(0, len(problem), each):
        part = _part(problem, np.arange(start, min(start + each, len(problem))))
        found.append(run(attack, target, part, seed=seed, queries=queries))
    return _joined(found)


def _part(problem: Problem, at: Labels) -> Problem:
    space = problem.space
    if isinstance(space, Ball):
        space = replace(space, x=space.x[at])
    return replace(
        problem,
        space=space,
        y=problem.y[at],
        rows=problem.rows[at],
        goal=None if problem.goal is None else problem.goal[at],
        clean=None if problem.clean is None else problem.clean[at],
    )


def _joined(found: Sequence[Outcome]) -> Outcome:
    sizes = np.array([len(one.success) for one in found], np.float64)
    names = dict.fromkeys(name for one in found for name in one.signs)
    return Outcome(
        attack=found[0].attack,
        success=np.concatenate([one.success for one in found]),
        candidates=np.concatenate([one.candidates for one in found]),
        queries=np.concatenate([one.queries for one in found]),
        refused=np.concatenate([one.refused for one in found]),
        rows=sum(one.rows for one in found),
        calls=sum(one.calls for one in found),
        repeats=sum(one.repeats for one in found),
        signs={
            name: float(np.average([one.signs.get(name, 0.0) for one in found], weights=sizes))
            for name in names
        },
    )
