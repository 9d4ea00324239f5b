"""Models of ten libraries, opened in the sandbox: they answer as outside, and raise no alarm."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from modelwarden.core import GapKind
from modelwarden.sandbox import Tier
from modelwarden.targets import inside
from modelwarden.targets.confined import _Packed
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Frame
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


@pytest.mark.parametrize(
    ("nodes", "said"),
    [((), "shows no graphics card"), (("/dev/null",), "sees no graphics card here")],
)
def test_a_card_that_is_not_there_is_said_and_nothing_else_is_used(monkeypatch, nodes, said):
    case = case_in(trained("torch") / "torchscript")
    monkeypatch.setattr("modelwarden.targets.opened.cards", lambda: nodes)
    wanted = replace(case, model=replace(case.model, device="cuda:0"))

    with pytest.raises(TargetError, match=said) as raised, wanted.open():
        pass
    assert raised.value.kind is GapKind.NOT_ASSESSABLE


def test_every_model_that_is_trained_is_opened():
    for family, names in MODELS.items():
        assert {f.name for f in trained(family).iterdir()} == set(names)


def words(*values):
    column = np.empty(len(values), np.object_)
    column[:] = values
    return column


TABLES = {
    "numbers": {"a": np.array([1.5, np.nan, 3.0]), "b": np.array([0.0, -0.0, 9.0])},
    "types": {
        "w": words("x", "y", "x"),
        "i": np.array([1, 2, 3]),
        "f": np.array([1.5, np.nan, 3.0]),
        "b": np.array([True, False, True]),
        "j": np.array([7, 8, 9]),
        "v": words("", "é", "x"),
    },
    "half a pair": {"w": words("x", None, "x"), "v": words("", "é\ud800", "x")},
    "gaps": {"w": words("x", None, "x"), "f": np.array([1.0, 2.0, 3.0])},
    "nothing but gaps": {"f": np.array([1.0, 2.0, 3.0]), "w": words(None, None, None)},
    "times": {
        "t": np.array(["2020-01-01", "NaT", "1999-12-31"], "datetime64[us]"),
        "f": np.array([1.0, 2.0, 3.0]),
    },
    "words": {"w": words("x", "y", "z"), "v": words("z", "z", "z")},
}


def handed_over(frame):
    """Return a table as the worker takes it out of the memory that we laid it into."""
    packed = _Packed(frame)
    memory = bytearray(packed.size)
    for offset, data in packed.chunks:
        memory[offset : offset + len(data)] = data
    inside._STATE["given"] = memory
    return inside._inputs(json.loads(json.dumps(packed.body)))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_made_of_blocks_is_the_one_made_of_columns(name):
    pandas = pytest.importorskip("pandas")
    table = TABLES[name]

    inputs = handed_over(Frame(tuple(table), tuple(table.values())))
    quick, slow = inside._as_frame(inputs), inside._as_frame(inputs[:3])

    pandas.testing.assert_frame_equal(quick, slow, check_exact=True, check_column_type="exact")
    blocks = [[(b.dtype, b.shape) for b in f._mgr.blocks] for f in (quick, slow)]
    assert sorted(map(str, blocks[0])) == sorted(map(str, blocks[1]))


def test_half_a_surrogate_pair_reaches_the_model_whatever_holds_strings_there():
    pandas = pytest.importorskip("pandas")
    table = TABLES["half a pair"]

    frame = inside._as_frame(handed_over(Frame(tuple(table), tuple(table.values()))))

    assert list(frame["v"]) == ["", "é\ud800", "x"]
    assert frame["w"].isna().tolist() == [False, True, False]
    assert frame["w"].dtype == pandas.Series(["x", None]).dtype


def test_what_a_model_writes_to_its_table_is_not_in_the_next_one():
    pandas = pytest.importorskip("pandas")
    table = TABLES["types"]
    frame = Frame(tuple(table), tuple(table.values()))
    first, fresh = inside._as_frame(handed_over(frame)), inside._as_frame(handed_over(frame))

    first.loc[:, "w"] = "spoilt"
    first.loc[:, "f"] = 0.0
    first.columns.name = "spoilt"

    pandas.testing.assert_frame_equal(inside._as_frame(handed_over(frame)), fresh)


def test_a_table_of_numbers_is_one_matrix():
    table = TABLES["numbers"]

    inputs = handed_over(Frame(tuple(table), tuple(table.values())))

    quick, slow = inside._as_matrix(inputs), inside._as_matrix(inputs[:3])
    np.testing.assert_array_equal(quick, slow)
    assert quick.flags.c_contiguous
    assert quick.dtype == slow.dtype


def test_an_xgboost_file_that_names_other_features_than_it_has_is_refused(tmp_path, monkeypatch):
    class Booster:
        feature_names = ("a",)

        def load_model(self, path):
            pass

        def num_features(self):
            return 4

    monkeypatch.setitem(sys.modules, "xgboost", SimpleNamespace(Booster=Booster))

    with pytest.raises(ValueError, match="4 features and names 1"):
        inside._open_xgboost({"path": str(tmp_path / "m.json")})


@pytest.mark.parametrize(
    ("held", "step"), [([1], False), (SimpleNamespace(transform=len), True)], ids=["list", "step"]
)
def test_what_cannot_predict_is_a_step_before_a_model_only_where_it_transforms(held, step):
    with pytest.raises(TypeError, match="has no predict") as raised:
        inside._estimator(held, {})

    assert ("it is a step before a model" in str(raised.value)) is step
