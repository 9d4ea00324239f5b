"""Columns that hang together otherwise, though each of them stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import frame
from modelwarden.detectors.joint import changed_pairs, groups_of


def pairs(here, there):
    return changed_pairs(here, there, margin=0.1, alpha=0.001)


def normal(rng, n, rho):
    first, noise, third = rng.normal(size=(3, n))
    return frame(a=first, b=rho * first + np.sqrt(1 - rho**2) * noise, c=third)


def test_a_correlation_that_changed_is_named_with_its_size():
    rng = np.random.default_rng(0)

    (found,) = pairs(normal(rng, 12_000, 0.0), normal(rng, 12_000, 0.4))

    assert {found.first, found.second} == {"a", "b"}
    assert found.before == pytest.approx(0.0, abs=0.03)
    assert found.after == pytest.approx(0.4, abs=0.03)
    assert found.low < 0.4 < found.high


def test_a_column_that_changes_alone_changes_no_pair():
    rng = np.random.default_rng(1)
    here, there = normal(rng, 5000, 0.5), normal(rng, 5000, 0.5)
    moved = there.with_column("a", np.exp(3 * there["a"]) + 7)

    assert pairs(here, moved) == ()


def test_words_and_bent_relations_count_too():
    rng = np.random.default_rng(2)

    def made(linked):
        word = rng.choice(["x", "y", "z"], 6000)
        number = rng.normal(size=6000) + (linked * (word == "x"))
        bent = (number**2 if linked else rng.normal(size=6000)) + rng.normal(0, 0.1, 6000)
        return frame(word=word, number=number, bent=bent)

    found = pairs(made(0), made(1))

    assert {frozenset((p.first, p.second)) for p in found} >= {
        frozenset(("word", "number")),
        frozenset(("number", "bent")),
    }
    assert len(groups_of(found)) == 1


@pytest.mark.parametrize("n", [500, 20_000])
def test_two_sets_of_one_kind_are_quiet(n):
    for seed in range(10):
        rng = np.random.default_rng(seed)

        def made(rng=rng):
            table = normal(rng, n, 0.6)
            many = {f"n{i}": rng.standard_t(2, n) for i in range(6)}
            more = {f"w{i}": rng.choice(list("abcdefgh"), n) for i in range(4)}
            return frame(**dict(zip(table.names, table.columns, strict=True)), **many, **more)

        assert pairs(made(), made()) == ()


def test_too_few_rows_or_columns_say_nothing():
    rng = np.random.default_rng(3)

    assert pairs(normal(rng, 20, 0), normal(rng, 20, 0.9)) == ()
    assert pairs(frame(a=rng.normal(size=500)), frame(a=rng.normal(size=500))) == ()
