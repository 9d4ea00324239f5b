"""Bad input to `check`: the real command, and models of files that the real sandbox opens."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from cli.command import HARMFUL, Ran
from modelwarden.cli import run

TOML = """
[project]
name = "income"
task = "binary"
modality = "{modality}"

[model]
path = "weights.json"
adapter = "callable"
entry = "predict.py:predict"

[limits]
seconds = {seconds}

[data]
test = "{test}"
label = "{label}"
positive = 1

[policy]
require = ["performance"]
"""
ROWS = 400
SCORE = "1 / (1 + numpy.exp(-x[:, 0]))"


def project(
    folder: Path,
    code: str = f"return {SCORE}",
    *,
    before: str = "",
    table: str | None = None,
    label: str = "y",
    seconds: int = 60,
) -> Path:
    """Write a project whose function has this body, over vectors or this CSV; return its folder."""
    (folder / "weights.json").write_text("{}")
    body = "\n".join("    " + line for line in code.splitlines())
    text = f"import numpy\n{before}\ndef predict(x):\n    n = len(x)\n{body}\n"
    (folder / "predict.py").write_text(text)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 3))
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-x[:, 0]))).astype(np.int64)
    np.savez(folder / "test.npz", x=x, y=y)
    if table is not None:
        (folder / "test.csv").write_text(table)
    test = "test.npz" if table is None else "test.csv"
    modality = "vector" if table is None else "tabular"
    toml = TOML.format(test=test, modality=modality, label=label, seconds=seconds)
    (folder / "modelwarden.toml").write_text(toml)
    return folder


@pytest.fixture
def check(capfd, tmp_path, monkeypatch):
    """Return what the command did; it runs in this process, the model in its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def done(folder: Path, *words: str) -> Ran:
        order = ["check", str(folder), "--stage", "performance", "--format", "json", *words]
        code = run(order)
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return done


def told(ran: Ran) -> str:
    """Return why `performance` was not measured."""
    return " | ".join(g["why"] for g in ran.report["gaps"] if g["stage"] == "performance")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[policy]", "[polcy]", "unknown key 'polcy' (Did you mean 'policy'?)"),
        ("label =", "lable =", "unknown key 'data.lable' (Did you mean 'label'?)"),
        ("require =", "requires =", "unknown key 'policy.requires' (Did you mean 'require'?)"),
        ('"performance"', '"performence"', "Did you mean 'performance'?"),
        ('"callable"', '"calable"', "Did you mean 'callable'?"),
        ('"binary"', '"binnary"', "Did you mean 'binary'?"),
        ("positive = 1", "positive = 2", "2"),
        ("test.npz", "tests.npz", "Did you mean 'test.npz'?"),
        ("weights.json", "weight.json", "Did you mean 'weights.json'?"),
        ("predict.py:", "predikt.py:", "Did you mean 'predict.py'?"),
    ],
)
def test_a_word_that_is_not_known_names_the_nearest_and_is_exit_2(check, tmp_path, old, new, said):
    file = project(tmp_path) / "modelwarden.toml"
    file.write_text(file.read_text().replace(old, new))

    ran = check(tmp_path)

    assert ran.code == 2
    assert said in ran.line
    assert ran.out == ""


def rows(line) -> str:
    """Return a table of columns a, b and y, of which `line` gives b and y of each row."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=ROWS)
    text = [f"{v:.3f},{line(i, int(rng.random() < 0.5))}" for i, v in enumerate(values)]
    return "\n".join(["a,b,y", *text]) + "\n"


@pytest.mark.parametrize(
    ("line", "label", "code", "said"),
    [
        (lambda i, y: f"{i},{y}", "Y", 2, "no column 'Y', which [data] label names"),
        (lambda i, y: f"{i},1", "y", 3, "all 400 rows are of class 1"),
        (lambda i, y: f"{i},0", "y", 2, "1"),
        (lambda i, y: f"{i},", "y", 3, "label"),
        (lambda i, y: f"{i},{i % 3}", "y", 2, "binary"),
        (lambda i, y: f"{i},{'yes' if i % 7 == 0 else y}", "y", 2, "binary"),
    ],
    ids=["no-label-column", "one-class", "none-positive", "no-labels", "three", "mixed-labels"],
)
def test_labels_that_do_not_go_with_the_task_are_told(check, tmp_path, line, label, code, said):
    read = "x = x[['a', 'b']].to_numpy(float)\n"
    project(tmp_path, f"{read}return {SCORE}", table=rows(line), label=label)

    ran = check(tmp_path)

    assert ran.code == code, (ran.err, ran.out[:2000])
    assert said in (ran.line if code == 2 else told(ran))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (lambda i, y: f",{y}", 0),  # a column without any value is one of NaN
        (lambda i, y: f"{'n/k' if i % 7 == 0 else i},{y}", 3),
    ],
    ids=["all-missing", "mixed"],
)
def test_a_column_without_values_and_one_of_mixed_types_arrive_as_pandas_reads_them(
    check, tmp_path, line, code
):
    read = "x = x[['a', 'b']].to_numpy(float)\n"
    project(tmp_path, f"{read}return {SCORE}", table=rows(line))

    ran = check(tmp_path)

    assert ran.code == code, (ran.err, ran.out[:2000])
    if code == 3:
        assert "the model raised ValueError: could not convert string to float: 'n/k'" in told(ran)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return numpy.zeros((n, 3))", "float64 (256, 3)) is neither scores nor labels"),
        ("return numpy.zeros((n, 2, 2))", "(256, 2, 2)) is neither scores nor labels"),
        ("return numpy.full(n, numpy.nan)", "NaN or infinity"),
        (f"return numpy.where(x[:, 1] > 2, numpy.inf, {SCORE})", "NaN or infinity"),
        ("return ['maybe'] * n", "'maybe'"),
        ("return None", "answered None"),
        (f"return ({SCORE})[:-1]", "255"),
        (f"return numpy.tile({SCORE}, 2)", "512"),
        (f"return ({SCORE})[: n if x[0, 0] == x[0, 0] and STATE.pop() else -1]", "not to all 256"),
        ("raise ValueError('no such word')", "the model raised ValueError: no such word"),
        ("raise SystemExit(0)", "the model raised SystemExit: 0"),
        ("import os; os._exit(0)", "ended by itself (exit code 0)"),
        ("import ctypes; ctypes.string_at(0)", "ended by itself (signal SIGSEGV)"),
        ("import time; time.sleep(99)", "over 2 s"),
        ("import lightfm", "No module named 'lightfm'"),
        ("from numpy import float_; return x", "float_"),
    ],
    ids=(
        "wide cube nan some-inf strings none fewer more fewer-later raises exits ends crashes "
        "hangs package version"
    ).split(),
)
def test_a_model_that_does_not_answer_as_it_should_is_incomplete_and_says_why(
    check, tmp_path, code, said
):
    seconds = 2 if "sleep" in code else 60
    before = "STATE = [False] * 50 + [True] * 3"
    project(tmp_path, code, before=before, seconds=seconds)

    ran = check(tmp_path)

    assert ran.code == 3, (ran.err, ran.out[:2000])
    assert said in told(ran)
    assert len(told(ran)) < 1_000
    assert "Traceback" not in ran.err
    assert "performance" not in ran.report["stages"]


def test_the_next_step_for_a_missing_package_and_another_release_is_told(check, tmp_path):
    project(tmp_path, "return x", before="import lightfm.data")

    ran = check(tmp_path)

    assert ran.code == 3
    assert "Install lightfm" in json.dumps(ran.report["gaps"])


def test_scores_in_the_wrong_order_of_classes_fail_as_worse_than_trivial(check, tmp_path):
    project(tmp_path, f"s = {SCORE}\nreturn numpy.stack([s, 1 - s], axis=1)")

    ran = check(tmp_path)

    found = {f["rule"]: f for f in ran.report["findings"]}
    assert ran.code == 1
    assert "worse-than-trivial" in found
    assert any("sorted order" in note for note in ran.report["run"]["notes"])


def test_a_hostile_model_is_not_opened_and_is_exit_1(check, tmp_path):
    marker = tmp_path / "opened"
    project(tmp_path, before=f"open({str(marker)!r}, 'w')")
    (tmp_path / "weights.json").write_bytes(HARMFUL)

    ran = check(tmp_path)

    assert ran.code == 1
    assert "was not opened" in told(ran)
    assert not marker.exists()


def test_a_pickle_that_runs_a_program_is_not_opened_by_its_own_library(check, tmp_path):
    class Program:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    project(tmp_path)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Program()))
    file = tmp_path / "modelwarden.toml"
    text = file.read_text().replace('"callable"', '"sklearn"').replace("weights.json", "model.pkl")
    file.write_text(text.replace('entry = "predict.py:predict"', ""))

    ran = check(tmp_path)

    assert ran.code == 1
    assert "was not opened" in told(ran)
    assert not (tmp_path / "ran").exists()


# A disk that is really full: a file system of memory of our own, gone when the test ends.

FULL = """
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x00020000) or libc.mount(None, b"/", None, 0x44000, None):  # private from here on
    sys.exit(77)
place, size = sys.argv[1:3]
if libc.mount(b"tmpfs", place.encode(), b"tmpfs", 0, b"size=" + size.encode()):
    sys.exit(77)
try:
    earlier = os.path.join(place, "report.json")
    with open(earlier, "w") as stream:
        stream.write("earlier")
    full = os.open(os.path.join(place, "full"), os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(full, b"x" * 4096)
    except OSError:
        pass
    done = subprocess.run(sys.argv[3:], capture_output=True, text=True)
    with open(earlier) as stream:
        print(*sorted(os.listdir(place)), stream.read(), file=sys.stderr)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)
finally:
    libc.umount2(place.encode(), 2)
"""


@contextmanager
def _place(folder: Path):
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []  # what was mounted there was seen by that process alone


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.parametrize("what", ["output", "state"])
def test_a_disk_that_is_full_is_one_line_and_leaves_the_earlier_report(tmp_path, what):
    project_folder = tmp_path / "p"
    project_folder.mkdir()
    project(project_folder)
    with _place(tmp_path / "disk") as disk:
        place = disk if what == "output" else tmp_path / "out"
        words = ["check", str(project_folder), "--stage", "performance", "--output", str(place)]
        command = [sys.executable, "-m", "modelwarden", *words]
        cache = tmp_path / "cache" if what == "output" else disk
        done = subprocess.run(
            [sys.executable, "-c", FULL, str(disk), "256k", *command],
            capture_output=True,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(cache)},
            check=False,
            timeout=300,
        )
        if done.returncode == 77:
            pytest.skip("this machine lets nobody mount")

    left, *lines = done.stderr.splitlines()
    assert left == "full report.json earlier"
    assert "Traceback" not in done.stderr
    if what == "output":
        assert done.returncode == 2, done.stderr
        assert len(lines) == 1
        assert "no space left" in lines[0]
        assert "Verdict" in done.stdout  # it is shown, though it could not be kept
    else:
        assert done.returncode == 0, done.stderr  # only taking it up again is lost
        assert (tmp_path / "out" / "report.json").is_file()
