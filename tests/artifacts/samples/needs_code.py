"""Samples of `needs-code`."""

from pathlib import Path

EXPECT = {"package": "scikit-learn", "names": "sklearn.svm._classes.SVC", "severity": "low"}


def bad(folder: Path) -> str:
    (folder / "model.pkl").write_bytes(b"\x80\x02csklearn.svm._classes\nSVC\n)\x81}b.")
    return "model.pkl"


def good(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"\x80\x02cnumpy\nfloat64\n.")
