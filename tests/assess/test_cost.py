"""The stage `cost`: quantiles with exact intervals, and nothing where nothing was asked."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assess.fakes import binary, context, honest, named, vectors
from modelwarden.assess.context import Spent
from modelwarden.assess.cost import quantile_ends, run


def measured(seconds, memory=None, tile=256):
    x, y = binary(20)
    spent = Spent(seconds=tuple(seconds), memory=memory)
    return run(context(honest(tile=tile), vectors(x, y), spent=lambda: spent))


def test_times_are_told_by_call_and_rows_by_tile():
    result = measured([0.1] * 50 + [0.3] * 50, memory=1 << 20, tile=100)

    got = named(result)
    assert got["latency"].value == pytest.approx(0.2)
    assert got["throughput"].value == pytest.approx(100 / 0.2)
    assert got["throughput"].low < 500 < got["throughput"].high
    assert (got["peak_memory"].value, got["peak_memory"].unit) == (1 << 20, "B")
    assert {m.stage for m in result.measurements} == {"cost"}
    assert got["latency"].conditions["calls"] == 100


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("n", [10, 60, 400])
def test_the_interval_of_a_quantile_is_scipys(n, share):
    values = np.random.default_rng(n).exponential(size=n)
    theirs = stats.quantile_test(values, q=0, p=share).confidence_interval(0.95)

    ours = quantile_ends(np.sort(values), share)

    low = 0.0 if np.isnan(theirs.low) else theirs.low
    high = np.inf if np.isnan(theirs.high) else theirs.high
    assert (ours.low, ours.high) == (low, high)


def test_one_call_says_little_and_no_call_nothing():
    one, none = measured([0.5]), measured([])

    assert named(one)["latency"].high is None
    assert not none.done
    assert none.measurements == ()
