"""Rows that repeat, and how many would by chance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from data.sets import column, frame
from modelwarden.detectors.coincidence import chance_of_rows
from modelwarden.detectors.repeats import repeats
from modelwarden.detectors.shingles import near_images, near_texts


def table(x):
    return frame(**{f"f{i}": np.ascontiguousarray(c) for i, c in enumerate(np.asarray(x).T)})


def members(found):
    return {row for pair in found for row in (pair.first, pair.second)}


def test_the_chance_of_a_row_is_exact_for_a_chain_and_adds_up_to_one():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 2, 20_000)
    second = np.where(rng.random(20_000) < 0.8, first, 1 - first)
    third = np.where(rng.random(20_000) < 0.7, second, 1 - second)
    every = np.array(list(itertools.product((0, 1), repeat=3)))
    columns = [np.concatenate([c, every[:, i]]) for i, c in enumerate((first, second, third))]

    chance, parts = chance_of_rows(columns, np.arange(20_000))

    truth = [
        0.5 * (0.8 if a == b else 0.2) * (0.7 if b == c else 0.3) for a, b, c in every.tolist()
    ]
    assert np.exp(chance[-8:]) == pytest.approx(truth, rel=0.08)
    assert np.exp(parts[-8:].sum(axis=1)).sum() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("columns", [3, 5, 20])
@pytest.mark.parametrize("jitter", [0.0, 1e-4])
def test_copies_among_numbers_are_found_equal_or_nearly(columns, jitter):
    rng = np.random.default_rng(columns)
    x = rng.normal(size=(3000, columns))
    copies = x[:90] + rng.normal(size=(90, columns)) * jitter

    found = repeats(table(np.concatenate([x, copies]))).pairs

    assert {pair.how for pair in found} >= {"nearly equal" if jitter else "equal"}
    assert len(members(found) & set(range(3000, 3090))) >= 0.95 * 90
    assert len(members(found)) <= 2 * 90 + 12


def test_a_row_with_one_cell_changed_is_found_and_the_cell_named():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 6))
    copies = x[:50].copy()
    copies[:, 2] += rng.normal(size=50)

    found = repeats(table(np.concatenate([x, copies]))).pairs

    assert {pair.how for pair in found} >= {"equal but for f2"}
    assert members(found) >= {*range(50), *range(2000, 2050)}
    assert len(members(found)) <= 104


@pytest.mark.parametrize(("columns", "values"), [(6, 2), (8, 3), (5, 8), (12, 2), (10, 4)])
@pytest.mark.parametrize("linked", [False, True])
def test_tables_of_few_values_repeat_by_chance(columns, values, linked):
    rng = np.random.default_rng(columns)
    x = rng.integers(0, values, (3000, columns))
    if linked:
        x = np.where(rng.random((3000, columns)) < 0.6, rng.integers(0, values, (3000, 1)), x)

    found = repeats(table(x))

    assert len(found.pairs) <= 2 * found.by_chance + 4 * found.by_chance**0.5 + 3


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_rows_on_a_thin_surface_are_not_near_by_much(dimensions):
    rng = np.random.default_rng(dimensions)
    x = np.tanh(rng.normal(size=(3000, dimensions)) @ rng.normal(size=(dimensions, 8)))

    assert len(repeats(table(x)).pairs) <= 0.02 * 3000


def test_whole_numbers_with_gaps_lie_on_a_lattice_and_are_not_near_by_much():
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.gamma(9, 7, 4800), rng.normal(125, 14, 4800)]).round()
    gaps = np.where(rng.random(4800) < 0.7, np.nan, rng.lognormal(1.7, 0.25, 4800).round(2))

    assert len(repeats(table(np.column_stack([x, gaps]))).pairs) <= 0.005 * 4800


def test_hardly_any_rows_or_columns_repeat_nothing():
    assert repeats(frame(a=[1.0])).pairs == ()
    assert repeats(table(np.empty((0, 2)))).pairs == ()
    assert repeats(table(np.full((50, 3), np.nan))).pairs == ()
    assert repeats(frame(a=[None] * 9, b=[None] * 9)).pairs == ()


def sentences(n, seed=0):
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), rng.integers(3, 9))) for _ in range(900)]
    return [" ".join(rng.choice(words, 14)) for _ in range(n)]


def test_texts_that_share_most_of_their_pieces_are_found_and_no_others():
    plain = sentences(600)
    changed = [" ".join(["indeed", *text.split()[:-1]]).upper() for text in plain[:40]]

    found = list(near_texts(column([*plain, *changed, "ok", "ok", None])))

    assert {(p.first, p.second) for p in found} == {(i, 600 + i) for i in range(40)}


def test_pictures_that_look_the_same_are_found_and_no_others():
    rng = np.random.default_rng(0)
    coarse = rng.random((200, 1, 6, 6))
    images = np.kron(coarse, np.ones((1, 1, 4, 4))).astype(np.float32)
    again = images[:20] * 0.8 + 0.1 + rng.normal(0, 0.01, images[:20].shape)

    found = list(near_images(np.concatenate([images, again.astype(np.float32)])))

    assert {(p.first, p.second) for p in found} == {(i, 200 + i) for i in range(20)}


def test_rows_that_crowd_at_the_end_of_a_scale_are_no_copies():
    """Twenty answers of one to five by two leanings: whoever leans far says five to nearly all."""
    for seed in (1, 2, 3):
        rng = np.random.default_rng(seed)
        weights = rng.uniform(0.5, 1.2, (2, 20))
        lean = rng.normal(size=(2500, 2)) @ weights * 0.8
        said = np.clip(np.round(3 + lean + rng.normal(0, 0.8, (2500, 20))), 1, 5).astype(int)
        mild = np.flatnonzero(np.abs(lean).max(axis=1) < 1.5)[:60]
        both = np.concatenate([said, said[mild]])

        clean, copied = (
            repeats(frame(**{f"q{i}": q for i, q in enumerate(x.T)}), near=False)
            for x in (said, both)
        )

        assert len(clean.pairs) <= 3
        assert {pair.second for pair in copied.pairs} >= set(range(2500, 2560))


def test_articles_ordered_again_are_no_copies_and_copies_of_patients_are():
    rng = np.random.default_rng(7)
    weight, price = rng.lognormal(size=(2, 200)).round(2)
    item = rng.choice(200, 3000, p=(1 / np.arange(8, 208)) / (1 / np.arange(8, 208)).sum())
    orders = frame(weight=weight[item], price=price[item], pieces=rng.geometric(0.6, 3000))

    who = rng.integers(0, 400, 3000)
    heat = (37 + rng.normal(size=400)[who] * 0.6 + rng.normal(size=3000) * 0.3).round(1)
    pulse = (70 + rng.normal(size=400)[who] * 9 + rng.normal(size=3000) * 5).round()
    fat = (20 + rng.normal(size=400)[who] * 4 + rng.normal(size=3000)).round(1)
    rows = np.concatenate([np.arange(3000), np.arange(40)])
    patients = frame(who=who[rows], heat=heat[rows], pulse=pulse[rows], fat=fat[rows])

    assert repeats(orders).pairs == ()
    found = repeats(patients)
    equal = [pair for pair in found.pairs if pair.how == "equal"]
    assert len({pair.second for pair in equal} & set(range(3000, 3040))) >= 38
    assert len(equal) <= 40 + 3 * found.by_chance + 5
