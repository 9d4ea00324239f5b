"""Which formats some bytes are: by content, never by name alone; a polyglot is several."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from modelwarden.formats.catalog import ANYWHERE, FORMATS, TAIL, Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.view import View


# The same bytes a second time, for one more reader: all others have had them.
_ONCE_MORE = frozenset({"page"})


class Reader(Protocol):
    """What the module of a format, or the value in it, has."""

    def sniff(self, source: Source) -> bool:
        """Tell whether a loader of this format would accept these bytes, reading little."""

    def read(self, source: Source, limits: Limits) -> View:
        """Return the view; bad bytes become gaps, never exceptions."""


def reader_of(entry: Format) -> Reader:
    """Import the reader of a format: a module, or the value named behind a colon."""
    return _reader(entry.module)


@cache
def _reader(place: str) -> Reader:
    module, _, name = place.partition(":")
    loaded = import_module(module)
    return cast("Reader", getattr(loaded, name) if name else loaded)


def identify(
    source: Source, failed: Callable[[Format, Exception], None] | None = None
) -> tuple[Format, ...]:
    """Return every format that claims `source`, in catalogue order; empty when none does.

    A format that the surrounding container says the bytes will be loaded as (`source.expect`)
    is always among them.

    Args:
        source: the bytes.
        failed: told of each format whose `sniff` failed, so that bytes made to break one reader
            do not hide from the others; without it the error is raised.
    """
    if source.expect in _ONCE_MORE:
        return tuple(entry for entry in FORMATS if entry.id == source.expect)
    marked = _marked(source)
    found: list[Format] = []
    for place in sorted(marked):
        entry = FORMATS[place]
        if entry.id == source.expect:
            # The reader of its family reads it as what is expected: once is enough.
            found = [*(one for one in found if one.module != entry.module), entry]
        elif not (entry.last and found) and _claims(entry, source, failed):
            found.append(entry)
    return tuple(found)


def _claims(
    entry: Format, source: Source, failed: Callable[[Format, Exception], None] | None
) -> bool:
    try:
        return reader_of(entry).sniff(source)
    except Exception as error:
        if failed is None:
            raise
        failed(entry, error)
        return False


def _marked(source: Source) -> set[int]:
    """Return the places in the catalogue of the formats that one look at head and tail leaves.

    What the container says is among them, whatever the bytes are.
    """
    at_offset, anywhere, in_tail, unmarked = _index()
    places = set(unmarked)
    if source.expect is not None:
        places.update(i for i, entry in enumerate(FORMATS) if entry.id == source.expect)
    head = source.head
    for (at, size), by_magic in at_offset.items():
        places.update(by_magic.get(head[at : at + size], ()))
    for bytes_, by_mark in ((head, anywhere), (source.tail, in_tail)):
        for magic, entries in by_mark.items():
            if magic in bytes_:
                places.update(entries)
    return places


_Places = dict[bytes, tuple[int, ...]]


@cache
def _index() -> tuple[dict[tuple[int, int], _Places], _Places, _Places, tuple[int, ...]]:
    """Sort the marks of the catalogue by where they stand: a slice and a look-up for each place."""
    at_offset: dict[tuple[int, int], _Places] = {}
    anywhere: _Places = {}
    in_tail: _Places = {}
    for place, entry in enumerate(FORMATS):
        for mark in entry.marks:
            if mark.at == TAIL:
                group = in_tail
            elif mark.at == ANYWHERE:
                group = anywhere
            else:
                group = at_offset.setdefault((mark.at, len(mark.magic)), {})
            group[mark.magic] = (*group.get(mark.magic, ()), place)
    unmarked = (i for i, entry in enumerate(FORMATS) if not entry.marks and not entry.of)
    return at_offset, anywhere, in_tail, tuple(unmarked)
