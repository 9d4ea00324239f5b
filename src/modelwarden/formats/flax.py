"""Flax checkpoints: MessagePack with arrays as extensions; nothing in them is code.

Extension 1 is an array, 2 a complex number, 3 a scalar; each holds MessagePack itself: a shape, the
name of a type, and the numbers. Source: `flax/serialization.py` of Flax 0.10. Large arrays are
cut into chunks under a name of their own, which are arrays as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.identified.magic import FLAX
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.msgpack import Item, items
from modelwarden.formats.view import Child, DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_ARRAY, _COMPLEX, _SCALAR = 1, 2, 3
_WIDTHS = {
    "bool": 1,
    "bfloat16": 2,
    "complex64": 8,
    "complex128": 16,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
    "float8_e4m3b11fnuz": 1,
    "float8_e4m3fnuz": 1,
    "float8_e5m2fnuz": 1,
    "int4": 1,
    "uint4": 1,
    **{f"{kind}{bits}": bits // 8 for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": bits // 8 for bits in (16, 32, 64)},
}
_MOST = 1 << 60
_DIMENSIONS = 64
_CHILDREN = 1000


def sniff(source: Source) -> bool:
    """Tell whether the bytes are a map of names to arrays."""
    return FLAX.sniff(source)


def read(source: Source, limits: Limits) -> Checked:
    """Walk all items: every array has the bytes that its shape needs, and nothing follows."""
    notes = Notes(source)
    children: list[Child] = []
    cursor = Cursor(source)
    try:
        for item in items(cursor, limits):
            if item.kind == "extension":
                _extension(source, item, limits, notes)
            elif item.kind == "bytes" and item.size and len(children) < _CHILDREN:
                name = f"bytes at {item.at}"
                children.append(Child(name, partial(source.part, item.at, item.size, name)))
        notes.behind(cursor.at, why="behind the checkpoint")
    except DamagedError as damage:
        notes.fault("layout", "", damage.why, damage.offset)
        notes.note(damage.why, at=damage.offset)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT, cursor.at)
    return Checked(
        source=source,
        format="flax-msgpack",
        producer=FLAX.produced(source),
        gaps=tuple(notes.gaps),
        faults=tuple(notes.faults),
        children=(*children, *notes.children),
    )


def _extension(source: Source, item: Item, limits: Limits, notes: Notes) -> None:
    if item.type == _COMPLEX:
        return
    if item.type not in (_ARRAY, _SCALAR):
        why = f"an extension of the type {item.type}, which Flax does not have"
        notes.note(why, GapKind.UNSUPPORTED, item.at)
        return
    try:
        needed, found = _array(source, item, limits)
    except DamagedError as damage:
        notes.fault("array", "", f"the array at {item.at}: {damage.why}", item.at)
        return
    if needed != found:
        why = f"the array at {item.at} needs {needed} bytes, and has {found}"
        notes.fault("array", "", why, item.at)


def _array(source: Source, item: Item, limits: Limits) -> tuple[int, int]:
    """Return the bytes that an array needs by its shape and type, and those that it has."""
    cursor = Cursor(source, item.at, item.at + item.size)
    inner = items(cursor, limits)
    outer, shape = _next(inner), _next(inner)
    if (outer.kind, outer.size) != ("array", 3) or shape.kind != "array":
        raise DamagedError("it is no shape, type and numbers")
    if shape.size > _DIMENSIONS:
        raise DamagedError(f"a shape of {shape.size} dimensions")
    count = 1
    for _ in range(shape.size):
        count *= _next(inner).value
        if not 0 <= count < _MOST:
            raise DamagedError("a shape that overflows")
    name = _next(inner)
    kind = source.read(name.at, min(name.size, 40)).decode("utf-8", "replace")
    width = _WIDTHS.get(kind)
    if width is None:
        raise DamagedError(f"numbers of the type {kind[:40]!r}")
    numbers = _next(inner)
    if numbers.kind not in ("bytes", "text") or next(inner, None) is not None or cursor.left:
        raise DamagedError("its numbers are none")
    return count * width, numbers.size


def _next(inner: Iterator[Item]) -> Item:
    item = next(inner, None)
    if item is None:
        raise DamagedError("it is no shape, type and numbers")
    return item
