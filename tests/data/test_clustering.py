"""Whole comparisons of sets in which several rows stand for one patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.sets import given, rules, table
from modelwarden.core import GapKind
from modelwarden.data import drift, order, schema
from modelwarden.targets.config import DataConfig, ProjectConfig
from modelwarden.targets.reading import read_data
from modelwarden.targets.spec import Modality, Task


def visits(name, seed, first, moved=0.0, key="patient"):
    """Eighty patients of ten visits; level, kind and label hang on the patient."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(80), 10)
    own = rng.normal(size=(3, 80))[:, who] * 0.9 + rng.normal(size=(3, 800)) * 0.4
    kinds = np.where(own[1] < -0.5, "low", np.where(own[1] < 0.6, "mid", "high")).tolist()
    y = (own[2] > 0.3).astype(int)
    return table(name, y, **{key: first + who, "level": own[0] + moved, "kind": kinds})


def found(one, two):
    both = given(train=one, test=two)
    result = schema.run(both) + drift.run(both)
    return rules(result), result.notes


def test_other_patients_are_no_drift_and_the_report_says_how_it_was_judged():
    notes = []
    for seed in range(8):
        told, said = found(visits("train", seed, 0), visits("test", 100 + seed, 500))
        assert told == []
        notes += said

    assert any("train has 800 rows of 80 entities" in note for note in notes)


def test_a_shift_of_all_patients_is_found():
    told, notes = found(visits("train", 1, 0), visits("test", 2, 500, moved=1.6))

    assert "feature-drift" in told
    assert any("told apart by 'patient'" in note for note in notes)


def test_a_declared_column_of_any_name_is_used_and_not_compared():
    sides = [visits("train", 3, 0, key="w"), visits("test", 4, 500, key="w")]
    declared = [replace(s, clusters=s.inputs["w"], clustered_by="w") for s in sides]

    assert "feature-drift" in found(*sides)[0]
    assert found(*declared) == ([], ())


def test_a_later_set_without_the_declared_column_is_told():
    one, two = visits("train", 3, 0), visits("test", 5, 500)
    one = replace(one, clusters=one.inputs["patient"], clustered_by="patient")
    two = replace(two, inputs=two.inputs.without(["patient"]), clustered_by="patient")

    _, notes = found(one, two)

    assert any("test has no column of clusters" in note for note in notes)


def test_two_clusters_are_too_few_and_that_is_a_gap():
    sides = [visits("train", 3, 0), visits("test", 4, 500, moved=3.0)]
    halves = [replace(s, clusters=np.arange(len(s)) // 400, clustered_by="half") for s in sides]

    result = drift.run(given(train=halves[0], test=halves[1]))

    assert result.findings == ()
    assert {gap.kind for gap in result.gaps} == {GapKind.NOT_ASSESSABLE}
    assert "2 values of 'half'" in result.gaps[0].why


def test_labels_of_patients_in_turn_are_no_effect_of_the_order():
    cried = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        who = np.repeat(np.arange(40), 50)
        y = (rng.random(2000) < np.where(rng.random(40) < 0.4, 0.9, 0.1)[who]).astype(int)
        train = table("train", y, patient=who, a=rng.normal(size=2000))
        train = replace(train, clusters=who, clustered_by="patient")
        cried += bool(order.run(given(train=train, test=train)).findings)

    assert cried == 0


@pytest.mark.parametrize("drop", [(), ("who",)])
def test_the_column_is_read_whether_the_model_is_given_it_or_not(tmp_path, drop):
    (tmp_path / "t.csv").write_text("who,a,label\n1,0.5,0\n1,0.7,1\n2,0.1,0\n")
    data = DataConfig(test="t.csv", label="label", cluster="who", drop=drop)
    project = ProjectConfig(name="p", task=Task.BINARY, modality=Modality.TABULAR)

    read = read_data("test", "t.csv", data, project, tmp_path)

    assert read.clusters is not None
    assert read.clusters.tolist() == [1, 1, 2]
    assert read.take([2]).clusters.tolist() == [2]
    assert ("who" in read.inputs.names) == (not drop)


@pytest.mark.parametrize(
    "written",
    [
        lambda day, town, cents: (day.strftime("%d/%m/%Y"), town, cents),
        lambda day, town, cents: (day.strftime("%Y-%m-%d"), np.char.upper(town), cents),
        lambda day, town, cents: (day.strftime("%Y-%m-%d"), town, cents * 100),
    ],
    ids=["dates", "capitals", "unit"],
)
def test_a_column_in_another_form_is_a_break_and_shows_no_clusters(written):
    """No value of it comes again in the other set, which is no sign of other patients."""
    pd = pytest.importorskip("pandas")

    def drawn(name, seed, form):
        rng = np.random.default_rng(seed)
        day = pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 300, 2000), unit="D")
        town = np.char.add("town ", rng.integers(0, 60, 2000).astype(str))
        day, town, cents = form(day, town, rng.integers(10, 90, 2000))
        columns = {"day": list(day), "town": town.tolist(), "price": cents}
        return table(name, rng.integers(0, 2, 2000), **columns)

    plain = drawn("train", 0, lambda day, town, cents: (day.strftime("%Y-%m-%d"), town, cents))

    told, notes = found(plain, drawn("test", 1, written))

    assert "schema-break" in told
    assert not any("entities" in note for note in notes)
