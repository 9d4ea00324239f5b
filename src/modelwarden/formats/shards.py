"""The index of a model in several files: which tensor lies in which of them.

    {metadata: {total_size}, weight_map: {tensor: file}}

Written beside shards of safetensors, of torch and of Keras, which may name several files for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.nested import Each, Members, Node, Scalar, feed_json

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source


def read(source: Source, limits: Limits) -> Checked:
    """Collect the names of the files."""
    notes = Notes(source)
    files = _Files(notes)
    top = Each(lambda at: Members(at, weight_map=lambda _: files))
    notes.attempt(lambda: feed_json(source, top, limits))
    return Checked(
        source=source,
        format="safetensors-index",
        gaps=tuple(notes.gaps),
        faults=tuple(notes.faults),
        places=tuple(notes.places),
    )


class _Files(Node):
    """The values of the map, or the items of its lists."""

    __slots__ = ("met", "notes")

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.met: set[str] = set()

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        """Take a list of files like one of them."""
        del name, at
        return self if array else None

    def pairs(self, pairs: Sequence[tuple[str, Scalar]], at: int) -> None:
        """Take one file for each tensor."""
        self.items([file for _, file in pairs], at)

    def items(self, items: Sequence[Scalar], at: int) -> None:
        """Keep each name once."""
        for file in items:
            if not isinstance(file, str):
                why = f"the place {str(file)[:80]} of a tensor is no name of a file"
                self.notes.fault("invalid", "weight_map", why, at)
            elif file not in self.met:
                self.met.add(file)
                self.notes.place("the index of its shards", file, at)
