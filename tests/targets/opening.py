"""Models that other libraries saved, opened as a project would open them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame, Inputs
from modelwarden.targets.opened import OpenedModel, open_model
from modelwarden.targets.reading.raw import column_of
from modelwarden.targets.spec import Modality, Task

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = ROOT / ".venv-models"


def models_python() -> str:
    """Return the interpreter that has the models' libraries; skips where there is none."""
    python = MODELS / "bin" / "python"
    if (MODELS / ".ready").is_file():
        return str(python)
    message = f"no models' libraries in {MODELS} (make models)"
    if os.environ.get("MODELWARDEN_REQUIRE_TOOLS") == "1":
        pytest.fail(message)
    pytest.skip(message)


def trained(family: str) -> Path:
    """Return a folder with the models of one library: trained once, for all test processes."""
    python, script = models_python(), Path(__file__).with_name("trained.py")
    version = hashlib.sha256(script.read_bytes() + (MODELS / ".ready").read_bytes()).hexdigest()
    folder = MODELS / "trained" / version[:12] / family
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            made = Path(tempfile.mkdtemp(dir=folder.parent))
            order = [python, "-I", str(script), family, str(made)]
            subprocess.run(order, check=True, capture_output=True)
            made.rename(folder)
    return folder


def data_set(inputs: Inputs, y: object = None) -> DataSet:
    """Return rows as a data set for a test."""
    truth = None if y is None else np.asarray(y)
    return DataSet("test", inputs, truth, Frame((), ()))


def frame_of(columns: dict[str, list[Any]]) -> Frame:
    """Return lists of values as a table, as our readers make it."""
    return Frame(tuple(columns), tuple(column_of(v, n) for n, v in columns.items()))


def inputs_of(folder: Path) -> Inputs:
    """Read the inputs that lie beside a model."""
    if (folder / "inputs.npz").is_file():
        with np.load(folder / "inputs.npz", allow_pickle=False) as arrays:
            return arrays["x"]
    content = json.loads((folder / "inputs.json").read_text())
    if "texts" in content:
        return column_of(content["texts"], "texts")
    return frame_of(content["frame"])


@dataclass(frozen=True)
class Case:
    """One model on disk, what it is asked, and what its own library answers."""

    folder: Path
    project: ProjectConfig
    model: ModelConfig
    inputs: Inputs
    expected: np.ndarray
    classes: tuple
    positive: object

    def open(self, **settings: Any) -> AbstractContextManager[OpenedModel]:
        """Open it."""
        limits = settings.pop("limits", LimitsConfig(seconds=120.0))
        return open_model(
            self.project,
            self.model,
            limits,
            self.folder,
            sample=settings.pop("sample", data_set(self.inputs)),
            classes_hint=self.classes,
            positive=self.positive,
            **settings,
        )


def case_in(folder: Path) -> Case:
    """Return the model in a folder, as `trained.py` left it."""
    facts = json.loads((folder / "case.json").read_text())
    with np.load(folder / "expected.npz", allow_pickle=False) as arrays:
        expected = arrays["answer"]
    project = ProjectConfig(
        name=folder.name, task=Task(facts["task"]), modality=Modality(facts["modality"])
    )
    model = ModelConfig(
        path=facts["path"],
        adapter=facts["adapter"],
        entry=facts.get("entry"),
        weights=facts.get("weights"),
        python=models_python(),
    )
    return Case(
        folder,
        project,
        model,
        inputs_of(folder),
        expected,
        tuple(facts["classes"]),
        facts["positive"],
    )
