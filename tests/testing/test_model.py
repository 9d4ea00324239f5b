"""What a test may hand to the model under test, and what it gets."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from modelwarden.core import InputError
from modelwarden.targets.data import DataSet
from modelwarden.targets.errors import AccessError
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality, TargetSpec, Task
from modelwarden.testing import ModelUnderTest


class Echo:
    """A target that keeps what it was asked."""

    def __init__(self, **spec):
        self.spec = TargetSpec(**spec)
        self.rows = self.calls = 0

    def labels(self, inputs):
        self.asked = inputs
        return np.zeros(len(inputs), np.int64)


def texts(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def model(inputs, y=None, **spec) -> tuple[ModelUnderTest, Echo]:
    spec = {"task": Task.BINARY, "modality": Modality.TABULAR, "classes": ("no", "yes")} | spec
    target = Echo(**spec)
    data = DataSet("test", inputs, y, Frame((), ()), source="t.csv")
    return ModelUnderTest(None, SimpleNamespace(target=target, isolation="full"), data), target


TABLE = Frame(("age", "name"), (np.array([1, 2]), texts("a", None)))


def test_the_test_set_is_asked_where_no_inputs_are_given():
    under_test, target = model(TABLE)

    assert len(under_test.labels()) == 2
    assert target.asked is TABLE


def test_a_data_frame_gives_the_columns_of_the_model_in_its_order_and_types():
    pandas = pytest.importorskip("pandas")
    under_test, target = model(TABLE)

    under_test.labels(
        pandas.DataFrame({"label": [1, 0], "name": ["b", None], "age": np.array([3, 4], "int8")})
    )

    assert target.asked.names == ("age", "name")
    assert target.asked["age"].dtype == np.int64
    assert target.asked["name"].tolist() == ["b", None]
    under_test.labels(
        pandas.DataFrame({"age": pandas.array([3, None], "Int64"), "name": ["b", pandas.NA]})
    )
    assert target.asked["age"].tolist() == [3.0, pytest.approx(np.nan, nan_ok=True)]
    assert target.asked["name"].tolist() == ["b", None]
    with pytest.raises(InputError, match="no column 'name'"):
        under_test.labels(pandas.DataFrame({"age": [1]}))


def test_texts_may_be_a_list_and_a_table_is_no_text():
    under_test, target = model(texts("a", "b"), modality=Modality.TEXT)

    under_test.labels(["x", "yy", "z"])

    assert target.asked.dtype == object
    assert target.asked.tolist() == ["x", "yy", "z"]
    with pytest.raises(InputError, match="given an array"):
        under_test.labels(TABLE)
    with pytest.raises(InputError, match="given a table"):
        model(TABLE)[0].labels(["x"])


def test_truth_is_told_as_the_answers_are():
    classes, _ = model(TABLE, texts("yes", None))
    numbers, _ = model(TABLE, np.array([1.5, 2.0]), task=Task.REGRESSION, classes=())
    spelled, _ = model(TABLE, np.array([1.0, 7.0]), classes=(0, 1))

    assert classes.truth.tolist() == [1, -1]
    assert numbers.truth.tolist() == [1.5, 2.0]
    assert spelled.truth.tolist() == [1, -1]
    with pytest.raises(InputError, match="has no labels"):
        _ = model(TABLE)[0].truth


def test_more_than_is_granted_is_refused():
    under_test, _ = model(TABLE)

    with pytest.raises(AccessError, match="gives no scores"):
        under_test.scores()
    with pytest.raises(AccessError, match="gives no values"):
        under_test.values()
