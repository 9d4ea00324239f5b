"""Samples of `office-macro`."""

from __future__ import annotations

import zipfile
from pathlib import Path

EXPECT = {"holds": "word/vbaProject.bin", "severity": "medium"}


def bad(folder: Path) -> str:
    with zipfile.ZipFile(folder / "card.docm", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
        archive.writestr("word/vbaProject.bin", b"\xd0\xcf\x11\xe0" + bytes(64))
    return "card.docm"


def good(folder: Path) -> None:
    with zipfile.ZipFile(folder / "card.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
