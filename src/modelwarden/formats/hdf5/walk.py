"""From the root group to every object of a file, each once, without recursion."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.formats.hdf5 import headers
from modelwarden.formats.hdf5.chunks import Filter, filters_of
from modelwarden.formats.hdf5.datasets import (
    Dataset,
    chunked,
    coded_texts,
    external_files,
    is_objects,
    placed,
)
from modelwarden.formats.hdf5.dense import dense
from modelwarden.formats.hdf5.groups import Link, LinkKind, link, symbol_table
from modelwarden.formats.hdf5.layout import Hdf5
from modelwarden.formats.hdf5.values import (
    Attribute,
    Attributes,
    Datatype,
    datatype,
    shared_datatype,
)
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError, gap

if TYPE_CHECKING:
    from modelwarden.formats.cursor import Cursor

_GAPS = 50
_HELD = 32 << 20


class Walk:
    """One walk over a file; what it found stands in its lists.

    Attributes:
        links, attributes, datasets: in the order in which they were met.
        gaps: what could not be read, each with its reason.
        held: bytes of chunks that are kept; `full` once no more are.
    """

    def __init__(self, file: Hdf5) -> None:
        """Start at the root."""
        self.file = file
        self.links: list[Link] = []
        self.attributes: list[Attribute] = []
        self.datasets: list[Dataset] = []
        self.gaps: list[Gap] = []
        self.reader = Attributes(file)
        self._queue: deque[tuple[str, int]] = deque([("/", file.root)])
        self._seen = {file.root}
        self.held, self.full = 0, False

    def run(self) -> None:
        """Visit every object; a bound ends the walk with a gap."""
        try:
            if self.file.extension is not None:
                self._guard("superblock extension", self._extension)
            while self._queue:
                path, address = self._queue.popleft()
                self.file.limits.spend(operations=1)
                self._guard(path, lambda p=path, a=address: self._object(p, a))  # type: ignore[misc]
        except LimitExceededError as over:
            self.note(str(over), GapKind.OVER_LIMIT)
        for name, why in self.reader.unread:
            self.note(f"{name}: {why}", GapKind.UNSUPPORTED)

    def note(self, why: str, kind: GapKind = GapKind.UNREADABLE, at: int | None = None) -> None:
        """Add a gap; after the first fifty one more stands for the rest."""
        if len(self.gaps) < _GAPS:
            self.gaps.append(gap(self.file.source, why, kind, at))
        elif len(self.gaps) == _GAPS:
            self.gaps.append(gap(self.file.source, "more of the same", kind))

    def _guard(self, path: str, work: Callable[[], None]) -> None:
        try:
            work()
        except DamagedError as damage:
            self.note(f"{path[:200]}: {damage.why}", at=damage.offset)

    def _extension(self) -> None:
        for message in headers.messages(self.file, self.file.extension or 0):
            if message.kind == headers.SHARED_TABLE:
                self.note("messages are kept in a shared table", GapKind.UNSUPPORTED)

    def _object(self, path: str, address: int) -> None:
        """Take in one object: its links if it is a group, its layout if it is a dataset."""
        kind: Datatype | None = None
        layout: Cursor | None = None
        external: tuple[str, ...] = ()
        filters: tuple[Filter, ...] | None = ()
        for message in headers.messages(self.file, address):
            where = headers.body(self.file, message)
            if message.kind == headers.DATATYPE:
                read = shared_datatype if message.flags & headers.SHARED else datatype
                kind = read(self.file, where)
            elif message.kind == headers.LAYOUT:
                layout = where
            elif message.kind == headers.FILTERS:
                filters = None if message.flags & headers.SHARED else filters_of(where)
            elif message.kind == headers.EXTERNAL:
                external = external_files(self.file, where)
            elif message.kind in _MEMBERS:
                # One broken attribute or link must not hide the others.
                self._guard(path, lambda m=message, w=where: self._member(path, m, w))  # type: ignore[misc]
        if layout is not None:
            self._dataset(path, layout, kind, filters, external)

    def _dataset(
        self,
        path: str,
        layout: Cursor,
        kind: Datatype | None,
        filters: tuple[Filter, ...] | None,
        external: tuple[str, ...],
    ) -> None:
        begin = layout.at
        region, virtual = placed(self.file, layout, kind)
        texts: list[bytes] = []
        layout.at = begin
        self._guard(path, lambda: texts.extend(coded_texts(self.file, layout, kind, filters)))
        layout.at = begin
        seen: list[tuple[bytes, str | None]] = [(b"", None)]
        if self.held < _HELD:
            self._guard(path, lambda: seen.append(chunked(self.file, layout, kind, filters)))
        elif not self.full:
            self.full = True
            self.note(f"more than {_HELD} bytes of what chunks hold", GapKind.OVER_LIMIT)
        content, unread = seen[-1]
        self.held += len(content)
        if unread is not None:
            self.note(f"{path[:200]} was not looked into: {unread}", GapKind.UNSUPPORTED)
        self.datasets.append(
            Dataset(
                path,
                external,
                virtual,
                None if external else region,
                is_objects(kind),
                tuple(texts),
                content,
            )
        )

    def _member(self, path: str, message: headers.Message, where: Cursor) -> None:
        if message.flags & headers.SHARED:
            self.note(f"{path[:200]}: a message is kept elsewhere", GapKind.UNSUPPORTED, message.at)
        elif message.kind == headers.ATTRIBUTE:
            self._attribute(path, where)
        elif message.kind == headers.LINK:
            self._link(link(self.file, path, where))
        elif message.kind == headers.SYMBOL_TABLE:
            for found in symbol_table(self.file, path, where):
                self._link(found)
        elif message.kind == headers.LINK_INFO:
            for each in self._dense(where, 8):
                self._link(link(self.file, path, each))
        else:
            for each in self._dense(where, 2):
                self._attribute(path, each)

    def _dense(self, where: Cursor, order: int) -> list[Cursor]:
        where.skip(1)
        flags = where.u8()
        where.skip(order if flags & 1 else 0)
        heap, index = self.file.offset(where), self.file.offset(where)
        if heap is None:
            return []
        if index is None:
            raise DamagedError("a heap without an index", where.at)
        return list(dense(self.file, heap, index))

    def _attribute(self, path: str, where: Cursor) -> None:
        try:
            self.attributes.append(self.reader.read(path, where))
        except LimitExceededError as over:
            self.note(f"{path[:200]}: {over}", GapKind.OVER_LIMIT, where.at)

    def _link(self, found: Link) -> None:
        self.file.limits.spend(members=1)
        self.links.append(found)
        if found.kind is LinkKind.HARD and found.address not in self._seen:
            self._seen.add(found.address or 0)
            self._queue.append((found.path, found.address or 0))


_MEMBERS = frozenset(
    (
        headers.ATTRIBUTE,
        headers.LINK,
        headers.SYMBOL_TABLE,
        headers.LINK_INFO,
        headers.ATTRIBUTE_INFO,
    )
)
