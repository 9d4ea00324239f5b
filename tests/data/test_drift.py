"""Drift as the stage reports it: what moved is named, what did not is left alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from data.sets import arrays, given, named, rules, table
from modelwarden.core import GapKind, Severity
from modelwarden.data import stage
from modelwarden.data.stage import run
from modelwarden.targets.errors import TargetError
from modelwarden.targets.spec import Modality, TargetSpec, Task

N = 12_000


@pytest.fixture(autouse=True)
def no_learners(monkeypatch):
    """Leave label errors out: they learn for long, and have tests of their own."""
    parts = tuple(part for part in stage.PARTS if part[0] != "label errors")
    monkeypatch.setattr(stage, "PARTS", parts)


def columns(seed, n=N, **more):
    rng = np.random.default_rng(seed)
    age, income = rng.normal(size=(2, n))
    town = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    y = (rng.random(n) < 1 / (1 + np.exp(-age))).astype(int)
    return {"y": y, "age": age, "income": income, "town": town, **more}


def both(change, n=N):
    rng = np.random.default_rng(99)
    later = columns(1, n)
    change(later, rng)
    return given(train=table("train", **columns(0, n)), test=table("test", **later))


def _missing(c, rng):
    c["income"][rng.random(N) < 0.06] = np.nan


def _together(c, rng):
    c["income"] = 0.5 * c["age"] + np.sqrt(0.75) * c["income"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c, rng: None, []),
        (lambda c, rng: c.update(age=c["age"] + 0.15), [("feature-drift", "age")]),
        (lambda c, rng: c.update(age=c["age"] * 1.25), [("feature-drift", "age")]),
        (
            lambda c, rng: c.update(town=rng.choice(["a", "b", "c"], N, p=[0.4, 0.3, 0.3])),
            [("feature-drift", "town")],
        ),
        (_missing, [("missingness-change", "income")]),
        (_together, [("joint-drift", "")]),
        (lambda c, rng: c.update(y=(rng.random(N) < 0.58).astype(int)), [("label-drift", "label")]),
        (lambda c, rng: c.update(age=c["age"] + 0.02), []),
    ],
)
def test_what_moved_is_named_and_nothing_else(change, expected):
    found = [one for one in named(run(both(change))) if one[0] != "x"]

    assert found == expected


def _recoded(c, rng):
    c["income"][rng.random(N) < 0.05] = -99.0


def _renamed(c, rng):
    c["town"] = np.where(c["town"] == "c", "sea", c["town"])


def _renamed_and_moved(c, rng):
    _renamed(c, rng)
    c["town"][(c["town"] == "a") & (rng.random(N) < 0.4)] = "b"


def _long_tail(c, rng):
    c["income"] = np.where(rng.random(N) < 0.01, c["income"] + 6, c["income"])


def _recoded_and_moved(c, rng):
    _recoded(c, rng)
    c["income"] = np.where(c["income"] > -99, c["income"] + 0.3, c["income"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c, rng: c.update(income=c["income"] * 100), ["schema-break"]),
        (_recoded, ["schema-break"]),
        (_renamed, ["schema-break"]),
        (_long_tail, ["feature-drift", "schema-break"]),
        (_recoded_and_moved, ["feature-drift", "schema-break"]),
        (_renamed_and_moved, ["feature-drift", "schema-break"]),
    ],
)
def test_of_a_broken_column_only_what_the_break_leaves_is_drift(change, expected):
    found = run(both(change))

    assert rules(found) == expected
    assert [t.name for t in found.tables] == ["drift of test"]


def test_a_sign_that_turned_is_no_drift_of_what_hangs_together():
    train, test = columns(0), columns(1)
    for c in (train, test):
        c["income"] = 3 + 0.5 * c["age"] + c["income"]
    test["income"] = -test["income"]

    found = named(run(given(train=table("train", **train), test=table("test", **test))))

    assert found == [("schema-break", "income")]


def test_a_clock_that_goes_on_is_no_drift_and_no_break():
    rng = np.random.default_rng(0)
    sets = {
        name: table(name, rng.integers(0, 2, 800), x=rng.normal(size=800), day=days)
        for name, days in (
            ("train", np.sort(rng.integers(0, 300, 800))),
            ("test", np.sort(rng.integers(300, 600, 800))),
            ("current", np.sort(rng.integers(600, 900, 800))),
        )
    }
    shuffled = table("test", sets["test"].y, x=sets["test"].inputs["x"], day=np.arange(800)[::-1])

    assert named(run(given(**sets))) == []
    assert "day" in {f for _, f in named(run(given(**(sets | {"test": shuffled}))))}


def test_every_finding_has_an_effect_an_interval_and_a_corrected_p():
    result = run(both(lambda c, rng: c.update(age=c["age"] + 0.15)))

    (finding,) = result.findings
    first = finding.evidence["changes"][0]
    assert first["low"] < 0.15 < first["high"]
    assert first["p_adjusted"] < 1e-6
    assert finding.location.terms["frame"] == "test"
    assert [t.name for t in result.tables] == ["drift of test"]


def test_the_table_says_of_every_feature_what_its_test_and_the_margin_come_to():
    rng = np.random.default_rng(3)
    few = {
        name: table(name, rng.integers(0, 2, 80), a=rng.normal(size=80), b=rng.normal(size=80))
        for name in ("train", "test")
    }
    moved = run(both(lambda c, rng: c.update(age=c["age"] + 0.15)))
    still = run(given(**few))

    said = {row[0]: (row[5], row[6]) for row in moved.tables[0].rows}
    assert {name for name, (_, word) in said.items() if word == "a change"} == {"age"}
    assert said["age"][0] < 1e-4
    assert {row[6] for row in still.tables[0].rows} == {"may be chance"}
    assert min(row[5] for row in still.tables[0].rows) > 1e-4


def test_a_later_frame_without_labels_is_compared_too():
    later = columns(1)
    del later["y"]
    later["age"] = later["age"] * 100

    result = run(
        given(
            train=table("train", **columns(0)),
            test=table("test", **columns(2)),
            current=table("current", **later),
        )
    )

    assert {f.location.terms["frame"] for f in result.findings} == {"current"}
    assert ("schema-break", "age") in named(result)


def test_a_column_that_lost_all_values_is_missing_not_broken():
    result = run(both(lambda c, rng: c.update(town=[None] * N)))

    assert named(result) == [("missingness-change", "town")]
    assert result.findings[0].severity is Severity.HIGH  # as if the column were gone


def test_regression_labels_vectors_images_and_texts_have_their_drift():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3))
    vectors = given(
        train=arrays(x, x[:, 0], "train"),
        test=arrays(x + np.array([0, 0, 0.5]), x[:, 0] + 0.5),
        task=Task.REGRESSION,
        modality=Modality.VECTOR,
    )
    pictures = rng.random((600, 1, 8, 8)).astype(np.float32)
    images = given(
        train=arrays(pictures, name="train"),
        test=arrays(np.clip(rng.random((600, 1, 8, 8)) + 0.2, 0, 1).astype(np.float32)),
        modality=Modality.IMAGE,
    )
    plain = [f"a plain text of {i} words" for i in range(1000)]
    loud = [f"BUY NOW {i} !!! http://x" for i in range(1000)]
    texts = given(train=arrays(plain, name="train"), test=arrays(loud), modality=Modality.TEXT)

    found = named(run(vectors))
    assert ("feature-drift", "x[2]") in found
    assert ("label-drift", "label") in found
    assert ("feature-drift", "x[0]") not in found
    assert ("feature-drift", "brightness") in named(run(images))
    assert {("feature-drift", "capitals"), ("feature-drift", "digits")} <= set(named(run(texts)))


SPEC = TargetSpec(task=Task.BINARY, modality=Modality.TABULAR, classes=(0, 1), positive=1)


def answers(data):
    p = 1 / (1 + np.exp(-data.inputs["age"]))
    return SimpleNamespace(
        labels=(p >= 0.5).astype(np.int64), scores=np.stack([1 - p, p], axis=1), values=None
    )


def with_model(**sets):
    return given(ask=answers, spec=SPEC, **sets)


def test_answers_that_move_and_errors_that_grow_are_told_apart():
    later, turned = columns(1), columns(2)
    later["age"] = later["age"] + 0.5
    at = np.random.default_rng(3).random(N) < 0.4
    turned["y"] = np.where(at, 1 - turned["y"], turned["y"])

    moved = run(with_model(test=table("test", **columns(0)), current=table("current", **later)))
    wrong = run(with_model(test=table("test", **columns(0)), current=table("current", **turned)))
    same = run(with_model(test=table("test", **columns(0)), current=table("current", **columns(4))))

    assert "prediction-drift" in rules(moved)
    assert "concept-drift" in rules(wrong)
    assert "prediction-drift" not in rules(wrong)
    assert rules(same) == []


@pytest.mark.parametrize("by", ["row", "column"])
def test_errors_that_begin_at_some_row_are_found_there(by):
    test = columns(0, 3000)
    late = np.arange(3000) >= 2000
    rng = np.random.default_rng(4)
    test["y"] = np.where(late & (rng.random(3000) < 0.5), 1 - test["y"], test["y"])
    order = rng.permutation(3000) if by == "column" else np.arange(3000)
    shuffled = {key: np.asarray(value)[order] for key, value in test.items()}
    time = {"order": "time"} if by == "column" else {}
    if by == "column":
        shuffled["time"] = order

    result = run(with_model(test=table("test", **shuffled), **time))

    (found,) = [f for f in result.findings if f.rule == "concept-drift"]
    assert found.evidence["at"] == pytest.approx(2000, abs=120)
    assert order[found.location.row] == pytest.approx(2000, abs=120)


def test_rows_sorted_by_their_label_have_no_order_of_time():
    test = columns(0, 3000)
    order = np.argsort(test["y"], kind="stable")

    result = run(
        with_model(test=table("test", **{k: np.asarray(v)[order] for k, v in test.items()}))
    )

    assert "concept-drift" not in rules(result)


def test_a_model_that_fails_on_the_later_frame_is_a_gap():
    def ask(data):
        if data.name == "current":
            raise TargetError("no such column", kind=GapKind.FAILED)
        return answers(data)

    result = run(
        given(
            test=table("test", **columns(0)),
            current=table("current", **columns(1)),
            ask=ask,
            spec=SPEC,
        )
    )

    assert [gap.why for gap in result.gaps] == ["no such column"]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_rows_are_answered_not_crashed(n):
    for frames in ((n, 500), (500, n), (n, n)):
        train, test = (columns(i, size) for i, size in enumerate(frames))
        result = run(with_model(train=table("train", **train), test=table("test", **test)))
        assert rules(result) == []
        assert all(gap.kind is GapKind.NOT_ASSESSABLE for gap in result.gaps)


def test_bad_cells_are_answered_not_crashed():
    one = columns(0, 300, cell=["x" * 1_000_000] * 300, day=["2020-01-01"] * 300, gone=[None] * 300)
    two = columns(1, 300, cell=["y"] * 300, day=["01.01.2020"] * 300, gone=[None] * 300)
    two["y"] = np.where(np.arange(300) < 60, 2, two["y"])

    result = run(given(train=table("train", **one), test=table("test", **two)))

    assert result.gaps == ()
    found = named(result)
    assert ("schema-break", "day") in found
    assert ("schema-break", "label") in found
