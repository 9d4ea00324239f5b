"""Samples of `keras-foreign-class`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"name": "my_model.MyLayer", "severity": "medium"}


def bad(folder: Path) -> str:
    layer = {"module": "my_model", "class_name": "MyLayer", "config": {}}
    (folder / "config.json").write_text(json.dumps(layer))
    return "config.json"


def good(folder: Path) -> None:
    layer = {"module": None, "class_name": "Dense", "config": {}}
    (folder / "config.json").write_text(json.dumps(layer))
