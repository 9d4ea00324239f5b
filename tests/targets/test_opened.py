"""Models in real sandboxed processes: what comes back is what the model says, or an error."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modelwarden.core import GapKind, InputError
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget, ValueTarget
from modelwarden.targets.config import LimitsConfig, ModelConfig
from modelwarden.targets.errors import AccessError, TargetError
from modelwarden.targets.opened import open_model
from modelwarden.targets.snapshot import digest_of_place
from modelwarden.targets.spec import Access
from modelwarden.targets.tiled import limited
from targets import subjects

SUM = """
import numpy
def predict(x):
    total = numpy.asarray(x).sum(axis=1)
    return numpy.stack([-total, total], axis=1)
"""


def opening(root: Path, model: ModelConfig, sample, task="binary", modality="vector", **more):
    settings = {"sample": sample, "limits": subjects.limits(), **more}
    limits = settings.pop("limits")
    return open_model(subjects.project(task, modality), model, limits, root, **settings)


def test_scores_come_back_exactly_and_every_row_and_call_is_counted(tmp_path):
    data = subjects.vectors(600)

    with opening(tmp_path, subjects.callable_model(tmp_path, SUM), data) as opened:
        scores = opened.target.scores(data.inputs)
        labels = opened.target.labels(data.inputs[:5])

        assert np.array_equal(scores[:, 1], data.inputs.sum(axis=1))
        assert labels.tolist() == (data.inputs[:5].sum(axis=1) > 0).astype(int).tolist()
        assert opened.cost().rows == 605
        assert opened.cost().calls == 4
        assert opened.cost().memory > 1 << 20
    assert opened.isolation == "full"
    assert opened.findings() == ()
    assert opened.environment["python"].startswith("3.")


def test_every_call_has_the_same_number_of_rows(tmp_path):
    model = subjects.callable_model(
        tmp_path,
        """
        import numpy
        def predict(x):
            return numpy.full((len(x), 2), float(len(x)))
        """,
    )
    data = subjects.vectors(70)

    with opening(tmp_path, model, data, tile=32) as opened:
        scores = opened.target.scores(data.inputs)
        one = opened.target.scores(data.inputs[:1])

    assert set(scores.ravel()) == {32.0}
    assert set(one.ravel()) == {32.0}


def test_a_table_arrives_as_a_frame_with_its_types(tmp_path):
    pytest.importorskip("pandas")
    model = subjects.callable_model(
        tmp_path,
        """
        import pandas
        def predict(frame):
            assert isinstance(frame, pandas.DataFrame), type(frame)
            assert list(frame.columns) == ["age", "pay", "job", "new"]
            assert frame["age"].dtype == "int64" and frame["new"].dtype == "bool"
            missing = frame["job"].isna() | frame["pay"].isna()
            return [{"0": float(not m), "1": float(m)} for m in missing]
        """,
    )
    data = subjects.table()

    with opening(tmp_path, model, data, modality="tabular") as opened:
        labels = opened.target.labels(data.inputs)

    gone = [
        job is None or np.isnan(pay)
        for job, pay in zip(data.inputs["job"].tolist(), data.inputs["pay"].tolist(), strict=True)
    ]
    assert labels.astype(bool).tolist() == gone


def test_texts_arrive_as_a_list_of_str_whatever_they_hold(tmp_path):
    model = subjects.callable_model(
        tmp_path,
        """
        def predict(texts):
            assert all(type(t) is str for t in texts)
            return ["spam" if "\\u20ac" in t else "ham" for t in texts]
        """,
    )
    data = replace(
        subjects.texts("a", "5 \u20ac", "", 'q"\n\x00', "\U0001f600 \u20ac", "\udcff"),
        y=np.array(["ham", "spam"] * 3, dtype=object),
    )

    with opening(tmp_path, model, data, modality="text") as opened:
        labels = opened.target.labels(data.inputs)
        assert isinstance(opened.target, LabelTarget)
        assert not isinstance(opened.target, ScoreTarget)

    assert [opened.target.spec.classes[i] for i in labels] == [
        "ham",
        "spam",
        "ham",
        "ham",
        "spam",
        "ham",
    ]


def test_images_arrive_as_floats_channels_first(tmp_path):
    model = subjects.callable_model(
        tmp_path,
        """
        def predict(x):
            assert x.shape[1:] == (1, 2, 3) and str(x.dtype) == "float32", (x.shape, x.dtype)
            return x[:, 0, 0, 0] > 0.5
        """,
    )
    x = np.zeros((4, 1, 2, 3), np.float32)
    x[1, 0, 0, 0] = 1
    data = replace(subjects.vectors(4), inputs=x, y=np.array([0, 1, 0, 1]))

    with opening(tmp_path, model, data, modality="image") as opened:
        assert opened.target.labels(x).tolist() == [0, 1, 0, 0]
        assert opened.target.spec.shape == (1, 2, 3)


def test_a_regression_gives_values(tmp_path):
    model = subjects.callable_model(tmp_path, "def predict(x):\n    return x.sum(axis=1) / 2")
    data = subjects.vectors(9)

    with opening(tmp_path, model, data, task="regression") as opened:
        assert isinstance(opened.target, ValueTarget)
        assert np.array_equal(opened.target.values(data.inputs), data.inputs.sum(axis=1) / 2)


def test_a_rule_of_the_users_own_decides(tmp_path):
    model = subjects.callable_model(
        tmp_path,
        SUM
        + "\ndef careful(scores):\n    return ['yes' if s > 5 else 'no' for s in scores[:, 1]]\n",
    )
    model = replace(model, decide="predict.py:careful")
    data = replace(subjects.vectors(50), y=np.array(["no", "yes"] * 25, dtype=object))

    with opening(tmp_path, model, data) as opened:
        labels = opened.target.labels(data.inputs)

    assert labels.tolist() == (data.inputs.sum(axis=1) > 5).astype(int).tolist()


def test_a_model_of_scikit_learn_is_asked_for_its_scores(tmp_path):
    from sklearn.linear_model import LogisticRegression

    data = replace(subjects.vectors(60), y=None)
    y = np.where(data.inputs.sum(axis=1) > 0, "good", "bad")
    model = LogisticRegression().fit(data.inputs, y)
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(model))
    data = replace(data, y=y.astype(object))

    with opening(tmp_path, ModelConfig(path="m.pkl", adapter="sklearn"), data) as opened:
        scores = opened.target.scores(data.inputs)

    assert opened.target.spec.classes == ("bad", "good")
    assert np.abs(scores - model.predict_proba(data.inputs)).max() < 1e-12
    assert opened.notes == ()
    assert opened.environment["sklearn"]


def test_what_was_not_scanned_is_not_opened(tmp_path):
    model, data = subjects.callable_model(tmp_path, SUM), subjects.vectors()
    digest = digest_of_place(tmp_path / "model")
    with opening(tmp_path, model, data, expected_digest=digest):
        pass
    (tmp_path / "model" / "extra.py").write_text("")

    with (
        pytest.raises(TargetError, match="not what was scanned"),
        opening(tmp_path, model, data, expected_digest=digest),
    ):
        pass


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("x = 1", "has no callable 'predict'"),
        ("def predict(x):\n    raise ValueError('bad shape')", "ValueError: bad shape"),
        ("def predict(x):\n    return None", "answered None"),
        ("def predict(x):\n    return [[1, 2], [3]]", "the model"),
        ("def predict(x):\n    return x[:1].sum(axis=1)", "not to all 256 rows"),
        ("def predict(x):\n    raise SystemExit(3)", "SystemExit"),
        ("def predict(x):\n    return predict(x)", "RecursionError"),
        ("import os\ndef predict(x):\n    os._exit(3)", "exit code 3"),
        ("import ctypes\ndef predict(x):\n    ctypes.string_at(0)", "signal"),
        ("def predict(x):\n    while True: pass", "over 2 s"),
        ("def predict(x):\n    return bytearray(3 << 30)", "the model|stopped"),
        ("def predict(x):\n    print('x' * 50_000_000); return x[:, 0] > 0", None),
    ],
)
def test_a_model_that_fails_is_one_clear_error_and_no_harm(code, why, tmp_path):
    model, data = subjects.callable_model(tmp_path, code), subjects.vectors()
    limits = subjects.limits(seconds=2.0, memory=1 << 30)

    if why is None:
        with opening(tmp_path, model, data, limits=limits) as opened:
            assert len(opened.target.labels(data.inputs)) == len(data)
        return
    with (
        pytest.raises(TargetError, match=why) as caught,
        opening(tmp_path, model, data, limits=limits),
    ):
        pass
    assert "\n" not in caught.value.message
    assert isinstance(caught.value.kind, GapKind)


@pytest.mark.parametrize(("opens", "why"), [(60.0, None), (3.0, "over 3 s"), (None, "over 2.5 s")])
def test_a_model_has_more_time_to_be_loaded_than_for_a_batch(opens, why, tmp_path):
    code = "import time\ntime.sleep(4)\ndef predict(x):\n    return x[:, 0] > 0"
    model, data = subjects.callable_model(tmp_path, code), subjects.vectors()
    limits = LimitsConfig(seconds=0.5 if opens is None else 2.0, opening=opens)

    if why is not None:
        with pytest.raises(TargetError, match=why), opening(tmp_path, model, data, limits=limits):
            pass
        return
    with opening(tmp_path, model, data, limits=limits) as opened:
        assert len(opened.target.labels(data.inputs)) == len(data)


@pytest.mark.parametrize(
    ("code", "next_step"),
    [
        ("x = 1", "in [model] entry"),
        ("def predict(x):\n    raise MemoryError", "[limits] memory"),
        ("def predict(x):\n    return x[:1].sum(axis=1)", "one answer for each row"),
        ("def predict(x):\n    return x[:, :2] * float('nan')", "such rows"),
    ],
)
def test_the_next_step_is_that_of_the_failure(code, next_step, tmp_path):
    model, data = subjects.callable_model(tmp_path, code), subjects.vectors()

    with pytest.raises(TargetError) as caught, opening(tmp_path, model, data) as opened:
        opened.target.scores(data.inputs)

    assert next_step in (caught.value.hint or "")
    assert not caught.value.message.endswith(": ")


LIES = {
    "huge shape": {"shape": [1 << 40, 2], "size": 16, "offset": 0},
    "negative": {"shape": [-4, 2], "size": 16, "offset": 0},
    "beyond": {"shape": [256, 2], "size": 4096, "offset": 1 << 30},
    "floats for sizes": {"shape": [256.0, 2], "size": 4096, "offset": 0},
    "other size": {"shape": [256, 2], "size": 8, "offset": 0},
    "no type": {"shape": [256, 2], "size": 4096, "offset": 0, "type": "object"},
    "pickled type": {"shape": [256, 2], "size": 4096, "offset": 0, "type": "O"},
    "text that is none": {"shape": [4], "size": 4096, "offset": 0, "type": "text"},
    "many axes": {"shape": [1] * 64, "size": 8, "offset": 0},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_worker_that_lies_about_its_arrays_is_caught(lie, tmp_path):
    part = {"name": "x", "columns": [], "type": "float64", **lie}
    model = subjects.callable_model(
        tmp_path,
        f"""
        import sys
        def predict(x):
            inside = sys._getframe(1)
            while "_write" not in inside.f_globals:
                inside = inside.f_back
            inside.f_globals["_write"] = lambda *_: {{"parts": [{part!r}]}}
            return x
        """,
    )

    with (
        pytest.raises(TargetError, match=r"the (sandboxed process|model)"),
        opening(tmp_path, model, subjects.vectors()),
    ):
        pass


def test_memory_that_a_model_spoils_spoils_its_own_answers_and_nothing_else(tmp_path):
    model = subjects.callable_model(
        tmp_path,
        """
        import mmap, os, threading, time
        def spoil(room):
            time.sleep(0.2)
            room[:] = b"\\xff" * len(room)
        def predict(x):
            for number in range(3, 40):
                try:
                    if "memfd" in os.readlink("/proc/self/fd/%d" % number):
                        room = mmap.mmap(number, os.fstat(number).st_size)
                        threading.Thread(target=spoil, args=(room,)).start()
                except (OSError, ValueError):
                    continue
            return x.sum(axis=1) > 0
        """,
    )
    data = subjects.vectors(300)

    with opening(tmp_path, model, data) as opened:
        labels = opened.target.labels(data.inputs)

    # Whatever it wrote there was read once, copied, and held to the form of an answer.
    assert labels.shape == (300,)
    assert set(labels.tolist()) <= {0, 1}


def test_an_attempt_is_a_finding_and_the_answer_still_comes(tmp_path):
    model = subjects.callable_model(
        tmp_path,
        """
        import os, socket
        def predict(x):
            try:
                socket.create_connection(("127.0.0.1", 9), 0.2)
            except OSError:
                pass
            try:
                open("/etc/shadow").read()
            except OSError:
                pass
            return x.sum(axis=1) > 0
        """,
    )
    data = subjects.vectors()

    with opening(tmp_path, model, data) as opened:
        assert opened.target.labels(data.inputs).tolist() == data.y.tolist()
        found = opened.findings()

    assert {f.location.terms["what"] for f in found} >= {"network", "read"}
    assert {f.rule for f in found} == {"sandbox-attempt"}
    assert {f.severity for f in found} == {"critical"}


def test_what_was_tried_before_a_model_failed_to_open_is_kept(tmp_path):
    model = subjects.callable_model(
        tmp_path, "import os\nos.system('true')\nraise ValueError('no')"
    )

    with pytest.raises(TargetError) as caught, opening(tmp_path, model, subjects.vectors()):
        pass

    assert [f.rule for f in caught.value.findings][:1] == ["sandbox-attempt"]


def test_what_was_tried_before_an_error_of_ours_is_kept(tmp_path, monkeypatch):
    def broken(*args, **more):
        raise ZeroDivisionError("a slip of ours")

    monkeypatch.setattr("modelwarden.targets.opened.settle", broken)
    model = subjects.callable_model(tmp_path, f"import os\nos.system('true')\n{SUM}")
    data = subjects.vectors()

    with pytest.raises(TargetError, match="a slip") as caught, opening(tmp_path, model, data):
        pass

    assert caught.value.kind is GapKind.FAILED
    assert [f.rule for f in caught.value.findings][:1] == ["sandbox-attempt"]


def test_an_error_while_an_opened_model_is_used_is_not_the_models(tmp_path):
    model, data = subjects.callable_model(tmp_path, SUM), subjects.vectors()

    with pytest.raises(ZeroDivisionError), opening(tmp_path, model, data):
        raise ZeroDivisionError


def test_what_an_attacker_is_not_granted_is_not_there(tmp_path):
    data = subjects.vectors()
    with opening(tmp_path, subjects.callable_model(tmp_path, SUM), data) as opened:
        labels = limited(opened.target, Access.LABELS)

        assert isinstance(labels, LabelTarget)
        assert not isinstance(labels, ScoreTarget)
        assert isinstance(limited(opened.target, Access.SCORES), ScoreTarget)
        with pytest.raises(AccessError, match="no gradients"):
            limited(opened.target, Access.GRADIENTS)
        assert not isinstance(opened.target, GradientTarget)


def test_a_path_or_interpreter_that_is_not_there_is_an_input_error(tmp_path):
    data = subjects.vectors()
    for model, why in (
        (ModelConfig(path="none", adapter="sklearn"), "does not exist"),
        (
            replace(subjects.callable_model(tmp_path, SUM), python="/no/python"),
            "does not run",
        ),
    ):
        with pytest.raises(InputError, match=why), opening(tmp_path, model, data):
            pass
