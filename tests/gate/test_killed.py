"""kill -9 during an attack: the check is taken up, and comes to the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gate.checks import project

ATTACK = "[assess.robustness]\neps = 0.4\nlow = -5\nhigh = 5\nqueries = 24\nsamples = 40\n"
TILE = 16


def run(folder, last=-1):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONHASHSEED": "0"}
    command = [sys.executable, str(Path(__file__).with_name("killed.py")), str(folder), str(last)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def told(done):
    """The result but for what tells of the interruption."""
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    report = whole["report"]
    again = [m["value"] for m in report["measurements"] if m["name"] == "repeated_rows"]
    report["measurements"] = [m for m in report["measurements"] if m["name"] != "repeated_rows"]
    report["measures"] = [m for m in report["measures"] if m["name"] != "repeated_rows"]
    report["run"]["notes"] = [n for n in report["run"]["notes"] if "taken up" not in n]
    return whole, again


def calls(folder):
    return (folder / "calls.txt").read_text().split("\n")[:-1]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    project(folder / "p", more=ATTACK, n=120)
    return told(run(folder))[0], calls(folder)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_check_killed_during_an_attack_is_taken_up(tmp_path, undisturbed, share):
    whole, asked = undisturbed
    project(tmp_path / "p", more=ATTACK, n=120)
    killed = run(tmp_path, last := int(share * len(asked)))
    assert killed.returncode == -signal.SIGKILL

    resumed, again = told(run(tmp_path))

    assert resumed == whole
    assert again == [TILE] or again == [TILE // 2]
    both = calls(tmp_path)
    opening = 1  # whoever opens a model tries it on a few rows
    assert both[:last] == asked[:last]
    assert both[last + opening :] == asked[last - 1 :]
    assert not (tmp_path / "state").exists()
