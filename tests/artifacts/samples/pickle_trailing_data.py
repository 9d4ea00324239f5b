"""Samples of `pickle-trailing-data`."""

import pickle
from pathlib import Path

_DATA = pickle.dumps({"layer": [0.5, 0.25]})
EXPECT = {"severity": "low", "offset": len(_DATA), "size": 12}


def bad(folder: Path) -> str:
    (folder / "model.pkl").write_bytes(_DATA + b"\xff\xfe left over")
    return "model.pkl"


def good(folder: Path) -> None:
    (folder / "padded.pkl").write_bytes(_DATA + bytes(64))
    (folder / "two.pkl").write_bytes(_DATA + _DATA)
