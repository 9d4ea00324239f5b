"""Models of ten libraries, opened in the sandbox: they answer as outside, and raise no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.sandbox import Tier
from modelwarden.targets.spec import Task
from targets.opening import case_in, trained

# What each family's script trains, and the libraries that the worker must have told of.
MODELS = {
    "sklearn": (
        "pipeline of a table",
        "margins of a table",
        "words with gaps",
        "columns in another order",
        "forest on many cores",
        "neighbours on many cores",
        "boosted histograms",
        "network of scikit-learn",
        "logistic regression",
        "a vote",
        "support vectors",
        "ridge classifier",
        "labels alone",
        "forest of values",
        "boosted values",
        "pipeline in skops",
        "pipeline of texts",
        "callable of texts",
        "callable of a table",
    ),
    "xgboost": (
        "xgboost in JSON",
        "xgboost in UBJSON",
        "xgboost of values",
        "xgboost with words",
        "xgboost that says classes",
        "xgboost as a pickle",
    ),
    "lightgbm": (
        "lightgbm as text",
        "lightgbm with words",
        "lightgbm of values",
        "lightgbm as a pickle",
    ),
    "catboost": ("catboost with words", "catboost in JSON", "catboost of values"),
    "torch": (
        "torch weights",
        "torch safetensors",
        "torchscript",
        "torch module",
        "torch of two classes",
    ),
    "keras": ("keras of pictures", "keras in HDF5", "keras of two classes"),
    "onnx": (
        "onnx with a column an input",
        "onnx with named scores",
        "onnx with plain scores",
        "onnx of values",
        "onnx of pictures",
        "onnx of sixteen pictures",
    ),
    "mlflow": ("mlflow of scikit-learn", "mlflow with a loader"),
}
LIBRARY = {"onnx": "onnxruntime"}
CASES = [pytest.param(family, name, id=name) for family, names in MODELS.items() for name in names]


@pytest.mark.slow
@pytest.mark.parametrize(("family", "name"), CASES)
def test_an_honest_model_answers_as_its_library_does_and_raises_no_alarm(family, name):
    case = case_in(trained(family) / name)

    # Tiles of few rows: what a table's words are numbered by must not depend on who is asked.
    with case.open(tile=24) as opened:
        target = opened.target
        if case.project.task is Task.REGRESSION:
            answer = target.values(case.inputs)
        elif case.expected.dtype.kind == "f" and name != "xgboost that says classes":
            answer = target.scores(case.inputs)
        else:
            answer = target.labels(case.inputs)
        findings, environment = opened.findings(), opened.environment

    if answer.ndim == 2 and case.expected.ndim == 1:  # one score, that of the second class
        answer = answer[:, 1]
    np.testing.assert_allclose(answer, case.expected, rtol=1e-5, atol=1e-6)
    assert findings == ()
    assert opened.isolation == Tier.FULL.value
    assert LIBRARY.get(family, family) in environment


def test_every_model_that_is_trained_is_opened():
    for family, names in MODELS.items():
        assert {f.name for f in trained(family).iterdir()} == set(names)
