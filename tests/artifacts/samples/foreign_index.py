"""Samples of `foreign-index`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 1, "kind": "index"}


def bad(folder: Path) -> str:
    (folder / "requirements.txt").write_text(
        "--extra-index-url http://example.invalid/simple\ntorch\n"
    )
    return "requirements.txt"


def good(folder: Path) -> None:
    (folder / "requirements.txt").write_text(
        "--extra-index-url https://download.pytorch.org/whl/cpu\ntorch\n"
    )
