"""A bounded walk over protobuf messages, without their schema and without recursion.

One call walks one message, field by field; what is nested in it is a span to be walked in turn:

    for field in fields(source):
        if field.number == GRAPH and field.wire == LEN:
            for inner in fields(source, field.at, field.end):
                …

Nothing is allocated on the file's word: a length that leaves the message is damage at its offset.
The walk takes what the common parsers take (unknown fields, groups, tags in more bytes than they
need), so that no field which a loader sees is missed.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

VARINT, FIXED64, LEN, GROUP, END_GROUP, FIXED32 = range(6)

_WINDOW = 1 << 16
_LONGEST = 20  # a tag and a length or value, in 10 bytes each
_ACCOUNT = 1024  # fields between two looks at the limits
_MAX_TAG = (1 << 32) - 1
_U64 = (1 << 64) - 1
_GROUPS = 64
_OUTERMOST = 4096  # fields before the one that is cut off
_FAR = 1 << 63  # behind the end of anything
_ALL = range(1 << 29)  # numbers that a field can have
_new = tuple.__new__


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: as in the schema.
        wire: VARINT, FIXED64, LEN, GROUP or FIXED32.
        value: unsigned, of VARINT, FIXED64 and FIXED32; the payload's size in bytes for the rest.
        at: offset of the payload in the source (of a LEN: behind its length).
        end: first byte behind the payload.
    """

    number: int
    wire: int
    value: int
    at: int
    end: int


def fields(  # noqa: C901 -- one loop, no calls for most fields
    source: Source,
    start: int = 0,
    end: int | None = None,
    limits: Limits | None = None,
    *,
    wanted: Container[int] = _ALL,
) -> Iterator[Field]:
    """Yield the fields of the message in `[start, end)`, in file order.

    A group is one field whose payload holds the fields of the group.

    Args:
        source: holds the message.
        start: offset of its first byte.
        end: first byte behind it; the end of the source by default.
        limits: operations and time are spent here, one operation a field.
        wanted: numbers of the fields that are asked for; of the others most are stepped over.

    Raises:
        DamagedError: the bytes break the wire format; what was yielded before it stands.
        LimitExceededError: a bound of `limits` was reached.
    """
    end = source.size if end is None else min(end, source.size)
    walk: _Walk | None = None  # made for the first field that needs one: few do
    base, window = _near(source, start)
    at, count = start, 0
    while at < end:
        count += 1
        if limits is not None and count % _ACCOUNT == 0:
            limits.spend(operations=_ACCOUNT)
        index = at - base
        if index + 2 < len(window):
            # A tag of one byte, and what it announces in one or two: most fields, without a call.
            tag, value = window[index], window[index + 1]
            begin = at + 2
            if value >= 0x80:
                more = window[index + 2]
                value, begin = (value + (more << 7) - 0x80, at + 3) if more < 0x80 else (0, _FAR)
            if 8 <= tag < 0x80:
                if tag & 7 == LEN and (stop := begin + value) <= end:
                    at = stop
                    if tag >> 3 in wanted:
                        yield _new(Field, (tag >> 3, LEN, value, begin, stop))
                    continue
                if not tag & 7 and begin <= end:
                    if tag >> 3 in wanted:
                        yield _new(Field, (tag >> 3, VARINT, value, at + 1, begin))
                    at = begin
                    continue
        if walk is None:
            walk = _Walk(source, at, end)
            walk.base, walk.window = base, window
        walk.at = at
        field = walk.field()
        if field.wire == END_GROUP:
            raise DamagedError("a group closed that was not open", field.at)
        if field.wire == GROUP:
            field = _group(walk, field, limits)
        at, base, window = walk.at, walk.base, walk.window
        yield field
    if limits is not None:
        limits.spend(operations=count % _ACCOUNT)


def cut_off(source: Source) -> Field | None:
    """Return the LEN field of the outermost message that goes on behind the end of the source.

    None where the message is whole, or breaks in another way.
    """
    at = 0
    try:
        for field in islice(fields(source), _OUTERMOST):
            at = field.end
    except DamagedError:
        try:
            broken = _Walk(source, at, _FAR).field()
        except DamagedError:
            return None
        if broken.wire == LEN and broken.end > source.size:
            return broken
    return None


def text(source: Source, field: Field, longest: int = 1 << 12) -> str:
    """Return a LEN field as text, cut after `longest` bytes; bad UTF-8 is replaced."""
    size = min(field.value, longest)
    base, window = source.near
    begin = field.at - base
    if 0 <= begin <= len(window) - size:
        return window[begin : begin + size].decode("utf-8", "replace")
    return source.read(field.at, size).decode("utf-8", "replace")


def signed(value: int) -> int:
    """Return a varint as the int64 that it stands for."""
    return value - (1 << 64) if value >> 63 else value


def _near(source: Source, start: int) -> tuple[int, bytes]:
    """Return the window that was read last, if a walk can begin in it, or an empty one."""
    base, window = source.near
    return (base, window) if base <= start <= base + len(window) else (start, b"")


class _Walk:
    """A position in a message, with a window of bytes so that small fields cost no reads.

    The window is left to the source, for the walks over what is nested in the message.
    """

    __slots__ = ("at", "base", "end", "source", "window")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.at = start
        self.end = end
        self.base, self.window = _near(source, start)

    def field(self) -> Field:
        """Read one tag and what it announces, and step behind the payload."""
        begin = self.at
        self._fill()
        tag = self._varint()
        number, wire = tag >> 3, tag & 7
        if not number or tag > _MAX_TAG:
            raise DamagedError(f"a protobuf tag of {tag}", begin)
        if wire == VARINT:
            at = self.at
            value = self._varint()
            return Field(number, wire, value, at, self.at)
        if wire in (GROUP, END_GROUP):
            return Field(number, wire, 0, self.at, self.at)
        if wire == LEN:
            return self._step(number, wire, self._varint())
        if wire in (FIXED32, FIXED64):
            return self._fixed(number, wire, 4 if wire == FIXED32 else 8)
        raise DamagedError(f"a protobuf field of wire type {wire}", begin)

    def _fixed(self, number: int, wire: int, size: int) -> Field:
        span = self._step(number, wire, size)
        raw = self.window[span.at - self.base : span.end - self.base]
        if len(raw) != size:
            raise DamagedError("the file became shorter while it was read", span.at)
        return span._replace(value=int.from_bytes(raw, "little"))

    def _step(self, number: int, wire: int, size: int) -> Field:
        at = self.at
        if size > self.end - at:
            raise DamagedError(f"a field of {size} bytes, {self.end - at} left", at)
        self.at = at + size
        return Field(number, wire, size, at, self.at)

    def _fill(self) -> None:
        begin = self.at - self.base
        short = begin + _LONGEST > len(self.window)
        if (short and self.base + len(self.window) < self.end) or begin > len(self.window):
            self.window = self.source.read(self.at, min(_WINDOW, self.end - self.at))
            self.base = self.at
            self.source.near = self.base, self.window

    def _varint(self) -> int:
        window, index = self.window, self.at - self.base
        if index < len(window) and self.at < self.end and (only := window[index]) < 0x80:
            self.at += 1
            return only
        value = shift = 0
        for byte in window[index : index + min(10, self.end - self.at)]:
            index += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at = self.base + index
                return value & _U64
            shift += 7
        raise DamagedError("a varint that does not end", self.at)


def _group(walk: _Walk, opening: Field, limits: Limits | None) -> Field:
    """Step over a group with the groups in it; its payload ends before the closing tag."""
    open_groups = [opening.number]
    while True:
        before = walk.at
        if before >= walk.end:
            raise DamagedError("a group that is not closed", opening.at)
        field = walk.field()
        if limits is not None:
            limits.spend(operations=1)
        if field.wire == GROUP:
            if len(open_groups) >= _GROUPS:
                raise DamagedError(f"more than {_GROUPS} groups in one another", before)
            open_groups.append(field.number)
        elif field.wire == END_GROUP:
            if open_groups.pop() != field.number:
                raise DamagedError("a group closed under another number", before)
            if not open_groups:
                return Field(opening.number, GROUP, before - opening.at, opening.at, before)
