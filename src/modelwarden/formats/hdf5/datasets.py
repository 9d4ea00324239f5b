"""Where the raw data of a dataset lies: in the file, in other files, or in other datasets."""

from __future__ import annotations

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.hdf5 import headers
from modelwarden.formats.hdf5.chunks import Filter, chunks_of, plain, unread, whole
from modelwarden.formats.hdf5.groups import LocalHeap
from modelwarden.formats.hdf5.layout import Hdf5, text_at
from modelwarden.formats.hdf5.values import (
    COMPOUND,
    ENUM,
    FLOAT,
    INTEGER,
    OPAQUE,
    STRING,
    VLEN,
    Datatype,
    heap_object,
)
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.payloads import CODED, HEAD, begins, of
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_FILES = 10_000
_TEXTS, _LEAST = 64, 16
_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = range(4)
# What a Python program may hide in raw bytes: pickles of the binary protocols, and archives.
_LOADED = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
_LOOKED_AT = frozenset((STRING, OPAQUE, INTEGER, FLOAT, COMPOUND, ENUM))


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset.

    Attributes:
        path: from the root.
        external: files in which its raw data lies. virtual: files whose datasets it is made of.
        region: offset and size of its bytes in this file, when they lie in one piece and are
            of a kind that could hold something to be loaded.
        texts: those of its first texts that have the form of a pickle in Base64.
        content: those bytes themselves, where they lie in chunks.
        objects: its elements are byte strings of any length, which are not looked into.
    """

    path: str
    external: tuple[str, ...] = ()
    virtual: tuple[str, ...] = ()
    region: tuple[int, int] | None = None
    objects: bool = False
    texts: tuple[bytes, ...] = ()
    content: bytes = b""


def external_files(file: Hdf5, cursor: Cursor) -> tuple[str, ...]:
    """Read an external file list message: the names in it.

    Raises:
        DamagedError: it is broken. LimitExceededError: it has too many names.
    """
    version = cursor.u8()
    if version != 1:
        raise DamagedError(f"an external file list of version {version}", cursor.at - 1)
    cursor.skip(3)
    _, used = cursor.unpack("<HH")
    if used > _FILES:
        raise LimitExceededError("external files of one dataset", _FILES)
    names = LocalHeap.open(file, file.address(cursor))
    found: list[str] = []
    for _ in range(used):
        found.append(names.text(file.length(cursor)))
        cursor.skip(2 * file.length_size)
    return tuple(found)


def placed(
    file: Hdf5, cursor: Cursor, kind: Datatype | None
) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Read a layout message: the region of data worth a look, and the sources of a virtual one.

    Raises:
        DamagedError: it is broken or of an unknown version.
    """
    version = cursor.u8()
    if version in {1, 2}:
        return _placed_old(file, cursor, kind), ()
    if version not in {3, 4, 5}:
        raise DamagedError(f"a layout of version {version}", cursor.at - 1)
    where = cursor.u8()
    if where == _VIRTUAL and version > 3:
        return None, _virtual(file, cursor)
    if where == _COMPACT:
        size = cursor.u16()
        return _worth(file, cursor.at - file.base, size, kind), ()
    if where == _CONTIGUOUS:
        address = file.offset(cursor)
        return (None if address is None else _worth(file, address, file.length(cursor), kind)), ()
    if where != _CHUNKED:
        raise DamagedError(f"a layout of class {where}", cursor.at - 1)
    return None, ()


def _placed_old(file: Hdf5, cursor: Cursor, kind: Datatype | None) -> tuple[int, int] | None:
    rank, where = cursor.u8(), cursor.u8()
    cursor.skip(5)
    if where == _CHUNKED:
        return None
    address = file.offset(cursor) if where == _CONTIGUOUS else None
    size = 1
    for _ in range(rank):
        size *= cursor.u32()
    if where == _COMPACT:
        size = cursor.u32()
        address = cursor.at - file.base
    if address is None:
        return None
    return _worth(file, address, size * (kind.size if kind else 1), kind)


def _worth(file: Hdf5, address: int, size: int, kind: Datatype | None) -> tuple[int, int] | None:
    if kind is None or kind.kind not in _LOOKED_AT:
        return None
    begin = file.base + address
    return (begin, size) if _loaded(file.source, begin, size, kind) else None


def _loaded(source: Source, begin: int, size: int, kind: Datatype) -> bool:
    """Tell whether bytes begin like something that a program loads."""
    head = source.read(begin, HEAD)
    raw = _is_raw(kind)
    if of(source, "", begin, size, head, raw=raw) is not None:
        return True
    if kind.kind == COMPOUND and head.startswith(
        _LOADED
    ):  # a number may be its first field, and begin so
        from modelwarden.formats.pickle.children import is_pickle

        return is_pickle(source.part(begin, size))
    if not raw:
        return False
    return head.startswith(_LOADED) or (kind.kind == STRING and CODED.match(head) is not None)


def _is_raw(kind: Datatype) -> bool:
    return kind.kind in {STRING, OPAQUE} or (kind.kind in {INTEGER, ENUM} and kind.size == 1)


def _may_load(head: bytes, kind: Datatype) -> bool:
    if begins(head, raw=_is_raw(kind)):
        return True
    if kind.kind == COMPOUND:
        return head.startswith(_LOADED)
    return _is_raw(kind) and (head.startswith(_LOADED) or CODED.match(head) is not None)


def chunked(
    file: Hdf5, layout: Cursor, kind: Datatype | None, filters: tuple[Filter, ...] | None
) -> tuple[bytes, str | None]:
    """Look into the chunks of a dataset.

    Args:
        file: that it stands in.
        layout: from its layout message on.
        kind: of its elements.
        filters: what was done to its chunks; None where that is kept elsewhere.

    Returns:
        What lies in them, where it begins like something to be loaded; and why that was not looked
        at, where it could be such a thing.

    Raises:
        DamagedError: the index of the chunks is broken.
    """
    if kind is None or not (kind.kind in _LOOKED_AT or kind.text) or not _is_chunked(layout):
        return b"", None
    begin, telling = layout.at, _is_raw(kind) or kind.kind == COMPOUND or kind.text
    why = unread(layout, filters)
    layout.at = begin
    if why is not None or filters is None or kind.kind == VLEN:
        return b"", why if telling else None
    chunks = chunks_of(file, layout, filtered=bool(filters))
    first = next(chunks, None)
    if first is None:
        return b"", None
    head = plain(file, first, filters, HEAD)[:HEAD]
    if not head:
        return b"", f"a chunk of {first.size:,} bytes cannot be unpacked" if telling else None
    if not _may_load(head, kind):
        return b"", None
    data = whole(file, first, chunks, filters)
    return (data if _loaded(Source("", data), 0, len(data), kind) else b""), None


def _is_chunked(layout: Cursor) -> bool:
    begin = layout.at
    layout.skip(1 if layout.u8() < 3 else 0)
    where = layout.u8()
    layout.at = begin
    return where == _CHUNKED


def coded_texts(
    file: Hdf5, layout: Cursor, kind: Datatype | None, filters: tuple[Filter, ...] | None
) -> tuple[bytes, ...]:
    """Return the texts of a dataset that may be pickles in Base64, of the first of its elements.

    The bytes of texts lie in a heap, unfiltered; what lies in chunks says where.
    """
    if kind is None or kind.kind != VLEN or not kind.text:
        return ()
    elements = _elements(file, layout, filters)
    if elements is None:
        return ()
    found: list[bytes] = []
    for _ in range(_TEXTS):
        if elements.left < kind.size:
            break
        length, heap = elements.u32(), file.offset(elements)
        index = elements.u32()
        text = heap_object(file, heap, index)[:length] if heap and length >= _LEAST else b""
        if CODED.match(text[:32]):
            found.append(text)
    return tuple(found)


def _elements(file: Hdf5, layout: Cursor, filters: tuple[Filter, ...] | None) -> Cursor | None:
    """Return the first elements of a dataset; None where they are not here or not read."""
    begin = layout.at
    version = layout.u8()
    where = layout.u8() if version > 2 else None
    if where == _COMPACT:
        size = layout.u16()
        return Cursor(file.source, layout.at, layout.at + size)
    if where == _CONTIGUOUS and (address := file.offset(layout)) is not None:
        at = file.base + address
        return Cursor(file.source, at, at + file.length(layout))
    layout.at = begin
    if not _is_chunked(layout) or filters is None or unread(layout, filters) is not None:
        return None
    layout.at = begin
    first = next(chunks_of(file, layout, filtered=bool(filters)), None)
    return None if first is None else Cursor(Source("", plain(file, first, filters)))


def _virtual(file: Hdf5, cursor: Cursor) -> tuple[str, ...]:
    address = file.offset(cursor)
    if address is None:
        return ()
    data = heap_object(file, address, cursor.u32())
    block = Cursor(Source(file.source.name, data))
    version = block.u8()
    count = file.length(block)
    if not count:
        return ()
    if version == 1:
        return ("?",)
    # The selections between the names are long to skip; what a sceptic needs is one name.
    first = text_at(block)
    return (first,) if count == 1 else (first, f"and {count - 1} more")


def is_objects(kind: Datatype | None) -> bool:
    """Tell whether elements are byte strings of any length that are not text."""
    return kind is not None and kind.kind == VLEN and not kind.text and kind.base in {0, 5}


def datatype_message(message: headers.Message) -> bool:
    """Tell whether this is a datatype that stands in the header itself."""
    return message.kind == headers.DATATYPE and not message.flags & headers.SHARED
