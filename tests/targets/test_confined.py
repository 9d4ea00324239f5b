"""What a worker says is held against what it was given, and never believed."""

from __future__ import annotations

import json
import sys
import textwrap

import numpy as np
import pytest

from modelwarden.core import GapKind
from modelwarden.protocols.tensors import Tensor
from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.confined import Confined
from modelwarden.targets.errors import TargetError
from modelwarden.targets.opened import open_model
from modelwarden.targets.spec import Modality, Task
from targets.opening import data_set

ROWS = 16
HONEST = """
import numpy
def predict(x):
    return numpy.stack([x[:, 0] * 0 + 0.75, x[:, 0] * 0 + 0.25], axis=1)
"""
# Takes over the program in the worker: from the second question on it says what it likes.
TAKEN = """
import json, os, sys, threading
frame = sys._getframe()
while "operations" not in frame.f_globals:
    frame = frame.f_back
program = frame.f_globals
honest = program["_write"]
asked = []
def say(arrays, body):
    asked.append(1)
    answer = honest(arrays, body)
    if len(asked) < 2:
        return answer
    memory = program["_STATE"]["taken"]
    {act}
    return answer
program["_write"] = say
"""


def opened(tmp_path, code, *, task=Task.BINARY, **settings):
    (tmp_path / "model").mkdir(exist_ok=True)
    (tmp_path / "model" / "predict.py").write_text(code)
    project = ProjectConfig(name="x", task=task, modality=Modality.VECTOR)
    model = ModelConfig(
        path="model", adapter="callable", entry="predict.py:predict", python=sys.executable
    )
    x = np.linspace(0, 1, ROWS * 2).reshape(ROWS, 2)
    limits = settings.pop("limits", LimitsConfig(seconds=5.0, memory=1 << 30))
    settings.setdefault("sample", data_set(x))
    settings.setdefault("classes_hint", (0, 1))
    return open_model(project, model, limits, tmp_path, tile=ROWS, **settings)


def asked_twice(tmp_path, act):
    """Have an honest first answer and a dishonest second one."""
    code = HONEST + TAKEN.replace("{act}", textwrap.indent(textwrap.dedent(act), "    ").strip())
    with opened(tmp_path, code) as model:
        return model.target.scores(np.zeros((ROWS, 2)))


PART = {
    "name": "",
    "columns": [],
    "type": "float64",
    "shape": [ROWS, 2],
    "offset": 0,
    "size": ROWS * 16,
}


def said(**changes):
    return {"parts": [PART | changes]}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "without arrays"),
        ({"parts": 7}, "without arrays"),
        ({"parts": [PART] * 65}, "answered 65 arrays, more than 64"),
        ({"parts": []}, "in another form"),
        ({"parts": [7]}, "no array"),
        (said(name=7), "without a name"),
        (said(columns="x"), "without a name"),
        (said(shape=7), "without a name"),
        (said(offset="0"), "without a place"),
        (said(offset=-8), "without a place"),
        (said(size=-8), "without a place"),
        (said(size=True), "without a place"),
        (said(size=1 << 40, shape=[1 << 37]), "more than it was given"),
        (said(offset=1 << 40), "more than it was given"),
        (said(shape=[1] * 9), "no possible shape"),
        (said(shape=[-1, 2]), "no possible shape"),
        (said(shape=[1.5, 2]), "no possible shape"),
        (said(shape=[True, 2]), "no possible shape"),
        (said(shape=[1 << 62, 1 << 62]), "no possible shape"),
        (said(shape=[1 << 62, 0], size=0), "no possible shape"),
        (said(shape=[10**30, 0], size=0), "no possible shape"),
        (said(shape=[10**30, 0], size=2, type="text"), "no possible shape"),
        (said(shape=[0, *[1 << 28] * 7], size=0), "no possible shape"),
        (said(shape=[ROWS, 0], size=0), "scores were due"),
        (said(shape=[ROWS, 3]), "not its shape's"),
        (said(shape=[ROWS // 2, 2], size=ROWS * 8), "not to all 16 rows"),
        (said(type="object"), "not its shape's"),
        (said(type="O"), "not its shape's"),
        (said(type=["float64"]), "not its shape's"),
        (said(type="text"), "cannot be read"),
    ],
)
def test_an_answer_that_does_not_hold_together_is_one_clear_error(tmp_path, body, why):
    with pytest.raises(TargetError, match=why) as caught:
        asked_twice(tmp_path, f"return {body!r}")

    assert caught.value.kind is GapKind.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[", "cannot be read"),
        (b"[" * 50_000, "cannot be read"),
        (json.dumps(["x"] * 3).encode(), "another shape"),
        (json.dumps([["x"]] * 16).encode(), "cannot be read|another shape|words"),
        (json.dumps(["x"] * 16).encode(), "one value|scores were due"),
    ],
)
def test_texts_that_do_not_hold_together_are_one_clear_error(tmp_path, text, why):
    body = said(type="text", shape=[16], size=len(text))
    shown = "b'[' * 50_000" if len(text) > 1 << 15 else repr(text)
    act = f"memory[:{len(text)}] = {shown}\nreturn {body!r}"
    with pytest.raises(TargetError, match=why):
        asked_twice(tmp_path, act)


def test_a_worker_that_always_needs_more_room_is_asked_a_few_times_only(tmp_path):
    with pytest.raises(TargetError, match="the model's answer has more than 268435456 bytes"):
        asked_twice(tmp_path, "return {'needs': body['room'] + 1}")
    with pytest.raises(TargetError, match="the model's answer has more than 268435456 bytes"):
        asked_twice(tmp_path, "return {'needs': 1 << 60}")


def test_numbers_that_are_none_are_told_with_how_many_rows(tmp_path):
    act = "memory[16:24] = bytes([0, 0, 0, 0, 0, 0, 240, 127])\nreturn answer"
    with pytest.raises(TargetError, match="NaN or infinity to 1 of 16 rows"):
        asked_twice(tmp_path, act)


def test_memory_that_changes_after_the_check_changes_no_answer(tmp_path):
    """A thread rewrites the answer for ever: what was checked is a copy that it cannot reach."""
    act = """
    def change():
        while True:
            memory[:8] = bytes([0, 0, 0, 0, 0, 0, 240, 127])
            memory[:8] = bytes([0, 0, 0, 0, 0, 0, 224, 63])
    threading.Thread(target=change, daemon=True).start()
    return answer
    """
    for _ in range(3):
        try:
            scores = asked_twice(tmp_path, act)
        except TargetError as error:
            assert "NaN or infinity" in error.message  # noqa: PT017 -- either is right
        else:
            before = scores.copy()
            assert np.isfinite(scores).all()
            assert (scores == before).all()


@pytest.mark.parametrize(
    ("act", "why", "kind"),
    [
        ("while True: pass", "stopped: time", GapKind.OVER_LIMIT),
        ("os._exit(3)", "ended by itself .exit code 3", GapKind.NOT_ASSESSABLE),
        ("os.abort()", "SIGABRT", GapKind.NOT_ASSESSABLE),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV", GapKind.NOT_ASSESSABLE),
        ("kept = [bytearray(b'x') * (64 << 20) for _ in range(99)]", "emory", GapKind.OVER_LIMIT),
        ("raise SystemExit(0)", "raised SystemExit", GapKind.NOT_ASSESSABLE),
        ("raise KeyboardInterrupt", "raised KeyboardInterrupt", GapKind.NOT_ASSESSABLE),
        ("os.close(int(sys.argv[1]))", "closed its end|ended", GapKind.NOT_ASSESSABLE),
        ("return {'x': 'y' * (2 << 20)}", "not in the agreed form", GapKind.NOT_ASSESSABLE),
        ("return {1, 2}", "raised TypeError|ended", GapKind.NOT_ASSESSABLE),
    ],
)
def test_a_worker_that_hangs_dies_or_floods_is_one_clear_error(tmp_path, act, why, kind):
    with pytest.raises(TargetError, match=why) as caught:
        asked_twice(tmp_path, act)

    assert kind in (None, caught.value.kind)


def test_inputs_are_read_only_for_the_worker_and_no_memory_changes_its_size(tmp_path):
    code = """
    import ctypes, mmap
    given, done = None, 0.0
    for line in open("/proc/self/maps"):
        if "memfd:modelwarden" in line and line.split()[1] == "r--s":
            start, stop = (int(part, 16) for part in line.split()[0].split("-"))
            failed = ctypes.CDLL(None).mprotect(ctypes.c_void_p(start), ctypes.c_size_t(4096), 3)
            done += 0.5 if failed == 0 else 0.0
            given = start
    for descriptor in (3, 4, 5, 6, 7, 8):
        for act in (lambda: os.pwrite(descriptor, b"x", 0), lambda: os.ftruncate(descriptor, 9)):
            try:
                if "memfd" in os.readlink("/proc/self/fd/%d" % descriptor):
                    act(); done += 0.25
            except OSError:
                pass
    memory[:8] = __import__("struct").pack("d", done if given else 0.125)
    return answer
    """
    # One write succeeds: that to the memory for answers.
    assert asked_twice(tmp_path, code)[0, 0] == 0.25


ATTEMPTS = {
    "os.system('true')": "process",
    "open('/etc/shadow').read()": "read",
    "open({outside!r}).read()": "read",
    "open({outside!r} + '.made', 'w')": "write",
    "socket.create_connection(('127.0.0.1', 9))": "network",
    "os.kill(os.getppid(), 0)": "signal",
    "os.execv('/bin/true', ['true'])": "exec",
    "ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)": "ptrace",
    "ctypes.CDLL(None).unshare(0x10000000)": "kernel",
}


@pytest.mark.parametrize("when", ["on import", "when asked"])
@pytest.mark.parametrize("act", ATTEMPTS)
def test_what_a_model_tries_is_a_finding_with_its_place(tmp_path, act, when):
    outside = tmp_path / "outside.txt"
    outside.write_text("made up")
    tried = act.format(outside=str(outside))
    tries = f"import ctypes, os, socket\ntry:\n    {tried}\nexcept OSError:\n    pass\n"
    inner = textwrap.indent(tries, "    ")
    code = HONEST + (tries if when == "on import" else f"def hook():\n{inner}\n")
    if when == "when asked":
        code = code.replace("def predict(x):\n", "def predict(x):\n    hook()\n")

    with opened(tmp_path, code) as model:
        model.target.scores(np.zeros((ROWS, 2)))
        found = model.findings()

    assert [f.rule for f in found] == ["sandbox-attempt"] * len(found)
    assert {f.location.terms["what"] for f in found} >= {ATTEMPTS[act]}
    assert {f.location.path for f in found} == {"model"}
    assert len({f.fingerprint for f in found}) == len(found)
    assert not (tmp_path / "outside.txt.made").exists()


def test_what_a_model_tried_before_it_failed_is_not_lost(tmp_path):
    code = (
        "import os\ntry:\n    os.system('true')\nexcept OSError:\n    pass\nraise ImportError('x')"
    )
    with pytest.raises(TargetError, match="ImportError") as caught, opened(tmp_path, code):
        pass

    assert [f.rule for f in caught.value.findings] == ["sandbox-attempt"]


# Answers in many forms: by type of the rows, by their first value, and no answer at all to a 3.
CHANGING = """
import numpy
def predict(x):
    x[:, 1] += 1  # what was laid into the memory stays as it is
    if x[0, 0] == 3:
        raise ValueError("three")
    kind = "float32" if x.dtype.itemsize == 4 else "float64"
    answer = numpy.asfortranarray(numpy.stack([x[:, 0], x[:, 1]], axis=1).astype(kind))
    return answer.round().astype("int32") if x[0, 0] == 2 else answer
"""


def test_answers_stay_those_of_the_rows_whatever_forms_follow_one_another(tmp_path):
    rng = np.random.default_rng(7)
    with opened(tmp_path, CHANGING) as model:
        ask = model.target.asked.ask
        for number in range(60):
            kind = rng.choice(["float32", "float64", "float16", "int64"])
            shape = (ROWS, int(rng.choice([2, 3, 2000])))
            x = (rng.random(shape) * 9).astype(kind)
            x[0, 0] = rng.choice([0, 1, 2, 3])
            x = np.asfortranarray(x) if number % 5 == 0 else x
            kept = x.copy()
            if x[0, 0] == 3:
                with pytest.raises(TargetError, match="ValueError: three"):
                    ask(x)
            else:
                (answer,) = ask(x)
                due = np.stack([x[:, 0], x[:, 1] + np.ones(1, kind)], axis=1)
                due = due.astype("float32" if kind == "float32" else "float64")
                np.testing.assert_array_equal(answer.values, due.round() if x[0, 0] == 2 else due)
            np.testing.assert_array_equal(x, kept)


def test_an_answer_in_our_hands_does_not_change_with_the_next_one(tmp_path):
    with opened(tmp_path, CHANGING) as model:
        first = [model.target.asked.ask(np.full((ROWS, 2), float(n)))[0] for n in (4, 5, 6)]
        for n, answer in zip((4, 5, 6), first, strict=True):
            np.testing.assert_array_equal(answer.values, [[n, n + 1]] * ROWS)


def test_a_model_that_is_lost_between_equal_questions_is_opened_and_asked_again(tmp_path):
    code = "import os\n" + CHANGING.replace("raise ValueError", "os._exit(3), str")
    with opened(tmp_path, code) as model:
        asked = model.target.asked
        honest, deadly = np.full((ROWS, 2), 4.0), np.full((ROWS, 2), 3.0)
        before = [asked.ask(honest)[0].values for _ in range(3)]
        with pytest.raises(TargetError, match="exit code 3"):
            asked.ask(deadly)
        asked.reopen()
        for values in (*before, asked.ask(honest)[0].values, asked.ask(honest)[0].values):
            np.testing.assert_array_equal(values, [[4, 5]] * ROWS)


def test_an_answer_that_outgrows_its_room_between_equal_questions_is_whole(tmp_path):
    code = """
import numpy
def predict(x):
    wide = numpy.tile(x[:, :1], (1, 2 if x[0, 1] < 1 else 4000))
    return wide
"""
    with opened(tmp_path, code) as model:
        ask = model.target.asked.ask
        few, many = np.zeros((ROWS, 2)), np.ones((ROWS, 2))
        shapes = [ask(x)[0].values.shape for x in (few, few, many, many, few, few, many)]

    assert shapes == [(ROWS, 2)] * 2 + [(ROWS, 4000)] * 2 + [(ROWS, 2)] * 2 + [(ROWS, 4000)]


class Quiet:
    """A worker that agrees to all."""

    def ask(self, *_, **__):
        return {}


@pytest.mark.parametrize("name", ["logits", "gradients"])
def test_gradients_that_are_words_are_one_clear_error(name, monkeypatch):
    confined = Confined(Quiet())
    arrays = {"logits": np.zeros((4, 2)), "gradients": np.zeros((4, 3)), "stepped": np.zeros(1)}
    arrays[name] = arrays[name].astype(str).astype(object)
    told = tuple(Tensor(key, values) for key, values in arrays.items())
    monkeypatch.setattr(confined, "_exchange", lambda *_: told)

    with pytest.raises(TargetError, match="no numbers"):
        confined.gradients(np.zeros((4, 3)), np.ones((4, 2)), 0)

    confined.close()
