"""Labels that change along the rows, and a random split that hides it."""

from __future__ import annotations

import numpy as np

from data.sets import given, rules, table
from modelwarden.data.order import run
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
