"""Attacks on scores: what a known model lets through is found, in few rows."""

from __future__ import annotations

import numpy as np
import pytest

from attacks.victims import Linear, Pictures, forest, spec
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.corners import Corners
from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.margins import Margins
from modelwarden.attacks.signs import Signs, cells_of
from modelwarden.attacks.square import Square
from modelwarden.core import InputError
from modelwarden.targets.local import function_target
from modelwarden.testing import check_attack


@pytest.mark.parametrize(
    ("norm", "eps"), [(Norm.LINF, 0.15), (Norm.L2, 0.5), (Norm.L1, 1.0)], ids=str
)
def test_a_linear_model_is_beaten_wherever_it_can_be(norm, eps):
    victim = Linear(d=24, seed=3)
    can = victim.distance(norm) < eps * 0.9

    found = run(Signs(), victim.target, victim.problem(norm, eps), queries=300)

    assert 0.2 < can.mean() < 0.9
    assert found.success[can].all()
    assert not found.success[victim.distance(norm) > eps].any()


def test_square_beats_the_floor_on_a_linear_model():
    victim = Linear(d=24, seed=3)
    problem = victim.problem(Norm.LINF, 0.15)

    floor = run(Corners(), victim.target, problem, queries=300)
    square = run(Square(), victim.target, problem, queries=300)

    assert square.success.sum() > floor.success.sum()
    assert square.success[victim.distance(Norm.LINF) < 0.12].all()


def test_square_asks_of_a_picture_only_what_knows_the_last_answer():
    victim = Pictures()
    out_of_reach = victim.problem(eps=1, rows=[0])

    found = run(Square(), victim.target, out_of_reach, queries=120)

    assert not found.success.any()
    assert found.calls == found.rows > 100


@pytest.mark.parametrize("attack", [Square(), Signs()], ids=["square", "signs"])
def test_pictures_are_attacked_on_their_grid_alone_or_in_a_batch(attack):
    victim = Pictures()
    rows = [2, 7]

    found = check_attack(
        attack,
        victim.target,
        victim.problem(eps=20),
        alone=[victim.problem(eps=20, rows=[row]) for row in rows],
        queries=200,
    )

    assert found.candidates.dtype == np.uint8
    assert found.success.mean() > 0.4


def test_signs_sets_single_pixels_where_whole_cells_move_nothing():
    # Neighbours pull in opposite directions, so of every cell the sum stays as it is.
    rng = np.random.default_rng(0)
    w = np.indices((14, 14)).sum(axis=0) % 2 * 2.0 - 1
    x = rng.uniform(0.4, 0.6, (6, 1, 14, 14)).astype(np.float32)
    x += (0.001 * w).astype(np.float32)

    def scores(z):
        z = (np.asarray(z, float).reshape(-1, 196) - x.mean()) @ w.ravel()
        return np.stack([-z, z], axis=1)

    task = spec(2, tile=8)
    target = function_target(scores, task, x)
    clean = scores(x)
    ball = Ball(x=x, norm=Norm.LINF, eps=0.2, low=0, high=1)
    problem = Problem(space=ball, y=clean.argmax(axis=1), rows=np.arange(6), classes=2, clean=clean)

    found = run(Signs(), target, problem, queries=400)

    assert len(set(cells_of((1, 14, 14)).tolist())) < 196
    assert found.success.all()
    assert found.queries.min() > 100


def test_a_forest_is_beaten_far_more_often_than_by_its_floor():
    model, x, y = forest()
    rows = np.arange(len(x))
    ball = Ball(x=x, norm=Norm.LINF, eps=0.12, low=0, high=1)
    problem = Problem(space=ball, y=y, rows=rows, classes=10, clean=model.scores(x))

    floor = run(Corners(), model, problem, queries=200)
    signs = run(Signs(), model, problem, queries=200)

    assert signs.success.mean() >= floor.success.mean() + 0.1


def test_square_says_in_which_norm_it_works():
    victim = Linear()

    with pytest.raises(InputError, match="square works in linf"):
        run(Square(), victim.target, victim.problem(Norm.L2, 0.5))


def test_votes_are_compared_as_they_are_and_probabilities_by_their_logarithms():
    clean = np.array([[0.9, 0.1], [1.0, 0.0], [3.0, -3.0]])
    ball = Ball(x=np.zeros((3, 1)), norm=Norm.LINF, eps=1, low=-1, high=1)
    problem = Problem(
        space=ball, y=np.zeros(3, np.int64), rows=np.arange(3), classes=2, clean=clean
    )

    margins = Margins.of(problem)

    assert margins.logs.tolist() == [True, False, False]
    assert margins.clean() == pytest.approx([np.log(9), 1.0, 6.0])


def test_cells_cover_a_picture_with_squares():
    cells = cells_of((3, 32, 32))

    assert len(np.unique(cells)) == cells.max() + 1 <= 128
    first = (cells.reshape(3, 32, 32) == 0).nonzero()
    assert set(first[0]) == {0}
    assert np.ptp(first[1]) == np.ptp(first[2])
