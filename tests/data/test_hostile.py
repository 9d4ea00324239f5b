"""Sets that are odd in every way that a file allows: answered, never crashed."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import arrays, given, rules, table
from modelwarden.data.stage import run
from modelwarden.targets.spec import Modality, Task

N = 200
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, N)
ODD = {
    "flag": RNG.random(N) < 0.5,
    "big": RNG.integers(-(2**62), 2**62, N),
    "infinite": np.where(RNG.random(N) < 0.1, np.inf, RNG.normal(size=N)),
    "huge": RNG.uniform(-1, 1, N) * 1.7e308,
    "tiny": RNG.normal(size=N) * 1e-308,
    "nan": np.full(N, np.nan),
    "day": np.array(["2020-01-01"] * N, "M8[us]"),
    "nat": np.array(["NaT"] * N, "M8[us]"),
    "none": [None] * N,
    "names": [f"x{i}" for i in range(N)],
    "empty": [""] * N,
    "surrogate": ["\ud800"] * N,
}


def odd(name, rows, y=Y):
    return table(name, y=y[rows], **{k: np.asarray(v, None)[rows] for k, v in ODD.items()})


def failed(result):
    return [gap.why for gap in result.gaps if "failed" in gap.why]


def test_odd_columns_are_answered_in_every_part():
    order = RNG.permutation(N)
    result = run(
        given(
            train=odd("train", order[:100]),
            test=odd("test", order[100:150]),
            current=odd("current", order[150:]),
        )
    )

    assert failed(result) == []
    assert "degenerate-column" in rules(result)


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_hardly_any_rows(rows):
    at = np.arange(rows)

    result = run(given(train=odd("train", at), test=odd("test", at)))

    assert failed(result) == []


@pytest.mark.parametrize(
    ("train", "test", "task"),
    [
        ([None] * N, [None] * N, Task.BINARY),
        (np.arange(N), np.arange(N), Task.MULTICLASS),
        (np.full(N, np.nan), RNG.normal(size=N), Task.REGRESSION),
        (["a"] * N, ["b"] * N, Task.REGRESSION),
        (["a"] * N, ["b"] * N, Task.BINARY),
    ],
)
def test_labels_that_are_none(train, test, task):
    x = RNG.normal(size=(2, N))

    result = run(
        given(train=table("train", y=train, a=x[0]), test=table("test", y=test, a=x[1]), task=task)
    )

    assert failed(result) == []


@pytest.mark.parametrize(
    ("train", "test", "modality"),
    [
        (np.zeros((40, 3, 1, 1), np.float32), np.zeros((40, 3, 1, 1), np.float32), Modality.IMAGE),
        ([""] * 40, ["x" * 1_000_000] * 40, Modality.TEXT),
        (np.zeros((40, 0)), np.zeros((40, 0)), Modality.VECTOR),
        (np.zeros((40, 3)), np.zeros((40, 4)), Modality.VECTOR),
        (RNG.normal(size=(300, 900)), RNG.normal(size=(40, 900)), Modality.VECTOR),
    ],
)
def test_arrays_of_any_shape(train, test, modality):
    result = run(
        given(
            train=arrays(train, RNG.integers(0, 2, len(train)), "train"),
            test=arrays(test, RNG.integers(0, 2, len(test))),
            modality=modality,
        )
    )

    assert failed(result) == []
