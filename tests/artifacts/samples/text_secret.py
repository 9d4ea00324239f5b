"""Samples of `text-secret`."""

from __future__ import annotations

from pathlib import Path

TOKEN = "hf_" + "aB3kQz8LmW2xY7vNpR4tJ6" + "sDfGh91cVq5Z"


def bad(folder: Path) -> str:
    (folder / "train.py").write_text(f"# login\nlogin({TOKEN!r})\n")
    return "train.py"


def good(folder: Path) -> None:
    (folder / "train.py").write_text("login('hf_" + "x" * 34 + "')\nTOKEN = 'your_access_token'\n")
    (folder / "notes.txt").write_text("api_key = <your key>, AKIAIOSFODNN7EXAMPLE\n")
