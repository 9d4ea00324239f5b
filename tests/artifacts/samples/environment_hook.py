"""Samples of `environment-hook`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"path": "BASH_ENV", "severity": "medium", "line": 2}


def bad(folder: Path) -> str:
    (folder / ".env").write_text("PORT=8080\nBASH_ENV=./start.sh\n")
    return ".env"


def good(folder: Path) -> None:
    (folder / ".env").write_text("PORT=8080\nNODE_OPTIONS=--max-old-space-size=4096\n")
