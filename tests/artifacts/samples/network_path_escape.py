"""Samples of `network-path-escape`."""

from __future__ import annotations

from pathlib import Path

from networks import manifest

EXPECT = {"path": "../../x", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "Manifest.json").write_bytes(manifest("../../x"))
    return "Manifest.json"


def good(folder: Path) -> None:
    (folder / "Manifest.json").write_bytes(manifest("com.apple.CoreML/model.mlmodel"))
