from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn import metrics as sk

from metricdata import probabilities, scored
from modelwarden.core import InputError
from modelwarden.metrics.ranking import (
    auc_difference,
    average_precision,
    influences,
    roc_auc,
    roc_auc_of_bins,
    roc_auc_ovr,
)


def pairwise(y, score):
    """DeLong by its definition, O(mn): placements of positives and of negatives."""
    above = score[y][:, None] - score[~y][None]
    kernel = (above > 0) + 0.5 * (above == 0)
    return kernel.mean(axis=1), kernel.mean(axis=0)


@pytest.mark.parametrize("digits", [0, 1, 8])
@pytest.mark.parametrize("share", [0.03, 0.5])
def test_the_area_equals_scikit_learns(digits, share):
    y, score = scored(500, digits=digits, share=share)

    ours = roc_auc(y, score)

    assert ours.value == pytest.approx(sk.roc_auc_score(y, score), abs=1e-12)
    assert ours.low < ours.value < ours.high


@pytest.mark.parametrize("digits", [0, 1, 8])
def test_influences_carry_delongs_variance(digits):
    y, score = scored(200, digits=digits)
    up, down = pairwise(y, score)

    auc, effect = influences(y, score)

    expected = up.var(ddof=1) / len(up) + down.var(ddof=1) / len(down)
    assert auc == pytest.approx(up.mean(), abs=1e-12)
    assert (effect**2).sum() == pytest.approx(expected, rel=1e-12)


def test_the_test_against_one_half_agrees_with_scipys_brunner_munzel():
    y, score = scored(80)
    theirs = stats.brunnermunzel(score[~y], score[y])

    auc, effect = influences(y, score)

    z = (auc - 0.5) / math.sqrt((effect**2).sum())
    assert z == pytest.approx(theirs.statistic, rel=1e-10)


def test_the_paired_difference_equals_the_definition():
    y, score = scored(150)
    other = score + np.random.default_rng(5).normal(size=150)
    mine, theirs = pairwise(y, score), pairwise(y, other)
    variance = sum((a - b).var(ddof=1) / len(a) for a, b in zip(mine, theirs, strict=True))

    gap = auc_difference(y, score, other)

    assert gap.value == pytest.approx(mine[0].mean() - theirs[0].mean(), abs=1e-12)
    assert gap.interval.high - gap.value == pytest.approx(1.959964 * math.sqrt(variance), rel=0.02)


def test_a_model_against_itself_differs_by_nothing():
    y, score = scored()

    assert auc_difference(y, score, score).interval == (0.0, 0.0)


@pytest.mark.parametrize("classes", [3, 6])
def test_the_mean_over_classes_equals_scikit_learns(classes):
    y, p = probabilities(400, classes)

    ours = roc_auc_ovr(y, p)

    assert ours.value == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr"), abs=1e-12)
    assert ours.low < ours.value < ours.high


def test_for_two_classes_the_mean_over_classes_is_the_area():
    y, p = probabilities(300, 2)

    one, both = roc_auc(y == 1, p[:, 1]), roc_auc_ovr(y, p)

    assert both.value == pytest.approx(one.value, abs=1e-12)
    assert both.high - both.low == pytest.approx(one.high - one.low, rel=0.01)


@pytest.mark.parametrize("n", [40, 3_000])
@pytest.mark.parametrize("digits", [0, 8])
def test_average_precision_equals_scikit_learns(n, digits):
    y, score = scored(n, digits=digits)

    ours = average_precision(y, score, np.random.default_rng(0))

    assert ours.value == pytest.approx(sk.average_precision_score(y, score), abs=1e-12)
    assert ours.low < ours.value < ours.high


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=40))
def test_order_and_scale_of_scores_do_not_matter(rows):
    y, score = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])

    ours = roc_auc(y, score)

    assert repr(ours) == repr(roc_auc(y[::-1], score[::-1] * 8 + 1))
    if math.isnan(ours.value):
        assert y.all() or not y.any()
        assert (ours.low, ours.high) == (0.0, 1.0)
    else:
        assert 0 <= ours.low <= ours.value <= ours.high <= 1
        assert roc_auc(~y, score).value == pytest.approx(1 - ours.value, abs=1e-12)


def test_perfect_separation_is_not_certainty():
    y = np.arange(40) < 10

    assert roc_auc(y, -np.arange(40.0)).low == pytest.approx(0.6915, abs=1e-4)
    assert average_precision(y, -np.arange(40.0), np.random.default_rng(0)).low < 0.7


@pytest.mark.parametrize("metric", [roc_auc, influences])
def test_scores_that_are_not_numbers_are_refused(metric):
    with pytest.raises(InputError, match="not a number"):
        metric([True, False], [0.5, math.nan])
    with pytest.raises(InputError, match="do not go with"):
        metric([True], [0.5, 0.1])


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_counts_in_bins_give_the_area_and_interval_of_the_rows(share):
    y, score = scored(500, digits=1, share=share)
    scale, place = np.unique(score, return_inverse=True)

    rows = roc_auc(y, score)
    bins = roc_auc_of_bins(*(np.bincount(place[part], minlength=len(scale)) for part in (y, ~y)))

    assert (bins.value, bins.low, bins.high) == pytest.approx((rows.value, rows.low, rows.high))


def test_fine_bins_move_the_area_in_the_fifth_digit_at_most():
    y, score = scored(100_000, digits=12)
    place = (65_535 * (score - score.min()) / np.ptp(score)).astype(int)

    bins = roc_auc_of_bins(*(np.bincount(place[part], minlength=65_536) for part in (y, ~y)))

    assert bins.value == pytest.approx(roc_auc(y, score).value, abs=1e-5)


def test_rare_positives_are_not_laid_together_with_the_rows_around_them():
    """50 positives of 10,000: the deviation of the replicates equals that of samples drawn anew."""
    rng = np.random.default_rng(3)

    def sample():
        y = rng.random(10_000) < 0.005
        return y, rng.normal(size=10_000) + 1.5 * y

    drawn = [sk.average_precision_score(*sample()) for _ in range(300)]
    value = float(np.mean(drawn))
    halves = []
    for _ in range(12):
        m = average_precision(*sample(), rng, draws=300)
        halves.append((special.logit(m.high) - special.logit(m.value)) * m.value * (1 - m.value))

    # the upper half is Student's quantile times the deviation
    assert np.median(halves) / stats.t.ppf(0.975, 49) == pytest.approx(np.std(drawn), rel=0.25)
    assert value == pytest.approx(0.08, abs=0.02)


def test_average_precision_near_one_has_an_interval_that_says_something():
    rng = np.random.default_rng(3)
    y = rng.random(400) < 0.6
    scores = y + rng.normal(0, 0.18, 400)

    measured = average_precision(y, scores, np.random.default_rng(0))

    assert measured.value > 0.99
    assert 0.95 < measured.low < measured.value
    assert measured.value < measured.high <= 1
