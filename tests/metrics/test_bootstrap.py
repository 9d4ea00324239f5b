from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from modelwarden.metrics.bootstrap import bca_mean, percentiles, smoothed


def test_the_accelerated_interval_of_a_mean_is_scipys():
    values = np.random.default_rng(3).lognormal(size=200)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval

    ours = bca_mean(values, np.random.default_rng(2), draws=20_000)

    assert ours == pytest.approx(tuple(theirs), rel=0.01)


def test_values_without_spread_say_nothing_of_their_mean():
    assert bca_mean(np.ones(9), np.random.default_rng(0)) == (-math.inf, math.inf)


def test_two_rows_are_spread_over_the_cells_of_each_group():
    shares = smoothed(np.array([[[28, 0], [0, 0]], [[0, 0], [0, 0]]]))

    assert shares.sum() == pytest.approx(1)
    assert shares[0, 0].tolist() == pytest.approx([28.5 / 32, 0.5 / 32])
    assert shares[1].sum() == pytest.approx(2 / 32)


def test_replicates_without_a_value_are_left_out():
    drawn = np.array([math.nan, *np.linspace(0, 1, 101)])

    assert percentiles(drawn, 0.5) == pytest.approx((0.025, 0.975))
    assert percentiles(drawn, 0.99).high == 0.99
    assert percentiles(drawn[:1], 0.5) == (-math.inf, math.inf)
