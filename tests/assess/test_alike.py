"""Measurements of rows that come in clusters; the oracle is a bootstrap that draws clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assess.fakes import Scores, Values, context, named, rules, spec, vectors
from modelwarden.assess.measures import of_classes, of_regression, table_of
from modelwarden.assess.performance import run
from modelwarden.assess.truth import Judged
from modelwarden.metrics.intervals import z_of
from modelwarden.targets.spec import Task

PEOPLE, EACH = 120, 6


def whose(people=PEOPLE, each=EACH):
    return np.repeat(np.arange(people), each)


def classifier(k, seed):
    """Answers to rows of people, who are alike in their class, their scores and their errors."""
    rng = np.random.default_rng(seed)
    at = whose()
    like, off = rng.normal(size=(PEOPLE, k)), rng.normal(size=(PEOPLE, k))
    y = (1.5 * like[at] + rng.normal(size=(len(at), k))).argmax(axis=1)
    logits = 1.5 * np.eye(k)[y] + off[at] + rng.normal(size=(len(at), k))
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Judged(
        np.arange(len(at)),
        spec(Task.BINARY if k == 2 else Task.MULTICLASS, tuple(range(k))),
        y=y,
        said=scores.argmax(axis=1),
        scores=scores,
        classes=tuple(range(k)),
        positive=1 if k == 2 else None,
        clusters=at,
    )


def regression(seed):
    rng = np.random.default_rng(seed)
    at = whose()
    truth = rng.normal(size=PEOPLE)[at] + rng.normal(size=len(at))
    values = truth + rng.normal(size=PEOPLE)[at] * 0.6 + rng.normal(size=len(at)) * 0.5
    return Judged(
        np.arange(len(at)), spec(Task.REGRESSION), truth=truth, values=values, clusters=at
    )


def measured(seen):
    if seen.y is None:
        return {m.name: m for m in of_regression(seen)}
    return {m.name: m for m in of_classes(seen, table_of(seen), 0)}


@pytest.mark.parametrize(
    "seen",
    [classifier(2, 1), classifier(4, 2), regression(3)],
    ids=["two classes", "four classes", "numbers"],
)
def test_intervals_are_as_wide_as_a_bootstrap_of_clusters_says(seen):
    rng = np.random.default_rng(9)
    found = measured(seen)
    by_rows = replace(seen, clusters=None)
    rows = np.arange(PEOPLE * EACH).reshape(PEOPLE, EACH)
    drawn = []
    for _ in range(150):
        some = by_rows.take(rows[rng.integers(0, PEOPLE, PEOPLE)].ravel())
        drawn.append({name: m.value for name, m in measured(some).items()})

    for name, m in found.items():
        error = float(np.std([one[name] for one in drawn]))
        half = (m.high - m.low) / 2 / z_of(0.95)
        rough = name in ("average_precision", "median_absolute_error")
        assert 0.8 * error < half < (1.9 if rough else 1.3) * error, name
        assert m.conditions["clusters"] == PEOPLE
        assert m.conditions["design_effect"] >= 1


def test_without_clusters_nothing_is_widened():
    alone = replace(classifier(2, 1), clusters=None)

    assert "design_effect" not in measured(alone)["accuracy"].conditions


def in_clusters(data, clusters):
    return replace(data, clusters=np.asarray(clusters), clustered_by="patient")


def test_rows_that_are_copies_are_judged_by_as_many_as_there_are_people():
    """Two thousand rows of ten people seem to show what ten people cannot."""
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(10, 2)), 200, axis=0)
    y = np.repeat([0, 0, 0, 0, 0, 0, 0, 1, 1, 1], 200)
    target = Scores(spec(), lambda x: np.tile([0.45, 0.55], (len(x), 1)) + 1e-9 * x[:, :1])
    shown, hidden = (
        run(context(target, data))
        for data in (vectors(x, y), in_clusters(vectors(x, y), np.repeat(np.arange(10), 200)))
    )

    assert "worse-than-trivial" in rules(shown)
    assert "worse-than-trivial" not in rules(hidden)
    assert "weak-class" not in rules(hidden)
    gap = named(hidden)["accuracy"]
    assert gap.high - gap.low > 0.5
    assert any("10 clusters (patient)" in note for note in hidden.notes)


def test_values_of_a_regression_are_held_against_the_mean_by_people():
    rng = np.random.default_rng(1)
    at = np.repeat(np.arange(12), 100)
    x = np.stack([rng.normal(size=12)[at], rng.normal(size=12)[at]], axis=1)
    y = x[:, 0]
    target = Values(spec(Task.REGRESSION), lambda x: 0.2 * np.asarray(x)[:, 1])

    by_rows = named(run(context(target, vectors(x, y))))["rmse"]
    by_people = named(run(context(target, in_clusters(vectors(x, y), at))))["rmse"]

    assert by_people.value == by_rows.value
    assert (by_people.high - by_people.low) > 5 * (by_rows.high - by_rows.low)


def test_a_row_whose_cluster_is_not_known_stands_for_itself():
    x = np.zeros((4, 2))
    test = in_clusters(vectors(x, [0, 1, 0, 1]), np.array(["a", None, "a", None], object))
    ctx = context(Scores(spec(), lambda x: np.tile([0.4, 0.6], (len(x), 1))), test)

    assert len(np.unique(ctx.judged().clusters)) == 3
