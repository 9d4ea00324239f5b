"""Samples of `keras-named-function`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"function": "my_norm"}


def bad(folder: Path) -> str:
    config = {"function": "my_norm", "function_type": "function"}
    (folder / "config.json").write_text(json.dumps({"class_name": "Lambda", "config": config}))
    return "config.json"


def good(folder: Path) -> None:
    layer = {"class_name": "Activation", "config": {"activation": "relu"}}
    (folder / "config.json").write_text(json.dumps(layer))
