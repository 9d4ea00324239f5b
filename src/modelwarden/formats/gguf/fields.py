"""The header of a GGUF file: typed values, strings and arrays, in both byte orders.

Version 1 counts in 32 bits, later ones in 64. Nothing is allocated on the file's word, arrays are
stepped over with a list of what is open instead of recursion.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.cursor import Cursor
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

STRING, ARRAY, BOOL, U32 = 8, 9, 7, 4
ABSURD = 1 << 40  # no count or length of a real file; sums and products of such ones overflow

_LAYOUTS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q"}
_LAYOUTS |= {12: "d"}
_SIZES = {kind: struct.calcsize("=" + layout) for kind, layout in _LAYOUTS.items()}
_WINDOW = 1 << 16
_SMALL = 64  # strings of an array that are kept
_NESTED = 8
_KEPT = 1 << 16


def is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class OverflowedError(DamagedError):
    """A count, length or dimension that overflows where a loader computes with it."""


class Text(NamedTuple):
    """A string: where its bytes lie."""

    at: int
    size: int


class Value(NamedTuple):
    """One value of the metadata.

    Attributes:
        kind: id of its type. number: of a scalar. text: of a string.
        texts: strings of a short array.
    """

    kind: int
    number: float | None = None
    text: Text | None = None
    texts: tuple[Text, ...] = ()


class Header:
    """A position in the header that knows the version and the byte order."""

    __slots__ = ("_limits", "_order", "_source", "_wide", "cursor")

    def __init__(self, source: Source, at: int, version: int, order: str, limits: Limits) -> None:
        """Stand behind the version; `order` is `<` or `>`."""
        self.cursor = Cursor(source, at)
        self._source = source
        self._order = order
        self._wide = "I" if version == 1 else "Q"
        self._limits = limits

    def u32(self) -> int:
        """Return an unsigned 32-bit integer."""
        return self.cursor.unpack(self._order + "I")[0]

    def u64(self) -> int:
        """Return an unsigned 64-bit integer."""
        return self.cursor.unpack(self._order + "Q")[0]

    def count(self, what: str, least: int) -> int:
        """Return a count of things that take `least` bytes each.

        Raises:
            DamagedError: the file has no room for them.
        """
        at = self.cursor.at
        count = self.cursor.unpack(self._order + self._wide)[0]
        if count * least > self.cursor.left:
            why = f"{count} {what} announced, {self.cursor.left} bytes left"
            raise (OverflowedError if count >= ABSURD else DamagedError)(why, at)
        return count

    def dimension(self) -> int:
        """Return one dimension of a tensor."""
        return self.cursor.unpack(self._order + self._wide)[0]

    def string(self, what: str) -> Text:
        """Step over a string and return where it lies."""
        size = self.count(f"bytes of {what}", 1)
        at = self.cursor.at
        self.cursor.skip(size)
        return Text(at, size)

    def read(self, text: Text) -> bytes:
        """Return the bytes of a string, cut after 64 KiB."""
        return self._source.read(text.at, min(text.size, _KEPT))

    def value(self, kind: int) -> Value:
        """Read a value of one type; of an array, only short ones of strings are kept."""
        self._limits.spend(operations=1)
        if kind == STRING:
            return Value(kind, text=self.string("a text"))
        if kind == ARRAY:
            return Value(kind, texts=self._array())
        layout = _LAYOUTS.get(kind)
        if layout is None:
            raise DamagedError(f"a value of type {kind}", self.cursor.at)
        return Value(kind, number=self.cursor.unpack(self._order + layout)[0])

    def _array(self) -> tuple[Text, ...]:
        kept: list[Text] = []
        waiting = [1]  # arrays still to be read, at each level
        while waiting:
            if not waiting[-1]:
                waiting.pop()
                continue
            waiting[-1] -= 1
            self._limits.spend(operations=1)
            at, kind = self.cursor.at, self.u32()
            if kind == ARRAY:
                if len(waiting) > _NESTED:
                    raise OverflowedError(f"arrays more than {_NESTED} deep", at)
                waiting.append(self.count("arrays", 4))
            elif kind == STRING:
                self._strings(kept)
            elif kind in _SIZES:
                size = _SIZES[kind]
                self.cursor.skip(self.count("numbers", size) * size)
            else:
                raise DamagedError(f"an array of type {kind}", at)
        return tuple(kept)

    def _strings(self, kept: list[Text]) -> None:
        layout = struct.Struct(self._order + self._wide)
        count = self.count("texts", layout.size)
        if count <= _SMALL:
            kept += [self.string("a text") for _ in range(count)]
            return
        self._limits.spend(operations=count)
        at, end = self.cursor.at, self.cursor.end
        length_at, width = layout.unpack_from, layout.size
        while count:
            window = self._source.read(at, min(_WINDOW, end - at))
            self._limits.check_time()
            inside, last, size = 0, len(window) - width, 0
            if last < 0:
                raise DamagedError("an array of texts that breaks off", at)
            while count and inside <= last:
                size = length_at(window, inside)[0]
                inside += width + size
                count -= 1
            at += inside
            if at > end:
                begin = at - size
                why = f"{size} bytes of a text announced, {end - begin} left"
                raise (OverflowedError if size >= ABSURD else DamagedError)(why, begin)
        self.cursor.skip(at - self.cursor.at)
