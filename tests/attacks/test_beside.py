"""Attacks side by side: their calls are common, what they come to is their own."""

from __future__ import annotations

import numpy as np

from attacks.victims import Linear, forest, spec
from modelwarden.attacks.asking import Asking, sizes_of
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.corners import Corners
from modelwarden.attacks.engine import Problem, run, run_beside
from modelwarden.attacks.signs import Signs
from modelwarden.attacks.square import Square
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access
from modelwarden.targets.tiled import in_tiles_of, limited


def digits(n=24, eps=0.08):
    target, x, y = forest(n)
    space = Ball(x=x, norm=Norm.LINF, eps=eps, low=0, high=1)
    clean = target.scores(x)
    return target, Problem(space=space, y=y, rows=np.arange(len(x)), classes=10, clean=clean)


def test_an_attack_beside_others_does_what_it_does_alone():
    target, problem = digits()
    attacks = [Square(), Signs(), Corners()]

    beside = run_beside(attacks, target, problem, queries=60)

    for attack, found in zip(attacks, beside, strict=True):
        alone = run(attack, target, problem, queries=60)
        assert (found.success == alone.success).all()
        assert (found.candidates == alone.candidates).all()
        assert (found.queries == alone.queries).all()
        assert found.rows == alone.rows


def test_common_calls_are_fewer_and_fuller():
    target, problem = digits()
    attacks = [Square(), Signs(), Corners()]
    before = target.calls
    alone = sum(run(attack, target, problem, queries=60).rows for attack in attacks)
    calls_alone = target.calls - before

    before = target.calls
    beside = sum(found.rows for found in run_beside(attacks, target, problem, queries=60))

    assert beside == alone
    assert target.calls - before < 0.7 * calls_alone


def test_a_call_has_the_least_of_a_few_sizes():
    sizes = []

    def scores(x):
        sizes.append(len(x))
        return np.tile([0.0, 1.0], (len(x), 1))

    target = function_target(scores, spec(tile=64), np.zeros((4, 3)))
    asking = Asking(limited(target, Access.SCORES))
    sizes.clear()
    for rows in (1, 8, 9, 40, 64):
        asking.ask([np.zeros((rows, 3))])

    assert sizes == [8, 8, 16, 64, 64]
    assert target.rows == 122
    assert sizes_of(64) == (8, 16, 32, 64)


def test_a_target_in_other_tiles_is_counted_with_the_first():
    victim = Linear()

    in_tiles_of(victim.target, 8).labels(victim.x[:5])

    assert victim.target.rows == 5
    assert len(victim.asked[-1]) == 8
    assert victim.target.spec.tile == 32


def test_parts_of_a_problem_are_its_inputs_in_the_order_asked_for():
    _, problem = digits(6)

    part = problem.take(np.array([4, 1]))

    assert (part.space.origin == problem.space.origin[[4, 1]]).all()
    assert part.y.tolist() == problem.y[[4, 1]].tolist()
    assert part.rows.tolist() == [4, 1]


def test_small_rows_are_asked_in_several_calls_at_once_but_not_of_one_that_has_one_size():
    sizes = []

    def scores(x):
        sizes.append(len(x))
        return np.stack([x.sum(axis=1), np.zeros(len(x))], axis=1)

    target = function_target(scores, spec(tile=64), np.zeros((4, 3)))
    x = np.arange(600.0).reshape(200, 3)
    sizes.clear()

    asking = Asking(limited(target, Access.SCORES), 3)
    answered = asking.ask([x[:70], x[70:]])

    assert asking.room == 256
    assert sizes == [64, 64, 64, 8]
    assert (answered.scores[:, 0] == x.sum(axis=1)).all()
    assert answered.labels.tolist() == (x.sum(axis=1) == 0).astype(int).tolist()
    assert asking.calls == target.calls == 4
    assert Asking(target).room == Asking(target, 100_000).room == 64
    single = function_target(scores, spec(tile=1), np.zeros((1, 3)))
    assert Asking(single, 3).room == 1
