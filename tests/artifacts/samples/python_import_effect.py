"""Samples of `python-import-effect`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 4}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        'import pickle\n\nwith open("/srv/t.pkl", "rb") as file:\n    TABLE = pickle.load(file)\n'
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        'import json\n\nwith open("table.json") as file:\n    TABLE = json.load(file)\n'
    )
