from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from metricdata import named
from modelwarden.core import InputError
from modelwarden.metrics.regression import beyond_mean, ranks, regression


def rows(n=300, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return y, np.round(y + noise * rng.normal(size=n), 1)


@pytest.mark.parametrize("n", [5, 300, 20_000])
def test_every_metric_of_numbers_equals_scikit_learns_and_scipys(n):
    y, said = rows(n)

    ours = named(regression(y, said))

    theirs = {
        "rmse": sk.root_mean_squared_error(y, said),
        "mae": sk.mean_absolute_error(y, said),
        "median_absolute_error": sk.median_absolute_error(y, said),
        "r2": sk.r2_score(y, said),
        "spearman": stats.spearmanr(y, said).statistic,
        "pearson": stats.pearsonr(y, said).statistic,
        "mean_squared_error": sk.mean_squared_error(y, said),
    }
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        assert ours[name].value == pytest.approx(value, abs=1e-12), name
        high = math.inf if ours[name].high is None else ours[name].high
        assert ours[name].low <= ours[name].value <= high


def test_midranks_equal_scipys():
    values = np.random.default_rng(0).integers(0, 9, 50).astype(float)

    assert np.array_equal(ranks(values), stats.rankdata(values))


def test_the_correlation_has_scipys_interval():
    y, said = rows(101)
    theirs = stats.pearsonr(y, said).confidence_interval(0.95)

    ours = named(regression(y, said))["pearson"]

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_the_median_error_has_scipys_exact_interval():
    y, said = rows(101)
    theirs = stats.quantile_test(np.abs(y - said), q=0, p=0.5).confidence_interval(0.95)

    ours = named(regression(y, said))["median_absolute_error"]

    assert (ours.low, ours.high) == (theirs.low, theirs.high)


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_rows_are_answered_with_the_widest_intervals(n):
    y, said = rows(n)

    for m in regression(y, said):
        assert m.n == n
        assert m.high is None or m.high == 1.0, m


def test_a_constant_label_has_no_share_explained():
    found = named(regression(np.ones(20), np.arange(20.0)))

    assert math.isnan(found["r2"].value)
    assert math.isnan(found["spearman"].value)


def test_predictions_worse_than_the_mean_are_told_apart():
    y, _ = rows()

    assert beyond_mean(y, -y).interval.high < 0 < beyond_mean(y, y).interval.low


def test_what_is_not_finite_is_refused():
    with pytest.raises(InputError, match="not a finite number"):
        regression([1.0, math.inf], [1.0, 2.0])


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**-600, 2.0**600, 2.0**1020])
def test_numbers_whose_squares_are_none_are_measured_as_others_are(scale):
    y, said = rows()

    ours, usual = named(regression(scale * y, scale * said)), named(regression(y, said))

    for name in ("rmse", "mae", "median_absolute_error"):
        for end in ("value", "low", "high"):
            assert getattr(ours[name], end) == scale * getattr(usual[name], end), name
    for name in ("r2", "pearson", "spearman"):
        for end in ("value", "low", "high"):
            assert getattr(ours[name], end) == getattr(usual[name], end), name


def test_answers_of_another_scale_than_the_truth_correlate_as_they_do():
    y, said = rows()

    ours = named(regression(y, 2.0**-900 * said))
    usual = named(regression(y, said))

    assert ours["pearson"].value == usual["pearson"].value
    assert beyond_mean(y, 2.0**600 * said).interval.high < 0
