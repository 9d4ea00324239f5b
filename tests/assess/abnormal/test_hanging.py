"""A model that hangs holds the stage no longer than it may: real code, in the real sandbox."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from assess.fakes import context, table
from modelwarden.assess.abnormal import stage
from modelwarden.core import GapKind
from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.opened import open_model
from modelwarden.targets.probing import End, probe
from modelwarden.targets.spec import Modality, Task

CODE = """
import time
import numpy as np
def predict(frame):
    values = frame.to_numpy(float)
    while {hangs}:
        time.sleep(1)
    p = 1 / (1 + np.exp(-values[:, 0]))
    return np.stack([1 - p, p], axis=1)
"""
FAR = "(np.abs(np.nan_to_num(values, posinf=1e9, neginf=-1e9)) > 50).any()"


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """Return a function that tries a model; with it, what was asked: seconds given and the end."""
    asked = []

    def noted(target, inputs, *, seconds):
        reply = probe(target, inputs, seconds=seconds)
        asked.append((len(inputs), seconds, reply.end))
        return reply

    monkeypatch.setattr(stage, "probe", noted)
    monkeypatch.setattr(stage, "_LEAST_PATIENCE", 1.0)

    def run(hangs, waiting):
        monkeypatch.setattr(stage, "_WAITING", waiting / 120)
        (tmp_path / "predict.py").write_text(CODE.format(hangs=hangs))
        rng = np.random.default_rng(0)
        columns = {name: rng.normal(size=200) for name in "abc"}
        data = table(columns, (columns["a"] > 0).astype(np.int64))
        project = ProjectConfig(name="it", task=Task.BINARY, modality=Modality.TABULAR)
        model = ModelConfig(
            path="predict.py", adapter="callable", entry="predict.py:predict", python=sys.executable
        )
        opened = open_model(
            project, model, LimitsConfig(), tmp_path, sample=data, classes_hint=(0, 1)
        )
        with opened as one:
            return stage.run(context(one.target, data)), asked

    return run


def late(asked):
    return [seconds for _, seconds, end in asked if end is End.LATE]


def hung(result):
    return {row[0] for row in result.tables[0].rows if row[3] == "hang"}


def test_far_numbers_that_hang_are_all_told_and_waited_for_within_bounds(tried):
    result, asked = tried(FAR, waiting=60.0)

    assert {"outlier", "infinite"} <= hung(result)
    assert "null" not in hung(result)
    assert sum(late(asked)) <= 60.0


def test_what_is_not_waited_for_any_more_is_a_gap_that_says_so(tried):
    result, asked = tried(FAR, waiting=3.0)

    assert hung(result)
    (gap,) = result.gaps
    assert gap.kind is GapKind.BUDGET
    assert "waited for answers that did not come" in gap.why
    assert "one-bad-row" in gap.why
    assert sum(late(asked)) <= 3.0 + 1e-6


def test_a_batch_of_one_that_hangs_is_one_wait(tried):
    result, asked = tried("len(values) == 1", waiting=60.0)

    assert hung(result) == {"batch-of-one"}
    assert 1 <= len(late(asked)) <= 2
