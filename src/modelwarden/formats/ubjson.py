"""UBJSON, the binary form of JSON: values with a letter before them, and typed arrays of numbers.

Everything that a count or a length announces is held to the bytes that are left, and objects and
arrays are walked without recursion. It takes more than XGBoost reads (lengths of every type, typed
objects), so that no file which a loader accepts is refused here.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.cursor import Cursor
from modelwarden.formats.jsontext import MAX_DEPTH
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.nested import Node, Scalar
    from modelwarden.formats.source import Source

_NUMBERS = {
    b"i": ">b",
    b"U": ">B",
    b"I": ">h",
    b"l": ">i",
    b"L": ">q",
    b"d": ">f",
    b"D": ">d",
}
_SIZES = {layout: struct.calcsize(layout) for layout in _NUMBERS.values()}
_WHOLE = frozenset(b"iUIlL")
_CONSTANTS: dict[bytes, Scalar] = {b"Z": None, b"T": True, b"F": False}
_TEXTS = (b"S", b"H")
_CHUNK = 1 << 16  # bytes of a typed array that are handed out at once
_KEPT = 1 << 16  # bytes of one text that are kept
_BATCH = 512  # scalars that are handed out at once
# A member that is an array of numbers of one type, as XGBoost writes it: the length of its name,
# the name, the type and the count.
_TYPED = re.compile(rb"(?s)L\0{7}(.)([a-z_]{1,80})\[\$([iUIlLdD])#L(.{8})")
_FAR = 1 + 8 + 80 + 4 + 1 + 8


class _Open(NamedTuple):
    """An object or array that is being read."""

    node: Node | None
    array: bool
    type: bytes  # of all its items, or empty
    length: int  # items, or -1 where a bracket ends it


class Walk:
    """A position in the file, and what is open there.

    Attributes:
        cursor: where it stands.
    """

    def __init__(self, source: Source, root: Node, limits: Limits) -> None:
        """Hand what is met to `root`."""
        self.cursor = Cursor(source)
        self.limits = limits
        self.root = root
        self.stack: list[_Open] = []
        self.done: list[int] = []  # items read of each open value
        self.pairs: list[tuple[str, Scalar]] = []
        self.items: list[Scalar] = []
        self.since = 0

    def run(self) -> None:
        """Read one value."""
        self.value("", self.letter())
        while self.stack:
            self.step()

    def letter(self) -> bytes:
        """Return the next letter that is not a no-op."""
        while (found := self.cursor.take(1)) == b"N":
            self.limits.spend(operations=1)
        return found

    def step(self) -> None:
        """Read one member, or the end, of what is open."""
        top = self.stack[-1]
        self.limits.spend(operations=1)
        if self.done[-1] == top.length:
            return self.close()
        if top.length < 0 and not top.array and self.typed():
            return None
        kind = b"" if top.length >= 0 and top.array else self.letter()
        if top.length < 0 and kind == (b"]" if top.array else b"}"):
            return self.close()
        self.done[-1] += 1
        if top.array:
            return self.value("", top.type or kind or self.letter())
        name = self.text(self.whole(kind), self.cursor.at)
        return self.value(name, top.type or self.letter())

    def typed(self) -> bool:
        """Read a member that is an array of numbers, where it is written as mostly."""
        cursor = self.cursor
        found = cursor.look(_TYPED, _FAR)
        if found is None:
            return False
        length, name, type_, counted = found.groups()
        if length[0] != len(name) or len(self.stack) >= MAX_DEPTH:
            return False
        count = int.from_bytes(counted, "big")
        size = found.end() - found.start()
        if count > cursor.end - cursor.at - size:
            return False
        self.done[-1] += 1
        if self.items or self.pairs:
            self.flush()
        self.since = 0
        at = cursor.at + 9 + len(name)
        cursor.at += size
        parent = self.stack[-1].node
        node = parent.opened(name.decode(), at, array=True) if parent is not None else None
        self.numbers(node, type_, count, at)
        return True

    def value(self, name: str, kind: bytes) -> None:
        """Read a scalar, or open what is none."""
        if kind in (b"{", b"["):
            return self.open(name, array_=kind == b"[")
        self.since = self.since or self.cursor.at
        value = self.scalar(kind)
        if self.stack and self.stack[-1].node is not None:
            if self.stack[-1].array:
                self.items.append(value)
            else:
                self.pairs.append((name, value))
            if len(self.items) + len(self.pairs) >= _BATCH:
                self.flush()
        return None

    def scalar(self, kind: bytes) -> Scalar:
        """Read the scalar that a letter announces."""
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if layout := _NUMBERS.get(kind):
            number: int | float = struct.unpack(layout, self.cursor.take(_SIZES[layout]))[0]
            return number
        if kind == b"C":
            return self.cursor.take(1).decode("latin-1")
        if kind in _TEXTS:
            return self.text(self.whole(self.letter()), self.cursor.at)
        raise DamagedError(f"no UBJSON value begins with {kind!r}", self.cursor.at - 1)

    def whole(self, kind: bytes) -> int:
        """Read a count or a length."""
        at = self.cursor.at
        number = self.scalar(kind) if kind and kind[0] in _WHOLE else None
        if not isinstance(number, int) or number < 0:
            raise DamagedError(f"a length of {number}", at)
        return number

    def text(self, size: int, at: int) -> str:
        """Read a text; a long one is cut."""
        if size > self.cursor.left:
            raise DamagedError(f"a text of {size} bytes, {self.cursor.left} left", at)
        kept = self.cursor.take(min(size, _KEPT))
        self.cursor.skip(size - len(kept))
        return kept.decode("utf-8", "replace")

    def open(self, name: str, *, array_: bool) -> None:
        """Open an object or array; an array of numbers of one type is read at once."""
        self.flush()
        if len(self.stack) >= MAX_DEPTH:
            raise LimitExceededError("levels of UBJSON", MAX_DEPTH)
        at = self.cursor.at - 1
        parent = self.stack[-1].node if self.stack else self.root
        node = parent.opened(name, at, array=array_) if parent is not None else None
        type_, count = self.head()
        if array_ and type_ in _NUMBERS:
            self.numbers(node, type_, count, at)
        elif type_ in _CONSTANTS:
            raise DamagedError(f"{count} values that take no bytes", at)
        else:
            self.stack.append(_Open(node, array_, type_, count))
            self.done.append(0)

    def head(self) -> tuple[bytes, int]:
        """Read the type and the count of all items, where they are given."""
        mark, type_ = self.peek(), b""
        if mark == b"$":
            self.cursor.skip(1)
            type_ = self.cursor.take(1)
            mark = self.peek()
            if mark != b"#":
                raise DamagedError("a type of all items without their count", self.cursor.at)
        if mark != b"#":
            return b"", -1
        self.cursor.skip(1)
        at, count = self.cursor.at, self.whole(self.letter())
        if count > self.cursor.left:
            raise DamagedError(f"{count} items announced, {self.cursor.left} bytes left", at)
        return type_, count

    def peek(self) -> bytes:
        """Return the next byte without stepping over it."""
        found = self.cursor.take(1)
        self.cursor.at -= 1
        return found

    def numbers(self, node: Node | None, type_: bytes, count: int, at: int) -> None:
        """Read an array of numbers of one type."""
        layout, cursor = _NUMBERS[type_], self.cursor
        size = _SIZES[layout]
        left = count * size
        if left > cursor.end - cursor.at:
            raise DamagedError(f"{count} numbers of {size} bytes, {cursor.left} bytes left", at)
        self.limits.spend(operations=1 + count // 64)
        if node is None:
            return cursor.skip(left)
        while left:
            here = cursor.at
            part = cursor.take(min(left, _CHUNK))
            left -= len(part)
            some = array(layout[1], part)
            if sys.byteorder == "little":
                some.byteswap()
            node.items(some, here)
        return node.closed(cursor.at)

    def close(self) -> None:
        """End the innermost object or array."""
        self.flush()
        self.done.pop()
        node = self.stack.pop().node
        if node is not None:
            node.closed(self.cursor.at)

    def flush(self) -> None:
        """Hand out the scalars that were read since something opened or closed."""
        if self.stack and (node := self.stack[-1].node) is not None:
            if self.items:
                node.items(self.items, self.since)
            if self.pairs:
                node.pairs(self.pairs, self.since)
        self.items, self.pairs, self.since = [], [], 0
