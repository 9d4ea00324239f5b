from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from metricdata import probabilities
from modelwarden.core import InputError
from modelwarden.metrics.probabilities import (
    beyond_prior,
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability,
    spiegelhalter,
)


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_log_loss_equals_scikit_learns(classes):
    y, p = probabilities(500, classes)
    p[0] = np.eye(classes)[(y[0] + 1) % classes]

    ours = log_loss(y, p)

    assert ours.value == pytest.approx(sk.log_loss(y, p), abs=1e-12)
    assert ours.low < ours.value < ours.high


def test_the_brier_score_equals_scikit_learns():
    y, p = probabilities(500, 2)

    assert brier_score(y, p).value == pytest.approx(sk.brier_score_loss(y, p[:, 1]), abs=1e-12)


def test_the_brier_score_of_many_classes_is_half_the_squared_distance():
    y, p = probabilities(500, 4)

    expected = sk.brier_score_loss(y, p, scale_by_half=True)

    assert brier_score(y, p).value == pytest.approx(expected, abs=1e-12)


def test_the_calibration_error_is_the_mean_distance_of_bins():
    y, p = probabilities(2_000, 2)
    place = np.minimum((p[:, 1] * 15).astype(int), 14)
    expected = sum(
        (place == b).mean() * abs(y[place == b].mean() - p[place == b, 1].mean())
        for b in np.unique(place)
    )

    ours = expected_calibration_error(reliability(y, p[:, 1]), rng())

    assert ours.value == pytest.approx(expected, abs=1e-12)
    assert ours.low <= ours.value <= ours.high


def test_honest_probabilities_pass_the_test_and_bent_ones_fail():
    y, p = probabilities(3_000, 2)

    honest = expected_calibration_error(reliability(y, p[:, 1]), rng()).conditions
    bent = expected_calibration_error(reliability(y, p[:, 1] ** 2), rng())

    assert honest["p_value"] > 0.05
    assert honest["beyond_chance"] < 0.02
    assert bent.conditions["p_value"] < 0.01
    assert bent.low > 0.05


def test_spiegelhalters_z_is_standard_normal_for_honest_probabilities():
    z = [spiegelhalter(y, p[:, 1])[0] for y, p in (probabilities(200, 2, s) for s in range(300))]

    assert abs(np.mean(z)) < 0.2
    assert 0.88 < np.std(z) < 1.12


def test_spiegelhalters_z_equals_a_case_worked_by_hand():
    z, p_value = spiegelhalter([1, 0], [0.8, 0.3])

    # (0.2·−0.6 + −0.3·0.4) / √(0.36·0.16 + 0.16·0.21) = −0.24 / √0.0912
    assert z == pytest.approx(-0.24 / math.sqrt(0.0912), abs=1e-12)
    assert p_value == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), abs=1e-12)


def test_certainties_are_right_or_refuted():
    assert spiegelhalter([1, 0], [1.0, 0.0]) == (0.0, 1.0)
    assert spiegelhalter([0, 0], [1.0, 0.0])[1] == 0.0


def test_a_model_without_skill_saves_nothing_over_the_class_shares():
    y, p = probabilities(500, 3)

    assert beyond_prior(y, p).interval.low > 0
    assert beyond_prior(y, p[::-1]).interval.high < 0


@pytest.mark.parametrize("metric", [log_loss, brier_score])
def test_what_is_no_probability_is_refused(metric):
    y = np.array([0, 1])

    with pytest.raises(InputError, match="outside 0 to 1"):
        metric(y, np.array([[1.5, -0.5], [0.5, 0.5]]))
    with pytest.raises(InputError, match="outside 0 to 1"):
        metric(y, np.array([[math.nan, 0.5], [0.5, 0.5]]))
    with pytest.raises(InputError, match="add up"):
        metric(y, np.array([[0.5, 0.6], [0.5, 0.5]]))
    with pytest.raises(InputError, match="do not go with"):
        metric(y, np.array([[0.5, 0.5]]))


def test_no_rows_have_no_number():
    y, p = np.array([], np.int64), np.empty((0, 2))

    for m in (log_loss(y, p), brier_score(y, p)):
        assert math.isnan(m.value)
    empty = expected_calibration_error(reliability(y, p[:, 1]), rng())
    assert math.isnan(empty.value)
    assert (empty.low, empty.high) == (0.0, 1.0)
