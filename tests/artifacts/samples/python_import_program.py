"""Samples of `python-import-program`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 5}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        'import os\n\n\ndef start(what):\n    os.system(what)\n\n\nstart("true")\n'
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        "import subprocess\n"
        "\n"
        'REVISION = subprocess.check_output(["git", "rev-parse", "HEAD"])\n'
        "\n"
        "\n"
        "def start(what):\n"
        "    subprocess.run([what])\n"
    )
