"""Gradients behind what hides them: as if steps were not there, and before a last softmax."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from modelwarden.targets import inside
from targets.opening import models_python


@pytest.fixture(scope="module")
def told():
    script = Path(__file__).with_name("masked.py")
    order = [models_python(), "-I", str(script), inside.__file__]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        name: {key: np.array(values) for key, values in found.items()}
        for name, found in json.loads(done.stdout).items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("twin", "times"),
    [("rounded inputs", 1), ("floored scores", 1), ("signs", 1), ("comparisons", 1), ("below", -1)],
)
def test_steps_pass_the_gradient_on_and_say_so(told, twin, times):
    assert np.allclose(told[twin]["gradients"], times * told["honest"]["gradients"])
    assert np.allclose(told[twin]["logits"], told[twin]["answers"])
    assert told[twin]["stepped"].tolist() == [True]
    assert told["honest"]["stepped"].tolist() == [False]


@pytest.mark.slow
def test_a_saturated_softmax_is_seen_from_before_it(told):
    found = told["softmax"]

    assert set(np.unique(found["answers"])) == {0.0, 1.0}
    assert np.allclose(found["gradients"], 1000 * told["honest"]["gradients"])
    assert np.allclose(found["logits"], 1000 * told["honest"]["logits"], rtol=1e-4)
    assert (found["logits"].argmax(axis=1) == found["answers"].argmax(axis=1)).all()
    assert found["stepped"].tolist() == [False]


@pytest.mark.slow
def test_a_softmax_within_stays_where_it_is(told):
    assert np.allclose(told["inner softmax"]["logits"], told["inner softmax"]["answers"])


@pytest.mark.slow
@pytest.mark.parametrize("twin", ["detached", "no path"])
def test_no_path_to_the_input_is_a_gradient_of_zero(told, twin):
    assert not told[twin]["gradients"].any()
