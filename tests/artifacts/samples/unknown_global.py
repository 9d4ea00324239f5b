"""Samples of `unknown-global`."""

from pathlib import Path

EXPECT = {"global": "somebody.models.load", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "model.pkl").write_bytes(b"csomebody.models\nload\n(S'weights'\ntR.")
    return "model.pkl"


def good(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"csklearn.tree._tree\nTree\n(I4\nNI1\ntR.")
