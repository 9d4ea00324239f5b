"""Samples of `pickle-secret`."""

from __future__ import annotations

import pickle
from pathlib import Path

_AWS = "AKIA" + "Q3EGRRTV7NZL5KPX"

EXPECT = {"value": "AKI… (20 characters)"}


def bad(folder: Path) -> str:
    (folder / "a.pkl").write_bytes(pickle.dumps({"lr": 0.1, "note": ["x" * 5000, f"with {_AWS}"]}))
    return "a.pkl"


def good(folder: Path) -> None:
    told = {"api_key": "your-api-key", "password": None, "hf_token": "hf_…", "token": "tok_1"}
    names = {f"task-{n}": f"sk-learn-{n}" for n in range(99)}
    (folder / "a.pkl").write_bytes(pickle.dumps([told, names, "the password is not kept here"]))
