"""Gradients behind what hides them: as if steps were not there, and of what scores rest on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from modelwarden.targets import inside, watched
from targets.opening import models_python


@pytest.fixture(scope="module")
def told():
    script = Path(__file__).with_name("masked.py")
    order = [models_python(), "-I", "-W", "ignore", str(script), watched.__file__, inside.__file__]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        name: {key: np.array(values) for key, values in found.items()}
        for name, found in json.loads(done.stdout).items()
    }


def along(one, other):
    """Return the cosine of two gradients, row by row."""
    size = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / np.maximum(size, 1e-30)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("twin", "way"),
    [
        ("rounded inputs", 1),
        ("rounded in place", 1),
        ("floored scores", 1),
        ("signs", 1),
        ("comparisons", 1),
        ("chosen", 1),
        ("whole numbers", 1),
        ("rests", 1),
        ("numpy", 1),
        ("no graph", 1),
        ("detached", 1),
        ("inference", 1),
        ("below", -1),
        ("scripted", 1),
        ("traced", 1),
    ],
)
def test_what_has_no_derivative_passes_the_gradient_on_and_is_told(told, twin, way):
    assert np.allclose(along(told[twin]["gradients"], told["honest"]["gradients"]), way)
    assert told[twin]["stepped"].tolist() == [True]


@pytest.mark.slow
@pytest.mark.parametrize(
    "twin",
    ["scaled", "softmax", "smoothed", "clamped", "half", "decisions", "second output", "in place"],
)
def test_behind_scores_that_say_little_stands_what_they_rest_on(told, twin):
    found = told[twin]

    assert np.allclose(along(found["gradients"], told["honest"]["gradients"]), 1)
    assert (found["logits"].argmax(axis=1) == found["answers"].argmax(axis=1)).all()
    assert np.abs(found["logits"]).max() < 5
    assert found["stepped"].tolist() == [False]


@pytest.mark.slow
def test_one_number_stands_behind_the_shares_of_two_classes(told):
    line, answers = told["one, honest"], told["one share"]["answers"]

    assert ((answers < 1e-20) | (answers == 1)).all()
    assert np.allclose(told["one share"]["logits"], line["logits"])
    assert np.allclose(told["one share"]["gradients"], line["gradients"])
    assert np.allclose(along(told["of one"]["gradients"], line["gradients"]), 1)
    assert np.allclose(told["of one"]["logits"].sum(axis=1), 0)


@pytest.mark.slow
def test_a_softmax_within_stays_where_it_is(told):
    assert np.allclose(told["inner softmax"]["logits"], told["inner softmax"]["answers"])


@pytest.mark.slow
@pytest.mark.parametrize("twin", ["no path"])
def test_no_path_to_the_input_is_a_gradient_of_zero(told, twin):
    assert not told[twin]["gradients"].any()
    assert np.isfinite(told[twin]["logits"]).all()
