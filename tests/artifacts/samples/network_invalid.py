"""Samples of `network-invalid`."""

from __future__ import annotations

from pathlib import Path

from networks import weights

EXPECT = {"fault": "hidden", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "weight.bin").write_bytes(weights(bytes(64)) + b"hidden")
    return "weight.bin"


def good(folder: Path) -> None:
    (folder / "weight.bin").write_bytes(weights(bytes(64)))
