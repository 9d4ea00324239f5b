"""Samples of `opening-command`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"path": "tasks[0]", "severity": "medium", "line": 3}

_TASKS = """{"version": "2.0.0", "tasks": [
{"label": "fonts", "type": "shell", "command": "node", "args": ["./fonts/a.woff2"],
"runOptions": {"runOn": "%s"}}]}
"""


def bad(folder: Path) -> str:
    (folder / "tasks.json").write_text(_TASKS % "folderOpen")
    return "tasks.json"


def good(folder: Path) -> None:
    (folder / "tasks.json").write_text(_TASKS % "default")
    (folder / "devcontainer.json").write_text('{"postCreateCommand": "pip install -e ."}')
