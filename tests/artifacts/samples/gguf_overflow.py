"""Samples of `gguf-overflow`."""

from __future__ import annotations

from pathlib import Path

from ggufmodels import V3, sound

EXPECT = {"fault": "overflow", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.gguf").write_bytes(V3.file(V3.text("a", "b"), counts=(0, 1 << 62)))
    return "m.gguf"


def good(folder: Path) -> None:
    (folder / "m.gguf").write_bytes(sound())
