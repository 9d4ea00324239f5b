from pathlib import Path

from ziptricks import HONESTY, TRICKS


def bad(folder: Path) -> str:
    (folder / "model.zip").write_bytes(TRICKS["duplicate-name"].build())
    return "model.zip"


def good(folder: Path) -> None:
    (folder / "model.zip").write_bytes(HONESTY["deflated"]())
