"""Rows that conditions select."""

from __future__ import annotations

import numpy as np
import pytest

from assess.fakes import table
from modelwarden.assess.slicing import rows_of
from modelwarden.core import InputError

DATA = table(
    {
        "age": np.array([20.0, 40.0, np.nan, 60.0]),
        "sex": np.array(["f", "m", None, "f"], object),
        "n": np.array([1, 2, 3, 4]),
        "ok": np.array([True, False, True, True]),
    }
)


@pytest.mark.parametrize(
    ("column", "op", "value", "rows"),
    [
        ("sex", "==", "f", [0, 3]),
        ("sex", "in", ["f", "m"], [0, 1, 3]),
        ("sex", "in", [None], []),
        ("age", ">=", 40, [1, 3]),
        ("age", ">", 40, [3]),
        ("age", "<=", 40, [0, 1]),
        ("age", "<", 40, [0]),
        ("age", "between", [20, 40], [0, 1]),
        ("n", "in", [1, 4], [0, 3]),
        ("ok", "==", True, [0, 2, 3]),
    ],
)
def test_each_operator_selects_its_rows_and_a_missing_value_meets_none(column, op, value, rows):
    mask = rows_of(DATA, [{"column": column, "op": op, "value": value}])

    assert np.flatnonzero(mask).tolist() == rows


def test_conditions_are_all_met_and_none_selects_everything():
    both = [{"column": "sex", "value": "f"}, {"column": "age", "op": ">", "value": 30}]

    assert np.flatnonzero(rows_of(DATA, both)).tolist() == [3]
    assert rows_of(DATA, []).all()


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"column": "size", "value": 1}, "no column 'size'"),
        ({"column": "age", "op": "~", "value": 1}, "operator '~'"),
        ({"column": "sex", "op": ">", "value": "a"}, "cannot be compared"),
        ({"column": "age", "op": "between", "value": 3}, "cannot be compared"),
        ({"op": "==", "value": 3}, "needs column"),
        ({"column": "age", "value": 1, "x": 2}, "needs column"),
    ],
)
def test_what_is_no_condition_is_refused(condition, words):
    with pytest.raises(InputError, match=words):
        rows_of(DATA, [condition])
