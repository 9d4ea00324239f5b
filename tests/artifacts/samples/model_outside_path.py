"""Samples of `model-outside-path`."""

from __future__ import annotations

import json
from pathlib import Path

from tfjsmodels import group, layers, model

EXPECT = {"path": "../../.ssh/id_rsa", "severity": "high"}


def bad(folder: Path) -> str:
    changed = model(layers(), group("../../.ssh/id_rsa"))
    (folder / "model.json").write_text(json.dumps(changed))
    return "model.json"


def good(folder: Path) -> None:
    (folder / "model.json").write_text(json.dumps(model(layers())))
