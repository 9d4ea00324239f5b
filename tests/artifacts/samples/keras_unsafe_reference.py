"""Samples of `keras-unsafe-reference`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"name": "os.system"}


def bad(folder: Path) -> str:
    thing = {"module": "os", "class_name": "function", "config": "system"}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": thing}}
    (folder / "config.json").write_text(json.dumps(layer))
    return "config.json"


def good(folder: Path) -> None:
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"activation": "relu"}}
    (folder / "config.json").write_text(json.dumps(layer))
