from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from metricdata import labels, named
from modelwarden.metrics.bootstrap import MOST_PAIRED, replicate, widest_gap
from modelwarden.metrics.counts import count
from modelwarden.metrics.groups import gaps, per_group
from modelwarden.metrics.intervals import newcombe
from modelwarden.metrics.rates import accuracy


def rng():
    return np.random.default_rng(0)


def rates_by_group(y, predicted, group):
    """Selection, true positive and false positive rate of each group, by scikit-learn."""
    rows = []
    for name in np.unique(group):
        truth, said = y[group == name], predicted[group == name]
        rows.append(
            (
                said.mean(),
                sk.recall_score(truth, said, zero_division=np.nan),
                1 - sk.recall_score(truth, said, pos_label=0, zero_division=np.nan),
            )
        )
    return np.array(rows)


def test_gaps_are_the_largest_differences_of_scikit_learns_rates():
    y, predicted, group = labels(3_000, 2)

    ours = named(gaps(count(y, predicted, group=group), rng(), positive=1))

    selection, found, false = np.ptp(rates_by_group(y, predicted, group), axis=0)
    assert ours["demographic_parity_difference"].value == pytest.approx(selection, abs=1e-12)
    assert ours["equal_opportunity_difference"].value == pytest.approx(found, abs=1e-12)
    assert ours["equalized_odds_difference"].value == pytest.approx(max(found, false), abs=1e-12)
    assert all(m.low <= m.value <= m.high and m.stage == "fairness" for m in ours.values())


def test_rates_of_a_group_equal_scikit_learns():
    y, predicted, group = labels(3_000, 2)

    ours = per_group(count(y, predicted, group=group), positive=1)

    names = ("selection_rate", "true_positive_rate", "false_positive_rate")
    for i, row in enumerate(rates_by_group(y, predicted, group)):
        found = named(m for m in ours if m.group == i)
        assert [found[name].value for name in names] == pytest.approx(list(row), abs=1e-12)


def test_a_group_without_positive_cases_is_not_estimable_and_never_equal():
    y = np.array([0, 1] * 40 + [0] * 40)
    group = np.repeat(["a", "b"], [80, 40])

    ours = named(gaps(count(y, y, group=group), rng(), positive=1))

    assert math.isnan(ours["equal_opportunity_difference"].value)
    assert ours["equal_opportunity_difference"].conditions["not_estimable"] == ["b"]
    assert (ours["equalized_odds_difference"].low, ours["equalized_odds_difference"].high) == (0, 1)
    assert ours["demographic_parity_difference"].value == 0.5


def test_a_group_of_one_row_makes_no_gap():
    y, group = np.array([0, 1] * 30), np.array(["a", "b"] * 29 + ["b", "c"])
    y[group == "a"] = y[group == "b"] = 0

    ours = named(gaps(count(y, y, group=group), rng(), positive=1))

    assert ours["demographic_parity_difference"].value == 0
    assert ours["demographic_parity_difference"].high < 0.2
    assert ours["demographic_parity_difference"].conditions["not_estimable"] == ["c"]


def test_one_group_alone_or_no_row_has_no_gap():
    for y in (np.array([0, 1] * 30), np.array([], np.int64)):
        for m in gaps(count(y, y, classes=(0, 1)), rng(), positive=1):
            assert math.isnan(m.value)
            assert (m.low, m.high) == (0.0, 1.0)


def test_with_two_groups_the_interval_is_close_to_newcombes():
    y, group = np.zeros(700, np.int64), np.repeat([0, 1], [300, 400])
    predicted = np.concatenate([np.arange(300) < 120, np.arange(400) < 100]).astype(np.int64)

    parity = gaps(count(y, predicted, group=group, classes=(0, 1)), rng(), positive=1)[0]

    ends = newcombe(120, 300, 100, 400)
    assert (parity.low, parity.high) == pytest.approx(tuple(ends), abs=0.01)


def test_equal_groups_have_intervals_that_reach_zero():
    reached = 0
    for seed in range(40):
        chance = np.random.default_rng(seed)
        said, group = chance.integers(0, 2, 4_000), chance.integers(0, 16, 4_000)
        parity = gaps(count(said, said, group=group), chance, positive=1, draws=300)[0]
        reached += parity.low == 0

    assert reached >= 35


def test_hundreds_of_groups_are_compared_with_wider_intervals():
    chance = np.random.default_rng(1)
    few = chance.normal(0.5, 0.05, (1, MOST_PAIRED))
    drawn = few + chance.normal(0, 0.02, (500, 1, MOST_PAIRED))
    doubled, twice = np.tile(few, 2), np.tile(drawn, 2)

    pairs, ends = widest_gap(few, drawn), widest_gap(doubled, twice)

    assert pairs[0] == ends[0]
    assert ends[1].low <= pairs[1].low < pairs[1].high <= ends[1].high


def test_a_large_table_is_drawn_in_parts_and_stays_the_same_distribution():
    table = count(*labels(40_000, 90)[:2]).overall

    drawn = replicate(table, accuracy, rng(), draws=600)

    value = float(accuracy(table))
    assert len(drawn) == 600
    assert drawn.std() == pytest.approx(math.sqrt(value * (1 - value) / 40_000), rel=0.15)
