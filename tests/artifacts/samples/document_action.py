"""Samples of `document-action`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"severity": "medium"}


def _pdf(more: bytes) -> bytes:
    catalog = b"<< /Type /Catalog /Pages 2 0 R " + more + b" >>"
    return b"%PDF-1.4\n1 0 obj\n" + catalog + b"\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def bad(folder: Path) -> str:
    (folder / "paper.pdf").write_bytes(_pdf(b"/OpenAction << /S /J#61vaScript /JS (app.alert) >>"))
    return "paper.pdf"


def good(folder: Path) -> None:
    (folder / "paper.pdf").write_bytes(_pdf(b"/OpenAction [3 0 R /Fit]"))
