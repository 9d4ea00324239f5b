"""Samples of `yaml-python-tag`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"path": "a", "line": 1}


def bad(folder: Path) -> str:
    (folder / "hparams.yaml").write_text("a: !!python/object/apply:os.system ['true']\n")
    return "hparams.yaml"


def good(folder: Path) -> None:
    (folder / "hparams.yaml").write_text("a: !!python/tuple [1, 2]\nb: !local x\nc: !!str 1\n")
    (folder / "same.json").write_text(json.dumps({"a": "!!python/object/apply:os.system"}))
