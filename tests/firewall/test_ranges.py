"""How far beyond a reference a value may be: with room, but not past where values end by nature."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.firewall.ranges import roomy

RNG = np.random.default_rng(5)
AGES = RNG.integers(18, 75, 1500)
DEBTS = np.abs(RNG.normal(0, 9000, 1500)).round()
INCOMES = np.exp(RNG.normal(10, 0.4, 1500)).round()
SHARES = np.concatenate([RNG.random(1400), np.ones(50), np.zeros(50)])
PERCENT = RNG.integers(0, 101, 900)
SUMMER = RNG.normal(20, 5, 1500)
VISITS = RNG.poisson(1.5, 1500)
ROOMS = RNG.integers(1, 9, 1500)
SEASON = np.sin(RNG.uniform(0, 6.283, 6000))
MILD = np.abs(17.8 + 16 * SEASON + RNG.normal(0, 0.3, 6000)).round(1)
MILD = MILD[MILD >= 1]
WINTERS = {"tenths": MILD, "whole": np.maximum(MILD.round(), 1.0)}


def ends(values, name=""):
    return roomy(values, float(values.min()), float(values.max()), name)


@pytest.mark.parametrize(
    ("name", "values", "wrong", "right"),
    [
        ("age", AGES, (-1, 0, 1980), (5, 12, 90, 120)),
        ("", DEBTS, (-1.0, -5000.0), (0.0, DEBTS.max() * 1.5)),
        ("yearlyIncome", INCOMES, (-1.0, 0.0), (INCOMES.min() / 3, INCOMES.max() * 1.5)),
        ("", SHARES, (-0.01, 1.01, 35.0), (0.0, 0.5, 1.0)),
        ("", PERCENT, (-1, 101), (0, 100)),
        ("", VISITS, (-1,), (0, VISITS.max() + 1)),
        ("", ROOMS, (-1,), (0, 12)),
        ("", SUMMER, (-60.0, 90.0), (-5.0, 40.0)),
        ("", SUMMER - 25, (-60.0, 60.0), (-25.0, 20.0)),
    ],
)
def test_values_end_where_the_reference_breaks_off(name, values, wrong, right):
    low, high = ends(values, name)

    assert all(not low <= value <= high for value in wrong), (low, high)
    assert all(low <= value <= high for value in right), (low, high)


@pytest.mark.parametrize("form", WINTERS)
def test_a_mild_winter_near_nothing_is_no_end(form):
    values = WINTERS[form]
    crowded = np.mean(values <= values.min() + 0.05 * np.ptp(values))
    assert crowded > 0.01  # as dense there as amounts are near nothing

    low, high = ends(values)

    assert low < -2
    assert high > 40


@pytest.mark.parametrize("name", ["temperature", "roomTemp", "change_of_price", "lat"])
def test_what_a_name_says_may_be_below_nothing_has_room_there(name):
    assert ends(DEBTS, name)[0] < 0


@pytest.mark.parametrize("name", ["price", "n_visits", "vehicleAge"])
def test_what_a_name_says_is_never_below_nothing_ends_there(name):
    assert ends(SUMMER[SUMMER > 3] - 2.5, name)[0] == 0
    assert ends(SUMMER[SUMMER > 3] - 2.5)[0] < 0


def test_unsigned_numbers_end_at_nothing():
    assert ends(np.array([3, 40, 7], np.uint8))[0] == 0


def test_values_that_end_near_to_a_whole_are_not_stopped_there():
    """97 °F is no share of anything."""
    values = np.concatenate([RNG.uniform(40, 97, 1500)])

    assert ends(values)[1] > 105


@pytest.mark.parametrize("count", [200, 1500])
def test_a_long_tail_has_room_as_it_is_long(count):
    """Of fresh values one in 10,000 is refused at the most, by few rows one in 500."""
    rng = np.random.default_rng(11)
    refused = 0
    for _ in range(20):
        low, high = ends(rng.lognormal(8, 2, count))
        fresh = rng.lognormal(8, 2, 5000)
        refused += int(np.count_nonzero((fresh < low) | (fresh > high)))

    assert refused <= 20 * 5000 / (10_000 if count > 1000 else 500)


def test_few_rows_tell_of_no_end():
    assert ends(np.array([0.0, 1.0, 2.0, 3.0])) == (-3.0, 6.0)


def test_one_value_alone_has_room_as_it_is_large():
    assert ends(np.full(100, 7.0)) == (0.0, 14.0)


def test_what_is_missing_or_infinite_is_not_counted():
    values = np.array([np.nan, np.inf, *np.linspace(0, 10, 500)])

    assert roomy(values, 0.0, 10.0) == (0.0, 20.0)
