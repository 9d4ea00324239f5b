"""Projects on disk, with data sets and models that live in this process."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from assess.fakes import Labels, Scores, Values, logistic
from cli.command import HARMLESS
from modelwarden.core import InputError
from modelwarden.targets.data import DataSet
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality, TargetSpec, Task

TOML = """
[project]
name = "fake"
task = "{task}"
modality = "vector"

[model]
path = "model/"
adapter = "callable"
entry = "predict.py:{entry}"
{model}

[data]
test = "test.npz"
train = "train.npz"
{data}
{more}
"""


def project(
    folder: Path,
    *,
    task="binary",
    entry="honest",
    model="",
    data="",
    more="",
    n=400,
    weights=HARMLESS,
) -> Path:
    """Write a whole project; return its modelwarden.toml."""
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "weights.pkl").write_bytes(weights)
    (folder / "predict.py").write_text("# the entry is taken from the tests' own models\n")
    for name, seed in (("test", 0), ("train", 1)):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 3))
        y = (rng.random(n) < logistic(x)[:, 1]).astype(np.int64)
        np.savez(folder / f"{name}.npz", x=x, y=y)
    file = folder / "modelwarden.toml"
    file.write_text(TOML.format(task=task, entry=entry, model=model, data=data, more=more))
    return file


def _nan(x):
    scores = logistic(x)
    scores[0] = np.nan
    return scores


def _slow(x):
    time.sleep(float(os.environ.get("MODELWARDEN_TEST_SLOW", "0.2")))
    return logistic(x)


MODELS = {
    "honest": (Scores, logistic),
    "turned": (Scores, lambda x: logistic(x)[:, ::-1]),
    "worse": (Scores, lambda x: logistic(np.add(x, [0.8, 0, 0]))),
    "nan": (Scores, _nan),
    "shape": (Scores, lambda x: np.zeros((len(x), 3))),
    "labels": (Labels, lambda x: logistic(x).argmax(axis=1)),
    "numbers": (Values, lambda x: np.asarray(x)[:, 0]),
    "slow": (Scores, _slow),
    "crash": (Scores, lambda x: 1 / 0),
}


class FakeTools:
    """Reads npz files and opens the models above; counts what it opened."""

    def __init__(self):
        self.opened = []
        self.tried = ()

    def read_data(self, name, path, data, project, root):
        place = root / path
        try:
            with np.load(place, allow_pickle=False) as arrays:
                x, y = arrays["x"], arrays.get("y")
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read {path}") from error
        digest = hashlib.sha256(place.read_bytes()).hexdigest()
        return DataSet(name, x, y, Frame((), ()), source=path, digest=f"sha256:{digest}")

    @contextmanager
    def open_model(self, project, model, limits, root, **more):
        name = model.entry.rpartition(":")[2]
        if name == "missing":
            raise TargetError("the model needs the package nonesuch")
        if name == "slip":
            raise ZeroDivisionError("a slip of ours")
        self.opened.append((model.path, more["expected_digest"]))
        kind, function = MODELS[name]
        regression = project.task is Task.REGRESSION
        spec = TargetSpec(
            task=project.task,
            modality=Modality.VECTOR,
            classes=() if regression else more["classes_hint"],
            positive=1 if project.task is Task.BINARY else None,
            tile=16,
        )
        seconds = []

        def timed(inputs):
            began = time.perf_counter()
            answer = function(inputs)
            seconds.append(time.perf_counter() - began)
            return answer

        target = kind(spec, timed)
        yield SimpleNamespace(
            target=target,
            isolation="full",
            notes=(),
            environment={"fake": os.environ.get("MODELWARDEN_TEST_FAKE", "1")},
            findings=lambda: self.tried if name == "honest" else (),
            gaps=tuple,
            cost=lambda: SimpleNamespace(rows=target.rows, seconds=tuple(seconds), memory=1 << 20),
        )
