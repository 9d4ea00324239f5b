"""Opening a model: what it may see, what is told of it, what is refused."""

from __future__ import annotations

import importlib
import pickle
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from modelwarden.core import GapKind, InputError
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget
from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.errors import AccessError, TargetError
from modelwarden.targets.opened import open_model
from modelwarden.targets.snapshot import digest_of_place
from modelwarden.targets.spec import Access, Modality, Task
from modelwarden.targets.tiled import limited
from targets.opening import case_in, data_set, frame_of, trained

X = np.random.default_rng(0).normal(size=(50, 2))
SCORES = """
import numpy
def predict(x):
    p = 1 / (1 + numpy.exp(-x[:, 0]))
    return numpy.stack([1 - p, p], axis=1)
"""


@pytest.fixture
def opening(tmp_path):
    """Return what opens a callable of this code, in a folder of its own."""

    def opens(
        code=SCORES, inputs=X, *, task=Task.BINARY, modality=Modality.VECTOR, files=(), **settings
    ):
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        (folder / "predict.py").write_text(code)
        for name, content in dict(files).items():
            (folder / name).write_text(content)
        known = {k: settings.pop(k) for k in ("threshold", "decide", "access") if k in settings}
        model = ModelConfig(
            path="model",
            adapter="callable",
            entry="predict.py:predict",
            python=sys.executable,
            **known,
        )
        project = ProjectConfig(name="x", task=task, modality=modality)
        settings = {"sample": data_set(inputs), "classes_hint": (0, 1)} | settings
        if task is Task.BINARY:
            settings.setdefault("positive", settings["classes_hint"][-1])
        return open_model(project, model, LimitsConfig(seconds=20.0), tmp_path, **settings)

    return opens


def test_rows_calls_and_time_are_counted_without_padding(opening):
    with opening(tile=16) as opened:
        opened.target.scores(X)
        opened.target.labels(X[:3])
        cost = opened.cost()

    assert (cost.rows, cost.calls) == (53, 4 + 1)
    assert len(cost.seconds) == 5
    assert min(cost.seconds) > 0
    assert cost.memory is not None
    assert cost.memory > 10 << 20


def test_calls_in_other_tiles_are_counted_and_take_no_part_in_the_time_of_a_call(opening):
    with opening(tile=16) as opened:
        opened.target.scores(X[:16])
        opened.target.sized(1).scores(X[:3])
        cost = opened.cost()

    assert (cost.rows, cost.calls, len(cost.seconds)) == (19, 4, 1)


def test_the_answer_does_not_depend_on_how_many_rows_are_asked_at_once(opening):
    """The model answers with the size of its batch: padding makes it the same for all."""
    code = "import numpy\ndef predict(x):\n    return numpy.full((len(x), 2), 1 / len(x))\n"
    with opening(code, tile=16) as opened:
        one, many = opened.target.scores(X[:1]), opened.target.scores(X)

    assert (many == one).all()
    assert one[0, 0] == 1 / 16


def test_a_threshold_decides_and_a_rule_of_the_users_own_does(opening, tmp_path):
    (tmp_path / "rule.py").write_text(
        "import numpy\ndef decide(scores):\n    return numpy.where(scores[:, 1] > 0.9, 1, 0)\n"
    )
    positive = 1 / (1 + np.exp(-X[:, 0]))
    for settings, expected in (
        ({}, positive > 0.5),
        ({"threshold": 0.3}, positive >= 0.3),
        ({"decide": "rule.py:decide"}, positive > 0.9),
    ):
        with opening(**settings) as opened:
            assert opened.target.labels(X).tolist() == expected.astype(int).tolist()


def test_a_rule_that_decides_for_no_class_is_refused(opening, tmp_path):
    for body, why in (
        ("['maybe'] * len(s)", "'maybe', which is none"),
        ("s[:2, 0]", "no single decision a row"),
        ("s", "no single decision a row"),
    ):
        (tmp_path / "rule.py").write_text(f"def decide(s):\n    return {body}\n")
        with (
            opening(decide="rule.py:decide", tile=16) as opened,
            pytest.raises(TargetError, match=why),
        ):
            opened.target.labels(X)


def test_an_attacker_is_shown_no_more_than_is_granted(opening):
    with opening() as opened:
        labels, scores = (limited(opened.target, a) for a in (Access.LABELS, Access.SCORES))

        assert labels.labels(X).tolist() == opened.target.labels(X).tolist()
        assert (scores.scores(X) == opened.target.scores(X)).all()
        assert isinstance(labels, LabelTarget)
        assert not isinstance(labels, ScoreTarget)
        assert not isinstance(scores, GradientTarget)
        assert labels.rows == opened.target.rows
        with pytest.raises(AccessError, match="no gradients"):
            limited(opened.target, Access.GRADIENTS)


def test_a_model_of_labels_gives_no_scores(opening):
    with opening("def predict(x):\n    return (x[:, 0] > 0).astype(int)\n") as opened:
        with pytest.raises(AccessError, match="labels only"):
            limited(opened.target, Access.SCORES)
        assert opened.target.labels(X).tolist() == (X[:, 0] > 0).astype(int).tolist()


def test_what_was_not_scanned_is_not_opened(opening, tmp_path):
    with opening():
        pass
    digest = digest_of_place(tmp_path / "model")

    with opening(expected_digest=digest) as opened:
        assert opened.isolation == "full"
    with (
        pytest.raises(TargetError, match="not what was scanned"),
        opening(SCORES + "# another byte", expected_digest=digest),
    ):
        pass


def test_files_beside_the_project_are_hidden_but_its_modules_are_not(opening, tmp_path):
    (tmp_path / "secret.csv").write_text("made up")
    (tmp_path / "helper.py").write_text("from deep.inner import half\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "__init__.py").write_text("")
    (tmp_path / "deep" / "inner.py").write_text("half = 0.5\n")
    (tmp_path / "predict.py").write_text(
        "import pathlib, numpy, helper\n"
        "try:\n    seen = bool((pathlib.Path(__file__).parent / 'secret.csv').read_text())\n"
        "except OSError:\n    seen = False\n"
        "def predict(x):\n    return numpy.full((len(x), 2), helper.half + seen)\n"
    )
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.txt").write_text("1")
    model = ModelConfig(path="model", adapter="callable", entry="predict.py:predict")
    project = ProjectConfig(name="x", task=Task.BINARY, modality=Modality.VECTOR)
    sample = data_set(X)
    with open_model(
        project, model, LimitsConfig(), tmp_path, sample=sample, classes_hint=(0, 1)
    ) as opened:
        assert (opened.target.scores(X) == 0.5).all()
        found = [(f.location.terms["what"], f.evidence["detail"]) for f in opened.findings()]

    assert found == [("read", str(tmp_path / "secret.csv"))]


def test_what_cannot_be_confined_is_a_gap_or_needs_trust(opening, monkeypatch):
    monkeypatch.setattr("modelwarden.sandbox.order.landlock.abi", lambda: 0)
    with opening() as opened:
        assert opened.isolation == "partial"
        assert [(g.kind, g.what) for g in opened.gaps()] == [(GapKind.PARTIAL_ISOLATION, "model")]
        assert "landlock" in opened.gaps()[0].why
    monkeypatch.setattr("modelwarden.sandbox.order._SECCOMP_CALL", {})
    with pytest.raises(TargetError, match="cannot confine") as caught, opening():
        pass
    assert caught.value.kind is GapKind.PARTIAL_ISOLATION
    with opening(trust=True) as opened:
        assert opened.isolation == "none"
        assert opened.gaps()


def test_what_is_not_there_is_said(opening, tmp_path):
    model = ModelConfig(path="nothing", adapter="sklearn")
    project = ProjectConfig(name="x", task=Task.BINARY, modality=Modality.VECTOR)
    with (
        pytest.raises(InputError, match="'nothing' does not exist"),
        open_model(project, model, LimitsConfig(), tmp_path, sample=data_set(X)),
    ):
        pass
    with pytest.raises(TargetError, match="has no callable 'predict'"), opening("x = 1"):
        pass
    with (
        pytest.raises(TargetError, match="No module named 'nonesuch'") as caught,
        opening("import nonesuch"),
    ):
        pass
    assert caught.value.hint.startswith("Install nonesuch beside Modelwarden")
    with (
        pytest.raises(TargetError) as caught,
        opening("raise ValueError('word ' * 999 + '\\nend')"),
    ):
        pass
    assert len(caught.value.message) < 310
    assert caught.value.message.endswith("word …")
    with pytest.raises(TargetError, match="no row"), opening(inputs=X[:0]):
        pass


NO_PANDAS = {"pandas.py": "raise ImportError('no pandas here')\n"}


def test_a_table_is_a_matrix_where_pandas_is_not_there(opening):
    frame = frame_of({"a": [0.1, 0.2, None], "b": [1, 2, 3], "c": [True, False, True]})
    code = "def predict(x):\n    assert type(x).__name__ == 'ndarray'\n    return x[:, 1] / 4\n"
    with opening(code, frame, modality=Modality.TABULAR, files=NO_PANDAS) as opened:
        assert opened.target.scores(frame)[:, 1].tolist() == [0.25, 0.5, 0.75]

    words = frame.with_column("d", np.array(["x", "y", None], object))
    with (
        pytest.raises(
            TargetError, match="'d' holds 'x', which is no number, and a data frame needs pandas"
        ),
        opening(code, words, modality=Modality.TABULAR, files=NO_PANDAS),
    ):
        pass


def test_a_table_is_a_frame_with_the_types_that_pandas_reads(opening, tmp_path):
    frame = frame_of(
        {"a": [0.5, None], "b": [1, 2], "c": [True, False], "d": ["x", None], "a b": [1.5, 2.5]}
    )
    code = (
        "import pandas\n"
        "def predict(x):\n"
        "    assert list(x.columns) == ['a', 'b', 'c', 'd', 'a b'], x.columns\n"
        "    kinds = [str(t) for t in x.dtypes]\n"
        "    assert kinds[:3] + kinds[4:] == ['float64', 'int64', 'bool', 'float64'], kinds\n"
        "    assert x['d'].isna().sum() == (x['b'] == 2).sum()\n"
        "    assert not any(v is None for v in x['d'])\n"
        "    return x['b'] / 4\n"
    )
    with opening(code, frame, modality=Modality.TABULAR) as opened:
        assert opened.target.scores(frame)[:, 1].tolist() == [0.25, 0.5]


def test_texts_are_a_list_of_str_whatever_is_in_them(opening):
    texts = np.array(["", "é\0😀", "a\nb", "\ud83d"], object)
    code = (
        "import numpy\n"
        "def predict(x):\n"
        "    assert isinstance(x, list) and all(type(t) is str for t in x)\n"
        "    return numpy.array([[0.5, len(t) / 10] for t in x])\n"
    )
    with opening(code, texts, modality=Modality.TEXT) as opened:
        lengths = opened.target.scores(texts)[:, 1] * 10

    assert lengths.round().tolist() == [0, 3, 3, 1]


def test_words_answered_are_the_classes_of_the_data(opening):
    code = (
        "import numpy\n"
        "def predict(x):\n    return [b'no' if v < 0 else numpy.str_('yes') for v in x[:, 0]]\n"
    )
    with opening(code, classes_hint=("no", "yes")) as opened:
        assert opened.target.labels(X).tolist() == (X[:, 0] >= 0).astype(int).tolist()


@pytest.mark.slow
def test_gradients_are_those_of_finite_differences():
    case = case_in(trained("torch") / "torch weights")
    x = case.inputs[:4].astype(np.float64) + 0.5
    weights = np.random.default_rng(0).normal(size=(4, 4))
    with case.open(tile=8) as opened:
        target = opened.target
        assert isinstance(target, GradientTarget)
        told = target.gradients(x, weights)
        logits, gradient = told.logits, told.gradients
        slope = []
        for at in ((0, 0, 1, 1), (3, 0, 7, 0)):
            step = np.zeros_like(x)
            step[at] = 1.0
            up, down = target.scores(x + step), target.scores(x - step)
            slope.append((((up - down) * weights).sum() / 2, gradient[at]))

    np.testing.assert_allclose(logits, case.expected[:4] * 0 + logits)
    for measured, told in slope:
        assert measured == pytest.approx(told, rel=0.05, abs=2e-3)
    assert target.rows == 4 + 4 * 4


def test_a_module_that_files_names_can_be_imported_by_a_pickled_model(tmp_path, monkeypatch):
    (tmp_path / "steps_of_mine.py").write_text(
        "import numpy\n"
        "class Mine:\n"
        "    classes_ = numpy.array([0, 1])\n"
        "    def predict(self, x):\n        return (numpy.asarray(x)[:, 0] > 0).astype(int)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    mine = importlib.import_module("steps_of_mine").Mine()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "m.pkl").write_bytes(pickle.dumps(mine))
    project = ProjectConfig(name="it", task=Task.BINARY, modality=Modality.VECTOR)

    def labels(*files):
        model = ModelConfig(path="model/m.pkl", adapter="sklearn", files=files)
        sample = data_set(X)
        with open_model(
            project, model, LimitsConfig(), tmp_path, sample=sample, classes_hint=(0, 1)
        ) as opened:
            return opened.target.labels(X)

    assert labels("steps_of_mine.py").tolist() == (X[:, 0] > 0).astype(int).tolist()
    with pytest.raises(TargetError, match="No module named 'steps_of_mine'") as caught:
        labels()
    assert "[model] files" in caught.value.hint


def test_a_model_of_several_outputs_is_told_how_to_give_one(opening):
    code = "import numpy\ndef predict(x):\n    return [numpy.full((len(x), 2), 0.5)] * 3\n"

    with pytest.raises(TargetError, match="not to all") as caught, opening(code):
        pass

    assert "a function of your own" in caught.value.hint


@pytest.mark.parametrize("name", ["torch weights", "torch safetensors"])
def test_a_module_that_is_built_gets_the_one_file_of_weights_that_path_names(name):
    case = case_in(trained("torch") / name)

    with replace(case, model=replace(case.model, weights=None)).open() as opened:
        scores = opened.target.scores(case.inputs)

    np.testing.assert_allclose(scores, case.expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["torch weights", "torch safetensors"])
def test_weights_that_are_cut_leave_no_module_of_chance(tmp_path, name):
    case = case_in(trained("torch") / name)
    shutil.copytree(case.folder, tmp_path / "cut")
    case = replace(case, folder=tmp_path / "cut", model=replace(case.model, weights=None))
    [file] = (f for f in (tmp_path / "cut" / case.model.path).rglob("*.*") if f.suffix != ".py")
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(TargetError), case.open():
        pass


ORACLE = """
import numpy, os
def known(name):
    try:
        with open(os.path.join(os.path.dirname(__file__), name)) as rows:
            return "label" in rows.read()
    except OSError:
        return False
def predict(x):
    names = "test.csv", "copy.csv", "train.csv"
    told = 0.5 + sum(known(name) * 0.1 ** (i + 1) for i, name in enumerate(names))
    return numpy.full((len(x), 2), told)
"""


def test_the_rows_that_a_model_is_measured_on_are_hidden_from_it_with_copies(opening, tmp_path):
    rows = {"test.csv": "a,label\n1,0\n", "copy.csv": "a,label\n1,0\n"}
    others = {"train.csv": "a,label\n2,0\n"}
    with opening(
        ORACLE, files=rows | others, hidden=[tmp_path / "model" / "test.csv"], tile=16
    ) as opened:
        told = opened.target.scores(X[:1])[0, 0]
        findings = opened.findings()

    assert told == pytest.approx(0.501)
    assert [f.rule for f in findings] == ["sandbox-attempt"] * 2
    assert {f.location.terms["what"] for f in findings} == {"read"}


def test_a_model_that_would_be_hidden_itself_is_opened(opening, tmp_path):
    with opening(hidden=[tmp_path / "model"], tile=16) as opened:
        assert opened.target.scores(X[:1]).shape == (1, 2)


LONG = """
import numpy
NAMES = ["a" * 5_000, "b" * 5_000]
def predict(x):
    return numpy.array([NAMES[int(v > 0)] for v in x[:, 0]], object)
predict.classes = NAMES
"""


def test_class_names_that_need_more_room_than_numbers_are_read(opening):
    names = ("a" * 5_000, "b" * 5_000)
    with opening(LONG, task=Task.MULTICLASS, classes_hint=names, tile=64) as opened:
        labels = opened.target.labels(X)

    assert labels.tolist() == (X[:, 0] > 0).astype(int).tolist()
