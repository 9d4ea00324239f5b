"""Samples of `table-formula`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "t.csv").write_text("id,name\n1,a\n2,=cmd|'/C true'!A0\n")
    return "t.csv"


def good(folder: Path) -> None:
    (folder / "t.csv").write_text("id,name\n1,-3.5\n2,=A1+A2\n3,a|b\n4,@home\n")
