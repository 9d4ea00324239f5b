"""Models in the sandbox that end, hang or answer nonsense: each is told, and the next answers."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.errors import TargetError
from modelwarden.targets.opened import open_model
from modelwarden.targets.probing import End, probe
from modelwarden.targets.snapshot import digest_of_place
from modelwarden.targets.spec import Modality, Task
from targets.opening import data_set

CODE = """
import os, signal, time
import numpy as np

def predict(x):
    mark = x[0, 0]
    if mark == 1: os._exit(3)
    if mark == 2: time.sleep(60)
    if mark == 3: raise KeyError("a word")
    if mark == 4: return np.zeros((2, 2))
    if mark == 5: os.kill(os.getpid(), signal.SIGSEGV)
    p = 1 / (1 + np.exp(-x[:, 1]))
    scores = np.stack([1 - p, p], axis=1)
    if mark == 6: scores[1] = np.nan
    if mark == 7: scores[2] = [-1, 2]
    return scores
"""
X = np.random.default_rng(0).normal(size=(20, 3))


def marked(mark):
    x = X.copy()
    x[0, 0] = mark
    return x


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probed")
    (folder / "predict.py").write_text(CODE)
    project = ProjectConfig(name="p", task=Task.BINARY, modality=Modality.VECTOR)
    model = ModelConfig(path="predict.py", adapter="callable", entry="predict.py:predict")
    digest = digest_of_place(folder / "predict.py")
    sample = data_set(X)
    given = {"sample": sample, "classes_hint": (0, 1), "expected_digest": digest}
    with open_model(project, model, LimitsConfig(), folder, **given) as model_open:
        yield folder, model_open


@pytest.mark.parametrize(
    ("mark", "end", "words"),
    [
        (1, End.LOST, "exit code 3"),
        (2, End.LATE, "over 1 s"),
        (3, End.RAISED, "a word"),
        (4, End.SHAPE, "not to all 20 rows"),
        (5, End.LOST, "SIGSEGV"),
    ],
)
def test_what_is_no_answer_is_told_and_the_model_answers_again(opened, mark, end, words):
    _, model = opened

    reply = probe(model.target, marked(mark), seconds=1.0)
    after = probe(model.target, X, seconds=20.0)

    assert reply.end is end
    assert words in reply.words
    assert after.end is End.ANSWERED
    np.testing.assert_array_equal(after.labels, (X[:, 1] > 0).astype(int))
    assert model.findings() == ()


def test_rows_are_counted_and_the_time_is_not_taken_for_that_of_a_call(opened):
    _, model = opened
    before = model.cost()

    probe(model.target, X, seconds=20.0)

    assert model.cost().rows == before.rows + len(X)
    assert model.cost().seconds == before.seconds


def test_bad_rows_are_held_apart(opened):
    _, model = opened

    empty, strange = (probe(model.target, marked(mark), seconds=20.0) for mark in (6, 7))

    assert np.flatnonzero(empty.empty).tolist() == [1]
    assert np.flatnonzero(strange.strange).tolist() == [2]
    assert not empty.strange.any()
    assert (empty.labels[2:] == (X[2:, 1] > 0)).all()
    assert strange.raised is None


def test_what_is_told_once_of_the_inputs_does_not_outlive_them(opened):
    """Their form is sent when it changes: another number of rows, a failure and a new process."""
    _, model = opened

    for rows, mark in ((5, 0), (5, 3), (5, 0), (7, 0), (7, 1), (7, 0), (5, 0), (5, 0)):
        x = X[:rows].copy()
        x[0, 0] = mark
        reply = probe(model.target, x, seconds=20.0)

        assert (reply.end is End.ANSWERED) == (mark == 0)
        if mark == 0:
            np.testing.assert_array_equal(reply.labels, (x[:, 1] > 0).astype(int))


def test_a_model_that_changed_on_the_disk_is_not_opened_again(opened):
    folder, model = opened
    file = folder / "predict.py"
    file.write_text(CODE + "\n# changed\n")
    try:
        with pytest.raises(TargetError, match="not what was scanned"):
            probe(model.target, marked(1), seconds=5.0)
    finally:
        file.write_text(CODE)
