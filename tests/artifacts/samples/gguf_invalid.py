"""Samples of `gguf-invalid`."""

from __future__ import annotations

from pathlib import Path

from ggufmodels import V3, sound

EXPECT = {"fault": "key", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.gguf").write_bytes(V3.file(V3.text("a", "b"), V3.text("a", "c")))
    return "m.gguf"


def good(folder: Path) -> None:
    (folder / "m.gguf").write_bytes(sound())
