"""Samples of `open-server`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"severity": "medium"}


def bad(folder: Path) -> str:
    told = {"ServerApp": {"token": "", "password": "", "ip": "0.0.0.0"}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(told))
    return "jupyter_server_config.json"


def good(folder: Path) -> None:
    told = {"ServerApp": {"token": "", "ip": "127.0.0.1"}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(told))
