"""Samples of `config-target`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"target": "os.system"}


def bad(folder: Path) -> str:
    (folder / "model.yaml").write_text("optimizer:\n  _target_: os.system\n  command: 'true'\n")
    return "model.yaml"


def good(folder: Path) -> None:
    (folder / "model.json").write_text(json.dumps({"_target_": "torch.optim.Adam", "lr": 0.1}))
