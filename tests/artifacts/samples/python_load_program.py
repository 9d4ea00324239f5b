"""Samples of `python-load-program`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 6}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        "import subprocess\n"
        "\n"
        "\n"
        "class MyModel:\n"
        "    def __init__(self, config):\n"
        '        subprocess.run(["make", "kernels"])\n'
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        "import subprocess\n"
        "\n"
        "\n"
        "class MyModel:\n"
        "    def play(self, path):\n"
        '        subprocess.run(["ffplay", path])\n'
    )
