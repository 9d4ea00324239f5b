"""The superblock, and how addresses and lengths are written in one HDF5 file.

Source: The HDF Group, "HDF5 File Format Specification", version 3.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LONGEST_NAME = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5:
    """One open file.

    Attributes:
        base: offset of the superblock, from which addresses count; what is before it is the
            user block.
        offset_size: bytes of an address. length_size: bytes of a length.
        version: of the superblock.
        root: address of the root group's object header.
        end: address behind the last byte that the file says it has.
        extension: address of the superblock extension, or None.
        driver: the file says that a driver other than the ordinary one wrote it.
    """

    source: Source
    limits: Limits
    base: int
    offset_size: int
    length_size: int
    version: int
    root: int
    end: int
    extension: int | None = None
    driver: bool = False

    def at(self, address: int, size: int | None = None) -> Cursor:
        """Return a cursor on `address`, bounded to `size` bytes when given.

        Raises:
            DamagedError: the address is outside of the file.
        """
        start = self.base + address
        if not self.base <= start < self.source.size:
            raise DamagedError(f"an address outside of the file: {address}", self.base)
        return Cursor(self.source, start, None if size is None else start + size)

    def offset(self, cursor: Cursor) -> int | None:
        """Return the next address; None when it is the undefined one."""
        return _number(cursor, self.offset_size)

    def address(self, cursor: Cursor) -> int:
        """Return the next address, which must be defined.

        Raises:
            DamagedError: it is the undefined one.
        """
        value = self.offset(cursor)
        if value is None:
            raise DamagedError("an undefined address", cursor.at)
        return value

    def length(self, cursor: Cursor) -> int:
        """Return the next length."""
        return int.from_bytes(cursor.take(self.length_size), "little")

    def signed(self, address: int, signature: bytes) -> Cursor:
        """Return a cursor behind the four bytes that must stand at `address`.

        Raises:
            DamagedError: other bytes stand there.
        """
        cursor = self.at(address)
        if cursor.take(len(signature)) != signature:
            raise DamagedError(f"no {signature.decode()} where one must be", self.base + address)
        return cursor


def _number(cursor: Cursor, size: int) -> int | None:
    raw = cursor.take(size)
    return None if raw == b"\xff" * size else int.from_bytes(raw, "little")


def text_at(cursor: Cursor) -> str:
    """Return the text up to the next zero byte.

    Raises:
        DamagedError: it is longer than any name can be.
    """
    begin = cursor.at
    data = cursor.take(min(cursor.left, _LONGEST_NAME))
    found, zero, _ = data.partition(b"\x00")
    if not zero:
        raise DamagedError("a name that does not end", begin)
    cursor.at = begin + len(found) + 1
    return found.decode(errors="replace")


def open_file(source: Source, limits: Limits, base: int) -> Hdf5:
    """Read the superblock at `base`.

    Raises:
        DamagedError: it is cut, of an unknown version, or has impossible sizes.
    """
    cursor = Cursor(source, base + len(SIGNATURE))
    version = cursor.u8()
    if version in {0, 1}:
        cursor.skip(4)
        sizes = cursor.u8(), cursor.u8()
        cursor.skip(1 + 4 + 4 + (4 if version else 0))
    elif version in {2, 3}:
        sizes = cursor.u8(), cursor.u8()
        cursor.skip(1)
    else:
        raise DamagedError(f"a superblock of version {version}", base)
    if not set(sizes) <= {2, 4, 8, 16}:
        raise DamagedError(f"addresses of {sizes[0]} and lengths of {sizes[1]} bytes", base)
    numbers = [_number(cursor, sizes[0]) for _ in range(4)]
    driver = False
    if version < 2:
        driver, extension = numbers[3] is not None, None
        cursor.skip(sizes[0])
        root = _number(cursor, sizes[0])
    else:
        extension, root = numbers[1], numbers[3]
    if root is None or numbers[2] is None:
        raise DamagedError("a superblock without a root group", base)
    return Hdf5(
        source=source,
        limits=limits,
        base=base,
        offset_size=sizes[0],
        length_size=sizes[1],
        version=version,
        root=root,
        # The file's own end is absolute, and moves with the superblock.
        end=numbers[2] - (numbers[0] or 0),
        extension=extension,
        driver=driver,
    )
