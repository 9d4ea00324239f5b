"""Samples of `keras-lambda`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"holds": "bytecode", "path": "config.layers[0]"}


def model(layer: object) -> str:
    return json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}})


def bad(folder: Path) -> str:
    function = ["4wEAAAAAAAAA" + "AAAA", None, None]
    layer = {"class_name": "Lambda", "config": {"function": function}}
    (folder / "config.json").write_text(model(layer))
    return "config.json"


def good(folder: Path) -> None:
    layer = {"class_name": "Reshape", "config": {"target_shape": [1, 2, 3]}}
    (folder / "config.json").write_text(model(layer))
