"""scikit-learn models through the sandbox, for real where an interpreter has what it takes."""

from __future__ import annotations

import os
import pickle
import sys

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from modelwarden.convert import ConvertError, UnequalError, model
from modelwarden.convert.model import convert_model
from modelwarden.convert.rows import rows_of
from modelwarden.convert.run import scanned_clean
from modelwarden.formats import Limits
from skopsfiles import ESTIMATOR, archive, node
from targets.opening import models_python

X = np.random.default_rng(0).random((40, 3))
Y = (X[:, 0] > 0.5).astype(int)


@pytest.fixture
def classifier(tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump(LogisticRegression().fit(X, np.array(["no", "yes"])[Y]), path)
    return path


@pytest.fixture
def python():
    """An interpreter with scikit-learn, skl2onnx, onnxruntime and skops."""
    return models_python()


@pytest.mark.parametrize("form", ["onnx", "skops"])
def test_a_model_is_converted_and_compared(tmp_path, classifier, python, form):
    target = tmp_path / f"out.{form}"

    done = convert_model(classifier, target, form=form, python=python)

    assert (done.kind, done.rows, done.given) == ("LogisticRegression", 200, False)
    assert done.largest < 1e-3
    assert target.stat().st_size == done.size


def test_a_skops_file_that_needs_its_library_is_a_clean_result(tmp_path):
    (tmp_path / "m.skops").write_bytes(archive(ESTIMATOR))
    (tmp_path / "bad.skops").write_bytes(archive(node("FunctionNode", "os", "system")))

    assert scanned_clean(tmp_path / "m.skops", "m.skops", Limits()) == ()
    with pytest.raises(ConvertError, match="not clean: skops-"):
        scanned_clean(tmp_path / "bad.skops", "bad.skops", Limits())


def test_a_regressor_is_converted_on_rows_that_are_given(tmp_path, python):
    joblib.dump(Ridge().fit(X, X[:, 1]), tmp_path / "model.joblib")

    done = convert_model(
        tmp_path / "model.joblib",
        tmp_path / "out.onnx",
        form="onnx",
        python=python,
        data=X.tolist(),
    )

    assert (done.rows, done.given) == (40, True)


def test_rows_of_another_width_are_refused(tmp_path, classifier, python):
    with pytest.raises(ConvertError, match="rows of 3 numbers"):
        convert_model(
            classifier, tmp_path / "o.onnx", form="onnx", python=python, data=[[1.0, 2.0]]
        )


def test_a_model_with_findings_is_not_even_loaded_in_the_sandbox(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Attack()))

    with pytest.raises(ConvertError, match="not loaded, not even in the sandbox"):
        convert_model(tmp_path / "m.pkl", tmp_path / "o.onnx", form="onnx", python=sys.executable)
    assert not (tmp_path / "ran").exists()


def test_an_interpreter_without_the_libraries_is_told(tmp_path, classifier):
    with pytest.raises(ConvertError, match="No module named") as refused:
        convert_model(classifier, tmp_path / "o.onnx", form="onnx", python=sys.executable)

    assert "onnx" in refused.value.hint
    assert not (tmp_path / "o.onnx").exists()


@pytest.mark.parametrize(
    ("before", "after", "classes"),
    [
        ([(0.5, 1.0)], [(0.6, 1.0)], 2),
        ([(0.5, 1.0)], [(0.5, 0.0)], 2),
        ([(1.0,)], [(float("nan"),)], 0),
        ([(1.0,)], [(1.0, 2.0)], 0),
    ],
)
def test_predictions_that_differ_are_an_error(before, after, classes):
    for form in ("onnx", "skops"):
        with pytest.raises(UnequalError):
            model._compared(before, after, form, classes=classes)


def test_scores_of_two_classes_are_compared_in_either_order():
    before = [(0.5, 1.0), (-0.25, 0.0)]

    assert model._compared(before, [(-0.5, 0.5, 1.0), (0.25, -0.25, 0.0)], "onnx", classes=2) == 0
    assert model._compared(before, [(0.5, -0.5, 1.0), (-0.25, 0.25, 0.0)], "onnx", classes=2) == 0


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i4", "u1", "?", ">f8"])
def test_rows_are_read_without_numpy(tmp_path, dtype):
    value = np.arange(6).reshape(2, 3).astype(dtype)
    np.save(tmp_path / "rows.npy", value)

    assert rows_of(tmp_path / "rows.npy") == [tuple(row) for row in value.astype(float).tolist()]


@pytest.mark.parametrize("value", [np.arange(3), np.zeros((2, 2), "c16"), np.array([["a"]])])
def test_what_is_no_table_of_numbers_is_refused(tmp_path, value):
    np.save(tmp_path / "rows.npy", value)

    with pytest.raises(ConvertError):
        rows_of(tmp_path / "rows.npy")
