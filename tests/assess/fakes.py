"""Targets of a few lines that live in this process, and contexts around them."""

from __future__ import annotations

import numpy as np

from modelwarden.assess.config import AssessConfig
from modelwarden.assess.context import Context
from modelwarden.targets.config import DataConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality, TargetSpec, Task


class Fake:
    """What all fakes count."""

    def __init__(self, spec, function):
        self.spec, self.function = spec, function
        self.rows = self.calls = 0

    def _ask(self, inputs):
        self.rows += len(inputs)
        self.calls += 1
        return np.asarray(self.function(inputs))


class Labels(Fake):
    def labels(self, inputs):
        return self._ask(inputs)


class Scores(Fake):
    def scores(self, inputs):
        return self._ask(inputs)

    def labels(self, inputs):
        return self._ask(inputs).argmax(axis=1)


class Values(Fake):
    def values(self, inputs):
        return self._ask(inputs)


def vectors(x, y=None, name="test"):
    """A data set of vectors."""
    x = np.asarray(x, np.float64)
    labels = None if y is None else np.asarray(y)
    return DataSet(name, x, labels, Frame((), ()), source=f"{name}.npz")


def table(columns, y=None, name="test"):
    """A data set of a table."""
    frame = Frame(tuple(columns), tuple(np.asarray(c) for c in columns.values()))
    labels = None if y is None else np.asarray(y)
    return DataSet(name, frame, labels, Frame((), ()), source=f"{name}.parquet")


def spec(task=Task.BINARY, classes=(0, 1), **more):
    if task is Task.REGRESSION:
        classes = ()
    positive = 1 if task is Task.BINARY else None
    return TargetSpec(
        task=task, modality=Modality.VECTOR, classes=classes, **{"positive": positive, **more}
    )


def context(target, test, train=None, *, reference=None, seed=0, assess=None, **more):
    task = target.spec.task
    return Context(
        project=ProjectConfig(name="fake", task=task, modality=Modality.VECTOR),
        model=ModelConfig(
            path="model/",
            adapter="callable",
            entry="predict.py:predict",
            reference=ModelConfig(path="old/", adapter="callable") if reference else None,
        ),
        data=DataConfig(test=test.source, train=train.source if train else None, label="label"),
        assess=assess or AssessConfig(),
        test=test,
        train=train,
        target=target,
        reference=reference,
        seed=seed,
        **more,
    )


def binary(n=1000, seed=0, slope=2.0, base=0.0):
    """Vectors whose label follows a logistic model exactly, with its honest probabilities."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    p = logistic(x, slope, base)[:, 1]
    return x, (rng.random(n) < p).astype(np.int64)


def logistic(x, slope=2.0, base=0.0):
    with np.errstate(over="ignore"):  # inputs that no test set has are asked, too
        p = 1 / (1 + np.exp(-(slope * np.asarray(x)[:, 0] + base)))
    return np.stack([1 - p, p], axis=1)


def honest(slope=2.0, base=0.0, **more):
    """The very model that `binary` draws its labels from."""
    return Scores(spec(**more), lambda x: logistic(x, slope, base))


def rules(result):
    return [finding.rule for finding in result.findings]


def named(result, group=None):
    return {m.name: m for m in result.measurements if m.group == group}
