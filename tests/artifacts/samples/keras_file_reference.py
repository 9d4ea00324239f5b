"""Samples of `keras-file-reference`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"file": "/etc/passwd", "setting": "vocabulary"}


def bad(folder: Path) -> str:
    layer = {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}
    (folder / "config.json").write_text(json.dumps(layer))
    return "config.json"


def good(folder: Path) -> None:
    layer = {"class_name": "StringLookup", "config": {"vocabulary": ["a", "b"], "name": "lookup"}}
    (folder / "config.json").write_text(json.dumps(layer))
