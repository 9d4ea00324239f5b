"""Datasets of numbers in HDF5 files, as Keras keeps its weights.

Source: The HDF Group, "HDF5 File Format Specification", version 3.0, sections IV.A.2.b to IV.A.2.i.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from modelwarden.convert.dtypes import from_numpy
from modelwarden.convert.errors import ConvertError
from modelwarden.convert.tensor import WIDTHS, Tensor, row_major
from modelwarden.convert.values import UnprovenError
from modelwarden.formats.hdf5 import headers
from modelwarden.formats.hdf5.groups import LinkKind
from modelwarden.formats.hdf5.layout import Hdf5, open_file
from modelwarden.formats.hdf5.walk import Walk
from modelwarden.formats.identified.hdf5 import superblock

if TYPE_CHECKING:
    from modelwarden.convert.contents import Contents
    from modelwarden.formats.cursor import Cursor
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_FIXED, _FLOAT = 0, 1
_COMPACT, _CONTIGUOUS, _CHUNKED = 0, 1, 2
_RANK = 32
# Bit positions of sign, exponent (place, size), mantissa (place, size) and the bias, by size.
_IEEE = {2: (15, 10, 5, 0, 10, 15), 4: (31, 23, 8, 0, 23, 127), 8: (63, 52, 11, 0, 52, 1023)}


def collect(source: Source, limits: Limits, contents: Contents, prefix: str = "") -> None:
    """Add every dataset of numbers to `contents`.

    Raises:
        ConvertError: the file cannot be walked to its end.
        DamagedError: it is damaged.
    """
    base = superblock(source)
    if base is None:
        raise ConvertError(f"{source.label} is no HDF5 file")
    walk = _Numbers(open_file(source, limits, base), contents, prefix)
    walk.run()
    if walk.gaps:
        raise ConvertError(f"{walk.gaps[0].what}: {walk.gaps[0].why}")
    for link in walk.links:
        if link.kind is not LinkKind.HARD:
            contents.lose(link.path.strip("/"), f"{link.kind} link")
    for attribute in walk.attributes:
        if attribute.values:
            contents.lose(f"{attribute.owner}@{attribute.name}".strip("/"), "attribute")


class _Numbers(Walk):
    """A walk that also places the numbers of each dataset."""

    def __init__(self, file: Hdf5, contents: Contents, prefix: str) -> None:
        super().__init__(file)
        self.contents = contents
        self.prefix = prefix

    def _object(self, path: str, address: int) -> None:
        super()._object(path, address)
        found = {
            message.kind: message
            for message in headers.messages(self.file, address)
            if message.kind in {headers.DATASPACE, headers.DATATYPE, headers.LAYOUT}
            or message.kind in {headers.FILTERS, headers.EXTERNAL}
        }
        if headers.LAYOUT not in found:
            return
        name = self.prefix + path.strip("/")
        if len(path) >= 1000:
            self.contents.refuse(name, "its name is cut at 1,000 characters")
            return
        try:
            self.contents.add(self._placed(name, found))
        except UnprovenError as error:
            self.contents.refuse(name, str(error))

    def _placed(self, name: str, found: dict[int, headers.Message]) -> Tensor:
        if headers.EXTERNAL in found:
            raise UnprovenError("its numbers stand in another file")
        if {headers.DATASPACE, headers.DATATYPE} - found.keys():
            raise UnprovenError("it has no shape or no type")
        if any(message.flags & headers.SHARED for message in found.values()):
            raise UnprovenError("its shape or type is kept elsewhere")
        shape = _shape(self.file, headers.body(self.file, found[headers.DATASPACE]))
        dtype, swapped = _type(headers.body(self.file, found[headers.DATATYPE]))
        size = prod(shape) * WIDTHS[dtype][0]
        offset = _place(self.file, headers.body(self.file, found[headers.LAYOUT]), size)
        if offset is None:
            filtered = " and compressed" if headers.FILTERS in found else ""
            raise UnprovenError(
                f"it is stored in chunks{filtered}; `h5repack -l CONTI` undoes that"
            )
        return Tensor(
            name=name,
            dtype=dtype,
            shape=shape,
            source=self.file.source,
            offset=offset,
            strides=row_major(shape, WIDTHS[dtype][0]),
            swapped=swapped,
        )


def _shape(file: Hdf5, cursor: Cursor) -> tuple[int, ...]:
    version, rank, _ = cursor.unpack("<BBB")
    if version not in {1, 2} or rank > _RANK:
        raise UnprovenError(f"a dataspace of version {version} and rank {rank}")
    if version == 1:
        cursor.skip(5)
    elif cursor.u8() == 2:
        return (0,)
    return tuple(file.length(cursor) for _ in range(rank))


def _type(cursor: Cursor) -> tuple[str, bool]:
    """Return the type of elements and whether they are big-endian."""
    first, bits, size = cursor.u8(), cursor.take(3), cursor.u32()
    order = ">" if bits[0] & 1 else "<"
    offset, precision = cursor.unpack("<HH") if first & 15 in {_FIXED, _FLOAT} else (0, 0)
    code = None
    if offset == 0 and precision == size * 8:
        if first & 15 == _FIXED:
            code = f"{'i' if bits[0] & 8 else 'u'}{size}"
        elif first & 15 == _FLOAT and not bits[0] & 0x40:
            place, width, low, mantissa = cursor.unpack("<BBBB")
            bias = cursor.u32()
            if _IEEE.get(size) == (bits[1], place, width, low, mantissa, bias):
                code = f"f{size}"
    found = from_numpy(code, order) if code else None
    if found is None:
        raise UnprovenError(f"its elements are of class {first & 15} and {size} bytes")
    return found


def _place(file: Hdf5, cursor: Cursor, size: int) -> int | None:
    """Return the offset of the numbers in the file; None when they are in chunks."""
    version = cursor.u8()
    if version in {1, 2}:
        rank, where = cursor.u8(), cursor.u8()
        cursor.skip(5)
        address = None if where == _COMPACT else file.offset(cursor)
        for _ in range(rank):
            cursor.u32()
        length = cursor.u32() if where == _COMPACT else size
    elif version in {3, 4}:
        where = cursor.u8()
        if where not in {_COMPACT, _CONTIGUOUS}:
            return None
        address = None if where == _COMPACT else file.offset(cursor)
        length = cursor.u16() if where == _COMPACT else file.length(cursor)
    else:
        raise UnprovenError(f"a layout of version {version}")
    if where not in {_COMPACT, _CONTIGUOUS}:
        return None
    if length != size:
        raise UnprovenError(f"{length} bytes are there, {size} by its shape")
    if where == _COMPACT:
        return cursor.at
    if address is None:
        if size:
            raise UnprovenError("it was never written, so that it holds only its fill value")
        return 0
    return file.base + address
