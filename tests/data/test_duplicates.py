"""Duplicates, conflicts and leaks as the stage reports them, with every row that they touch."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import arrays, given, named, rows_of, rules, table
from modelwarden.data import duplicates
from modelwarden.data.stage import run
from modelwarden.targets.spec import Modality, Task


def columns(seed, n=2000):
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, n))
    town = rng.choice(["a", "b", "c"], n)
    y = (rng.random(n) < 1 / (1 + np.exp(-a))).astype(int)
    return {"y": y, "a": a, "b": b, "c": c, "town": town}


def with_rows(one, other, rows):
    """`one` with these rows of `other` behind it."""
    return {key: np.concatenate([one[key], other[key][rows]]) for key in one}


def test_clean_sets_repeat_nothing_and_leak_nothing():
    result = run(given(train=table("train", **columns(0)), test=table("test", **columns(1))))

    assert result.findings == ()
    assert result.rows == ()


def test_rows_within_and_across_sets_are_listed_once_for_each_kind():
    train, test = columns(0), columns(1)
    test = with_rows(test, train, np.arange(60))
    train = with_rows(train, train, np.arange(100, 150))

    result = run(given(train=table("train", **train), test=table("test", **test)))

    assert rules(result) == ["duplicate-rows"]
    assert rows_of(result, "duplicate-rows", "test") == set(range(2000, 2060))
    assert rows_of(result, "duplicate-rows", "train") == {*range(100, 150), *range(2000, 2050)}
    frames = [f.location.terms["frame"] for f in result.findings]
    assert sorted(frames) == ["test", "train"]
    assert all(len(f.location.terms["rows"]) <= 20 for f in result.findings)
    assert len({f.fingerprint for f in result.findings}) == 2


def test_rows_that_differ_a_little_are_found_in_both_sets():
    train, test = columns(0), columns(1)
    near = with_rows(test, train, np.arange(80))
    for name in "abc":
        near[name][2000:] += np.random.default_rng(2).normal(0, 1e-4, 80)

    result = run(given(train=table("train", **train), test=table("test", **near)))

    assert rules(result) == ["duplicate-rows"]
    assert len(rows_of(result, "duplicate-rows", "test") & set(range(2000, 2080))) >= 76
    assert "nearly equal" in result.findings[0].message


@pytest.mark.parametrize("jitter", [0.0, 1e-4])
def test_the_same_row_with_another_label_is_a_conflict(jitter):
    train = columns(0)
    train = with_rows(train, train, np.arange(40))
    train["y"][2000:] = 1 - train["y"][2000:]
    train["a"][2000:] += jitter

    result = run(given(train=table("train", **train), test=table("test", **columns(1))))

    assert "label-conflict" in rules(result)
    assert rows_of(result, "label-conflict") >= set(range(2000, 2040)) | set(range(40))


def test_repeats_in_a_table_of_few_values_are_neither_duplicates_nor_conflicts():
    for seed in range(4):
        rng = np.random.default_rng(seed)

        def few(rng=rng):
            made = {f"q{i}": rng.choice(["yes", "no"], 1500, p=[0.3, 0.7]) for i in range(9)}
            return {"y": rng.integers(0, 2, 1500), **made}

        result = run(given(train=table("train", **few()), test=table("test", **few())))
        assert result.findings == ()


def test_a_few_rows_that_are_near_by_chance_are_no_conflict():
    rng = np.random.default_rng(4)

    def shop(n):
        item, maker = rng.zipf(1.3, n) % 300, rng.integers(0, 40, n)
        price = np.round(rng.lognormal(2 + (item % 7) / 5, 0.5, n), 2)
        words = {"item": item.astype(str), "maker": maker.astype(str)}
        return {"y": rng.integers(0, 2, n), "price": price, **words}

    result = duplicates.run(
        given(train=table("train", **shop(4000)), test=table("test", **shop(2000)))
    )

    assert result.findings == ()


def test_numbers_as_labels_conflict_when_they_are_far_apart():
    train = columns(0)
    train["y"] = train["a"] * 2 + 0.1
    train = with_rows(train, train, np.arange(40))
    train["y"][2000:2020] += 5

    result = run(
        given(train=table("train", **train), test=table("test", **columns(1)), task=Task.REGRESSION)
    )

    assert rows_of(result, "label-conflict") == {*range(20), *range(2000, 2020)}


def test_texts_pictures_and_vectors_repeat_too():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{k}" for k in rng.integers(0, 5000, 12)) for _ in range(400)]
    short = ["ok thanks"] * 60
    pages = run(
        given(
            train=arrays([*texts[:300], *short], name="train"),
            test=arrays([*texts[300:], *texts[:20], *short]),
            modality=Modality.TEXT,
        )
    )
    x = rng.random((300, 1, 8, 8)).astype(np.float32)
    images = run(
        given(
            train=arrays(x[:200], name="train"),
            test=arrays(np.concatenate([x[200:], x[:10]])),
            modality=Modality.IMAGE,
        )
    )
    flat = rng.normal(size=(300, 5))
    vectors = run(
        given(
            train=arrays(flat[:200], name="train"),
            test=arrays(np.concatenate([flat[200:], flat[:10]])),
            modality=Modality.VECTOR,
        )
    )

    assert rows_of(pages, "duplicate-rows", "test") >= set(range(100, 120))
    assert rows_of(images, "duplicate-rows", "test") == set(range(100, 110))
    assert rows_of(vectors, "duplicate-rows", "test") == set(range(100, 110))


def test_a_leak_is_reported_at_its_column():
    train = columns(0)
    train["after"] = np.where(train["y"] == 1, "closed", "open")

    result = run(given(train=table("train", **train), test=table("test", **columns(1))))

    assert ("target-leakage", "after") in named(result)


def test_remarks_of_a_few_phrases_repeat_by_themselves():
    def remarks(seed, n):
        rng = np.random.default_rng(seed)
        deeds = "refund replace return cancel confirm check".split()
        things = "parcel invoice account ticket".split()
        tones = ["as agreed on", "at once and", "no hurry but"]
        made = (
            f"{rng.choice(deeds)} the {rng.choice(things)} {rng.choice(tones)} "
            f"{rng.choice(deeds)} the {rng.choice(things)} number {rng.integers(40)}"
            for _ in range(n)
        )
        return list(made)

    train, test = remarks(0, 3000), remarks(1, 1500)
    y = np.random.default_rng(2).integers(0, 2, 3000)
    assert len(set(train)) < 2990, "some do stand there again"

    result = run(
        given(
            train=arrays(train, name="train", y=y),
            test=arrays(test, y=y[:1500]),
            modality=Modality.TEXT,
        )
    )

    assert result.findings == ()


def test_copies_of_what_somebody_wrote_are_found_among_them_too():
    rng = np.random.default_rng(0)
    book = [f"w{k}" for k in range(300)]
    texts = [" ".join(rng.choice(book, rng.integers(14, 24))) for _ in range(900)]
    copies = [text.replace(" w", " the w", 1) for text in texts[:30]]

    result = run(
        given(
            train=arrays(texts[:600], name="train"),
            test=arrays([*texts[600:], *texts[30:50], *copies]),
            modality=Modality.TEXT,
        )
    )

    assert rows_of(result, "duplicate-rows", "test") == set(range(300, 350))


def test_variants_of_one_text_are_copies_of_it_as_a_form_that_is_filled_is_not():
    rng = np.random.default_rng(0)
    book = [f"w{k}" for k in range(300)]
    texts = [" ".join(rng.choice(book, rng.integers(14, 24))) for _ in range(900)]
    variants = [f"{text} v{i}" for text in texts[:20] for i in range(4)]
    hosts = [
        f"login from station n{rng.integers(1, 20)} failed {rng.integers(1, 60)} times"
        if rng.random() < 0.5
        else f"job {rng.integers(1, 12)} on host n{rng.integers(1, 20)} took {rng.integers(90)} s"
        for _ in range(1500)
    ]

    def told(rows):
        return run(
            given(
                train=arrays(rows[: len(rows) // 2], name="train"),
                test=arrays(rows[len(rows) // 2 :]),
                modality=Modality.TEXT,
            )
        )

    assert len(rows_of(told([*texts, *variants]), "duplicate-rows", "test")) >= 80
    assert told(hosts).findings == ()
