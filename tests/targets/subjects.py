"""Small models in folders, as their makers would hand them over, honest and hostile."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np

from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality, Task

NO_CONTEXT = Frame((), ())


def project(task: str = "binary", modality: str = "vector") -> ProjectConfig:
    return ProjectConfig(name="p", task=Task(task), modality=Modality(modality))


def limits(seconds: float = 30.0, memory: int = 2 << 30) -> LimitsConfig:
    return LimitsConfig(seconds=seconds, memory=memory)


def vectors(n: int = 40, d: int = 3, y: object = None) -> DataSet:
    """Return rows of small whole numbers, so that sums of them are exact."""
    x = np.random.default_rng(0).integers(-4, 5, (n, d)).astype(np.float64)
    truth = (x.sum(axis=1) > 0).astype(np.int64) if y is None else np.asarray(y)
    return DataSet("test", x, truth, NO_CONTEXT)


def table(n: int = 40) -> DataSet:
    """Return a table with numbers, gaps, flags and words."""
    rng = np.random.default_rng(1)
    words = np.empty(n, np.object_)
    words[:] = [["a", "b", None][i % 3] for i in range(n)]
    pay = rng.normal(size=n)
    pay[::7] = np.nan
    frame = Frame(
        ("age", "pay", "job", "new"),
        (rng.integers(18, 90, n), pay, words, rng.random(n) > 0.5),
    )
    return DataSet("test", frame, np.arange(n) % 2, NO_CONTEXT)


def texts(*lines: str) -> DataSet:
    column = np.empty(len(lines), np.object_)
    column[:] = lines
    return DataSet("test", column, np.arange(len(lines)) % 2, NO_CONTEXT)


def callable_model(root: Path, code: str, *, entry: str = "predict") -> ModelConfig:
    """Write a model of one Python file; return how it is opened."""
    folder = root / "model"
    folder.mkdir(exist_ok=True)
    (folder / "predict.py").write_text(textwrap.dedent(code))
    return ModelConfig(path="model", adapter="callable", entry=f"predict.py:{entry}")
