from pathlib import Path

from ziptricks import HONESTY, TRICKS


def bad(folder: Path) -> str:
    (folder / "model.zip").write_bytes(TRICKS["local-name-differs"].build())
    return "model.zip"


def good(folder: Path) -> None:
    (folder / "wrong.zip").write_bytes(TRICKS["local-slashes-differ"].build())
    (folder / "model.zip").write_bytes(HONESTY["deflated"]())
