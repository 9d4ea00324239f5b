"""The command on good days: verdicts, jobs, cache, plugins."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.command import HARMFUL, HARMLESS, command, scan


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "models"
    for name, data in {
        "a.pkl": HARMLESS,
        "b/evil.pkl": HARMFUL,
        "b/.hidden.pkl": HARMFUL,
        ".git/hooks/evil": HARMFUL,
        "ignored/c.pkl": HARMLESS,
        ".gitignore": b"ignored/\n",
    }.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return place


def steady(report: dict) -> dict:
    """The report without its times."""
    return {**report, "run": {**report["run"], "started": "", "elapsed": 0, "hashing": 0}}


def test_everything_in_a_folder_is_met_hidden_and_ignored_files_as_well(folder):
    report = scan(folder).report

    assert [line["path"] for line in report["coverage"]] == [
        ".git/hooks/evil",
        ".gitignore",
        "a.pkl",
        "b/.hidden.pkl",
        "b/evil.pkl",
        "ignored/c.pkl",
    ]
    assert {f["location"]["path"] for f in report["findings"]} == {
        ".git/hooks/evil",
        "b/.hidden.pkl",
        "b/evil.pkl",
    }


@pytest.mark.parametrize("jobs", ["2", "3"])
def test_the_report_is_the_same_for_any_number_of_jobs(folder, jobs):
    alone, together = scan(folder), scan(folder, "--jobs", jobs)

    assert steady(alone.report) == steady(together.report)
    assert alone.code == together.code == 1


def test_a_cache_gives_the_same_report_and_is_left_when_the_file_changes(folder, tmp_path):
    plain = scan(folder)
    first = scan(folder, "--cache", tmp_path / "cache")
    second = scan(folder, "--cache", tmp_path / "cache", "--jobs", "2")
    (folder / "b" / "evil.pkl").write_bytes(HARMLESS)
    changed = scan(folder, "--cache", tmp_path / "cache")

    assert steady(plain.report) == steady(first.report) == steady(second.report)
    assert len(changed.report["findings"]) == len(plain.report["findings"]) - 1


def test_the_same_file_named_twice_is_examined_once(folder):
    report = scan(folder / "a.pkl", folder / "a.pkl", folder).report

    paths = [line["path"] for line in report["coverage"]]
    assert paths.count("a.pkl") == 1
    assert len(paths) == len(set(paths)) == 6


def test_several_paths_are_named_from_the_folder_that_holds_them(folder):
    report = scan(folder / "b", folder / "ignored" / "c.pkl").report

    assert [line["path"] for line in report["coverage"]] == [
        "b/.hidden.pkl",
        "b/evil.pkl",
        "ignored/c.pkl",
    ]


def test_hashes_may_be_left_out(folder):
    hashed, bare = scan(folder).report, scan(folder, "--no-hash").report

    assert all(line["sha256"] for line in hashed["coverage"])
    assert hashed["subject"]["digest"].startswith("sha256:")
    assert hashed["run"]["hashing"] is not None
    assert not any(line["sha256"] for line in bare["coverage"])
    assert (bare["subject"]["digest"], bare["run"]["hashing"]) == (None, None)


@pytest.mark.parametrize(("bar", "code"), [("critical", 0), ("high", 1), ("info", 1)])
def test_fail_on_moves_the_bar(folder, bar, code):
    assert scan(folder / "b" / "evil.pkl", "--fail-on", bar).code == code


def test_fail_on_comes_before_the_policy_file(folder, tmp_path):
    (tmp_path / "policy.toml").write_text("fail_on = 'critical'")
    asked = (folder / "b" / "evil.pkl", "--policy", tmp_path / "policy.toml")

    assert scan(*asked).code == 0
    assert scan(*asked, "--fail-on", "medium").code == 1


def test_the_python_api_gives_the_same_report(folder):
    import modelwarden
    from modelwarden.core import encode

    report = modelwarden.scan(folder)

    assert steady(encode(report)) == steady(scan(folder).report)


def test_git_s_own_database_is_counted_and_told(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=n@example.org"]
    (tmp_path / "a.pkl").write_bytes(HARMLESS)
    for step in (["init", "-q"], ["add", "a.pkl"], ["commit", "-q", "-m", "m"]):
        subprocess.run([*git, *step], check=True)
    store = tmp_path / ".git" / "objects"
    (store / "evil").write_bytes(HARMFUL)

    report = scan(tmp_path).report

    lines = {line["path"]: line["status"] for line in report["coverage"]}
    assert lines[".git"] == "unsupported"
    assert lines[".git/objects/evil"] == "examined"
    assert any("git's own database" in note for note in report["run"]["notes"])
    assert {f["location"]["path"] for f in report["findings"]} == {".git/objects/evil"}


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_is_130_with_one_line_and_no_worker_left(tmp_path, jobs):
    for number in range(48):
        with (tmp_path / f"{number}.bin").open("wb") as sparse:
            sparse.truncate((1 << 30) - 1)  # more of a hole would not be read; all take long
    run = subprocess.Popen(
        [sys.executable, "-m", "modelwarden", "scan", str(tmp_path), "--jobs", jobs],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with run:
        deadline = time.monotonic() + 20
        while jobs == "2" and not children_of(run.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(1.0)
        os.killpg(run.pid, signal.SIGINT)
        _, err = run.communicate(timeout=20)

    assert run.returncode == 130
    assert err == "modelwarden: interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)


WIPED = b"\r\x1b[K"


def test_progress_is_told_on_a_terminal_and_wiped(tmp_path):
    # Enough for a second of work: a quick scan is done before the line would appear.
    for number in range(6000):
        (tmp_path / f"{number}.pkl").write_bytes(HARMLESS)
    ours, theirs = os.openpty()

    done = subprocess.run(
        [sys.executable, "-m", "modelwarden", "scan", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        timeout=60,
    )
    said = b""  # what was written arrives a little later, and is lost when the other end closes
    while not said.endswith(WIPED) and select.select([ours], [], [], 5)[0]:
        said += os.read(ours, 1 << 16)
    os.close(theirs)
    os.close(ours)

    assert done.returncode == 0
    assert b" of 6000 files" in said
    assert said.endswith(WIPED)


BROKEN = """
import sys
import modelwarden.gate.scan as gate
from modelwarden.cli import run

def explode(*_, **__):
    raise ZeroDivisionError("out of\\nreason")

gate.walk = explode
sys.exit(run(["scan", *sys.argv[1:], "--format", "json"]))
"""


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_of_ours_is_incomplete_and_never_a_pass(folder, tmp_path, debug):
    (tmp_path / "policy.toml").write_text("allow_gaps = ['failed']")

    done = subprocess.run(
        [
            *(sys.executable, "-c", BROKEN, str(folder / "a.pkl")),
            *("--policy", str(tmp_path / "policy.toml")),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "MODELWARDEN_DEBUG": "1" if debug else ""},
    )

    assert done.returncode == 3
    assert '"kind": "failed"' in done.stdout
    assert "internal error: ZeroDivisionError: out of reason" in done.stderr
    assert ("Traceback" in done.stderr) is debug
    assert debug or done.stderr.count("\n") == 1


def test_the_version_is_told_both_ways():
    short, asked = command("--version"), command("-h")

    assert short.code == asked.code == 0
    assert short.out.startswith("modelwarden ")
    assert "scan" in asked.out


PLUGIN = '''
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats import View

@rule("house-rule", title="t", severity=Severity.LOW, reads=View)
def house(view):
    """Flag everything.

    Why: to see that it runs."""
    yield Hit("seen", Evidence(0))
'''


@pytest.fixture
def plugin(tmp_path):
    """A distribution with one rule, installed in a folder of its own."""
    home = tmp_path / "site"
    info = home / "house-1.dist-info"
    info.mkdir(parents=True)
    (home / "house_rules.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[modelwarden.rules]\nhouse = house_rules:house\nwrong = house_rules:PLUGIN\n"
        "gone = no_such_module:x\nvalue = house_rules:__name__\n"
    )
    return home


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_plugin_is_used_only_when_it_is_named(folder, plugin, jobs):
    env = {"PYTHONPATH": str(plugin)}

    silent = scan(folder, "--jobs", jobs, env=env).report
    named = scan(folder, "--jobs", jobs, "--plugins", "house", env=env).report

    assert "house-rule" not in {f["rule"] for f in silent["findings"]}
    assert "house-rule" in {f["rule"] for f in named["findings"]}
    assert "house-rule" in {rule["id"] for rule in named["rules"]}


def test_a_rule_of_a_plugin_is_explained_when_the_plugin_is_named(plugin):
    env = {"PYTHONPATH": str(plugin)}

    unknown = command("explain", "house-rule", env=env)
    known = command("explain", "house-rule", "--plugins", "house", env=env)
    listed = command("explain", "--list", "--plugins", "house", env=env)

    assert (unknown.code, known.code, listed.code) == (2, 0, 0)
    assert "To see that it runs." in known.out
    assert "\nhouse-rule" in listed.out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hous", "Did you mean 'house'?"),
        ("gone", "the plugin 'gone' cannot be loaded: ModuleNotFoundError"),
        ("value", "the plugin 'value' gives str, not rules"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_exit_2(folder, plugin, name, said):
    ran = scan(folder, "--plugins", name, env={"PYTHONPATH": str(plugin)})

    assert ran.code == 2
    assert said in ran.line


def test_a_plugin_from_below_the_scanned_path_is_refused(folder, plugin):
    ran = scan(plugin, "--plugins", "house", env={"PYTHONPATH": str(plugin)})

    assert ran.code == 2
    assert "lies below a scanned path" in ran.line
