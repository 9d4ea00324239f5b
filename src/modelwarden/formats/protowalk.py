"""A walk over protobuf messages by a schema: which fields hold messages, and which hold values.

A schema is a table, message by message, of field numbers: to the name of the message in the field,
or to an empty name where the field holds a value that is wanted. What stands in no table is stepped
over, which is how the numbers of a model cost nothing. The walk goes depth first, in file order,
without recursion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from modelwarden.core import GapKind
from modelwarden.formats.protobuf import LEN, Field, fields, text
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.described import Notes
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

Schema: TypeAlias = "Mapping[str, Mapping[int, str]]"

_DEPTH = 200
_VALUES = 1_000_000


class Message(NamedTuple):
    """One message that was met.

    Attributes:
        kind: its name in the schema.
        at: offset. end: first byte behind it.
        fields: those of its fields that the schema lists.
        others: numbers of fields that it does not list, the first few.
        path: kinds of the messages around it, outermost first.
    """

    kind: str
    at: int
    end: int
    fields: tuple[Field, ...]
    others: tuple[int, ...]
    path: tuple[str, ...]

    def all(self, number: int, wire: int = LEN) -> Iterator[Field]:
        """Yield the fields of one number."""
        return (f for f in self.fields if f.number == number and f.wire == wire)

    def text(self, source: Source, number: int, longest: int = 1 << 12) -> str:
        """Return the last text of a number, as parsers take it; empty when there is none."""
        found = None
        for found in self.all(number):  # noqa: B007 -- the last one is meant
            pass
        return "" if found is None else text(source, found, longest)

    def number(self, number: int, default: int = 0) -> int:
        """Return the last varint of a number."""
        value = default
        for found in self.all(number, 0):
            value = found.value
        return value


def messages(
    source: Source, limits: Limits, schema: Schema, root: str, notes: Notes
) -> Iterator[Message]:
    """Yield every message that the schema reaches from `root`.

    Damage inside a message is a gap, and the fields before it are kept.

    Raises:
        LimitExceededError: a bound of `limits` was reached.
    """
    pending: list[tuple[str, int, int, tuple[str, ...]]] = [(root, 0, source.size, ())]
    while pending:
        kind, at, end, path = pending.pop()
        table = schema[kind]
        kept: list[Field] = []
        others: dict[int, None] = {}
        inner: list[Field] = []
        try:
            for one in fields(source, at, end, limits):
                number = one[0]
                if number in table and len(kept) < _VALUES:
                    kept.append(one)
                    if table[number] and one[1] == LEN:
                        inner.append(one)
                elif len(others) < 20:
                    others[number] = None
        except DamagedError as damage:
            notes.note(damage.why, at=damage.offset)
        if len(kept) >= _VALUES:
            notes.note("more fields than any model has", GapKind.OVER_LIMIT, at)
        yield Message(kind, at, end, tuple(kept), tuple(others), path)
        if inner and len(path) >= _DEPTH:
            notes.note(f"messages nested deeper than {_DEPTH}", GapKind.OVER_LIMIT, at)
            continue
        if inner:
            around = (*path, kind)
            pending += [(table[number], at, end, around) for number, _, _, at, end in inner[::-1]]
