"""Attacks on pictures: within the severity, judged as drawn, on the picture's own grid."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.attacks.catalog import ATTACKS
from modelwarden.attacks.engine import run
from modelwarden.attacks.images.search import shrunk
from modelwarden.attacks.images.space import KIND, LEVEL, RIGHT, PictureSpace
from modelwarden.attacks.minimal import minimal
from modelwarden.core import InputError
from tests.attacks.images.victims import SIDE, Weighing

ENTRIES = [entry for entry in ATTACKS if entry.inputs == "images"]
NAMES = [entry.name for entry in ENTRIES]


def attacked(name, eps=5.0, rows=None, kind=np.uint8, queries=300, seed=0):
    victim = Weighing(kind=kind)
    problem = victim.problem(eps, rows)
    entry = next(entry for entry in ENTRIES if entry.name == name)
    return victim, problem, run(entry.load(), victim.target, problem, seed=seed, queries=queries)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_every_win_is_a_picture_of_the_type_within_the_severity(name, kind):
    victim, problem, found = attacked(name, kind=kind)
    at = np.flatnonzero(found.success)

    drawn = problem.space.inputs(at, found.candidates[at])

    assert drawn.dtype == victim.x.dtype
    assert (problem.space.cost(at, found.candidates[at]) <= 5.0).all()
    wrong = victim.scores(drawn).argmax(axis=1) if len(at) else victim.y[at]
    assert (wrong != victim.y[at]).all() or not len(at)
    assert (found.queries <= 300).all()


def test_a_move_fools_a_model_that_weighs_sides():
    _, problem, found = attacked("spatial")

    assert found.success.mean() > 0.9
    assert (np.abs(found.candidates[found.success][:, RIGHT]) > 0).all()
    del problem


def test_no_more_severity_means_no_less_success():
    successes = [attacked("spatial", eps=eps)[2].success.sum() for eps in (0.5, 2.0, 5.0)]

    assert successes[0] <= successes[1] <= successes[2]
    assert successes[0] < successes[2]


@pytest.mark.parametrize("name", NAMES)
def test_alone_or_in_a_batch_an_input_fares_the_same(name):
    _, _, all_of_them = attacked(name, queries=80)

    _, _, alone = attacked(name, rows=[3], queries=80)

    assert alone.success[0] == all_of_them.success[3]
    assert alone.queries[0] == all_of_them.queries[3]
    assert (alone.candidates[0] == all_of_them.candidates[3]).all()


def test_a_model_that_never_looks_is_never_fooled():
    victim = Weighing(constant=True)
    problem = victim.problem()
    problem.y[:] = 0

    for entry in ENTRIES:
        assert not run(entry.load(), victim.target, problem, queries=60).success.any()


def test_a_win_is_made_small_to_just_over_the_middle():
    victim, problem, found = attacked("spatial")
    left = np.full(len(problem), 60)

    small = minimal(victim.target, problem, found.candidates, found.success, left, shrunk)

    at = np.flatnonzero(found.success)
    before = problem.space.cost(at, found.candidates[at])
    after = problem.space.cost(at, small.candidates[at])
    assert (after <= before).all()
    assert (after < before).any()
    drawn = problem.space.inputs(at, small.candidates[at])
    assert (victim.scores(drawn).argmax(axis=1) != victim.y[at]).all()


def test_a_picture_that_is_not_changed_comes_back_byte_for_byte():
    victim = Weighing()
    space = victim.problem().space

    drawn = space.inputs(np.arange(len(victim.x)), space.origin)

    assert (drawn == victim.x).all()


def test_a_move_of_whole_pixels_is_exact():
    victim = Weighing()
    space = victim.problem().space
    moved = space.origin[:1].copy()
    moved[0, RIGHT] = 5.0  # 0.15 of 20 pixels: three

    drawn = space.inputs(np.array([0]), moved)

    assert (drawn[0, :, :, 3:] == victim.x[0, :, :, :-3]).all()


def test_candidates_beyond_the_severity_are_cut_to_it():
    space = Weighing().problem(eps=2.0).space
    wild = space.origin[:1].copy()
    wild[0, KIND], wild[0, LEVEL], wild[0, RIGHT] = 3.0, 99.0, -99.0

    fitted, allowed = space.fit(np.array([0]), wild)

    assert allowed.all()
    assert space.cost(np.array([0]), fitted)[0] == 2.0


@pytest.mark.parametrize("eps", [0.0, -1.0, 5.5])
def test_a_severity_that_is_none_is_refused_by_its_value(eps):
    with pytest.raises(InputError, match=f"{eps:g}"):
        PictureSpace(
            x=np.zeros((1, 1, SIDE, SIDE), np.uint8),
            rows=np.arange(1),
            eps=eps,
            low=0.0,
            high=255.0,
        )
