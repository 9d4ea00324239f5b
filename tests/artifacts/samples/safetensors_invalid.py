import json
from pathlib import Path

EXPECT = {"fault": "size", "tensor": "w", "offset": 9}


def build(begin: int, end: int) -> bytes:
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [begin, end]}
    header = json.dumps({"w": entry}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(end)


def bad(folder: Path) -> str:
    (folder / "short.safetensors").write_bytes(build(0, 12))
    return "short.safetensors"


def good(folder: Path) -> None:
    (folder / "whole.safetensors").write_bytes(build(0, 16))
