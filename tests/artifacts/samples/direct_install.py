"""Samples of `direct-install`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 2}


def bad(folder: Path) -> str:
    (folder / "requirements.txt").write_text("numpy\nmine @ git+https://example.invalid/mine.git\n")
    return "requirements.txt"


def good(folder: Path) -> None:
    (folder / "requirements.txt").write_text(
        "numpy==2.1\n"
        "mine @ git+https://example.invalid/mine.git@0a1b2c3d4e0a1b2c3d4e0a1b2c3d4e0a1b2c3d4e\n"
    )
