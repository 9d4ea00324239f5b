from pathlib import Path

EXPECT = {"kind": "elf", "offset": 0}


def bad(folder: Path) -> str:
    (folder / "weights.bin").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(57))
    return "weights.bin"


def good(folder: Path) -> None:
    (folder / "weights.bin").write_bytes(b"\x7fELV\x02\x01\x01" + bytes(57))
