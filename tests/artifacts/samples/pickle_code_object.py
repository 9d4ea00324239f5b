"""Samples of `pickle-code-object`."""

from pathlib import Path

EXPECT = {"global": "dill._dill._create_function", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "model.pkl").write_bytes(b"\x80\x02cdill._dill\n_create_function\n(NN}ttR.")
    return "model.pkl"


def good(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"\x80\x02cnumpy\nlog1p\n.")
