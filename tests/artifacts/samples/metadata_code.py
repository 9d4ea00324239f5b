"""Samples of `metadata-code`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"key": "names", "severity": "high"}


def bad(folder: Path) -> str:
    data = json.dumps({"__metadata__": {"names": "__import__('os').system('true')"}}).encode()
    (folder / "m.safetensors").write_bytes(len(data).to_bytes(8, "little") + data)
    return "m.safetensors"


def good(folder: Path) -> None:
    data = json.dumps({"__metadata__": {"names": "{0: 'person', 1: 'os.path'}"}}).encode()
    (folder / "m.safetensors").write_bytes(len(data).to_bytes(8, "little") + data)
