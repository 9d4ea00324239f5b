"""Samples of `config-secret`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"path": "hub.api_key"}


def bad(folder: Path) -> str:
    (folder / "config.json").write_text(json.dumps({"hub": {"api_key": "sk-" + "8d2f61a07b"}}))
    return "config.json"


def good(folder: Path) -> None:
    settings = {
        "api_key": "${API_KEY}",
        "password": "<your password>",
        "secret": "aaaaaaaaaaaa",
        "eos_token": "<|endoftext|>",
        "auth_token": None,
    }
    (folder / "config.json").write_text(json.dumps(settings))
