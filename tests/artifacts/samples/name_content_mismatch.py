"""Samples of `name-content-mismatch`."""

from __future__ import annotations

import pickle
from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "model.safetensors").write_bytes(pickle.dumps({"w": [1.0]}))
    return "model.safetensors"


def good(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(pickle.dumps({"w": [1.0]}))
    (folder / "note.txt").write_text("words\n")
