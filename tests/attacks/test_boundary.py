"""By labels alone: the boundary of a known model is found, and its nearest point approached."""

from __future__ import annotations

import numpy as np
import pytest

from attacks.victims import Linear, Pictures, spec
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.boundary import Boundary
from modelwarden.attacks.corners import Corners
from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.parts import run_in_parts
from modelwarden.attacks.square import Square
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access
from modelwarden.targets.tiled import limited
from modelwarden.testing import check_attack


@pytest.mark.parametrize(("norm", "eps"), [(Norm.LINF, 0.2), (Norm.L2, 0.6)], ids=str)
def test_a_linear_model_falls_by_its_labels_where_it_easily_can(norm, eps):
    victim = Linear(d=16, seed=2)
    seen = limited(victim.target, Access.LABELS)
    easily = victim.distance(norm) < eps * 0.6

    found = run(Boundary(), seen, victim.problem(norm, eps), queries=600)

    assert 0.2 < easily.mean() < 0.9
    assert found.success[easily].mean() >= 0.9
    assert not found.success[victim.distance(norm) > eps].any()
    assert found.queries.max() <= 600


def test_it_goes_further_than_its_floor():
    victim = Linear(d=30, seed=2)
    seen = limited(victim.target, Access.LABELS)
    problem = victim.problem(Norm.LINF, 0.15)

    floor = run(Corners(), seen, problem, queries=600)
    boundary = run(Boundary(), seen, problem, queries=400)

    assert boundary.success.sum() > floor.success.sum()
    # Its corners are those that all directions so far point to: known exactly of a linear model.
    assert boundary.success[victim.distance(Norm.LINF) < 0.15 * 0.9].all()


@pytest.mark.parametrize("norm", [Norm.LINF, Norm.L2, Norm.L1], ids=str)
def test_it_keeps_what_attacks_keep(norm):
    victim = Linear()
    eps = {Norm.LINF: 0.3, Norm.L2: 0.6, Norm.L1: 1.2}[norm]

    check_attack(
        Boundary(),
        victim.target,
        victim.problem(norm, eps, rows=range(12)),
        alone=[victim.problem(norm, eps, rows=[row]) for row in (1, 7)],
        queries=150,
    )


@pytest.mark.parametrize("attack", [Boundary(), Square()], ids=["boundary", "square"])
def test_parts_change_nothing(attack):
    victim = Pictures()
    problem = victim.problem(eps=20)

    whole = run(attack, victim.target, problem, queries=100)
    parts = run_in_parts(attack, victim.target, problem, queries=100, numbers=5 * 144)

    assert (whole.success == parts.success).all()
    assert (whole.candidates == parts.candidates).all()
    assert (whole.queries == parts.queries).all()
    assert whole.rows == parts.rows
    assert parts.calls >= whole.calls
    assert np.isfinite(parts.queries).all()


class Stumps:
    """Two classes by votes of thresholds: the score changes by steps alone, as trees' do."""

    def __init__(self, d=64, n=40):
        rng = np.random.default_rng(3)
        self.w = rng.normal(size=d)
        self.x = rng.uniform(0, 1, (n, d)).astype(np.float32)
        self.cuts = rng.uniform(0.1, 0.9, (20, d))
        self.target = function_target(self.scores, spec(tile=32), self.x)
        self.y = self.scores(self.x).argmax(axis=1)

    def scores(self, x):
        over = (np.asarray(x, float)[:, None] > self.cuts[None]).mean(axis=1) - 0.5
        votes = 1 / (1 + np.exp(-3 * (over @ self.w)))
        return np.stack([1 - votes, votes], axis=1)


def test_in_linf_trees_are_searched_by_their_labels_better_than_at_random():
    victim = Stumps()
    seen = limited(victim.target, Access.LABELS)
    ball = Ball(x=victim.x, norm=Norm.LINF, eps=0.06, low=0, high=1)
    problem = Problem(space=ball, y=victim.y, rows=np.arange(40), classes=2)

    floor = run(Corners(), seen, problem, queries=400)
    found = run(Boundary(), seen, problem, queries=400)

    # What can be reached at all is known: every place goes to the end that helps.
    ups = (victim.w > 0)[None] == (victim.y == 0)[:, None]
    best = np.where(ups, ball.most, ball.least)
    reachable = victim.scores(best).argmax(axis=1) != victim.y
    assert 0.4 < reachable.mean() < 0.8
    assert found.success.sum() >= floor.success.sum() + 8
    assert found.success[reachable].mean() >= 0.75
    assert not found.success[~reachable].any()
