import json
from pathlib import Path

EXPECT = {"fault": "hole", "before": "b"}


def build(gap: int) -> bytes:
    tensors = {
        "a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
        "b": {"dtype": "U8", "shape": [4], "data_offsets": [4 + gap, 8 + gap]},
    }
    header = json.dumps(tensors).encode()
    return len(header).to_bytes(8, "little") + header + b"\x01" * (8 + gap)


def bad(folder: Path) -> str:
    (folder / "hole.safetensors").write_bytes(build(16))
    return "hole.safetensors"


def good(folder: Path) -> None:
    (folder / "dense.safetensors").write_bytes(build(0))
