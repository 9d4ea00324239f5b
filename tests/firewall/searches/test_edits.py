"""Which values of rows differ."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelwarden.firewall.features import features_of, matrix_of
from modelwarden.firewall.profile import Input, Kind
from modelwarden.firewall.searches.edits import Features, mark_of

ROWS = arrays(np.float64, (5, 6), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0, 1e9]))


@given(ROWS, st.lists(st.integers(0, 3), min_size=6, max_size=6).map(sorted))
def test_features_that_differ_are_counted_as_by_hand(rows, features):
    marks = np.stack([mark_of(row) for row in rows])
    known = Features(features)

    def of(columns):
        return len({features[column] for column in columns})

    apart = [of(np.flatnonzero(row != rows[0])) for row in rows]
    assert known.differing(marks, marks[0]).tolist() == apart
    assert known.varied(marks, marks[0]) == of(np.flatnonzero((rows != rows[0]).any(axis=0)))
    alone = Features()
    assert alone.varied(marks, marks[0]) == int((rows != rows[0]).any(axis=0).sum())


def test_features_are_of_the_columns_that_are_measured():
    words = np.array(["red", "blue"], np.object_)
    inputs = (
        Input(name="age", kind=Kind.INTEGER),
        Input(name="colour", kind=Kind.CATEGORY, categories=("blue", "green", "red")),
        Input(name="note", kind=Kind.TEXT),
        Input(name="name", kind=Kind.CATEGORY, categories=tuple(map(str, range(60)))),
        Input(name="places", kind=Kind.NUMBER, shape=(2, 2)),
    )
    values = {
        "age": np.array([1, 2]),
        "colour": words,
        "note": words,
        "name": words,
        "places": np.zeros((2, 2, 2)),
    }

    found = features_of(inputs)

    assert found == [0, 1, 1, 1, 2, 3, 4, 5]
    assert len(found) == matrix_of(inputs, values, 2).shape[1]
