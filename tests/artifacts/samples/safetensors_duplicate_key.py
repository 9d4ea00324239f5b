from pathlib import Path

EXPECT = {"name": "w"}


def build(second: str) -> bytes:
    entry = '{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}'
    header = '{"w":' + entry % (2, 0, 2) + f',"{second}":' + entry % (2, 2, 4) + "}"
    return len(header).to_bytes(8, "little") + header.encode() + b"\x01\x02\x03\x04"


def bad(folder: Path) -> str:
    (folder / "twice.safetensors").write_bytes(build("w"))
    return "twice.safetensors"


def good(folder: Path) -> None:
    (folder / "once.safetensors").write_bytes(build("v"))
