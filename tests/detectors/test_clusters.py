"""Rows in clusters are worth what their clusters are: against closed forms, and both ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from modelwarden.detectors import moves
from modelwarden.detectors.change_point import change_point
from modelwarden.detectors.clusters import Clusters, Worth
from modelwarden.detectors.entities import entities_of, with_clusters
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame


def words(values: list[str]) -> Column:
    made = np.empty(len(values), object)
    made[:] = values
    return made


def data(name: str, clusters: Column | None = None, **columns: Column) -> DataSet:
    frame = Frame(tuple(columns), tuple(columns.values()))
    by = "" if clusters is None else "who"
    return DataSet(name, frame, None, Frame((), ()), clusters=clusters, clustered_by=by)


def patients(rng: np.random.Generator, many: int, each: int, alike: float, first: int) -> DataSet:
    whose = np.repeat(np.arange(many), each)
    own = rng.normal(size=(3, many))[:, whose] * math.sqrt(alike)
    values = own + rng.normal(size=(3, len(whose))) * math.sqrt(1 - alike)
    kinds = words(["low" if v < 0 else "high" for v in values[2]])
    return data("x", a=values[0], b=values[1], kind=kinds, patient=first + whose)


def found(one: DataSet, two: DataSet) -> list[str]:
    result = moves.features(one, two) + moves.joint(one, two)
    return [finding.rule for finding in result.findings]


def test_equal_rows_of_a_cluster_are_worth_one_row():
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.normal(size=200), 10), np.repeat(rng.normal(size=150), 10)
    clusters = Clusters.between(np.repeat(np.arange(200), 10), np.repeat(np.arange(150) + 500, 10))

    worth = clusters.worth(x, y)

    assert worth.share == pytest.approx(0.1, rel=0.02)
    assert worth.freedom == pytest.approx(
        stats.ttest_ind(x[::10], y[::10], equal_var=False).df, rel=0.02
    )


def test_clusters_with_rows_in_both_sets_cost_nothing():
    rng = np.random.default_rng(1)
    level = np.repeat(rng.normal(size=300), 20)
    side = rng.permutation(np.arange(6000)) < 3000
    whose = np.repeat(np.arange(300), 20)

    worth = Clusters.between(whose[side], whose[~side]).worth(level[side], level[~side])

    assert worth.share > 0.9


def test_words_of_a_cluster_are_worth_one_of_it_whatever_their_number():
    rng = np.random.default_rng(2)
    for cells in (2, 5, 100):
        one, two = rng.integers(0, cells, 900), rng.integers(0, cells, 900)
        clusters = Clusters.between(
            np.repeat(np.arange(900), 8), np.repeat(np.arange(900) + 999, 8)
        )

        worth = clusters.worth_of_words(np.repeat(one, 8), np.repeat(two, 8), cells)

        assert worth.share == pytest.approx(1 / 8, rel=0.12), cells
        assert worth.cells > 0.85, cells


def test_words_that_hang_on_one_thing_leave_few_degrees_of_freedom():
    """Rao and Scott: one root is 30, that of the kind of each cluster, and eight are 1."""
    rng = np.random.default_rng(3)
    kinds = [rng.random(400) < 0.5 for _ in range(2)]
    rows = [np.where(np.repeat(k, 30), 0, 5) + rng.integers(0, 5, 12_000) for k in kinds]
    clusters = Clusters.between(np.repeat(np.arange(400), 30), np.repeat(np.arange(400) + 999, 30))

    worth = clusters.worth_of_words(rows[0], rows[1], 10)

    assert worth.share == pytest.approx(9 / 38, rel=0.1)
    assert worth.cells * 9 == pytest.approx(38**2 / (30**2 + 8), rel=0.1)


def test_a_p_by_few_clusters_is_that_of_student():
    assert Worth(1.0, 9.0).p(2 * stats.norm.sf(3.2)) == pytest.approx(2 * stats.t.sf(3.2, 9))
    assert Worth().p(1e-9) == 1e-9


@pytest.mark.parametrize("alike", [0.3, 0.9])
def test_other_patients_are_no_drift_and_a_shift_of_all_is(alike: float):
    quiet, loud = [], []
    for seed in range(12):
        rng = np.random.default_rng([seed, int(10 * alike)])
        one, two = patients(rng, 80, 20, alike, 0), patients(rng, 80, 20, alike, 5000)
        quiet += found(*with_clusters(one, two)[:2])
        moved = two.inputs.with_column("a", two.inputs["a"] + 1.6)
        one, two, told = with_clusters(one, DataSet("x", moved, None, Frame((), ())))
        assert "'patient'" in told
        loud += found(one, two)

    assert quiet == []
    assert loud.count("feature-drift") == 12


def test_the_rows_of_this_test_alarm_when_taken_one_by_one():
    """So the quiet above is that of the clusters."""
    rng = np.random.default_rng([0, 9])
    one, two = patients(rng, 80, 20, 0.9, 0), patients(rng, 80, 20, 0.9, 5000)

    assert "feature-drift" in found(one, two)


def test_constants_of_each_entity_tell_them_apart_together():
    rng = np.random.default_rng(5)
    sides = []
    for _ in range(2):
        who = np.repeat(np.arange(120), 6)
        sides.append(
            data(
                "x",
                born=rng.integers(1930, 2010, 120)[who],
                town=words(
                    [
                        f"t{'abcdefghij'[t % 10]}{'abcdefghij'[t // 10]}"
                        for t in rng.integers(0, 90, 120)
                    ]
                )[who],
                weight=rng.integers(50, 100, 120)[who],
                today=rng.integers(0, 9, 720),
            )
        )

    entities = entities_of(*sides)

    assert entities is not None
    assert "today" not in entities.names
    assert not entities.named
    assert min(entities.many) > 110


def test_rows_drawn_one_by_one_have_no_entities():
    rng = np.random.default_rng(6)
    for n in (300, 4000):
        sides = [
            data(
                "x",
                item_id=rng.zipf(1.6, n) % 500,
                age=rng.integers(18, 90, n),
                rate=rng.normal(size=n).round(1),
                exact=rng.normal(size=n),
                town=words([f"town {t}" for t in rng.integers(0, 60, n)]),
            )
            for _ in range(2)
        ]
        assert entities_of(*sides) is None


def test_rows_that_were_copied_in_one_set_are_no_entities():
    rng = np.random.default_rng(7)
    one = rng.normal(size=1000)
    one[:200] = one[200:400]

    assert entities_of(data("x", a=one), data("y", a=rng.normal(size=1000))) is None


def test_new_words_and_extremes_of_one_patient_are_no_break():
    from modelwarden.detectors.breaks import breaks_of

    rng = np.random.default_rng(8)
    one = rng.normal(size=60).repeat(30), rng.integers(0, 4, 60).repeat(30)
    two = np.append(rng.normal(size=39), 9.0).repeat(30), rng.integers(0, 4, 40).repeat(30)
    two[1][-30:] = 7
    clusters = Clusters.between(np.arange(60).repeat(30), 100 + np.arange(40).repeat(30))
    codes = [words([f"code {'abcdefgh'[v]}" for v in side[1]]) for side in (one, two)]

    assert not list(breaks_of(one[0], two[0], clusters))
    assert not list(breaks_of(codes[0], codes[1], clusters))
    assert [b.kind for b in breaks_of(one[0], two[0])] == ["range"]
    assert [b.kind for b in breaks_of(codes[0], codes[1])] == ["unseen values"]


def test_levels_of_long_clusters_are_no_change_along_the_rows():
    quiet = cried = 0
    for seed in range(60):
        rng = np.random.default_rng([9, seed])
        who = np.repeat(np.arange(40), 50)
        values = (rng.random(2000) < np.where(rng.random(40) < 0.4, 0.9, 0.1)[who]).astype(float)
        plain, careful = change_point(values), change_point(values, who)
        assert plain is not None
        assert careful is not None
        cried += plain.p < 1e-3
        quiet += careful.p >= 1e-3

    assert cried >= 5
    assert quiet >= 58
