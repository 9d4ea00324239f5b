"""The stage `slices`: planted cells are found, honest hard regions are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from assess.fakes import Labels, Scores, Values, context, named, rules, spec, table, vectors
from modelwarden.assess.slices.stage import run
from modelwarden.assess.slicing import rows_of
from modelwarden.core import GapKind, seed_for
from modelwarden.targets.spec import Modality, Task


def frame(rng, n):
    columns = {f"n{i}": rng.normal(size=n) for i in range(5)}
    for i in range(4):
        columns[f"c{i}"] = np.array(list("abcd"), object)[rng.integers(0, 4, n)]
    return columns


def answered(columns, y, answers, kind=Scores, task=Task.BINARY):
    said = np.stack([1 - answers, answers], axis=1) if kind is Scores else answers
    at = dict(zip(range(len(y)), said, strict=True))
    data = table({**columns, "row": np.arange(len(y))}, y)
    target = kind(spec(task), lambda x: np.array([at[i] for i in x["row"].tolist()]))
    return context(target, data)


def overlap(made, finding, mask):
    found = rows_of(made.test, finding.location.slice)
    return (found & mask).sum() / (found | mask).sum()


def honest(rng, columns, slope=3.0):
    return 1 / (1 + np.exp(-slope * (columns["n0"] + columns["n1"])))


def cells(columns):
    return {
        "two categories": (columns["c0"] == "a") & (columns["c1"] == "b"),
        "a range and a category": (np.abs(columns["n2"] - 0.3) < 0.4) & (columns["c1"] == "b"),
        "three columns": (columns["n2"] > 0.2) & (columns["c2"] == "c") & (columns["c3"] == "d"),
    }


@pytest.mark.parametrize("which", ["two categories", "a range and a category", "three columns"])
def test_a_cell_with_the_answers_of_a_coin_is_found_and_described(which):
    rng = np.random.default_rng(0)
    columns = frame(rng, 6000)
    p = honest(rng, columns)
    y = (rng.random(6000) < p).astype(int)
    mask = cells(columns)[which]
    made = answered(columns, y, np.where(mask, rng.permutation(p), p))

    result = run(made)

    assert rules(result) == ["weak-slice"]
    found = result.findings[0]
    assert overlap(made, found, mask) > 0.7
    assert set(found.location.slice[0]) == {"column", "op", "value"}
    assert "SELECT * FROM test WHERE" in found.evidence["sql"]
    assert "are answered wrong, where its scores let one expect" in found.message
    assert found.evidence["low"] > 0
    assert len(result.rows) == rows_of(made.test, found.location.slice).sum()
    measured = result.measurements[0]
    assert (measured.name, measured.value) == ("excess_error", found.evidence["beyond"])


def test_the_query_for_pandas_selects_the_rows_of_the_slice():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    columns = frame(rng, 4000)
    p = honest(rng, columns)
    y = (rng.random(4000) < p).astype(int)
    mask = cells(columns)["a range and a category"]
    made = answered(columns, y, np.where(mask, 1 - p, p))

    found = run(made).findings[0]

    df = pandas.DataFrame({**columns, "row": np.arange(4000)})
    picked = eval(found.evidence["pandas"], {"df": df})
    assert (
        picked.index.tolist() == np.flatnonzero(rows_of(made.test, found.location.slice)).tolist()
    )


def test_a_cell_whose_columns_tell_nothing_alone_is_found():
    rng = np.random.default_rng(2)
    columns = frame(rng, 8000)
    p = honest(rng, columns)
    high, other = columns["n2"] > 0, columns["n3"] > 0
    y = (rng.random(8000) < p).astype(int)
    spoilt = (high ^ other) & (rng.random(8000) < 0.4)
    made = answered(columns, y, np.where(spoilt, 1 - p, p))

    found = run(made).findings

    assert len(found) == 2
    for finding in found:
        assert (
            max(overlap(made, finding, high & ~other), overlap(made, finding, other & ~high)) > 0.8
        )


@pytest.mark.parametrize("seed", range(4))
def test_a_region_that_is_hard_and_said_to_be_is_no_weakness(seed):
    rng = np.random.default_rng(seed)
    columns = frame(rng, 3000)
    hard = cells(columns)["a range and a category"]
    p = honest(rng, columns)
    p = np.where(hard, 0.5, p)
    y = (rng.random(3000) < p).astype(int)

    assert rules(run(answered(columns, y, p))) == []


def test_columns_that_number_the_rows_or_give_the_label_away_tell_no_kind_of_rows():
    rng = np.random.default_rng(3)
    columns = frame(rng, 3000)
    p = honest(rng, columns, slope=0.5)
    y = (rng.random(3000) < p).astype(int)
    telling = {
        "nr": np.argsort(np.argsort(y + rng.normal(0, 0.3, 3000))),
        "paid": 9.0 * y + rng.normal(size=3000),
    }

    assert rules(run(answered({**columns, **telling}, y, p))) == []


def test_a_model_that_is_too_sure_everywhere_has_no_slice_of_its_own():
    rng = np.random.default_rng(0)
    columns = frame(rng, 3000)
    p = honest(rng, columns, slope=1.0)
    y = (rng.random(3000) < p).astype(int)

    assert rules(run(answered(columns, y, p**4 / (p**4 + (1 - p) ** 4)))) == []


def test_without_scores_a_small_learner_tells_hard_rows_from_badly_answered_ones():
    rng = np.random.default_rng(0)
    columns = frame(rng, 6000)
    p = honest(rng, columns)
    hard, mask = columns["c0"] == "a", cells(columns)["three columns"]
    p = np.where(hard & ~mask, 0.5, p)
    y = (rng.random(6000) < p).astype(int)
    said = np.where(mask, rng.permutation(p), p) >= 0.5
    clean = answered(columns, y, (p >= 0.5).astype(int), Labels)
    made = answered(columns, y, said.astype(int), Labels)

    assert rules(run(clean)) == []
    found = run(made).findings
    assert len(found) == 1
    assert overlap(made, found[0], mask) > 0.6
    assert "such rows need have" in found[0].message


@pytest.mark.parametrize(("wrong", "words"), [("bias", "too high by"), ("noise", "off by")])
def test_residuals_of_a_regression_are_searched(wrong, words):
    rng = np.random.default_rng(0)
    columns = frame(rng, 6000)
    truth = 3 * columns["n0"] + 2 * columns["n1"]
    mask = cells(columns)["two categories"]
    noisy = columns["c3"] == "a"
    y = truth + rng.normal(size=6000) * np.where(noisy & ~mask, 3.0, 1.0)
    said = np.where(mask, truth + 2 if wrong == "bias" else rng.permutation(truth), truth)
    made = answered(columns, y, said, Values, Task.REGRESSION)

    found = run(made).findings

    assert rules(run(answered(columns, y, truth, Values, Task.REGRESSION))) == []
    assert any(words in f.message and overlap(made, f, mask) > 0.7 for f in found)


def test_the_residual_of_a_slice_is_that_of_its_definition_on_rows_that_did_not_find_it():
    rng = np.random.default_rng(0)
    columns = frame(rng, 3000)
    truth = 2 * columns["n0"]
    y = truth + rng.normal(size=3000)
    said = truth + 1.5 * (columns["c0"] == "a")
    made = answered(columns, y, said, Values, Task.REGRESSION)

    result = run(made)

    # Residuals about their median, cut at four deviations (by the median), about their mean.
    raw = said - y - np.median(said - y)
    unit = 1.4826 * stats.median_abs_deviation(raw)
    cut = np.clip(raw, -4 * unit, 4 * unit)
    away = cut - cut.mean()
    (got,) = [m for m in result.measurements if m.conditions["of"] == "above"]
    mask = rows_of(made.test, [dict(c) for c in got.group["slice"]])
    halves = np.random.default_rng(seed_for(0, "slices") % 2**32).permutation(3000)
    sides = [away[half][mask[half]] for half in (np.sort(halves[:1500]), np.sort(halves[1500:]))]
    (mine,) = [side for side in sides if len(side) == got.n]
    known = stats.ttest_1samp(mine, 0).confidence_interval(0.95)
    assert got.name == "excess_residual"
    assert (mask == (columns["c0"] == "a")).all()
    assert (got.value, got.low, got.high) == pytest.approx((mine.mean(), known.low, known.high))


def test_a_slice_of_missing_values_is_found():
    rng = np.random.default_rng(0)
    columns = frame(rng, 4000)
    p = honest(rng, columns)
    y = (rng.random(4000) < p).astype(int)
    gone = rng.random(4000) < 0.08
    columns["n3"][gone] = np.nan
    made = answered(columns, y, np.where(gone, rng.permutation(p), p))

    found = run(made).findings[0]

    assert found.location.slice == ({"column": "n3", "op": "==", "value": None},)
    assert overlap(made, found, gone) == 1
    assert "n3 missing" in found.message


def test_texts_and_images_are_told_apart_by_what_is_read_off_them():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 3000)
    p = np.where(y == 1, 0.95, 0.05)
    refund = rng.random(3000) < 0.1
    words = np.array(
        [
            "please send " + "refund now" * int(r) + " order" * k
            for r, k in zip(refund, rng.integers(1, 30, 3000), strict=True)
        ],
        object,
    )
    said = np.where(refund, 1 - p, p)
    made = vectors(np.zeros((3000, 1)), y)
    images = (
        rng.random((1500, 1, 8, 8)) * np.where(rng.random(1500) < 0.1, 0.2, 1)[:, None, None, None]
    )
    dark = images.mean(axis=(1, 2, 3)) < 0.2

    texts = run(_on(made, words, y, said))
    made = _on(made, images, y[:1500], np.where(dark, 1 - p[:1500], p[:1500]))
    pictures = run(made)

    assert texts.findings[0].location.slice[0]["column"].startswith("text.contains:")
    assert len(pictures.findings) == 1
    assert pictures.findings[0].location.slice[0]["column"].startswith("image.")
    assert overlap(made, pictures.findings[0], dark) > 0.9


def _on(like, inputs, y, answers):
    said = np.stack([1 - answers, answers], axis=1)
    return context(Scores(spec(), lambda x: said[: len(x)]), replace(like, inputs=inputs, y=y))


def test_too_few_rows_no_column_and_one_class_are_gaps():
    rng = np.random.default_rng(0)
    columns = frame(rng, 500)
    p = honest(rng, columns)
    few = {name: column[:50] for name, column in columns.items()}

    results = [
        run(answered(few, (p[:50] > 0.5).astype(int), p[:50])),
        run(answered(columns, np.ones(500, int), p)),
        run(
            context(
                Scores(spec(), lambda x: np.full((len(x), 2), 0.5)),
                table({"same": np.zeros(500)}, (p > 0.5).astype(int)),
            )
        ),
    ]

    assert [g.kind for r in results for g in r.gaps] == [GapKind.NOT_ASSESSABLE] * 3
    assert [named(r) for r in results] == [{}] * 3


def test_numbers_beyond_all_bounds_are_answered():
    rng = np.random.default_rng(0)
    columns = frame(rng, 1000)
    huge = rng.standard_cauchy(1000) * 1e200
    columns["n0"][:50] = np.inf

    assert rules(run(answered(columns, huge, np.zeros(1000), Values, Task.REGRESSION))) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_slice_is_told_by_the_property_that_matters_not_by_one_that_hangs_together_with_it(seed):
    """Dark images make a cluster as well, but their brightness says which they are."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 4000)
    light = rng.uniform(0.25, 0.75, 4000)
    x = light[:, None, None, None] + rng.normal(size=(4000, 1, 12, 12)) * 0.06
    x[:, 0, 3:6, 3:6] += 0.2 * y[:, None, None]
    x[:, 0, 7:10, 7:10] += 0.2 * (1 - y)[:, None, None]
    x = np.clip(x, 0, 1).astype(np.float32)

    def answer(images):
        images = np.asarray(images, np.float64)
        apart = images[:, 0, 3:6, 3:6].mean((1, 2)) - images[:, 0, 7:10, 7:10].mean((1, 2))
        p = 1 / (1 + np.exp(-22 * apart))
        p = np.where(images.mean((1, 2, 3)) < 0.33, 1 - p, p)
        return np.stack([1 - p, p], axis=1)

    data = replace(vectors(np.zeros((4000, 1)), y), inputs=x)
    noisy = replace(data, y=np.where(rng.random(4000) < 0.04, 1 - y, y))

    result = run(context(Scores(replace(spec(), modality=Modality.IMAGE), answer), noisy))

    assert "image.brightness at most 0.3" in result.findings[0].message
