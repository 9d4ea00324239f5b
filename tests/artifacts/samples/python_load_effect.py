"""Samples of `python-load-effect`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 5}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        "import joblib\n\n\ndef _load_pyfunc(path):\n    return joblib.load(path)\n"
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        "import json\n"
        "\n"
        "\n"
        "def _load_pyfunc(path):\n"
        "    with open(path) as file:\n"
        "        return json.load(file)\n"
    )
