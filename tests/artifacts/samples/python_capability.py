"""Samples of `python-capability`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 5}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        'import subprocess\n\n\ndef play(path):\n    subprocess.run(["ffplay", path])\n'
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text("def play(path):\n    return path\n")
