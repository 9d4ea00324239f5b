"""Where the tensors of a GGUF file lie, held against the file and against one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.gguf.fields import ABSURD, Header, is_utf8

if TYPE_CHECKING:
    from modelwarden.formats.described import Notes

# Elements in a block and bytes of a block, by type. Source: `ggml.h` and gguf 0.17's table.
_BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34)}
_BLOCKS |= {9: (32, 40), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176)}
_BLOCKS |= {14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98)}
_BLOCKS |= {19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1)}
_BLOCKS |= {25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2)}
_BLOCKS |= {34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18)}
# Types that were taken out of ggml again.
_REMOVED = {4, 5, 31, 32, 33, 36, 37, 38}
_MOST_DIMS = 4
_LONGEST_NAME = 64
_MOST = (1 << 63) - 1


class GgufTensor(NamedTuple):
    """One tensor.

    Attributes:
        name: as it stands. dims: elements along each axis. kind: id of its type.
        offset: from where the data begin. size: bytes, or None where it cannot be told.
        at: offset of its description.
    """

    name: str
    dims: tuple[int, ...]
    kind: int
    offset: int
    size: int | None
    at: int


class Span(NamedTuple):
    """Bytes of the file that belong to no tensor."""

    kind: str
    at: int
    size: int


def tensor_of(header: Header, notes: Notes) -> GgufTensor:
    """Read the description of one tensor; what it may not say is a fault."""
    at = header.cursor.at
    raw = header.string("a name")
    data = header.read(raw)
    name = data.decode("utf-8", "replace")
    many = header.u32()
    if many > _MOST_DIMS:
        notes.fault("overflow", name, f"{name[:80]!r} has {many} dimensions of at most 4", at)
    if many * 4 > header.cursor.left:
        header.cursor.skip(many * 4)  # says where it breaks off
    dims = tuple(header.dimension() for _ in range(many))
    kind, offset = header.u32(), header.u64()
    if raw.size >= _LONGEST_NAME or not raw.size or b"\0" in data or not is_utf8(data):
        notes.fault("name", name, f"{name[:80]!r} of {raw.size} bytes is no name of a tensor", at)
    return GgufTensor(name[:200], dims, kind, offset, _size(name, dims, kind, at, notes), at)


def _size(name: str, dims: tuple[int, ...], kind: int, at: int, notes: Notes) -> int | None:
    shown = repr(name[:80])
    count = 1
    for dim in dims:
        count *= dim
        if dim > _MOST or count > _MOST:
            notes.fault("overflow", name, f"the dimensions of {shown} overflow 63 bits", at)
            return None
    if kind not in _BLOCKS:
        what = "was taken out of GGUF" if kind in _REMOVED else "is not one of GGUF"
        notes.fault("type", name, f"the type {kind} of {shown} {what}", at)
        return None
    elements, size = _BLOCKS[kind]
    if dims and dims[0] % elements:
        notes.fault("shape", name, f"rows of {shown} are no whole blocks of {elements}", at)
        return None
    total = count // elements * size
    if total > _MOST:
        notes.fault("overflow", name, f"the bytes of {shown} overflow 63 bits", at)
        return None
    return total


def spans(
    tensors: list[GgufTensor], begin: int, alignment: int, notes: Notes, end: int
) -> list[Span]:
    """Return what no tensor owns between `begin` and `end`, and note tensors out of place.

    Args:
        tensors: in any order.
        begin: where the data begin.
        alignment: of each tensor.
        notes: takes the faults.
        end: size of the file.
    """
    found: list[Span] = []
    at = begin
    for one in sorted(tensors, key=lambda tensor: tensor.offset):
        start = begin + one.offset
        if one.offset % alignment:
            why = f"{one.name[:80]!r} begins at {one.offset}, which is not aligned to {alignment}"
            notes.fault("offset", one.name, why, one.at)
        if start >= ABSURD and start > end:
            why = f"{one.name[:80]!r} begins at {one.offset}, far behind the end"
            notes.fault("overflow", one.name, why, one.at)
            continue
        if start < at and one.size:
            notes.fault("overlap", one.name, f"{one.name[:80]!r} overlaps another tensor", one.at)
        if start > at:
            kind = "hole" if start - at >= alignment else "padding"
            found.append(Span(kind, at, min(start, end) - at))
        if one.size is None:
            return found  # where the next one should begin is not known
        if start + one.size > end:
            why = f"{one.name[:80]!r} ends at {start + one.size}, the file at {end}"
            notes.fault("offset", one.name, why, one.at)
        at = max(at, start + one.size)
    if end > at:
        padding = end - at < alignment or not tensors
        found.append(Span("padding" if padding else "trailing", at, end - at))
    return [span for span in found if span.size > 0]
