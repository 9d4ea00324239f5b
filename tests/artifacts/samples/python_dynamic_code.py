"""Samples of `python-dynamic-code`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 4}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        "import importlib\n"
        "import os\n"
        "\n"
        "BACKEND = importlib.import_module(os.path.basename(os.getcwd()))\n"
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        "import importlib\n"
        "\n"
        'BACKEND = importlib.import_module(f".{1 + 1}", __name__)\n'
        'exec("NUMBER = 1")\n'
    )
