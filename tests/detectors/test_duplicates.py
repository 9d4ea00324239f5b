"""Test rows that stand in the training set: exact, whatever the form, and honest about chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.detectors.duplicates import overlap
from modelwarden.targets.frames import Frame


def texts(*values):
    return np.array([*values, None], object)[:-1]


def frame(**columns):
    return Frame(tuple(columns), tuple(columns.values()))


def pairs(found):
    return list(zip(found.test.tolist(), found.train.tolist(), strict=True))


def test_texts_images_and_tables_are_compared_value_for_value():
    assert pairs(overlap(texts("a", "b", "c"), texts("x", "c", "a", "a"))) == [(0, 2), (2, 1)]
    images = np.random.default_rng(0).random((6, 1, 4, 4), np.float32)
    assert pairs(overlap(images[:3], images[[5, 2, 4]])) == [(2, 1)]
    one = frame(a=np.array([1, 2, 3]), b=texts("x", None, "z"), c=np.array([1.0, np.nan, -0.0]))
    two = frame(c=np.array([np.nan, 0.0]), b=texts(None, "z"), a=np.array([2.0, 3.0]))
    assert pairs(overlap(one, two)) == [(1, 0), (2, 1)]


def test_what_shares_no_column_or_has_another_shape_has_no_rows_in_common():
    assert pairs(overlap(frame(a=np.array([1])), frame(b=np.array([1])))) == []
    assert pairs(overlap(np.zeros((2, 3)), np.zeros((2, 4)))) == []
    assert pairs(overlap(np.zeros((2, 3)), frame(a=np.array([0.0])))) == []
    assert pairs(overlap(np.zeros((0, 3)), np.zeros((2, 3)))) == []


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", None])), max_size=12),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", None])), max_size=12),
)
def test_it_finds_what_a_plain_look_finds(test, train):
    def of(rows):
        numbers = np.array([n for n, _ in rows], np.int64)
        return frame(a=numbers, b=texts(*(word for _, word in rows)))

    found = overlap(of(test), of(train))

    expected = [(i, train.index(row)) for i, row in enumerate(test) if row in train]
    assert pairs(found) == expected


@pytest.mark.parametrize("columns", [4, 8, 12])
def test_coincidence_is_foretold_from_the_training_set(columns):
    rng = np.random.default_rng(columns)
    for _ in range(5):
        test, train = (rng.integers(0, 2, (n, columns)).astype(float) for n in (1000, 3000))
        found = overlap(test, train)
        assert len(found.test) / 1000 == pytest.approx(found.expected, abs=0.08)
        assert not found.beyond(0.005)


def test_a_few_planted_rows_among_continuous_ones_are_beyond_coincidence():
    rng = np.random.default_rng(0)
    test, train = rng.normal(size=(1000, 5)), rng.normal(size=(4000, 5))
    train[:6] = test[:6]

    assert overlap(test, train).beyond(0.005)
    assert not overlap(test[:1000], train[3:]).beyond(0.005)
