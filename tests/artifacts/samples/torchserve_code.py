"""Samples of `torchserve-code`."""

from __future__ import annotations

from pathlib import Path

from servedfiles import mar

EXPECT = {"handler": "h.py", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.bin").write_bytes(mar({"h.py": "x = 1"}, handler="h.py"))
    return "m.bin"


def good(folder: Path) -> None:
    (folder / "m.bin").write_bytes(mar())
