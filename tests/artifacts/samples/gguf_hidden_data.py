"""Samples of `gguf-hidden-data`."""

from __future__ import annotations

from pathlib import Path

from ggufmodels import sound

EXPECT = {"fault": "trailing", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.gguf").write_bytes(sound() + b"hidden" * 20)
    return "m.gguf"


def good(folder: Path) -> None:
    (folder / "m.gguf").write_bytes(sound())
