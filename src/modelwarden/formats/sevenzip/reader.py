"""Reader of 7z archives."""

from __future__ import annotations

import zlib
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import (
    Anomaly,
    ArchiveView,
    Entry,
    Oddity,
    bounded,
    escape,
    link_escape,
    printable,
)
from modelwarden.formats.codecs import MissingCodecError
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.sevenzip.decode import UnsupportedCoderError, unpacked
from modelwarden.formats.sevenzip.header import Folder, Header, Item, parse
from modelwarden.formats.source import Source
from modelwarden.formats.streams import Expanding
from modelwarden.formats.view import Child, DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Gap, Json
    from modelwarden.formats.limits import Limits

MAGIC = b"7z\xbc\xaf\x27\x1c"
START = 32
_HEADERS = 4
_TARGET = 4096
_LINK, _TYPE, _UNIX, _FOLDER = 0o120000, 0o170000, 0x8000, 0x10


def sniff(source: Source) -> bool:
    """Tell whether these bytes begin as a 7z archive does."""
    return source.head.startswith(MAGIC)


def read(source: Source, limits: Limits) -> ArchiveView:
    """Read the header and offer the members; what cannot be decoded is a gap."""
    archive = _Archive(source, limits)
    try:
        archive.take(archive.header())
    except LimitExceededError as over:
        archive.gaps.append(gap(source, str(over), GapKind.OVER_LIMIT))
    except UnsupportedCoderError as error:
        archive.gaps.append(gap(source, f"its header is {error.why}", GapKind.UNSUPPORTED))
    except DamagedError as damage:
        archive.gaps.append(gap(source, damage.why, at=damage.offset))
    return ArchiveView(
        source=source,
        format="7z",
        gaps=tuple(archive.gaps),
        children=tuple(archive.children),
        entries=tuple(archive.entries),
        anomalies=bounded(archive.anomalies),
    )


@dataclass(slots=True)
class _Archive:
    """One archive while it is read."""

    source: Source
    limits: Limits
    entries: list[Entry] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    anomalies: list[Anomaly] = field(default_factory=list)

    def header(self) -> Header:
        """Return the header that lists the members, unpacking those around it."""
        cursor = Cursor(self.source, 8)
        (check,) = cursor.unpack("<I")
        start = cursor.take(20)
        offset, size, digest = Cursor(Source("", start)).unpack("<QQI")
        if zlib.crc32(start) != check:
            self.gaps.append(gap(self.source, "its first record does not match its checksum", at=8))
        if not size:
            return Header()
        at = START + offset
        if size > self.limits.memory:
            raise LimitExceededError("bytes of a 7z header", self.limits.memory)
        if at + size > self.source.size:
            raise DamagedError("the header is cut off", min(at, self.source.size))
        self._behind(at + size)
        data = self.source.read(at, size)
        if zlib.crc32(data) != digest:
            self.gaps.append(gap(self.source, "its header does not match its checksum", at=at))
        for _ in range(_HEADERS):
            header = parse(Cursor(Source("", data)), START)
            if not header.encoded:
                return header
            data = self._unpacked_header(header)
        raise DamagedError("headers in headers in headers", at)

    def _unpacked_header(self, header: Header) -> bytes:
        if len(header.folders) != 1 or header.folders[0].size > self.limits.memory:
            raise DamagedError("a packed header of more than one folder, or too large")
        folder = header.folders[0]
        store = Expanding(unpacked(self.source, folder, self.limits))
        store.fill(folder.size)
        if store.ready < folder.size:
            raise store.damage or DamagedError("the packed header is shorter than it says")
        return store.read_at(0, folder.size)

    def take(self, header: Header) -> None:
        """Offer the members of a header as children."""
        packed = self._places(header)
        names: set[str] = set()
        for item in header.items:
            self.limits.spend(members=1)
            name = printable(item.name, 4096)
            mode = item.attributes >> 16 if item.attributes & _UNIX else 0
            link = mode & _TYPE == _LINK
            folder = bool(item.empty and item.attributes & _FOLDER)
            kind = "folder" if folder else "symlink" if link else "file"
            place = None if item.empty else next(packed, None)
            if not item.empty and place is None:
                raise DamagedError("more members than the packed streams hold")
            child = None if place is None else self._child(name, *place)
            size = place[2] if place else 0
            self.entries.append(Entry(name, size, size, kind=kind, method="7z"))
            self.anomalies += self._odd(item, name, child if link else None)
            if kind == "file" and name in names:
                text = f"{printable(name, 120)} is in the archive more than once"
                self.anomalies.append(Anomaly(Oddity.DUPLICATE, text, name))
            names.add(name)
            if child is not None:
                self.children.append(child)
        for folder_left, offset, size in packed:
            name = f"(stream {len(self.children)})"
            self.children.append(self._child(name, folder_left, offset, size))
            text = f"{size} packed bytes belong to no member"
            self.anomalies.append(Anomaly(Oddity.APPENDED, text, name, facts={"size": size}))

    def _places(self, header: Header) -> Iterator[tuple[_Packed, int, int]]:
        """Yield folder, offset and size for each stream that a member may be."""
        for folder in header.folders:
            packed = _Packed(self.source, self.limits, folder)
            why = packed.refused()
            if why is not None:
                self.gaps.append(gap(self.source, why, GapKind.UNSUPPORTED, folder.packed[0]))
            self._bomb(folder)
            offset = 0
            for size in folder.streams:
                yield packed, offset, size
                offset += size

    def _child(self, name: str, packed: _Packed, offset: int, size: int) -> Child:
        return Child(name, partial(packed.open, name, offset, size))

    def _bomb(self, folder: Folder) -> None:
        try:
            self.limits.check_ratio(folder.packed[1], folder.size)
        except LimitExceededError:
            facts: dict[str, Json] = {"packed": folder.packed[1], "expanded": folder.size}
            text = f"{folder.packed[1]} bytes expand to {folder.size}"
            self.anomalies.append(Anomaly(Oddity.BOMB, text, at=folder.packed[0], facts=facts))

    def _odd(self, item: Item, name: str, link: Child | None) -> Iterator[Anomaly]:
        shown = printable(name, 120)
        facts: dict[str, Json] = {"member": name}
        if reason := escape(item.name):
            yield Anomaly(Oddity.ESCAPE, f"{shown} {reason}", name, facts=facts)
        if link is None:
            return
        try:
            target = link.open().read(0, _TARGET).decode("utf-8", "backslashreplace")
        except (DamagedError, LimitExceededError):
            return
        if reason := link_escape(item.name, target):
            facts = {**facts, "target": printable(target)}
            text = f"the link {shown} points to a path that {reason}"
            yield Anomaly(Oddity.ESCAPE, text, name, facts=facts)

    def _behind(self, end: int) -> None:
        size = self.source.size - end
        if size <= 0 or not self.source.read(end, 1 << 20).strip(b"\0"):
            return
        name = f"(bytes from {end})"
        self.children.append(Child(name, partial(self.source.part, end, size, name)))
        facts: dict[str, Json] = {"size": size, "begins": self.source.read(end, 16).hex()}
        text = f"{size} bytes stand behind the end of the archive"
        self.anomalies.append(Anomaly(Oddity.APPENDED, text, at=end, facts=facts))


class _Packed:
    """A folder with the store that its members share, made when the first is opened."""

    __slots__ = ("_folder", "_limits", "_source", "_store")

    def __init__(self, source: Source, limits: Limits, folder: Folder) -> None:
        self._source = source
        self._limits = limits
        self._folder = folder
        self._store: Expanding | None = None

    def refused(self) -> str | None:
        """Tell why the folder cannot be decoded; None when it can be tried."""
        try:
            unpacked(self._source, self._folder, self._limits)
        except (UnsupportedCoderError, MissingCodecError) as error:
            return error.why
        except DamagedError:
            return None
        return None

    def open(self, name: str, offset: int, size: int) -> Source:
        """Return one member; a folder of one member gives its store away, to be closed early.

        Raises:
            DamagedError: the folder cannot be decoded.
            LimitExceededError: it claims to expand beyond the limits.
        """
        folder = self._folder
        self._limits.check_ratio(folder.packed[1], folder.size)
        alone = len(folder.streams) == 1
        store = self._store
        if store is None or alone:
            store = Expanding(unpacked(self._source, folder, self._limits))
            self._store = None if alone else store
        ready = store.fill(offset + min(size, 1))
        if ready < offset + min(size, 1) and store.damage is not None:
            raise store.damage
        return Source(
            self._source.name,
            store,
            size=size,
            member=self._source.inside(name),
            depth=self._source.depth + 1,
            origin=offset,
            owns=alone,
        )
