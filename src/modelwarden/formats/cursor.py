"""One bounds-checked way to walk binary bytes: every binary reader uses it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    import re

    from modelwarden.formats.source import Source

_WINDOW = 1 << 16


class Cursor:
    """A position in a source that never leaves `[start, end)`.

    Reads go through one window of 64 KiB, so that many small fields cost few system calls.

    Attributes:
        at: next byte to be read.
        end: first byte that must not be read.
    """

    __slots__ = ("_base", "_source", "_window", "at", "end")

    def __init__(self, source: Source, start: int = 0, end: int | None = None) -> None:
        """Stand at `start`; `end` defaults to the end of the source."""
        self._source = source
        self._window = b""
        self._base = 0
        self.at = start
        self.end = source.size if end is None else min(end, source.size)

    @property
    def left(self) -> int:
        """Bytes between here and the end."""
        return max(0, self.end - self.at)

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes and step over them.

        Raises:
            DamagedError: fewer are left, or `size` is negative.
        """
        if size < 0 or size > self.end - self.at:
            raise DamagedError(f"{size} bytes announced, {self.left} left", self.at)
        if size > _WINDOW:
            data = self._source.read(self.at, size)
        else:
            begin = self.at - self._base
            if begin < 0 or begin + size > len(self._window):
                self._window = self._source.read(self.at, _WINDOW)
                self._base = self.at
                begin = 0
            data = self._window[begin : begin + size]
        if len(data) != size:
            raise DamagedError("the file became shorter while it was read", self.at)
        self.at += size
        return data

    def look(self, pattern: re.Pattern[bytes], far: int) -> re.Match[bytes] | None:
        """Match what stands here, or return None; what is matched has up to `far` bytes."""
        begin = self.at - self._base
        if begin < 0 or begin + far > len(self._window):
            self._window = self._source.read(self.at, _WINDOW)
            self._base, begin = self.at, 0
        return pattern.match(self._window, begin, min(begin + far, self.end - self._base))

    def skip(self, size: int) -> None:
        """Step over `size` bytes without reading them.

        Raises:
            DamagedError: fewer are left, or `size` is negative.
        """
        if size < 0 or size > self.end - self.at:
            raise DamagedError(f"{size} bytes announced, {self.left} left", self.at)
        self.at += size

    def unpack(self, layout: str) -> tuple[int, ...]:
        """Return the integers of a `struct` layout such as `<IHH`."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def u8(self) -> int:
        """Return one unsigned byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Return a little-endian unsigned 16-bit integer."""
        return int.from_bytes(self.take(2), "little")

    def u32(self) -> int:
        """Return a little-endian unsigned 32-bit integer."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """Return a little-endian unsigned 64-bit integer."""
        return int.from_bytes(self.take(8), "little")

    def varint(self) -> int:
        """Return a protobuf varint of at most 10 bytes, as an unsigned 64-bit integer.

        Raises:
            DamagedError: it does not end within 10 bytes.
        """
        value = 0
        for shift in range(0, 70, 7):
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF
        raise DamagedError("a varint of more than 10 bytes", self.at)
