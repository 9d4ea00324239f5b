"""Commands that run when a folder is opened: what is told, and what ordinary projects write."""

from __future__ import annotations

import json
import time

import pytest

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source


def told(value: object) -> set[str]:
    with Source("tasks.json", json.dumps(value).encode()) as source:
        return {f.rule for f in examine(source, Limits()).findings}


def test_comments_and_last_commas_hide_no_command():
    text = """// See the documentation
{ /* of
   tasks */ "tasks": [{"label": "// no \\" comment", "command": "./setup.sh",
  "runOptions": {"runOn": "folderOpen",},}],
}
"""

    with Source("tasks.json", text.encode()) as source:
        (finding,) = examine(source, Limits()).findings

    assert (finding.rule, finding.location.line) == ("opening-command", 4)


@pytest.mark.parametrize("end", ['"' * 50_001, "/*" * 50_000, "," + " " * 100_000, '\\"' * 50_000])
def test_a_text_that_only_begins_with_a_comment_takes_no_time(end):
    began = time.process_time()
    with Source("a.json", b"// a\n{" + end.encode()) as source:
        examine(source, Limits())

    assert time.process_time() - began < 5


def task(*, on: str = "folderOpen", **parts: object) -> object:
    return {"version": "2.0.0", "tasks": [{**parts, "runOptions": {"runOn": on}}]}


@pytest.mark.parametrize(
    "value",
    [
        task(type="shell", command="./setup.sh"),
        task(type="process", command="python3", args=[".cache/a.py"]),
        task(command="npm install && node x.js"),
        task(command="make $(cat a)"),
        {"image": "python:3", "initializeCommand": "./a.sh"},
        {"image": "python:3", "initializeCommand": ["node", "a.js"]},
        {"image": "python:3", "initializeCommand": {"one": "mkdir a", "two": "python a.py"}},
    ],
)
def test_a_command_that_opening_runs_is_told(value):
    assert "opening-command" in told(value)


@pytest.mark.parametrize(
    "value",
    [
        task(type="npm", script="watch", isBackground=True),
        task(type="shell", command="npm run watch-client"),
        task(type="shell", command="./setup.sh", on="default"),
        task(command="make", args=["deps"]),
        {"image": "python:3", "initializeCommand": "docker network create models"},
        {"image": "python:3", "initializeCommand": "mkdir -p data"},
        {"image": "python:3", "postCreateCommand": "pip install -e .[dev]"},
    ],
)
def test_what_ordinary_projects_write_is_quiet(value):
    assert "opening-command" not in told(value)
