import zlib
from pathlib import Path

EXPECT = {"offset": 57, "bytes": 11}


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png() -> bytes:
    header = chunk(b"IHDR", b"\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def bad(folder: Path) -> str:
    (folder / "logo.png").write_bytes(png() + b"PK\x03\x04 hidden")
    return "logo.png"


def good(folder: Path) -> None:
    (folder / "logo.png").write_bytes(png() + bytes(8))
