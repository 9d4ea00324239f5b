"""Labels of one class that bear the name of one other: flips, or classes that shade."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.detectors.designs import design_of_array
from modelwarden.detectors.noise import Noise, fitted
from modelwarden.detectors.one_into_other import evenly, of_its_own


def _sets(seed, k=5, n=1200, far=5.0):
    """Classes around points that are far from each other."""
    rng = np.random.default_rng(seed)
    middle = np.linalg.qr(rng.normal(size=(k + 1, k + 1)))[0][:k] * far
    y = rng.integers(0, k, n)
    return rng, middle[y] + rng.normal(size=(n, k + 1)), y


def _known(truth, share, one=1, other=2, k=5):
    wrong = np.eye(k)
    wrong[one, one], wrong[one, other] = 1 - share, share
    return Noise(0.0, wrong, np.where(np.eye(k)[truth] > 0, 0.96, 0.01), chosen=True)


def _scores(p):
    return np.log(p / p.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(("shading", "even"), [(0.0, True), (2.0, False)])
def test_names_that_a_column_tells_apart_are_no_flips(shading, even):
    rng, x, truth = _sets(3)
    odds = shading * (x[:, 0] - x[truth == 1, 0].mean()) - 0.8
    moved = (truth == 1) & (rng.random(len(x)) < 1 / (1 + np.exp(-odds)))
    labels = np.where(moved, 2, truth)
    noise = _known(truth, 0.3)

    told = evenly(
        design_of_array(x), noise, _scores(noise.truth), labels, rng.integers(0, 4, len(x))
    )

    assert told is even


def test_a_class_without_rows_that_look_like_it_alone_is_no_kind_of_its_own():
    rng, x, truth = _sets(4)
    labels = np.where((truth == 1) & (rng.random(len(x)) < 0.4), 2, truth)
    alone = labels.copy()
    alone[truth == 2] = 3
    design = design_of_array(x)

    assert of_its_own(design, _known(truth, 0.4), labels, 0.2)
    assert not of_its_own(design, _known(truth, 0.4), alone, 0.2)


def test_rows_that_one_column_sets_apart_may_as_well_have_an_uncertain_outcome():
    rng, x, truth = _sets(5)
    labels = np.where((truth == 1) & (rng.random(len(x)) < 0.4), 2, truth)
    cut = design_of_array(np.column_stack([x, truth == 1]))

    assert not of_its_own(cut, _known(truth, 0.4), labels, 0.2)


def test_of_three_classes_nothing_large_is_taken_for_flips():
    _, x, truth = _sets(6, k=3)

    assert not of_its_own(design_of_array(x), _known(truth, 0.4, k=3), truth, 0.2)


def test_one_share_out_of_many_is_found_and_none_where_there_is_none():
    rng, _, truth = _sets(7)
    noise = np.exp(rng.normal(size=(len(truth), 5)))
    scores = _scores(noise + 60 * np.eye(5)[truth])
    labels = np.where((truth == 1) & (rng.random(len(truth)) < 0.15), 2, truth)
    rows = np.arange(len(truth))

    found, none = fitted(scores, labels, 5, rows), fitted(scores, truth, 5, rows)

    assert found.chosen
    assert found.p < 1e-6
    assert found.wrong[1, 2] == pytest.approx(0.15, abs=0.06)
    assert none.p > 0.05
