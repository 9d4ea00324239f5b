from pathlib import Path

from torchfiles import package

EXPECT = {"modules": ["package/net.py"], "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "model.pt").write_bytes(package({"net.py": b"x = 1\n"}))
    return "model.pt"


def good(folder: Path) -> None:
    (folder / "model.pt").write_bytes(package({}))
