"""One change for all: found on one half, confirmed on the other, never better than it is."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import Problem
from modelwarden.attacks.text.guide import guide_of
from modelwarden.attacks.text.space import TextSpace
from modelwarden.attacks.universal import Shared, Trigger, universal
from modelwarden.core import InputError
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import limited
from tests.attacks.victims import Linear


def one_sided():
    """A linear model and only inputs of one class: one direction fools all that are near enough."""
    victim = Linear(d=12)
    return victim, np.flatnonzero(victim.y == 1)


@pytest.mark.parametrize("access", [Access.SCORES, Access.GRADIENTS])
def test_of_a_linear_model_every_input_within_reach_falls_to_the_one_best_change(access):
    victim, rows = one_sided()
    eps = float(np.median(victim.distance(Norm.LINF)[rows])) * 1.2
    target = limited(victim.target, access)
    problem = victim.problem(eps=eps, rows=rows)

    found = universal(Shared(), target, problem, queries=300)

    reachable = victim.distance(Norm.LINF)[rows] <= eps * 0.98
    assert reachable.any()
    assert not reachable.all()
    assert found.outcome.success[reachable].mean() > 0.9
    assert not found.outcome.success[victim.distance(Norm.LINF)[rows] > eps * 1.001].any()
    assert found.confirmed[1] == len(rows) - len(rows) // 2
    assert found.confirmed[0] / found.confirmed[1] > found.floor
    assert (found.outcome.queries <= 300).all()


def test_the_change_is_one_and_the_same():
    victim, rows = one_sided()
    problem = victim.problem(eps=0.4, rows=rows)

    found = universal(Shared(), limited(victim.target, Access.SCORES), problem, queries=200)

    at = np.flatnonzero(found.outcome.success)
    moved = found.outcome.candidates[at] - victim.x[rows][at]
    assert len(at) > 1
    assert np.abs(moved - moved[0]).max() < 1e-6


def test_the_same_seed_finds_the_same():
    victim, rows = one_sided()
    target = limited(victim.target, Access.SCORES)

    first, again = (
        universal(Shared(), target, victim.problem(eps=0.3, rows=rows), seed=5, queries=100)
        for _ in range(2)
    )

    assert (first.outcome.candidates == again.outcome.candidates).all()
    assert (first.confirming == again.confirming).all()


def test_too_few_inputs_to_split_are_refused():
    victim, rows = one_sided()

    with pytest.raises(InputError, match="16"):
        universal(Shared(), victim.target, victim.problem(eps=0.3, rows=rows[:9]))


def words_problem():
    """A model that counts good words against bad ones, and thirty texts that are bad."""
    texts = [f"bad bad thing number {i}" for i in range(30)]
    known = texts + [f"lovely kind thing number {i}" for i in range(30)]
    guide = guide_of(known, [1] * 30 + [0] * 30)
    spec = TargetSpec(task=Task.BINARY, modality=Modality.TEXT, classes=(0, 1), positive=1, tile=32)

    def scores(x):
        split = [str(t).split() for t in x]
        z = np.array(
            [w.count("bad") - w.count("lovely") - w.count("kind") + 0.2 for w in split], float
        )
        return np.stack([-z, z], axis=1)

    x = np.empty(30, object)
    x[:] = texts
    target = function_target(scores, spec, x)
    space = TextSpace(x=x, guide=guide)
    y = np.ones(30, np.int64)
    return target, Problem(space=space, y=y, rows=np.arange(30), classes=2, clean=scores(x))


def test_a_trigger_is_found_on_one_half_and_confirmed_on_the_other():
    target, problem = words_problem()

    found = universal(Trigger(), target, problem, queries=200)

    assert found.confirmed == (15, 15)
    assert set(found.told["1"].split()) <= {"lovely", "kind"}
    assert all(t.endswith(found.told["1"]) for t in found.outcome.candidates)
