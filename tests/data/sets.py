"""Data sets of a few lines, and what the stage `data` is given with them."""

from __future__ import annotations

import numpy as np

from modelwarden.data.given import Given
from modelwarden.targets.config import DataConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality, Task


def column(values):
    """A column as our readers give it: words are objects, a missing one is None."""
    array = np.asarray(values)
    if array.dtype.kind in "US" or array.dtype.kind == "O":
        made = np.empty(len(values), object)
        made[:] = [None if v is None else str(v) for v in values]
        return made
    return array


def frame(**columns):
    return Frame(tuple(columns), tuple(column(c) for c in columns.values()))


def table(name="test", y=None, **columns):
    labels = None if y is None else column(y)
    return DataSet(name, frame(**columns), labels, Frame((), ()), source=f"{name}.parquet")


def arrays(x, y=None, name="test"):
    """A data set of vectors, images or texts."""
    x = column(x) if isinstance(x, list) else np.asarray(x)
    labels = None if y is None else column(y)
    return DataSet(name, x, labels, Frame((), ()), source=f"{name}.npz")


def given(*, test, train=None, current=None, task=Task.BINARY, modality=Modality.TABULAR, **more):
    data = {key: more.pop(key) for key in ("order", "id") if key in more}
    return Given(
        project=ProjectConfig(name="sets", task=task, modality=modality),
        data=DataConfig(label="label", test="test.parquet", train="train.parquet", **data),
        test=test,
        train=train,
        current=current,
        **more,
    )


def named(result):
    """(rule, feature) of every finding."""
    return sorted({(f.rule, f.location.feature or "") for f in result.findings})


def rules(result):
    return sorted({f.rule for f in result.findings})


def rows_of(result, rule, frame="train"):
    """The rows of one frame that a rule points at."""
    return {mark.row for mark in result.rows if mark.rule == rule and mark.frame == frame}
