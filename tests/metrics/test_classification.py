from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from metricdata import labels, named, scored
from modelwarden.core import InputError
from modelwarden.metrics.classification import beyond_majority, majority, per_class, performance
from modelwarden.metrics.counts import count, tables_at
from modelwarden.metrics.intervals import wilson


def rng():
    return np.random.default_rng(0)


def reference(y, predicted):
    three = {}
    for average in ("macro", "micro", "weighted"):
        for metric in (sk.precision_score, sk.recall_score, sk.f1_score):
            name = f"{metric.__name__.removesuffix('_score')}_{average}"
            three[name] = metric(y, predicted, average=average, zero_division=0)
    return {
        **three,
        "accuracy": sk.accuracy_score(y, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
        "matthews_corrcoef": sk.matthews_corrcoef(y, predicted),
        "cohen_kappa": sk.cohen_kappa_score(y, predicted),
    }


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("n", [60, 5_000])
def test_every_metric_of_answers_equals_scikit_learns(classes, n):
    y, predicted, _ = labels(n, classes)

    ours = named(performance(count(y, predicted), rng(), draws=50))

    theirs = reference(y, predicted)
    assert set(theirs) == set(ours)
    for name, value in theirs.items():
        assert ours[name].value == pytest.approx(value, abs=1e-12), name


def test_a_class_that_is_never_said_counts_as_scikit_learn_counts_it():
    y, predicted = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 0])

    ours = named(performance(count(y, predicted, classes=(0, 1, 2, 3)), rng(), draws=50))

    for name, value in reference(y, predicted).items():
        assert ours[name].value == pytest.approx(value, abs=1e-12), name


def test_a_positive_class_adds_precision_recall_and_f1():
    y, predicted, _ = labels(500, 2)
    said = np.array(["no", "yes"])

    ours = named(performance(count(said[y], said[predicted]), rng(), positive="yes", draws=50))

    assert ours["precision"].value == pytest.approx(sk.precision_score(y, predicted), abs=1e-12)
    assert ours["recall"].value == pytest.approx(sk.recall_score(y, predicted), abs=1e-12)
    assert ours["f1"].value == pytest.approx(sk.f1_score(y, predicted), abs=1e-12)
    assert ours["recall"].n == (y == 1).sum()
    assert ours["recall"].conditions["class"] == "yes"


def test_the_table_of_classes_equals_scikit_learns():
    y, predicted, _ = labels(500, 4)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(y, predicted)

    ours = per_class(count(y, predicted))

    for i in range(4):
        found = named(m for m in ours if m.group == {"class": i})
        assert found["precision"].value == pytest.approx(precision[i], abs=1e-12)
        assert found["recall"].value == pytest.approx(recall[i], abs=1e-12)
        assert found["f1"].value == pytest.approx(f1[i], abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 60).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(0, 2), min_size=n, max_size=n),
            st.lists(st.integers(0, 2), min_size=n, max_size=n),
            st.permutations(range(n)),
        )
    )
)
def test_order_does_not_matter_and_every_interval_holds_its_value(rows):
    y, predicted, order = (np.array(part) for part in rows)

    counts = count(y, predicted, classes=(0, 1, 2))
    ours = performance(counts, rng(), draws=40)
    again = performance(count(y[order], predicted[order], classes=(0, 1, 2)), rng(), draws=40)

    assert repr(ours) == repr(again)
    for m in (*ours, *per_class(counts)):
        assert math.isnan(m.value) or m.low <= m.value <= m.high, m


def test_all_right_of_thirty_is_not_certainty():
    y = np.arange(30) % 2

    for m in performance(count(y, y), rng(), positive=1):
        assert m.value == 1
        assert 0.7 < m.low < 0.99, m


def test_no_rows_are_no_number_and_every_value_possible():
    nothing = np.array([], np.int64)

    for m in performance(count(nothing, nothing, classes=(0, 1)), rng(), positive=1):
        assert math.isnan(m.value)
        assert m.n == 0


def test_the_same_seed_gives_the_same_interval():
    counts = count(*labels(500)[:2])

    assert performance(counts, rng()) == performance(counts, rng())


def test_a_model_that_loses_to_the_majority_is_told_apart():
    y, predicted = np.repeat([0, 1], [90, 10]), np.tile([0, 1], 50)

    worse = beyond_majority(count(y, predicted))

    assert majority(count(y, predicted)) == (0, 0.9)
    assert worse.value == pytest.approx((y == predicted).mean() - 0.9)
    assert worse.interval.high < 0


def test_counts_of_parts_add_up_to_the_whole():
    y, predicted, group = labels(500)
    given = {"classes": (0, 1, 2), "groups": tuple(range(8))}

    parts = [
        count(y[part], predicted[part], group=group[part], **given)
        for part in (slice(0, 123), slice(123, None))
    ]

    whole = count(y, predicted, group=group)
    assert np.array_equal((parts[0] + parts[1]).table, whole.table)
    assert (whole.classes, whole.groups) == (given["classes"], given["groups"])


@pytest.mark.parametrize("kind", ["int", "text", "object", "bool"])
def test_labels_of_any_kind_are_counted(kind):
    truth = {"int": [7, -1, 7], "text": ["b", "a", "b"], "bool": [True, False, True]}
    y = np.array(truth.get(kind, ["b", "a", "b"]), object if kind == "object" else None)

    assert count(y, y[[0, 1, 1]]).table.tolist() == [[[1, 0], [1, 1]]]


def test_what_cannot_be_counted_is_refused_by_name():
    with pytest.raises(InputError, match="do not go with"):
        count([0, 1], [0])
    with pytest.raises(InputError, match=r"2.* is not among the 2 known"):
        count([0, 2], [0, 1], classes=(0, 1))
    with pytest.raises(InputError, match="too many"):
        count(np.arange(5_000), np.arange(5_000))
    with pytest.raises(InputError, match="no class 'yes'"):
        performance(count([0], [0]), rng(), positive="yes")


def test_accuracy_has_wilsons_interval():
    y, predicted, _ = labels(300)
    ours = named(performance(count(y, predicted), rng(), draws=20))["accuracy"]

    assert (ours.low, ours.high) == wilson(int((y == predicted).sum()), 300)


def test_labels_that_are_partly_missing_are_refused():
    with pytest.raises(InputError, match="partly missing"):
        count(np.array(["a", None], object), np.array(["a", "a"], object))


def test_tables_at_thresholds_are_those_of_the_answers_they_make():
    y, score = scored(300)
    thresholds = [0.5, -9.0, 0.0, 9.0]

    tables = tables_at(y, score, thresholds)

    for threshold, table in zip(thresholds, tables, strict=True):
        assert np.array_equal(table, sk.confusion_matrix(y, score >= threshold))
