"""Samples of `nemo-foreign-target`."""

from __future__ import annotations

from pathlib import Path

from servedfiles import NEMO, nemo

EXPECT = {"target": "acme.Model", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.bin").write_bytes(nemo("target: acme.Model\n"))
    return "m.bin"


def good(folder: Path) -> None:
    (folder / "m.bin").write_bytes(nemo(NEMO))
