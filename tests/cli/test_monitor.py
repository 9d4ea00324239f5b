import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from cli.command import command as run


def saved(path, seed, shift=0.0):
    x = np.random.default_rng(seed).normal(size=(600, 2))
    x[:, 1] += shift
    np.savez(path, x=x)
    return str(path)


def test_drift_is_reported_and_fails_when_the_policy_says_so(tmp_path):
    here, there = saved(tmp_path / "a.npz", 1), saved(tmp_path / "b.npz", 2, 0.5)
    asked = ["monitor", "drift", "--reference", here, "--current", there, "--format", "json"]

    told, strict = run(*asked), run(*asked, "--fail-on", "medium")

    assert (told.code, strict.code) == (0, 1)
    report = json.loads(strict.out)
    assert report["run"]["command"] == "monitor drift"
    assert [f["location"]["feature"] for f in report["findings"]] == ["x[1]"]
    assert any(m["name"] == "distribution_shift" for m in report["measurements"])


def test_a_policy_bounds_what_is_measured(tmp_path):
    here, there = saved(tmp_path / "a.npz", 1), saved(tmp_path / "b.npz", 2, 0.5)
    policy = tmp_path / "policy.toml"
    policy.write_text('[measure]\nmean_shift = {max = 0.3, where = {against = "nothing"}}\n')

    done = run("monitor", "drift", "--reference", here, "--current", there, "--policy", str(policy))

    assert done.code == 3  # what was asked for was not taken


def test_what_cannot_be_read_is_one_line(tmp_path):
    there = saved(tmp_path / "b.npz", 2)

    for name in ("missing.npz", "folder"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        done = run("monitor", "drift", "--reference", str(tmp_path / name), "--current", there)
        assert done.code == 2
        assert done.err.count("\n") == 1
        assert name in done.err


def test_the_watch_looks_once_and_tells_what_changed(tmp_path):
    log = tmp_path / "log.jsonl"
    asked = ["--log", str(log), "--state", str(tmp_path / "s.json"), "--once"]
    rng = np.random.default_rng(0)
    for moved in (0.0, 0.0, 1.0):
        with log.open("a") as stream:
            for value in rng.normal(size=400) + moved:
                stream.write(json.dumps({"a": value}) + "\n")
        done = run("monitor", "watch", *asked)
        assert done.code == 0
        assert ("feature-drift" in done.err) == (moved > 0)


def test_the_watch_ends_with_130_when_it_is_interrupted(tmp_path):
    asked = [sys.executable, "-m", "modelwarden", "monitor", "watch"]
    log, state = tmp_path / "log.jsonl", tmp_path / "state.json"
    log.write_text("")
    with subprocess.Popen(
        [*asked, "--log", str(log), "--state", str(state)], stderr=subprocess.PIPE
    ) as process:
        while not state.exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]

    assert process.returncode == 130
    assert b"Traceback" not in err


def test_nothing_to_watch_is_a_usage_error():
    done = run("monitor", "watch")

    assert done.code == 2
    assert "--log" in done.err


@pytest.mark.parametrize("option", ["--log", "--labels"])
def test_what_is_not_there_is_no_clean_look(tmp_path, option):
    there = tmp_path / "log.jsonl"
    there.write_text('{"a": 1}\n')
    given = {"--log": str(there), option: str(tmp_path / "nowhere.jsonl")}

    done = run("monitor", "watch", "--once", *(part for one in given.items() for part in one))

    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"{option} = " in done.err
    assert "nowhere.jsonl' does not exist" in done.err
