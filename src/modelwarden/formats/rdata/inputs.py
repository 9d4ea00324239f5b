"""The three ways in which R writes the same items: big-endian, as text, and as this machine does.

Source: `serialize.c` of R 4.4, `InInteger`, `InString`, `InReal`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from modelwarden.formats.cursor import Cursor
from modelwarden.formats.view import DamagedError

Order: TypeAlias = Literal["big", "little"]

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_TOKEN = re.compile(rb"\S+")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"r": b"\r", b"f": b"\f", b"a": b"\a"}
_PIECE = 1 << 12
_WORD = 1 << 9


class Binary:
    """Integers of four bytes in one order; everything else is as long as it says."""

    def __init__(self, source: Source, at: int, limits: Limits, *, order: Order) -> None:
        """Stand at `at`; `order` is `big` or `little`."""
        self._cursor = Cursor(source, at)
        self._order = order
        del limits  # what is stepped over costs nothing

    @property
    def at(self) -> int:
        """Offset of the next byte."""
        return self._cursor.at

    def integer(self) -> int:
        """Return a signed integer."""
        return int.from_bytes(self._cursor.take(4), self._order, signed=True)

    def peek(self) -> int:
        """Return the next integer and stay before it; 0 at the end."""
        at = self._cursor.at
        if self._cursor.left < 4:
            return 0
        number = self.integer()
        self._cursor.at = at
        return number

    def text(self, size: int, longest: int) -> bytes:
        """Return a text of `size` bytes, cut after `longest`."""
        kept = self._cursor.take(min(size, longest))
        self._cursor.skip(size - len(kept))
        return kept

    def skip(self, count: int, width: int) -> None:
        """Step over `count` numbers of `width` bytes."""
        self._cursor.skip(count * width)


class Words:
    """Text: a number a line, and texts with escapes."""

    def __init__(self, source: Source, at: int, limits: Limits) -> None:
        """Stand at `at`."""
        self._source = source
        self._limits = limits
        self._base = at
        self._window = b""
        self._place = 0

    @property
    def at(self) -> int:
        """Offset of the next byte."""
        return self._base + self._place

    def integer(self) -> int:
        """Return a signed integer; R's missing one is the smallest."""
        word = self._word()
        if word == b"NA":
            return -(1 << 31)
        if not re.fullmatch(rb"-?\d{1,10}", word):
            raise DamagedError(f"{word[:20]!r} where a number has to be", self.at)
        return int(word)

    def text(self, size: int, longest: int) -> bytes:
        """Return a text of `size` bytes behind its escapes, cut after `longest`."""
        found, left = b"", size
        self._fill(1)
        while self._window[self._place : self._place + 1].isspace():
            self._place += 1
            self._fill(1)
        while left > 0:
            self._fill(4)
            piece = self._window[self._place : self._place + 1]
            if not piece:
                raise DamagedError(f"{left} more bytes of a text announced", self.at)
            if piece == b"\\" and (match := _ESCAPE.match(self._window, self._place)):
                piece = _escaped(match[1])
                self._place = match.end()
            else:
                self._place += 1
            left -= 1
            if len(found) < longest:
                found += piece
            self._limits.spend(operations=1)
        return found

    def skip(self, count: int, width: int) -> None:
        """Step over `count` numbers; a pair of numbers is two words."""
        words = 2 * count if width == 16 else count
        for _ in range(words):
            self._word()

    def _word(self) -> bytes:
        self._limits.spend(operations=1)
        self._fill(_WORD)
        match = _TOKEN.search(self._window, self._place)
        if match is None or match.end() - self._place > _WORD:
            raise DamagedError("the text ends where a number has to be", self.at)
        self._place = match.end()
        return match[0]

    def _fill(self, size: int) -> None:
        if len(self._window) - self._place < size:
            self._base += self._place
            self._window = self._source.read(self._base, _PIECE)
            self._place = 0


def _escaped(code: bytes) -> bytes:
    if code[:1] in b"01234567":
        return bytes([int(code, 8) & 255])
    return _PLAIN.get(code, code)
