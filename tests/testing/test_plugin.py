"""`pytest --modelwarden` as users run it: in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib.metadata import entry_points

import numpy as np
import pytest

from cli.command import HARMFUL
from cli.test_check import run as command
from gate.checks import project
from testing.projects import NAMED, counted, fakes, run_tests

ALL = [
    "artifacts",
    "dependencies",
    "data",
    "performance",
    "claims",
    "slices",
    "fairness",
    "abnormal",
    "robustness",
    "checks",
    "cost",
    "no findings at high",
    "accuracy >= 0.60",
    "no other gaps",
]
POLICY = '[policy.measure]\n"accuracy" = {min = 0.60}\n'
# The interval of these 400 rows holds 0.77, its value is 0.75.
STRADDLES = '[policy.measure]\n"accuracy" = {min = 0.77}\n'


def test_a_good_model_passes_line_by_line_and_is_checked_once(tmp_path):
    fakes(tmp_path)
    project(tmp_path, more=POLICY)

    tested = run_tests(tmp_path, "--modelwarden", "--strict-markers", "-v")

    assert tested.code == 0, tested.out
    for name in ALL:
        assert f"modelwarden.toml::fake::{name} " in tested.out
    assert tested.outcomes()["accuracy >= 0.60"] == "PASSED"
    assert "no claim about the model is stated" in tested.out
    assert counted(tmp_path) == [""]


@pytest.mark.parametrize(
    ("more", "failing"),
    [
        ({"more": POLICY}, []),
        ({"more": '[policy.measure]\n"accuracy" = {min = 0.99}\n'}, ["accuracy >= 0.99"]),
        ({"more": STRADDLES}, ["accuracy >= 0.77"]),
        ({"more": '[policy.measure]\n"nonesuch" = {min = 1.5}\n'}, ["nonesuch >= 1.50"]),
        ({"more": '[policy]\nrequire = ["fairness"]\n'}, ["fairness"]),
        ({"entry": "turned"}, ["no findings at high"]),
        ({"entry": "nan"}, ["performance", "cost"]),
        ({"weights": HARMFUL, "more": ""}, ["performance", "claims", "cost"]),
    ],
)
def test_a_test_fails_exactly_when_the_command_does_not_pass(tmp_path, more, failing):
    fakes(tmp_path)
    file = project(tmp_path, **more)

    tested = run_tests(tmp_path, "--modelwarden")
    said = command(file, XDG_CACHE_HOME=str(tmp_path / "cache"))

    assert bool(tested.failing()) == (said.code != 0), (tested.out, said)
    assert tested.code == (1 if said.code else 0)
    assert set(failing) <= set(tested.failing())
    assert bool(failing) == bool(tested.failing())
    assert "Traceback" not in tested.out
    assert ".py:" not in tested.out.partition("FAILURES")[2].partition("short test summary")[0]


def test_what_is_not_settled_names_the_rows_needed_and_may_be_skipped_or_expected(tmp_path):
    fakes(tmp_path)
    project(tmp_path, more=STRADDLES)

    failed = run_tests(tmp_path, "--modelwarden", "--junitxml=j.xml")
    skipped = run_tests(tmp_path, "--modelwarden", "--modelwarden-inconclusive=skip")
    expected = run_tests(tmp_path, "--modelwarden", "--modelwarden-inconclusive=xfail")

    assert failed.failing() == ["accuracy >= 0.77"]
    assert (skipped.code, expected.code) == (0, 0)
    assert expected.outcomes()["accuracy >= 0.77"] == "XFAIL"
    for tested in (failed, skipped, expected):
        assert "inconclusive: accuracy is" in tested.out
        assert "n = 400" in tested.out
        assert "would settle it" in tested.out
    case = ET.parse(tmp_path / "j.xml").find(".//testcase[@name='accuracy >= 0.77']")
    assert case.get("classname") == "modelwarden.toml.fake"
    assert "would settle it" in case.find("failure").get("message")
    assert "what to do: measure on more rows" in case.find("failure").text
    assert "n = 400" in case.find("properties/property[@name='accuracy']").get("value")


def test_a_bound_that_is_broken_fails_whatever_becomes_of_the_unsettled(tmp_path):
    fakes(tmp_path)
    project(tmp_path, more='[policy.measure]\n"accuracy" = {min = 0.99}\n')

    tested = run_tests(tmp_path, "--modelwarden", "--modelwarden-inconclusive=skip")

    assert tested.failing() == ["accuracy >= 0.99"]


def test_workers_check_once_and_leave_nothing_behind(tmp_path):
    pytest.importorskip("xdist")
    fakes(tmp_path)
    project(tmp_path, more=POLICY)
    (tmp_path / "tmp").mkdir()

    free = run_tests(tmp_path, "--modelwarden", "-n", "2", TMPDIR=str(tmp_path / "tmp"))
    checks = counted(tmp_path)
    # Whether groups stay together is xdist's: 3.8 with pytest 9.2 takes no notice of them.
    grouped = run_tests(tmp_path, "--modelwarden", "--collect-only", "-q", "-m", "xdist_group")

    assert free.code == 0, free.out
    assert checks == [""]
    assert not list((tmp_path / "tmp").glob("modelwarden-*"))
    assert grouped.out.count("modelwarden.toml::fake::") == len(ALL)


def test_the_ini_option_is_followed_when_no_paths_are_given(tmp_path):
    fakes(tmp_path)
    project(tmp_path / "sub", more=POLICY)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmodelwarden = sub/modelwarden.toml\n")
    (tmp_path / "test_other.py").write_text("def test_it(): pass\n")

    everything = run_tests(tmp_path, "--collect-only", "-q")
    one = run_tests(tmp_path, "--collect-only", "-q", "test_other.py")
    line = run_tests(tmp_path, "-q", "sub/modelwarden.toml::fake::accuracy >= 0.60")
    none = run_tests(tmp_path, "-q", "-m", "not modelwarden")

    assert everything.out.count("sub/modelwarden.toml::fake::") == len(ALL)
    assert "test_other.py::test_it" in everything.out
    assert "modelwarden.toml" not in one.out
    assert list(line.outcomes()) == ["accuracy >= 0.60"]
    assert none.code == 0
    assert "1 passed" in none.out
    assert len(counted(tmp_path)) == 1


@pytest.mark.parametrize(
    ("toml", "words", "told"),
    [
        (None, ["--modelwarden"], "no such file"),
        ("[project", ["--modelwarden"], "not valid TOML"),
        ("[projekt]\nname = 'a'\n", ["--modelwarden=modelwarden.toml"], "unknown key 'projekt'"),
        ("", ["--modelwarden", "nonesuch"], "no such file"),
        ("", ["--modelwarden=one", "--modelwarden=other"], "'one' and 'other' are named"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_a_usage_error(tmp_path, toml, words, told):
    if toml is not None:
        (tmp_path / "modelwarden.toml").write_text(toml)

    tested = run_tests(tmp_path, *words)

    assert tested.code == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in tested.out.splitlines() if line.strip()]
    assert len(lines) == 1
    assert lines[0].startswith("ERROR: --modelwarden: ")
    assert told in lines[0]


def test_a_check_that_cannot_be_carried_out_fails_every_line_in_words_and_is_tried_once(tmp_path):
    fakes(tmp_path)
    project(tmp_path, data='label = "y"\npositive = 9')

    tested = run_tests(tmp_path, "--modelwarden")

    assert tested.code == 1
    assert len(tested.failing()) == len(ALL) - 1
    assert "data.positive is 9, which no label is" in tested.out
    assert "what to do: Did you mean" in tested.out or "what to do: Known" in tested.out
    assert ".py:" not in tested.out.partition("FAILURES")[2].partition("short test summary")[0]
    assert counted(tmp_path) == [""]


def test_a_line_may_be_named_behind_the_option(tmp_path):
    fakes(tmp_path)
    project(tmp_path, more=POLICY)

    tested = run_tests(tmp_path, "--modelwarden", "modelwarden.toml::fake::accuracy >= 0.60", "-q")

    assert tested.outcomes() == {"accuracy >= 0.60": "PASSED"}


def test_a_missing_extra_is_one_line_that_says_how_to_have_it(tmp_path):
    fakes(tmp_path).joinpath("conftest.py").write_text(
        "import modelwarden.metrics as m\nm.find_spec = lambda name: None\n"
    )
    project(tmp_path)

    tested = run_tests(tmp_path, "--modelwarden")

    assert tested.code == pytest.ExitCode.USAGE_ERROR
    assert "numpy is not installed (Install it: pip install 'modelwarden[assess]')" in tested.out


OWN = """
import pytest


def test_model(model_under_test):
    model = model_under_test
    assert (model.labels() == model.truth).mean() > 0.7
    assert model.scores(model.data.inputs[:5]).shape == (5, 2)
    assert model.scores(model.data.inputs[:5].tolist()).shape == (5, 2)
    assert model.classes == (0, 1)
    assert len(model.data) == 400
    assert model.isolation == "full"


def test_shape(model_under_test):
    model_under_test.labels([[1.0, 2.0]])


def test_values(model_under_test):
    model_under_test.values()


@pytest.mark.modelwarden
def test_label():
    pass


@pytest.mark.modelwarden(measure="accuracy", min=0.6)
@pytest.mark.modelwarden(measure="recall", min=0.5, where={"class": 1})
@pytest.mark.modelwarden(stage="performance")
def test_kept(modelwarden_report, model_under_test):
    assert modelwarden_report.verdict.outcome == "pass"
    assert model_under_test.report is modelwarden_report


@pytest.mark.modelwarden(measure="accuracy", min=0.99)
def test_broken():
    raise RuntimeError("the body does not run")


@pytest.mark.modelwarden(measure="accuracy", min=0.77, inconclusive="xfail")
def test_open():
    pass


@pytest.mark.modelwarden(stage="fairness")
def test_stage():
    pass


@pytest.mark.modelwarden(measure="accuracy", mn=0.6)
def test_typo():
    pass


@pytest.mark.modelwarden("accuracy")
def test_order():
    pass
"""


def test_fixtures_and_markers_serve_tests_of_ones_own(tmp_path):
    fakes(tmp_path)
    project(tmp_path)
    (tmp_path / "test_own.py").write_text(OWN)

    tested = run_tests(tmp_path, "--strict-markers", "test_own.py")

    assert tested.outcomes() == {
        "test_model": "PASSED",
        "test_shape": "FAILED",
        "test_values": "FAILED",
        "test_label": "PASSED",
        "test_kept": "PASSED",
        "test_broken": "FAILED",
        "test_open": "XFAIL",
        "test_stage": "FAILED",
        "test_typo": "FAILED",
        "test_order": "FAILED",
    }, tested.out
    assert "is below the minimum 0.99" in tested.out
    assert "RuntimeError" not in tested.out
    assert "unknown key 'mn'" in tested.out
    assert "Did you mean 'min'?" in tested.out
    assert "takes its arguments by name" in tested.out
    assert "the stage fairness is required" in tested.out
    assert "this model gives no values" in tested.out
    assert "inputs of shape (1, 2) are not those of this model" in tested.out
    assert sorted(counted(tmp_path)) == ["", "artifacts,dependencies"]


def test_a_model_that_the_scan_speaks_against_is_not_opened_for_a_fixture(tmp_path):
    fakes(tmp_path)
    project(tmp_path, weights=HARMFUL)
    (tmp_path / "model" / "conf.yaml").write_bytes(HARMFUL)
    (tmp_path / "test_own.py").write_text("def test_it(model_under_test):\n    pass\n")

    tested = run_tests(tmp_path, "test_own.py")
    (tmp_path / "modelwarden.toml").unlink()
    without = run_tests(tmp_path, "test_own.py")

    assert tested.outcomes() == {"test_it": "ERROR"}
    assert "the model was not opened: the scan found" in tested.out
    assert without.outcomes() == {"test_it": "ERROR"}
    assert "no such file" in without.out


TABLE = """
[project]
name = "digits"
task = "multiclass"
modality = "vector"

[model]
path = "model.joblib"
adapter = "sklearn"

[data]
test = "test.npz"

[policy]
allow_gaps = ["partial-isolation"]
[policy.measure]
"accuracy" = {{min = {bound}}}
"""


@pytest.mark.slow
def test_a_real_model_is_tested_in_the_sandbox(tmp_path):
    joblib = pytest.importorskip("joblib")
    datasets = pytest.importorskip("sklearn.datasets")
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = datasets.load_digits(return_X_y=True)
    joblib.dump(linear.RidgeClassifier().fit(x[:900], y[:900]), tmp_path / "model.joblib")
    np.savez(tmp_path / "test.npz", x=x[900:], y=y[900:])
    (tmp_path / "modelwarden.toml").write_text(TABLE.format(bound=0.8))
    (tmp_path / "test_own.py").write_text(
        "def test_it(model_under_test):\n"
        "    model = model_under_test\n"
        "    assert (model.labels() == model.truth).mean() > 0.85\n"
        "    assert model.isolation in {'full', 'partial'}\n"
    )

    tested = run_tests(tmp_path, "--modelwarden")
    (tmp_path / "modelwarden.toml").write_text(TABLE.format(bound=0.97))
    worse = run_tests(tmp_path, "--modelwarden=modelwarden.toml", "modelwarden.toml")

    assert tested.code == 0, tested.out
    assert tested.outcomes()["test_it"] == "PASSED"
    assert tested.outcomes()["performance"] == "PASSED"
    assert worse.failing() == ["accuracy >= 0.97"]


def test_the_plugin_is_named_for_pytest_to_find():
    if not NAMED:
        pytest.skip("this check-out was installed before it had the plugin: install it again")
    (found,) = entry_points(group="pytest11", name="modelwarden")

    assert found.value == "modelwarden.testing.plugin"


def test_a_run_that_has_nothing_to_do_with_models_imports_next_to_nothing():
    code = (
        "import pytest, sys; before = set(sys.modules)\n"
        "import modelwarden.testing.plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert found.stdout.decode().split() == [
        "modelwarden",
        "modelwarden.testing",
        "modelwarden.testing.attacks",
        "modelwarden.testing.model",
        "modelwarden.testing.plugin",
        "modelwarden.testing.readers",
    ]
