"""Samples of `startup-file`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 2}


def bad(folder: Path) -> str:
    (folder / "x.pth").write_text("/opt/lib\nimport os; os.getcwd()\n")
    return "x.pth"


def good(folder: Path) -> None:
    (folder / "x.pth").write_text("/opt/lib\n../lib\n")
