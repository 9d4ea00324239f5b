"""What every attack has to keep, whatever it does.

    def test_it_keeps_what_attacks_keep():
        check_attack(MyAttack(), target, problem)

The target is a small one; attacks are run on it several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from modelwarden.attacks.engine import Attack, Outcome, Problem
    from modelwarden.targets.access import LabelTarget
    from modelwarden.targets.frames import Inputs


def check_attack(
    attack: Attack,
    target: LabelTarget,
    problem: Problem,
    *,
    alone: Sequence[Problem] = (),
    queries: int = 60,
    seed: int = 0,
) -> Outcome:
    """Assert that an attack keeps its promises on a target; return what it came to.

    Bounds are kept: every win lies in the space, and fitting it again changes nothing. The budget
    is kept: no input is asked more rows than allowed, and as many are counted as the target saw.
    A win is a win: the target, asked again, answers what the attacker wants. The same seed gives
    the same, another budget too small gives no more. A batch equals its rows alone.

    Args:
        attack: what is checked.
        target: what it attacks.
        problem: a few inputs that the target answers right.
        alone: problems of one input each, taken from `problem` under the same row numbers.
        queries: rows an input.
        seed: root of all chance.

    Raises:
        AssertionError: a promise is not kept; it says which.
    """
    from modelwarden.attacks.engine import run

    before = target.rows
    found = run(attack, target, problem, seed=seed, queries=queries)
    assert found.rows == target.rows - before, "rows were asked that are not counted"
    assert int(found.queries.sum()) == found.rows, "rows were asked for no input, or for two"
    assert int(found.queries.max(initial=0)) <= queries, "an input was asked beyond its budget"
    _check_wins(found, target, problem)
    again = run(attack, target, problem, seed=seed, queries=queries)
    _check_same(found, again, range(len(problem)), "the same seed")
    few = run(attack, target, problem, seed=seed, queries=2)
    assert int(few.queries.max(initial=0)) <= 2, "an input was asked beyond a budget of two rows"
    rows = problem.rows.tolist()
    for single in alone:
        one = run(attack, target, single, seed=seed, queries=queries)
        at = rows.index(int(single.rows[0]))
        _check_same(one, found, [at], f"row {rows[at]} alone")
    return found


def _check_wins(found: Outcome, target: LabelTarget, problem: Problem) -> None:
    import numpy as np

    at = np.flatnonzero(found.success)
    wins = found.candidates[at]
    assert _equal(found.candidates[~found.success], problem.space.origin[~found.success]), (
        "an input that was not beaten is not given back as it was"
    )
    fitted, allowed = problem.space.fit(at, wins)
    assert allowed.all(), "a win is not allowed"
    assert problem.space.inside(at, wins).all(), "a win exceeds the budget"
    assert _equal(fitted, wins), "a win lies outside the space"
    inputs: Inputs = problem.space.inputs(at, wins)
    if len(at):
        assert problem.reached(at, target.labels(inputs)).all(), "a win is none when asked again"


def _check_same(first: Outcome, second: Outcome, at: Sequence[int], how: str) -> None:
    places = list(at)
    mine = slice(None) if len(first.success) == len(places) else places
    assert _equal(first.success[mine], second.success[places]), f"{how} gives other wins"
    assert _equal(first.queries[mine], second.queries[places]), f"{how} gives other counts of rows"
    assert _equal(first.candidates[mine], second.candidates[places]), f"{how} gives other inputs"


def _equal(first: np.ndarray, second: np.ndarray) -> bool:
    return first.shape == second.shape and bool((first == second).all())
