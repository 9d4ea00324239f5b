"""One tensor as the bytes of a file hold it, and its values in row-major little-endian order.

A tensor is a window on a storage: an offset and a stride, in bytes, for each dimension. Nothing is
held but the piece that is being handed out, whatever the size of the tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Literal

from modelwarden.core.values import dataclass
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

PIECE = 4 << 20
BLOCK = 16 << 20
_LISTED = 1 << 14
# Bytes of one element, and of what is swapped when the byte order is the other one.
WIDTHS = {
    "BOOL": (1, 1),
    "U8": (1, 1),
    "I8": (1, 1),
    "F8_E4M3": (1, 1),
    "F8_E5M2": (1, 1),
    "F8_E8M0": (1, 1),
    "F8_E4M3FNUZ": (1, 1),
    "F8_E5M2FNUZ": (1, 1),
    "I16": (2, 2),
    "U16": (2, 2),
    "F16": (2, 2),
    "BF16": (2, 2),
    "I32": (4, 4),
    "U32": (4, 4),
    "F32": (4, 4),
    "I64": (8, 8),
    "U64": (8, 8),
    "F64": (8, 8),
    "C64": (8, 4),
    "C128": (16, 8),
}
_CASTS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A named window on a storage.

    Attributes:
        dtype: as safetensors calls it; `C128` besides, which it does not know.
        shape: may be empty (one element) and may hold zeros (none).
        source: the storage. offset: of the first element, in bytes.
        strides: bytes from one element to the next in each dimension, never negative.
        swapped: numbers stand in big-endian order.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    source: Source
    offset: int = 0
    strides: tuple[int, ...] = ()
    swapped: bool = False

    @property
    def width(self) -> int:
        """Bytes of one element."""
        return WIDTHS[self.dtype][0]

    @property
    def size(self) -> int:
        """Bytes of all elements, each counted as often as it is seen."""
        return prod(self.shape) * self.width

    @property
    def contiguous(self) -> bool:
        """Whether the elements stand one after another in row-major order."""
        dims = [(n, s) for n, s in zip(self.shape, self.strides, strict=True) if n != 1]
        expected = self.width
        for length, stride in reversed(dims):
            if stride != expected:
                return False
            expected *= length
        return True

    def problem(self) -> str | None:
        """Return why this window does not lie within its storage, or None when it does."""
        if len(self.shape) != len(self.strides) or len(self.shape) > 64:
            return "its shape and strides do not fit together"
        if any(n < 0 for n in self.shape) or any(s < 0 for s in self.strides) or self.offset < 0:
            return "a negative size, stride or offset"
        if 0 in self.shape:
            return None
        last = sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if self.offset + last + self.width > self.source.size:
            end = self.offset + last + self.width
            return f"it ends at byte {end} of a storage of {self.source.size}"
        return None


def row_major(shape: Sequence[int], width: int) -> tuple[int, ...]:
    """Return the strides of an array in C order.

    >>> row_major((2, 3), 4)
    (12, 4)
    """
    strides: list[int] = []
    for length in reversed(shape):
        strides.append(width)
        width *= length
    return tuple(reversed(strides))


def column_major(shape: Sequence[int], width: int) -> tuple[int, ...]:
    """Return the strides of an array in Fortran order.

    >>> column_major((2, 3), 4)
    (4, 8)
    """
    return tuple(reversed(row_major(tuple(reversed(shape)), width)))


def pieces(tensor: Tensor) -> Iterator[bytes | bytearray]:
    """Yield the values in row-major little-endian order, a few MiB at a time.

    Raises:
        DamagedError: the file became shorter while it was read.
    """
    if not tensor.size:
        return
    found = _straight(tensor) if tensor.contiguous else _blocks(tensor)
    swap = WIDTHS[tensor.dtype][1] if tensor.swapped else 1
    for piece in found:
        yield _turned(piece, swap) if swap > 1 else piece


def _straight(tensor: Tensor) -> Iterator[bytes]:
    end = tensor.offset + tensor.size
    for at in range(tensor.offset, end, PIECE):
        yield _read(tensor.source, at, min(PIECE, end - at))


def _read(source: Source, at: int, size: int) -> bytes:
    data = source.read(at, size)
    if len(data) != size:
        raise DamagedError("the file became shorter while it was read", at)
    return data


def _turned(piece: bytes | bytearray, width: int) -> bytearray:
    """Reverse the bytes of each number."""
    turned = bytearray(len(piece))
    for place in range(width):
        turned[place::width] = piece[width - 1 - place :: width]
    return turned


def _blocks(tensor: Tensor) -> Iterator[bytearray]:
    """Yield block after block of rows, each gathered from where its elements stand."""
    shape, width = tensor.shape, tensor.width
    # The dimensions that are cut: as many of the outer ones as it takes to have small blocks.
    cut = 0
    while cut < len(shape) - 1 and prod(shape[cut + 1 :]) * width > BLOCK:
        cut += 1
    inner = prod(shape[cut + 1 :]) * width
    rows = max(1, BLOCK // max(inner, 1))
    for outer in _indices(shape[:cut]):
        begin = tensor.offset + _dot(outer, tensor.strides[:cut])
        for first in range(0, shape[cut], rows):
            count = min(rows, shape[cut] - first)
            block = (count, *shape[cut + 1 :])
            yield _gathered(
                tensor.source,
                begin + first * tensor.strides[cut],
                block,
                tensor.strides[cut:],
                width,
            )


def _indices(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield every index, the last dimension first, without listing a long dimension."""
    if not sizes or max(sizes) <= _LISTED:
        yield from product(*map(range, sizes))
        return
    for first in range(sizes[0]):
        for rest in _indices(sizes[1:]):
            yield (first, *rest)


def _dot(index: Sequence[int], strides: Sequence[int]) -> int:
    return sum(i * s for i, s in zip(index, strides, strict=True))


def _gathered(
    source: Source, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], width: int
) -> bytearray:
    """Return the elements of one block in row-major order."""
    out = bytearray(prod(shape) * width)
    targets = row_major(shape, width)
    # Far apart in the file first, so that what is left lies close together and is read at once.
    order = sorted(range(len(shape)), key=lambda d: strides[d], reverse=True)
    cut = 0
    while cut < len(order) and _span(order[cut:], shape, strides, width) > BLOCK:
        cut += 1
    near = order[cut:]
    for outer in _indices([shape[d] for d in order[:cut]]):
        begin = offset + sum(i * strides[d] for i, d in zip(outer, order[:cut], strict=True))
        place = sum(i * targets[d] for i, d in zip(outer, order[:cut], strict=True))
        data = _read(source, begin, _span(near, shape, strides, width))
        _copy(out, place, data, near, shape, targets, strides, width)
    return out


def _span(dims: Sequence[int], shape: Sequence[int], strides: Sequence[int], width: int) -> int:
    """Return the bytes from the first to behind the last element over some dimensions."""
    return sum((shape[d] - 1) * strides[d] for d in dims) + width


def _copy(
    out: bytearray,
    place: int,
    data: bytes,
    dims: Sequence[int],
    shape: Sequence[int],
    targets: Sequence[int],
    strides: Sequence[int],
    width: int,
) -> None:
    """Copy elements from `data` to `out`, the longest dimension at once."""
    unit = _unit(width, [place, *(targets[d] for d in dims), *(strides[d] for d in dims)])
    to, source = memoryview(out).cast(_CASTS[unit]), _cast(data, unit)
    longest = max(dims, key=lambda d: shape[d], default=None)
    others = [d for d in dims if d != longest]
    length, step, back = 1, 1, 1
    if longest is not None:
        length, step, back = shape[longest], targets[longest] // unit, strides[longest] // unit
    parts = range(width // unit)  # an element of 16 bytes is copied as two of 8
    for index in _indices([shape[d] for d in others]):
        into = place // unit + sum(
            i * targets[d] // unit for i, d in zip(index, others, strict=True)
        )
        begin = sum(i * strides[d] // unit for i, d in zip(index, others, strict=True))
        for part in parts:
            stop = into + part + (length - 1) * step + 1
            to[into + part : stop : step] = _line(source, begin + part, length, back, unit)


def _unit(width: int, places: Sequence[int]) -> int:
    """Return the widest number of bytes that divides the width and every distance."""
    unit = min(width, 8)
    while any(place % unit for place in places):
        unit //= 2
    return unit


def _cast(data: bytes, unit: int) -> memoryview:
    whole = len(data) // unit * unit
    return memoryview(data)[:whole].cast(_CASTS[unit])


def _line(source: memoryview, begin: int, length: int, step: int, unit: int) -> memoryview:
    """Return `length` elements, each `step` behind the last; the same one again for 0."""
    if step:
        return source[begin : begin + (length - 1) * step + 1 : step]
    one = source[begin : begin + 1]
    return memoryview(one.tobytes() * length).cast(_CASTS[unit])
