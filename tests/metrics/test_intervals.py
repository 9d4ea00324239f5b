from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelwarden.metrics.intervals import (
    Interval,
    clopper_pearson,
    mean_of,
    newcombe,
    paired,
    rows_needed,
    wilson,
    wilson_ends,
)

SHARES = [(0, 1), (1, 1), (0, 30), (1, 30), (15, 30), (30, 30), (3, 100_000), (99_999, 100_000)]


@pytest.mark.parametrize(("right", "n"), SHARES)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("ours", "method"), [(wilson, "wilson"), (clopper_pearson, "exact")])
def test_intervals_of_a_share_equal_scipys(right, n, level, ours, method):
    theirs = stats.binomtest(right, n).proportion_ci(level, method=method)

    assert ours(right, n, level=level) == pytest.approx(tuple(theirs), abs=1e-12)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_interval_of_a_share_holds_the_share_and_stays_possible(right, others):
    n = right + others

    for ends in (wilson(right, n), clopper_pearson(right, n)):
        assert 0 <= ends.low <= ends.high <= 1
        if n:
            assert ends.low <= right / n <= ends.high


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_no_rows_leave_everything_possible(interval):
    assert interval(0, 0) == (0.0, 1.0)
    assert newcombe(0, 0, 3, 9) == (-1.0, 1.0)
    assert paired(0, 0, 0) == (-1.0, 1.0)
    assert mean_of(np.array([3.0])) == (-math.inf, math.inf)


def test_one_share_has_the_interval_that_it_has_among_many():
    rng = np.random.default_rng(0)
    n = np.append(rng.integers(0, 10**6, 500), [0, 1, 1]).astype(float) * rng.choice([1.0, 0.37])
    right = n * np.append(rng.random(500), [0.0, 0.0, 1.0])

    low, high = wilson_ends(right, n)

    assert [wilson(*pair) for pair in zip(right, n, strict=True)] == list(
        zip(low, high, strict=True)
    )


# Newcombe 1998, table II, method 10: 56/70 and 48/80, 9/10 and 3/10, 10/10 and 0/10.
@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
        ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ],
)
def test_the_difference_of_two_shares_equals_the_published_examples(samples, expected):
    assert newcombe(*samples) == pytest.approx(expected, abs=5e-5)


def test_the_mean_has_scipys_students_interval():
    values = np.random.default_rng(0).normal(3, 2, 40)
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.9)

    assert mean_of(values, level=0.9) == pytest.approx(tuple(theirs), abs=1e-12)


def test_equal_values_of_a_bounded_mean_are_not_certain():
    ends = mean_of(np.zeros(30), within=Interval(0.0, 1.0))

    assert ends == pytest.approx(tuple(clopper_pearson(0, 30)), abs=1e-12)


def test_no_discordant_row_is_not_certainty():
    ends = paired(0, 0, 50)

    assert -0.06 < ends.low < 0 < ends.high < 0.06


# Chow, Shao and Wang: variance·((z + z)/margin)²; the figures are worked by hand.
@pytest.mark.parametrize(
    ("share", "margin", "noninferior", "equivalent"),
    [(0.9, 0.01, 7_708, 9_740), (0.9, 0.02, 1_927, 2_435), (0.8, 0.01, 13_703, 17_316)],
)
def test_the_rows_that_settle_a_threshold(share, margin, noninferior, equivalent):
    variance = share * (1 - share)

    assert rows_needed(variance, margin) == noninferior
    assert rows_needed(variance, margin, equivalence=True) == equivalent


def test_a_margin_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        rows_needed(0.25, 0.0)
