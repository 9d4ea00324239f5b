"""Bodies that are compressed: unpacked within bounds, so that they are judged like any other."""

from __future__ import annotations

import zlib

_GZIP = 31  # one gzip member, of any window
_RATIO = 100
_FREE = 64 << 10
"""Bytes up to which a body may grow however far: rows of zeros are packed into next to nothing."""


def unpacked(body: bytes | bytearray, most: int) -> bytes | None:
    """Return what a gzip body holds; None where it is none, is cut, has more behind it, or grows.

    Args:
        body: as it came.
        most: bytes of the largest body that is judged.
    """
    room = min(most, max(_FREE, _RATIO * len(body)))
    stream = zlib.decompressobj(wbits=_GZIP)
    try:
        plain = stream.decompress(body, room + 1)
    except zlib.error:
        return None
    if len(plain) > room or not stream.eof or stream.unused_data:
        return None
    return plain
