"""Columns in codes, and the conditions that codes stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assess.fakes import table
from modelwarden.assess.slices.features import Condition, coarse, feature_of, rows_in
from modelwarden.assess.slicing import rows_of

MANY = np.random.default_rng(0).normal(size=3000)
COLUMNS = {
    "floats": np.where(np.arange(3000) % 11 == 0, np.nan, MANY),
    "integers": (MANY * 100).astype(np.int64),
    "few": np.arange(3000) % 5,
    "flags": np.arange(3000) % 3 == 0,
    "days": np.datetime64("2026-01-01", "us") + np.arange(3000).astype("timedelta64[h]"),
    "words": np.array(["red", "it's", None], object)[np.arange(3000) % 3],
    "names": np.array([f"name {i % 300}" for i in range(3000)], object),
}


@pytest.mark.parametrize("name", list(COLUMNS))
@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_condition_of_any_codes_selects_exactly_their_rows(name, a, b):
    feature = feature_of(name, COLUMNS[name])
    data = table({name: COLUMNS[name]})
    first, last = sorted((a % len(feature.selectable), b % len(feature.selectable)))
    chosen = np.zeros(feature.size, bool)
    chosen[feature.selectable[first : last + 1]] = True
    if feature.ordered and chosen[feature.selectable].all():
        chosen[feature.selectable[-1]] = False

    condition = feature.condition(chosen)

    expected = rows_in([feature], [Condition(feature=0, chosen=chosen)], 3000)
    assert (rows_of(data, [condition]) == expected).all(), condition


def test_missing_values_have_a_code_and_a_condition_of_their_own():
    feature = feature_of("floats", COLUMNS["floats"])
    chosen = np.arange(feature.size) == feature.empty

    assert feature.condition(chosen) == {"column": "floats", "op": "==", "value": None}
    assert (
        rows_of(table(COLUMNS), [feature.condition(chosen)]) == np.isnan(COLUMNS["floats"])
    ).all()


@pytest.mark.parametrize(
    "column",
    [
        np.zeros(50),
        np.full(50, np.nan),
        np.array([None] * 50, object),
        np.array([f"text {i}" for i in range(500)], object),
        np.zeros(0),
    ],
)
def test_a_column_that_tells_no_rows_apart_is_none(column):
    assert feature_of("x", column) is None


def test_sets_of_a_coarse_feature_have_enough_rows_and_never_all():
    for name in COLUMNS:
        feature = feature_of(name, COLUMNS[name])
        found = coarse(feature, 5, 100)
        if name == "names":
            assert found is None
            continue
        for at in range(len(found.sets)):
            rows = found.chosen(at)[feature.codes].sum()
            assert 100 <= rows < 3000
