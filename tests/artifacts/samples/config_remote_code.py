"""Samples of `config-remote-code`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"path": "auto_map.AutoModel"}


def bad(folder: Path) -> str:
    names = {"auto_map": {"AutoModel": "someone/else--modeling.Model"}}
    (folder / "config.json").write_text(json.dumps(names))
    return "config.json"


def good(folder: Path) -> None:
    config = {"architectures": ["BertModel"], "trust_remote_code": False}
    (folder / "config.json").write_text(json.dumps(config))
