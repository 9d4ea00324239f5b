"""Which formats some bytes are: by content, never by name alone; a polyglot is several."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from modelwarden.formats.catalog import ANYWHERE, FORMATS, TAIL, Format, Mark

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.view import View


class Reader(Protocol):
    """What the module of a format, or the value in it, has."""

    def sniff(self, source: Source) -> bool:
        """Tell whether a loader of this format would accept these bytes, reading little."""

    def read(self, source: Source, limits: Limits) -> View:
        """Return the view; bad bytes become gaps, never exceptions."""


def reader_of(entry: Format) -> Reader:
    """Import the reader of a format: a module, or the value named behind a colon."""
    module, _, name = entry.module.partition(":")
    loaded = import_module(module)
    return cast("Reader", getattr(loaded, name) if name else loaded)


def identify(source: Source) -> tuple[Format, ...]:
    """Return every format that claims `source`, in catalogue order; empty when none does.

    A format that the surrounding container says the bytes will be loaded as (`source.expect`)
    is always among them.
    """
    found: list[Format] = []
    for entry in FORMATS:
        if entry.id == source.expect:
            found.append(entry)
        elif entry.of or (entry.last and found):
            continue
        elif _marked(entry, source) and reader_of(entry).sniff(source):
            found.append(entry)
    return tuple(found)


def _marked(entry: Format, source: Source) -> bool:
    return not entry.marks or any(_there(mark, source) for mark in entry.marks)


def _there(mark: Mark, source: Source) -> bool:
    if mark.at == TAIL:
        return mark.magic in source.tail
    if mark.at == ANYWHERE:
        return mark.magic in source.head
    return source.head.startswith(mark.magic, mark.at)
