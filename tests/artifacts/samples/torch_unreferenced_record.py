from pathlib import Path

from torchfiles import checkpoint

EXPECT = {"severity": "low"}


def bad(folder: Path) -> str:
    (folder / "model.pt").write_bytes(checkpoint(**{"data/9": b"not a tensor"}))
    return "model.pt"


def good(folder: Path) -> None:
    (folder / "model.pt").write_bytes(checkpoint())
