"""Samples of `python-hidden-code`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 5}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        'import os\n\n\ndef forward(x):\n    getattr(os, "sys" + "tem")("true")\n'
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        'import os\n\n\ndef forward(x):\n    return getattr(os, "path").join("a" + "b", x)\n'
    )
