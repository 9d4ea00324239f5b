"""Labels that change along the rows, and a random split that hides it."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import column, given, rules, table
from modelwarden.data.order import run
from modelwarden.data.times import keys_of_time
from modelwarden.targets.spec import Task


def columns(seed, changes, n=3000):
    rng = np.random.default_rng(seed)
    late = np.arange(n) >= 0.6 * n
    a, b = rng.normal(size=(2, n))
    # The rule behind the label turns round, and positive cases become frequent.
    odds = np.where(late & changes, -2 * a + 1.5, 2 * a - 0.5)
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    return {"y": y, "a": a, "b": b, "day": np.arange(n)}


def shuffled(columns, seed=0):
    order = np.random.default_rng(seed).permutation(len(columns["y"]))
    return {key: value[order] for key, value in columns.items()}


def test_a_change_is_found_at_its_row_with_what_a_random_split_hides():
    train = table("train", **columns(0, changes=True))

    (found,) = run(given(train=train, test=table("test", **columns(1, changes=False)))).findings

    assert found.rule == "order-effect"
    assert abs(found.evidence["at"] - 1800) < 150
    assert found.evidence["shuffled"] > found.evidence["in_order"] + 0.2
    assert found.location.terms["frame"] == "train"


def test_the_column_of_time_gives_the_order_back():
    train = shuffled(columns(0, changes=True))
    test = table("test", **columns(1, changes=False))

    named = run(given(train=table("train", **train), test=test, order="day"))
    unnamed = run(given(train=table("train", **train), test=test))

    assert rules(named) == ["order-effect"]
    assert unnamed.findings == ()


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["9", "10", "8.5"], [1, 2, 0]),
        (["2021-02-01", "2021-01-31", "2020-12-01"], [2, 1, 0]),
        (["2021-02-01 09:30", "2021-02-01T08:15:02.5Z", "2021-02-01 23:00:00"], [1, 0, 2]),
        (["13.01.2021", "02.02.2021", "05.12.2020"], [1, 2, 0]),
        (["02/13/2021", "03/01/2021", "12/31/2020"], [1, 2, 0]),
        (["2021-W05", "2021-W11", "2020-W52"], [1, 2, 0]),
        (["2021Q2", "2021Q1", "2020Q4"], [2, 1, 0]),
        (["01/02/2021", "03/04/2021"], None),
        (["30.02.2021", "13.01.2021"], None),
        (["soon", "later"], None),
    ],
)
def test_times_that_stand_as_text_are_read_or_refused_and_never_guessed(words, keys):
    found = keys_of_time(column(words))

    assert (None if found is None else np.argsort(np.argsort(found)).tolist()) == keys


def test_a_missing_time_comes_last():
    found = keys_of_time(column(["13.01.2021", None, "05.12.2020"]))

    assert np.argsort(found).tolist() == [2, 0, 1]


def test_dates_with_the_day_first_give_the_order_back():
    known = columns(0, changes=True)
    days = np.datetime64("2021-01-01") + known.pop("day") // 4
    told = [f"{d.day:02}.{d.month:02}.{d.year}" for d in days.tolist()]
    train = shuffled({**known, "day": np.array(told, object)})
    test = table("test", **columns(1, changes=False))

    result = run(given(train=table("train", **train), test=test, order="day"))

    assert rules(result) == ["order-effect"]
    assert result.gaps == ()


def test_an_order_that_cannot_be_read_is_a_gap_and_not_guessed():
    known = columns(0, changes=True)
    known["day"] = np.array([f"day {d}" for d in known["day"]], object)

    result = run(given(train=table("train", **known), test=table("test", **known), order="day"))

    assert result.findings == ()
    assert [gap.kind.value for gap in result.gaps] == ["not-assessable"] * 2
    assert "'day' of [data] order holds text" in result.gaps[0].why


def test_steady_sorted_and_short_sets_are_quiet():
    for seed in range(10):
        steady = columns(seed, changes=False)
        order = np.argsort(steady["y"], kind="stable")
        ordered = {key: value[order] for key, value in steady.items()}
        result = run(given(train=table("train", **steady), test=table("test", **ordered)))
        assert result.findings == ()
    few = table("test", **columns(0, changes=True, n=30))
    assert run(given(test=few)).findings == ()


def test_a_regression_has_its_order_too():
    made = columns(0, changes=False)
    made["y"] = made["a"] + (np.arange(3000) > 2000)

    result = run(given(test=table("test", **made), task=Task.REGRESSION))

    assert rules(result) == ["order-effect"]


def test_times_of_several_zones_are_ordered_by_the_moment():
    words = ["2024-05-01T10:00:00+02:00", "2024-05-01T09:00:00Z", "2024-05-01T04:30:00-05:00"]

    assert np.argsort(keys_of_time(column(words))).tolist() == [0, 1, 2]
