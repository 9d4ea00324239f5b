"""Intervals of rows that come in clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelwarden.metrics import rates
from modelwarden.metrics.clustered import by_clusters, design, influences_of_cells
from modelwarden.metrics.intervals import Interval, mean_of, t_of, z_of
from modelwarden.metrics.values import measured


def test_the_interval_of_a_mean_is_cochrans():
    rng = np.random.default_rng(4)
    whose = np.repeat(np.arange(40), 25)
    values = rng.normal(size=40)[whose] + rng.normal(size=1000)

    drawn = design(values, whose)
    ends = drawn.widen(mean_of(values), float(values.mean()))

    assert drawn.effect > 10
    # Cochran 1977, section 9A.2: a ratio to size, the clusters drawn.
    left = np.bincount(whose, weights=values - values.mean())
    half = t_of(0.95, 39) * math.sqrt(float(left @ left) * 40 / 39) / 1000
    # By rows Student's quantile stands in for the normal one, and n - 1 for n.
    by_rows = t_of(0.95, 999) / z_of(0.95) * math.sqrt(1000 / 999)
    wide = np.subtract(*ends[::-1]) / by_rows
    assert wide == pytest.approx(2 * half, rel=1e-9)


def test_copies_of_a_row_tell_as_much_as_the_row():
    rng = np.random.default_rng(5)
    values = rng.normal(size=50)

    drawn = design(np.repeat(values, 7), np.repeat(np.arange(50), 7))

    assert drawn.effect == pytest.approx(7 * 50 / 49)
    assert (drawn.clusters, drawn.worth) == (50, pytest.approx(50))


def test_where_all_rows_are_right_as_many_rows_as_clusters_are_taken_to_be():
    drawn = design(np.ones(200), np.repeat(np.arange(20), 10))

    low, high = drawn.widen(Interval(0.98, 1.0), 1.0)

    assert high == 1.0
    assert 1 - low == pytest.approx(0.02 * 10 * t_of(0.95, 19) / z_of(0.95))


def test_of_one_cluster_nothing_is_known():
    one = measured("accuracy", 0.8, Interval(0.7, 0.9), 100)

    wide = by_clusters(one, design(np.arange(100.0), np.zeros(100, np.int64)))

    assert (wide.low, wide.high) == (0.0, 1.0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.floats(1e-200, 1e200))
def test_no_interval_becomes_narrower(seed, many, scale):
    rng = np.random.default_rng(seed)
    whose = rng.integers(0, many, 60)

    drawn = design(rng.normal(size=60) * scale, whose)
    low, high = drawn.widen(Interval(0.2, 0.6), 0.3)

    assert drawn.effect >= 1
    assert low <= 0.2
    assert high >= 0.6


def test_influences_of_cells_are_those_of_the_rows():
    rng = np.random.default_rng(6)
    y, said = rng.integers(0, 3, 900), rng.integers(0, 3, 900)
    said = np.where(rng.random(900) < 0.6, y, said)
    table = np.bincount(y * 3 + said, minlength=9).reshape(3, 3)

    found = influences_of_cells(lambda t: rates.accuracy(t)[..., None], table, y, said)[:, 0]

    right = (y == said) - float((y == said).mean())
    assert np.corrcoef(found, right)[0, 1] == pytest.approx(1)


def test_a_loss_that_few_clusters_have_most_of_goes_further_up_as_johnson_has_it():
    rng = np.random.default_rng(8)
    whose = np.repeat(np.arange(25), 8)
    losses = rng.chisquare(1, 25)[whose] + 0.1 * rng.random(200)
    one = measured("mae", float(losses.mean()), mean_of(losses), 200)

    drawn = design(losses, whose)
    plain = drawn.widen(mean_of(losses), one.value)
    got = by_clusters(one, drawn)
    turned = design(-losses, whose)

    skew, t = stats.skew(np.bincount(whose, weights=losses)), t_of(0.95, 24)
    further = skew * (1 + 2 * t**2) / (6 * math.sqrt(25))  # Johnson 1978
    assert skew > 1
    assert got.low == pytest.approx(max(0.0, plain.low))
    assert got.high - one.value == pytest.approx((plain.high - one.value) * (1 + further / t))
    assert turned.skew == 0
