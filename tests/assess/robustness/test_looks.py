"""Stopping early: valid however often one looks, and only when the question is answered."""

from __future__ import annotations

import numpy as np
import pytest

from assess.fakes import Scores, context, named, spec, vectors
from assess.robustness.test_stage import W, archive, linear, margin
from modelwarden.assess.config import AssessConfig, RobustnessConfig, parse_assess
from modelwarden.assess.robustness.looks import Look, looks_at, settled
from modelwarden.assess.robustness.stage import run
from modelwarden.core import Threshold
from modelwarden.core.encode import encode
from modelwarden.core.fields import Fields
from modelwarden.metrics.intervals import of_share

ROBUST = Threshold(name="robust_accuracy", min=0.3)


def test_the_looks_share_one_chance_to_be_wrong():
    looks = looks_at(200, [ROBUST])

    assert [look.n for look in looks] == [50, 100, 200]
    assert sum(1 - look.level for look in looks) == pytest.approx(0.05)


def test_small_samples_are_looked_at_once():
    assert [look.n for look in looks_at(40, [ROBUST])] == [40]
    assert [look.level for look in looks_at(40, [ROBUST])] == [pytest.approx(0.95)]


def test_without_a_question_or_with_another_one_nothing_is_cut_short():
    assert len(looks_at(200, [])) == 1
    assert len(looks_at(200, [ROBUST, Threshold(name="clean_accuracy", min=0.9)])) == 1
    assert len(looks_at(200, [ROBUST, Threshold(name="roc_auc", min=0.9)])) == 3


@pytest.mark.parametrize(
    ("held", "done"), [(50, True), (40, True), (15, False), (20, False), (2, True)]
)
def test_a_question_is_answered_when_the_bound_lies_outside_of_the_interval(held, done):
    assert settled([ROBUST], {None: held}, Look(50, 0.98)) is done


def test_every_bound_must_be_answered():
    square = Threshold(name="robust_accuracy", min=0.5, where={"attack": "square"})
    other = Threshold(name="robust_accuracy", min=0.5, where={"seed": 1})

    assert settled([ROBUST, square], {None: 45, "square": 48}, Look(50, 0.98))
    assert not settled([ROBUST, square], {None: 45, "square": 26}, Look(50, 0.98))
    assert not settled([ROBUST, other], {None: 45}, Look(50, 0.98))


@pytest.mark.parametrize("truth", [0.1, 0.3, 0.35, 0.6])
def test_the_reported_interval_holds_the_truth_in_95_of_100_runs_that_stop_early(truth):
    rng = np.random.default_rng(3)
    looks = looks_at(200, [ROBUST])
    missed = early = 0
    for _ in range(2000):
        right = rng.random(200) < truth
        for look in looks:
            held = int(right[: look.n].sum())
            if look is looks[-1] or settled([ROBUST], {None: held}, look):
                break
        low, high = of_share(held, look.n, level=look.level)
        missed += not low <= truth <= high
        early += look.n < 200

    assert missed / 2000 <= 0.05
    assert truth in (0.3, 0.35) or early > 1000


def rows(n=200, seed=0):
    x = np.random.default_rng(seed).uniform(-1, 1, (n, 4)).astype(np.float32)
    return x, (margin(x) > 0).astype(np.int64)


def attacked(asks=(ROBUST,), **config):
    x, y = rows()
    settings = {"eps": 0.01, "low": -1.0, "high": 1.0, "queries": 20, "samples": 200, **config}
    made = context(
        Scores(spec(), linear),
        vectors(x, y),
        assess=AssessConfig(robustness=RobustnessConfig(sequential=True, **settings)),
        asks=asks,
    )
    return run(made)


def test_a_clear_case_is_stopped_and_says_so():
    result = attacked()

    found = named(result)["robust_accuracy"]
    assert found.n == 50
    assert found.low > 0.3
    assert found.conditions["looks"] == [50, 100, 200]
    assert (found.low, found.high) == of_share(round(found.value * 50), 50, level=0.9875)
    assert any("50 of 200 samples were attacked" in note for note in result.notes)
    kept = archive(result)
    assert len(kept["index"]) == 50
    assert kept["index"].tolist() == sorted(set(kept["index"].tolist()))


def test_a_case_that_straddles_takes_all_samples():
    x, _ = rows()
    eps = float(np.quantile(np.abs(margin(x)) / np.abs(W).sum(), 0.7))

    found = named(attacked(eps=eps, queries=60))["robust_accuracy"]

    assert found.n == 200
    assert found.low < 0.3 < found.high


def test_what_is_attacked_does_not_depend_on_where_it_stops():
    full, early = archive(attacked(asks=())), archive(attacked())

    places = np.searchsorted(full["index"], early["index"])
    for name in ("x_adv", "success", "queries", "attack", "y"):
        assert (full[name][places] == early[name]).all()


def test_the_same_seed_stops_at_the_same_place():
    assert encode(attacked()) == encode(attacked())


@pytest.mark.parametrize(
    ("table", "sequential"),
    [
        ({}, True),
        ({"samples": 100}, False),
        ({"samples": 100, "sequential": True}, True),
        ({"sequential": False}, False),
    ],
)
def test_who_sets_the_samples_gets_them_unless_told_otherwise(table, sequential):
    config = parse_assess(Fields({"robustness": table}, "modelwarden.toml", "assess"))

    assert config.robustness.sequential is sequential
