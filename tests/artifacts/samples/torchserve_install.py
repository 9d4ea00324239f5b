"""Samples of `torchserve-install`."""

from __future__ import annotations

from pathlib import Path

from servedfiles import mar

EXPECT = {"requirement": "git+https://x/y", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.bin").write_bytes(mar({"r": "git+https://x/y\n"}, requirementsFile="r"))
    return "m.bin"


def good(folder: Path) -> None:
    (folder / "m.bin").write_bytes(mar({"r": "numpy==2.0\n"}, requirementsFile="r"))
