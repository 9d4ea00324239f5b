"""Compound files of Microsoft (OLE): old office documents and installers, by what they hold.

Source: [MS-CFB], sections 2.2 (header), 2.3 (sectors of the allocation table) and 2.6 (directory).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from modelwarden.core import Gap, GapKind
from modelwarden.formats.archive import ArchiveView, Entry, printable
from modelwarden.formats.view import gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LAST: Final = 0xFFFFFFFA  # numbers above it are marks, and no sectors
_ENTRY: Final = 128
_ENTRIES: Final = 10_000
_IN_HEADER: Final = 109
_KINDS: Final = {1: "folder", 2: "file", 5: "folder"}
_INSTALLER: Final = bytes.fromhex("84100c0000000000c000000000000046")


class _Named(NamedTuple):
    """One entry of the directory."""

    name: str
    kind: int
    size: int
    owner: bytes


class _Layout(NamedTuple):
    """How a file is cut into sectors."""

    size: int
    first: int
    table: tuple[int, ...]


def read(source: Source, limits: Limits) -> ArchiveView:
    """List the storages and streams; what they hold is not looked at."""
    gaps: list[Gap] = []
    entries: list[Entry] = []
    layout = _layout(source)
    if layout is None:
        gaps.append(gap(source, "a compound file whose header breaks off", GapKind.UNREADABLE))
    else:
        for one in _directory(source, layout):
            limits.spend(operations=1)
            if len(entries) >= _ENTRIES:
                why = f"more than {_ENTRIES} entries of a compound file"
                gaps.append(gap(source, why, GapKind.OVER_LIMIT))
                break
            if one.kind in _KINDS:
                kind = _KINDS[one.kind]
                entries.append(Entry(printable(one.name), one.size, one.size, kind=kind))
        if not entries:
            gaps.append(gap(source, "a compound file without a directory", GapKind.UNREADABLE))
    return ArchiveView(
        source=source, format="compound-document", gaps=tuple(gaps), entries=tuple(entries)
    )


def is_installer(source: Source) -> bool:
    """Tell whether the root belongs to the installer of Windows (`.msi`)."""
    layout = _layout(source)
    root = next(_directory(source, layout), None) if layout is not None else None
    return root is not None and root.owner == _INSTALLER


def _layout(source: Source) -> _Layout | None:
    head = source.read(0, 512)
    if len(head) < 512 or not head.startswith(MAGIC):
        return None
    shift = int.from_bytes(head[30:32], "little")
    if shift not in (9, 12):
        return None
    table = struct.unpack_from(f"<{_IN_HEADER}I", head, 76)
    return _Layout(1 << shift, int.from_bytes(head[48:52], "little"), table)


def _directory(source: Source, layout: _Layout) -> Iterator[_Named]:
    """Yield the entries of the directory, sector by sector; a chain that goes round ends."""
    sector, seen = layout.first, set[int]()
    while sector < _LAST and sector not in seen:
        seen.add(sector)
        data = source.read((sector + 1) * layout.size, layout.size)
        for at in range(0, len(data) - _ENTRY + 1, _ENTRY):
            length = min(int.from_bytes(data[at + 64 : at + 66], "little"), 64)
            name = data[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
            size = int.from_bytes(data[at + 120 : at + 124], "little")
            yield _Named(name, data[at + 66], size, data[at + 80 : at + 96])
        sector = _next(source, layout, sector)


def _next(source: Source, layout: _Layout, sector: int) -> int:
    """Return the sector that follows, by the part of the allocation table that the header names."""
    block, place = divmod(sector, layout.size // 4)
    if block >= len(layout.table) or layout.table[block] >= _LAST:
        return _LAST
    at = (layout.table[block] + 1) * layout.size + 4 * place
    data = source.read(at, 4)
    return int.from_bytes(data, "little") if len(data) == 4 else _LAST
