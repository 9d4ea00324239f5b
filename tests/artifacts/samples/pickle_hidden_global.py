"""Samples of `pickle-hidden-global`."""

from pathlib import Path

EXPECT = {"severity": "high"}
# The module's name is what a call returns, so STACK_GLOBAL learns it only while loading.
_COMPUTED = b"\x80\x04cbuiltins\nrepr\n\x8c\x02os\x85R\x8c\x06system\x93\x8c\x04true\x85R."


def bad(folder: Path) -> str:
    (folder / "model.pkl").write_bytes(_COMPUTED)
    return "model.pkl"


def good(folder: Path) -> None:
    plain = b"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R."
    (folder / "model.pkl").write_bytes(plain)
