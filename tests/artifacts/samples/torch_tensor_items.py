"""Samples of `torch-tensor-items`."""

from pathlib import Path

from torchfiles import ORDERED_DICT, checkpoint, state_dict, tensor, text

EXPECT = {"severity": "high", "opcode": "SETITEM"}


def bad(folder: Path) -> str:
    changed = b"\x80\x02" + tensor("0", 4) + b"K\x00K\x05s."
    (folder / "data.pkl").write_bytes(changed)
    return "data.pkl"


def good(folder: Path) -> None:
    (folder / "model.pt").write_bytes(checkpoint())
    (folder / "data.pkl").write_bytes(state_dict({"w": ("0", 4)}))
    one = b"\x80\x02" + ORDERED_DICT + text("w") + tensor("0", 4) + b"s."
    (folder / "one.pkl").write_bytes(one)
