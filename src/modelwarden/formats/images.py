"""Images, walked to their end: what stands behind it is another file, examined as such.

Only the structure is read, never the pixels.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.core import Gap
from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.view import Child, DamagedError, View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_PIECE = 1 << 16
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a length
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_TEXT = 1 << 20
_TELLING = re.compile(
    rb"__import__|\b(?:eval|exec|compile|system|popen|Popen|subprocess)\b|__\w+__|gA[I-X][\w+/]{13}"
    rb"|\b(?:curl|wget|bash|powershell)\b|\"(?:H4sI|eJ[w-z])|py/"
)
_PADDING = b"\x00\r\n \xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(View):
    """An image.

    Attributes:
        end: offset behind the image's last byte; None when it could not be told.
        trailing: bytes behind it, padding left out.
    """

    end: int | None
    trailing: int


def sniff(source: Source) -> bool:
    """Tell whether the first bytes are those of an image."""
    return _kind(source.head) is not None


def read(source: Source, limits: Limits) -> Image:
    """Walk the image to its end; damage is a gap, what follows the end is a child."""
    kind, walk = _kind(source.head) or ("image", _whole)
    gaps: list[Gap] = []
    end: int | None = None
    try:
        end = min(walk(source, limits), source.size)
    except DamagedError as damage:
        gaps.append(gap(source, damage.why, at=damage.offset))
    children: tuple[Child, ...] = ()
    if kind == "png" and (texts := _texts(source, end, limits)):
        children = (Child("texts", lambda: source.nested(texts, "texts", expect="config")),)
    trailing = 0
    if end is not None and not _padding(source, end, limits):
        trailing = source.size - end
        name = f"bytes {end}-{source.size}"
        children = (*children, Child(name, lambda: source.part(end, trailing, name)))
    return Image(
        source=source,
        format=kind,
        gaps=tuple(gaps),
        children=children,
        end=end,
        trailing=trailing,
    )


def _texts(source: Source, end: int | None, limits: Limits) -> bytes:
    """Return the texts of a PNG as JSON, when some word in them tells of code; else nothing.

    Programs that make pictures keep how they were made there, and read it again.
    """
    head, tail = source.head, source.tail
    if not any(kind in head or kind in tail for kind in (b"tEXt", b"iTXt", b"zTXt")):
        return b""
    texts: dict[str, object] = {}
    cursor = Cursor(source, 8)
    while end is not None and cursor.at + 12 <= end:
        limits.spend(operations=1)
        size, kind = int.from_bytes(cursor.take(4), "big"), cursor.take(4)
        if kind in (b"tEXt", b"iTXt", b"zTXt") and size <= _TEXT:
            key, value = _text(kind, cursor.take(size))
            texts.setdefault(key, _parsed(value))
        else:
            cursor.skip(size)
        cursor.skip(4)
    data = json.dumps(texts).encode()
    return data if _TELLING.search(data) else b""


def _text(kind: bytes, data: bytes) -> tuple[str, str]:
    """Split a text chunk into its key and its value."""
    key, _, value = data.partition(b"\0")
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = value[:1] == b"\1"
        value = value[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif packed:
        value = value[1:]
    if packed:
        try:
            value = zlib.decompressobj().decompress(value, _TEXT)
        except zlib.error:
            value = b""
    return key.decode("latin-1"), value.decode("utf-8", "replace")


def _parsed(value: str) -> object:
    if value[:1] not in "{[":
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _padding(source: Source, at: int, limits: Limits) -> bool:
    while at < source.size:
        limits.check_time()
        if source.read(at, _PIECE).strip(_PADDING):
            return False
        at += _PIECE
    return True


def _kind(head: bytes) -> tuple[str, Callable[[Source, Limits], int]] | None:
    for name, magic, walk in _IMAGES:
        if head.startswith(magic):
            return name, walk
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp", _riff
    if head[:2] == b"BM" and head[6:10] == bytes(4) and head[15:18] == bytes(3):
        return "bmp", _bmp
    return None


def _whole(source: Source, limits: Limits) -> int:
    """Take the file as a whole: its format does not say where it ends."""
    limits.check_time()
    return source.size


def _png(source: Source, limits: Limits) -> int:
    cursor = Cursor(source, 8)
    while True:
        limits.spend(operations=1)
        size = int.from_bytes(cursor.take(4), "big")
        kind = cursor.take(4)
        cursor.skip(size)
        cursor.skip(4)
        if kind == b"IEND":
            return cursor.at


def _jpeg(source: Source, limits: Limits) -> int:
    cursor = Cursor(source, 2)
    while True:
        limits.spend(operations=1)
        if cursor.u8() != 0xFF:
            raise DamagedError("a JPEG marker is missing", cursor.at - 1)
        while (marker := cursor.u8()) == 0xFF:
            pass
        if marker == 0xD9:
            return cursor.at
        if marker in _ALONE:
            continue
        size = int.from_bytes(cursor.take(2), "big")
        cursor.skip(size - 2)
        if marker == 0xDA:
            cursor.at = _behind_scan(source, cursor.at, limits)


def _behind_scan(source: Source, at: int, limits: Limits) -> int:
    """Return where the next marker stands behind entropy-coded data."""
    while len(piece := source.read(at, _PIECE)) > 1:
        limits.check_time()
        if found := _MARKER.search(piece):
            return at + found.start()
        at += len(piece) - 1
    raise DamagedError("the JPEG has no end", at)


def _gif(source: Source, limits: Limits) -> int:
    cursor = Cursor(source, 10)
    flags = cursor.u8()
    cursor.skip(2)
    _colours(cursor, flags)
    return _gif_blocks(cursor, limits)


def _colours(cursor: Cursor, flags: int) -> None:
    """Step over the colour table that the flags announce."""
    if flags & 0x80:
        cursor.skip(3 << ((flags & 7) + 1))


def _gif_blocks(cursor: Cursor, limits: Limits) -> int:
    while True:
        limits.spend(operations=1)
        kind = cursor.u8()
        if kind == 0x3B:
            return cursor.at
        if kind == 0x2C:
            cursor.skip(8)
            _colours(cursor, cursor.u8())
        elif kind != 0x21:
            raise DamagedError("an unknown GIF block", cursor.at - 1)
        cursor.skip(1)
        while size := cursor.u8():
            limits.spend(operations=1)
            cursor.skip(size)


def _bmp(source: Source, limits: Limits) -> int:
    limits.check_time()
    size = int.from_bytes(source.head[2:6], "little")
    return size if size >= 26 else source.size


def _riff(source: Source, limits: Limits) -> int:
    limits.check_time()
    size = int.from_bytes(source.head[4:8], "little")
    return 8 + size + (size & 1)


_IMAGES: tuple[tuple[str, bytes, Callable[[Source, Limits], int]], ...] = (
    ("png", b"\x89PNG\r\n\x1a\n", _png),
    ("jpeg", b"\xff\xd8\xff", _jpeg),
    ("gif", b"GIF87a", _gif),
    ("gif", b"GIF89a", _gif),
    ("tiff", b"II*\x00", _whole),
    ("tiff", b"MM\x00*", _whole),
)
