"""Words counted by where they stand in memory are those that a look at each one counts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from modelwarden.targets.counting import times_of


def drawn(rng: np.random.Generator, values: list[object], n: int) -> np.ndarray:
    return np.array([*values, None], object)[:-1][rng.integers(0, len(values), n)]


MIXED = [1, True, 1.0, "1", None, float("nan"), float("nan"), "ä", 10**30]


@pytest.mark.parametrize("n", [0, 1, 1000, 5000, 70_000])
@pytest.mark.parametrize(
    "values",
    [["yes", "no"], MIXED, [f"w{i}" for i in range(1000)], [f"w{i}" for i in range(6000)]],
    ids=["two", "mixed", "a thousand", "too many"],
)
def test_counts_and_their_order_are_those_of_a_look_at_each(values, n):
    column = drawn(np.random.default_rng(n), values, n)

    assert list(times_of(column).items()) == list(Counter(column.tolist()).items())


def test_equal_words_at_many_places_are_one_word():
    rng = np.random.default_rng(1)
    copies = ["".join(("long", " ", "word")) for _ in range(50)] + ["other"]
    column = drawn(rng, copies, 20_000)
    fresh = np.array([f"w{i}" for i in rng.integers(0, 3, 20_000)], object)

    assert len({id(word) for word in column.tolist()}) == 51
    for words in (column, fresh):
        assert list(times_of(words).items()) == list(Counter(words.tolist()).items())


def test_words_whose_places_have_the_same_key_are_told_apart():
    rng = np.random.default_rng(2)
    many = [f"{i:040d}" for i in range(40_000)]  # spread over more memory than there are keys
    column = drawn(rng, many[::20], 30_000)

    assert list(times_of(column).items()) == list(Counter(column.tolist()).items())


def test_a_view_with_gaps_and_one_that_cannot_be_written_are_counted_too():
    column = drawn(np.random.default_rng(3), ["a", "b", "c"], 30_000)
    column.setflags(write=False)

    for view in (column, column[::3], column[::-1]):
        assert list(times_of(view).items()) == list(Counter(view.tolist()).items())
