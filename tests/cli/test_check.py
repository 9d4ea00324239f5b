"""The command `check`, in a process of its own, with models of the tests' own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from cli.command import HARMFUL, Ran, give_up_overrides
from gate.checks import project
from modelwarden.cli.folder import write_rows

ROOT = Path(__file__).parents[2]


def arguments(*words):
    return [sys.executable, "-m", "gate.command", "check", *map(os.fspath, words)]


def environment(**more):
    path = os.pathsep.join(filter(None, (str(ROOT / "tests"), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **more}


def run(*words, cwd=None, bound=False, **env) -> Ran:
    done = subprocess.run(
        arguments(*words),
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        preexec_fn=give_up_overrides if bound else None,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_folder_or_a_file_or_nothing_at_all_may_be_named(tmp_path):
    file = project(tmp_path / "p")

    by_folder, by_file = run(tmp_path / "p"), run(file)
    here = run(cwd=tmp_path / "p")

    assert [ran.code for ran in (by_folder, by_file, here)] == [0, 0, 0], by_folder
    assert "PASS" in by_folder.out
    assert by_folder.err == ""


def test_exit_codes_follow_the_verdict(tmp_path):
    assert run(project(tmp_path / "a", entry="turned")).code == 1
    assert run(project(tmp_path / "b", entry="nan")).code == 3
    hostile = run("--format", "json", project(tmp_path / "c", weights=HARMFUL))
    assert hostile.code == 1
    assert hostile.err.startswith("modelwarden: model/: the model was not opened")
    assert any("was not opened" in why for _, _, why in hostile.gaps())


def test_the_report_is_valid_json_of_the_schema(tmp_path):
    schema = json.loads((ROOT / "docs/schema/report-1.schema.json").read_text())

    report = run("--format", "json", project(tmp_path)).report

    Draft202012Validator(schema).validate(report)
    assert {t["name"] for t in report["tables"]} >= {"reliability", "thresholds", "classes"}


def test_an_output_folder_holds_every_form_and_all_rows(tmp_path):
    file = project(tmp_path / "p", n=300)
    with np.load(tmp_path / "p/train.npz") as train, np.load(tmp_path / "p/test.npz") as test:
        x, y = train["x"].copy(), train["y"]
        x[:50] = test["x"][100:150]
    np.savez(tmp_path / "p/train.npz", x=x, y=y)

    ran = run(file, "--output", tmp_path / "out")

    assert ran.code == 0, ran
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "junit.xml",
        "report.html",
        "report.json",
        "report.sarif",
        "rows.parquet",
        "summary.md",
    ]
    report = json.loads((tmp_path / "out/report.json").read_text())
    found = next(f for f in report["findings"] if f["rule"] == "duplicate-rows")
    rows = duckdb.sql(f"SELECT frame, row, rule, detail FROM '{tmp_path}/out/rows.parquet'")
    marks = [mark for mark in rows.fetchall() if mark[2] == "duplicate-rows"]
    assert [mark[1] for mark in marks] == list(range(100, 150))
    assert marks[0] == ("test", 100, "duplicate-rows", "equal to row 0 of the training set")
    assert found["location"]["rows"] == list(range(100, 120))
    assert found["location"]["rows_in_all"] == 50


def test_a_second_run_replaces_the_first_and_leaves_none_of_its_rows_behind(tmp_path):
    file = project(tmp_path / "p")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/rows.parquet").write_bytes(b"of an earlier run")
    (tmp_path / "out/report.json").write_bytes(b"old")

    run(file, "--output", tmp_path / "out")

    rows = duckdb.sql(f"SELECT * FROM '{tmp_path}/out/rows.parquet'")
    assert rows.columns == ["frame", "row", "rule", "detail"]
    assert [str(kind) for kind in rows.types] == ["VARCHAR", "BIGINT", "VARCHAR", "VARCHAR"]
    assert rows.fetchall() == []
    assert json.loads((tmp_path / "out/report.json").read_text())["verdict"]["outcome"] == "pass"


def test_a_check_that_only_scans_writes_no_rows(tmp_path):
    file = project(tmp_path / "p")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/rows.parquet").write_bytes(b"of an earlier run")

    run(file, "--stage", "artifacts", "--output", tmp_path / "out")

    assert not (tmp_path / "out/rows.parquet").exists()


def test_a_baseline_is_compared_with(tmp_path):
    run(project(tmp_path / "a", n=3000), "--output", tmp_path / "out")

    ran = run(
        project(tmp_path / "a", entry="turned", n=3000),
        "--baseline",
        tmp_path / "out/report.json",
        "--format",
        "json",
    )

    assert ran.code == 1
    assert "worse-than-baseline" in {f["rule"] for f in ran.report["findings"]}
    assert ran.report["comparison"]["changes"]


# What cannot be carried out: one line, exit 2.


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--stage", "performence"], "unknown stage 'performence' (Did you mean 'performance'?)"),
        (["--stage", ","], "--stage names no stage"),
        (["--format", "yaml"], "unknown format 'yaml'"),
        (["--engine", "slurm"], "unknown engine 'slurm'"),
        (["--seed", "x"], "'x' is not a valid integer"),
        (["--baseline", "nowhere.json"], "cannot read the baseline nowhere.json"),
        (["--output", "/proc/out"], "cannot write to /proc/out"),
        (["--output", "model/out"], "lies inside the model"),
    ],
)
def test_options_that_cannot_be_used_are_told_in_one_line(tmp_path, words, line):
    project(tmp_path)

    ran = run(*words, cwd=tmp_path)

    assert ran.code == 2
    assert line in ran.line
    assert ran.out == ""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("[model]", "[modle]", "unknown key 'modle'"),
        ('task = "binary"', 'task = "regresion"', "unknown task 'regresion'"),
        ("test.npz", "tset.npz", "names 'tset.npz', which is not there"),
        ("[data]", "[data", "not valid TOML"),
        ('test = "test.npz"', "", "data.test is missing"),
        ('test = "test.npz"', 'test = "predict.py"', "cannot read predict.py"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, old, new, line):
    file = project(tmp_path)
    file.write_text(file.read_text().replace(old, new))

    ran = run(tmp_path)

    assert ran.code == 2
    assert line in ran.line
    assert ran.out == ""


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ("eps = 0.0", "eps must be above 0"),
        ("eps = -1.0", "eps must be above 0"),
        ("eps = 0.1\nlow = 1.0\nhigh = 0.0", "high must be above low"),
        ('eps = 0.1\nnorm = "l3"', "unknown norm 'l3'"),
        ('eps = 0.1\nattacks = ["sqare"]', "unknown attack 'sqare'"),
        ('eps = 0.1\nattacks = ["apgd"]', "apgd needs gradients"),
        ("eps = 0.1\nattacks = []", "attacks names no attack: name some, or leave the key out"),
    ],
)
def test_attacks_that_cannot_be_run_are_told_before_a_model_is_opened(tmp_path, settings, line):
    # A model that is asked anything fails, and the report tells it: exit 3.
    project(tmp_path, entry="crash", more=f"[assess.robustness]\n{settings}")

    ran = run(tmp_path)

    assert ran.code == 2
    assert line in ran.line
    assert ran.out == ""


def test_no_project_points_to_init(tmp_path):
    ran = run(tmp_path)

    assert ran.code == 2
    assert "modelwarden init" in ran.line


def test_an_output_folder_that_may_not_be_written_to_is_told_before_the_work(tmp_path):
    file = project(tmp_path / "p")
    (tmp_path / "out").mkdir(mode=0o500)

    ran = run(file, "--output", tmp_path / "out", bound=True)

    assert ran.code == 2
    assert "permission denied" in ran.line


def test_a_report_that_cannot_be_written_at_the_end_is_still_shown(tmp_path):
    (tmp_path / "out" / "report.json" / "x").mkdir(parents=True)

    ran = run(project(tmp_path / "p"), "--output", tmp_path / "out", "--stage", "performance")

    assert ran.code == 2
    assert "cannot write" in ran.line
    assert "Verdict   PASS" in ran.out


def test_an_output_folder_may_have_a_name_that_is_no_text(tmp_path):
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/out\xff"))

    ran = run(project(tmp_path / "p"), "--output", out, "--stage", "performance")

    assert ran.code == 0
    data = (out / "rows.parquet").read_bytes()
    (tmp_path / "rows.parquet").write_bytes(data)
    assert duckdb.sql(f"FROM '{tmp_path}/rows.parquet'").columns == [
        "frame",
        "row",
        "rule",
        "detail",
    ]


def test_rows_for_which_there_is_no_memory_are_told_as_what_cannot_be_written(
    tmp_path, monkeypatch
):
    def full(*_):
        raise duckdb.OutOfMemoryException("Out of Memory Error: Allocation failure")

    monkeypatch.setattr(duckdb, "connect", full)

    with pytest.raises(OSError, match="Allocation failure"):
        write_rows(tmp_path / "rows.parquet", ())


def test_an_empty_path_is_not_the_folder_that_one_is_in(tmp_path):
    file = project(tmp_path)

    for words in ((file, "--output", ""), ("",)):
        ran = run(*words, "--stage", "artifacts", cwd=tmp_path)
        assert ran.code == 2
        assert "is empty" in ran.line
    assert not list(tmp_path.glob("report.*"))


def test_a_model_file_that_may_not_be_read_is_a_gap_beside_what_the_scan_saw(tmp_path):
    file = project(tmp_path / "p")
    (tmp_path / "p" / "model" / "closed.bin").write_bytes(b"x")
    (tmp_path / "p" / "model" / "closed.bin").chmod(0)

    ran = run(file, "--stage", "artifacts,performance", "--format", "json", bound=True)

    report = json.loads(ran.out)
    assert ran.code == 3
    assert "internal" not in ran.err
    assert "model/weights.pkl" in {line["path"] for line in report["coverage"]}
    assert any("not all of model" in gap["why"] for gap in report["gaps"])


def test_a_home_that_may_not_be_written_to_costs_nothing_but_resuming(tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)

    assert run(project(tmp_path / "p"), bound=True).code == 0


# Interrupted and killed.


def _started(file, *words, until, **env):
    """Start a check; return the process once `until` holds."""
    process = subprocess.Popen(
        arguments(file, *words),
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not until() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert until(), process.stderr.read().decode() if process.poll() is not None else "too slow"
    return process


def test_a_killed_check_is_taken_up_and_the_result_is_the_same(tmp_path):
    file = project(tmp_path / "p", entry="slow", n=1500)
    out = tmp_path / "out"
    plain = run(file, "--format", "json", MODELWARDEN_TEST_SLOW="0")

    def kept():
        return len(list((out / ".state").rglob("*.json"))) >= 2

    process = _started(file, "--output", out, until=kept, MODELWARDEN_TEST_SLOW="0.2")
    process.kill()
    process.communicate()
    left = sorted(path.name for path in out.iterdir())
    resumed = run(file, "--output", out, "--format", "json", MODELWARDEN_TEST_SLOW="0")

    assert process.returncode == -signal.SIGKILL
    assert left == [".state"]
    assert not (out / ".state").exists()
    ours, theirs = resumed.report, plain.report
    assert any("taken up" in note for note in ours["run"]["notes"])
    for report in (ours, theirs):
        report["run"] |= {"started": "", "elapsed": 0, "hashing": 0}
        report["run"]["notes"] = [n for n in report["run"]["notes"] if "taken up" not in n]
        report["measurements"] = [m for m in report["measurements"] if m["stage"] != "cost"]
    assert ours == theirs


def test_an_interrupt_is_130_and_what_was_done_is_kept(tmp_path):
    file = project(tmp_path / "p", entry="slow", n=1500)
    state = tmp_path / "cache" / "modelwarden"

    process = _started(
        file,
        until=lambda: len(list(state.rglob("*.json"))) >= 2,
        MODELWARDEN_TEST_SLOW="0.2",
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert out == b""
    assert err.decode().splitlines() == [
        "modelwarden: interrupted (The same command again goes on where it stopped.)"
    ]
    assert list(state.rglob("*.json"))
    assert run(file, MODELWARDEN_TEST_SLOW="0").code == 0
    assert not list(state.rglob("*.json"))
