"""What gives a label away, and what is only a strong feature."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.linear_model import LogisticRegression

from data.sets import frame
from modelwarden.detectors.designs import design_of_array
from modelwarden.detectors.leakage import leaks, number_leaks
from modelwarden.detectors.learners import (
    auc,
    folds_of,
    log_loss,
    logistic,
    neighbours,
    out_of_sample,
)
from modelwarden.detectors.trees import Boosted

N = 3000


def made(seed=0, n=N, weak=1.0):
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, n))
    y = (rng.random(n) < 1 / (1 + np.exp(-weak * (a + b)))).astype(np.int64)
    return rng, {"a": a, "b": b, "c": c}, y


def found(columns, y):
    return {(leak.feature, leak.kind) for leak in leaks(frame(**columns), y, int(y.max()) + 1, 0)}


def _value(rng, c, y):
    c["leak"] = y + rng.normal(0, 0.2, N)


def _words(rng, c, y):
    c["leak"] = np.where(y == 1, "closed", "open")


def _two(rng, c, y):
    c["leak"], c["other"] = y * 3.0, 1.0 - y


def _filled(rng, c, y):
    c["reason"] = [("late" if rng.random() < 0.5 else "lost") if v else None for v in y]


def _partly(rng, c, y):
    c["paid"] = np.where((y == 1) & (rng.random(N) < 0.5), rng.random(N), np.nan)


def _number(rng, c, y):
    place = np.argsort(np.argsort(y + rng.normal(0, 0.2, N)))
    c["case"] = place + 10_000


def _name(rng, c, y):
    c["ref"] = [f"{'P' if v else 'N'}-{i:05d}" for i, v in enumerate(y)]


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (_value, {("leak", "value")}),
        (_words, {("leak", "value")}),
        (_two, {("leak", "value"), ("other", "value")}),
        (_filled, {("reason", "missing values")}),
        (_partly, {("paid", "missing values")}),
        (_number, {("case", "identifier")}),
        (_name, {("ref", "identifier")}),
        (lambda rng, c, y: None, set()),
        (lambda rng, c, y: c.update(strong=y * 2.5 + rng.normal(size=N)), set()),
        (lambda rng, c, y: c.update(row=np.arange(N), name=[f"n{i}" for i in range(N)]), set()),
        (
            lambda rng, c, y: c.update(
                gap=np.where(rng.random(N) < 0.2 + 0.2 * y, np.nan, rng.random(N))
            ),
            set(),
        ),
    ],
)
def test_a_leak_is_named_by_its_kind_and_an_honest_feature_is_not(plant, expected):
    rng, columns, y = made()
    plant(rng, columns, y)

    assert found(columns, y) == expected


def test_rows_in_blocks_of_one_class_are_told_by_their_order():
    _, columns, y = made()
    order = np.argsort(y, kind="stable")

    assert found({k: v[order] for k, v in columns.items()}, y[order]) == {("row order", "order")}


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_real_sets_that_are_easy_leak_nothing(load):
    x, y = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))

    assert found({f"f{i}": c for i, c in enumerate(x[order].T)}, y[order]) == set()


def test_classes_that_lie_apart_in_most_columns_leak_nothing():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, N)
    columns = {f"x{i}": 12.0 * y + rng.normal(size=N) for i in range(4)}

    assert found({**columns, "noise": rng.normal(size=N)}, y) == set()
    assert found({"x0": columns["x0"], "noise": rng.normal(size=N)}, y) == {("x0", "value")}


def test_a_column_that_holds_the_value_of_a_regression_is_named():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, N))
    y = a + b + rng.normal(size=N)
    strong = y + rng.normal(0, 0.5, N)
    copy = np.exp(y / 3)

    honest = list(number_leaks(frame(a=a, b=b, strong=strong), y, 0))
    leaking = list(number_leaks(frame(a=a, b=b, copy=copy), y, 0))

    assert honest == []
    assert [leak.feature for leak in leaking] == ["copy"]


def test_few_rows_or_one_class_leak_nothing():
    _, columns, y = made(n=30)
    assert found(columns, y) == set()
    _, columns, y = made()
    assert found(columns, np.zeros(N, np.int64)) == set()
    assert list(number_leaks(frame(**columns), np.full(N, 2.0), 0)) == []


def test_learners_answer_as_well_as_those_of_scikit_learn():
    rng, columns, y = made(weak=2.0)
    x = np.column_stack(list(columns.values()))
    fold = folds_of(y, 3, rng)
    ours = out_of_sample(logistic, design_of_array(x), y, 2, fold)
    theirs = np.empty((N, 2))
    for one in range(3):
        model = LogisticRegression().fit(x[fold != one], y[fold != one])
        theirs[fold == one] = model.predict_proba(x[fold == one])

    assert log_loss(ours, y) == pytest.approx(metrics.log_loss(y, theirs), abs=0.003)
    assert auc(ours[:, 1], y == 1) == pytest.approx(metrics.roc_auc_score(y, ours[:, 1]))


def test_trees_see_a_checkerboard_and_neighbours_a_ring():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 2))
    board = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    ring = ((x**2).sum(axis=1) > 1.4).astype(np.int64) + (x[:, 0] > 1)
    fold = folds_of(board, 3, rng)
    design = design_of_array(x)

    trees = out_of_sample(Boosted(), design, board, 2, fold)
    near = out_of_sample(neighbours, design, ring, 3, fold)

    assert (trees.argmax(axis=1) == board).mean() > 0.97
    assert (near.argmax(axis=1) == ring).mean() > 0.95
    assert np.allclose(near.sum(axis=1), 1, atol=1e-6)
