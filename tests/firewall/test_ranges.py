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


def ends(values):
    return roomy(values, float(values.min()), float(values.max()))


@pytest.mark.parametrize(
    ("values", "wrong", "right"),
    [
        (AGES, (-1, 0, 1980), (5, 12, 90, 120)),
        (DEBTS, (-1.0, -5000.0), (0.0, DEBTS.max() * 1.5)),
        (INCOMES, (-1.0, 0.0), (INCOMES.min() / 3, INCOMES.max() * 1.5)),
        (SHARES, (-0.01, 1.01, 35.0), (0.0, 0.5, 1.0)),
        (PERCENT, (-1, 101), (0, 100)),
        (SUMMER, (-60.0, 90.0), (-5.0, 40.0)),
        (SUMMER - 25, (-60.0, 60.0), (-25.0, 20.0)),
    ],
)
def test_values_end_where_the_reference_breaks_off(values, wrong, right):
    low, high = ends(values)

    assert all(not low <= value <= high for value in wrong), (low, high)
    assert all(low <= value <= high for value in right), (low, high)


def test_few_rows_tell_of_no_end():
    assert ends(np.array([0.0, 1.0, 2.0, 3.0])) == (-3.0, 6.0)


def test_one_value_alone_has_room_as_it_is_large():
    assert ends(np.full(100, 7.0)) == (0.0, 14.0)


def test_what_is_missing_or_infinite_is_not_counted():
    values = np.array([np.nan, np.inf, *np.linspace(0, 10, 500)])

    assert roomy(values, 0.0, 10.0) == (0.0, 20.0)
