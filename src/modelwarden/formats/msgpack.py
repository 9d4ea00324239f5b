"""A bounded walk over MessagePack, without recursion: what stands where, nothing is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.cursor import Cursor
    from modelwarden.formats.limits import Limits

_DEPTH = 512
_SIZED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4}
_NUMBERS = {
    0xCA: 4,
    0xCB: 8,
    0xCC: 1,
    0xCD: 2,
    0xCE: 4,
    0xCF: 8,
    0xD0: 1,
    0xD1: 2,
    0xD2: 4,
    0xD3: 8,
}
_COUNTED = {0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}


class Item(NamedTuple):
    """One item.

    Attributes:
        kind: `map`, `array`, `text`, `bytes`, `extension` or `value`.
        at: offset of its payload. size: of the payload in bytes; items of maps and arrays.
        type: of an extension. depth: containers around it.
        value: of an integer; 0 otherwise.
    """

    kind: str
    at: int
    size: int
    type: int = 0
    depth: int = 0
    value: int = 0


def items(cursor: Cursor, limits: Limits) -> Iterator[Item]:
    """Yield the items of one value in their order, a container before what is in it.

    Raises:
        DamagedError: the bytes break the format.
        LimitExceededError: a bound of `limits` was reached.
    """
    open_: list[int] = [1]
    while open_:
        if not open_[-1]:
            open_.pop()
            continue
        open_[-1] -= 1
        limits.spend(operations=1)
        item = _item(cursor, len(open_) - 1)
        yield item
        if item.kind in ("map", "array"):
            if len(open_) > _DEPTH:
                raise DamagedError(f"more than {_DEPTH} containers in one another", item.at)
            open_.append(item.size * (2 if item.kind == "map" else 1))
        elif item.kind != "value":
            cursor.at = item.at
            cursor.skip(item.size)


def _item(cursor: Cursor, depth: int) -> Item:
    begin = cursor.at
    mark = cursor.u8()
    if mark < 0x80 or mark >= 0xE0:
        return Item("value", begin, 1, depth=depth, value=mark if mark < 0x80 else mark - 256)
    if mark < 0xA0:
        return Item("map" if mark < 0x90 else "array", cursor.at, mark & 15, depth=depth)
    if mark < 0xC0:
        return Item("text", cursor.at, mark & 31, depth=depth)
    if mark in _NUMBERS:
        raw = cursor.take(_NUMBERS[mark])
        whole = 0xCC <= mark <= 0xD3
        value = int.from_bytes(raw, "big", signed=mark >= 0xD0) if whole else 0
        return Item("value", begin, cursor.at - begin, depth=depth, value=value)
    if mark in (0xC0, 0xC2, 0xC3):
        return Item("value", begin, 1, depth=depth)
    if mark in _COUNTED:
        count = int.from_bytes(cursor.take(_COUNTED[mark]), "big")
        return Item("array" if mark < 0xDE else "map", cursor.at, count, depth=depth)
    if mark in _SIZED:
        return _sized(cursor, mark, depth)
    if 0xD4 <= mark <= 0xD8:
        kind = cursor.u8()
        return Item("extension", cursor.at, 1 << mark - 0xD4, kind, depth)
    raise DamagedError(f"the mark {mark:#x}, which stands for nothing", begin)


def _sized(cursor: Cursor, mark: int, depth: int) -> Item:
    size = int.from_bytes(cursor.take(_SIZED[mark]), "big")
    if mark in (0xC7, 0xC8, 0xC9):
        kind = cursor.u8()
        return Item("extension", cursor.at, size, kind, depth)
    return Item("bytes" if mark < 0xC7 else "text", cursor.at, size, depth=depth)
