"""Simulated coverage of nominal 95 % intervals: a glance in every run, the table in the soak."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from coverage_of_intervals import CASES, of_shares, simulate
from tables import wilson

from modelwarden.metrics import intervals

QUICK = ("binary", "unfair", "scores", "calibrated", "numbers", "means", "differences")


@pytest.mark.parametrize("case", QUICK)
def test_intervals_hold_the_truth_about_as_often_as_they_say(case):
    for name, (held, sets) in simulate(case, 300, 60, seed=1).items():
        assert wilson(held, sets, z=3.3)[1] >= 0.95, name


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("n", [30, 100, 1_000, 100_000])
def test_the_intervals_of_a_share_keep_their_level(n, share):
    assert of_shares(intervals.clopper_pearson, n, share) >= 0.95
    assert of_shares(intervals.of_share, n, share) >= 0.935


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n", [1_000, 10_000, 100_000])
def test_intervals_reach_the_floor_over_two_thousand_sets(case, n):
    for name, (held, sets) in simulate(case, n, 2_000).items():
        assert wilson(held, sets)[1] >= 0.935, name


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
def test_thirty_rows_cost_no_interval_more_than_a_few_points(case):
    for name, (held, sets) in simulate(case, 30, 2_000).items():
        assert wilson(held, sets)[1] >= 0.90, name
