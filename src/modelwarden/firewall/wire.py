"""Messages of protocol buffers by a table: read strictly, and written anew from what was read.

The common parsers let much through in which two of them can differ: a field that is given twice,
one that nobody knows, a whole number that is cut to its width. Here that is an error. Numbers that
repeat are arrays, packed or not, and are written packed.

Source: the protocol buffers' encoding guide.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.formats.protobuf import FIXED32, FIXED64, LEN, VARINT, Field, fields
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

Numbers = npt.NDArray[Any]
Values = dict[str, Any]

_FIELDS = 1 << 17
"""Fields of one message: each costs about a microsecond, whatever it holds …"""
_NESTED = 4
"""… and one that is a message itself costs as much as so many."""
_BLOCK = 1 << 16
_TEN = 10


class MessageError(Exception):
    """A message that is not what its table says."""


class Kind(Enum):
    """What a field holds."""

    TEXT = "string", LEN, None
    BYTES = "bytes", LEN, None
    BOOL = "bool", VARINT, np.bool_
    INT32 = "int32", VARINT, np.int32
    INT64 = "int64", VARINT, np.int64
    UINT32 = "uint32", VARINT, np.uint32
    UINT64 = "uint64", VARINT, np.uint64
    FLOAT = "float", FIXED32, np.float32
    DOUBLE = "double", FIXED64, np.float64
    MESSAGE = "message", LEN, None

    def __init__(self, word: str, wire: int, number: type[np.generic] | None) -> None:
        self.word = word
        self.wire = wire
        self.number = number


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a message.

    Attributes:
        name: key of its value.
        kind: of the value.
        repeated: whether it is a list, or an array of numbers.
        table: of a message.
        keyed: whether it is a map: a list of entries with the keys `key` and `value`.
    """

    name: str
    kind: Kind
    repeated: bool = False
    table: Table | None = None
    keyed: bool = False


Table = Mapping[int, Part]


def read(data: bytes, table: Table, *, known: bool = True) -> Values:
    """Return the values of a message by name; fields that are not given are absent.

    Args:
        data: the message.
        table: its fields by number.
        known: whether a field that the table does not have is an error; else it is passed over.

    Raises:
        MessageError: it breaks the encoding, or is not what the table says.
    """
    source = Source("message", data)
    try:
        return _Reading(data, source, known).message(0, len(data), table)
    except DamagedError as error:
        raise MessageError(f"no message of protocol buffers: {error}") from error


class _Reading:
    """One message being read, with what is in it."""

    def __init__(self, data: bytes, source: Source, known: bool) -> None:
        self._data = data
        self._source = source
        self._known = known
        self._left = _FIELDS

    def message(self, start: int, end: int, table: Table) -> Values:
        values: Values = {}
        for field in fields(self._source, start, end):
            part = table.get(field.number)
            self._left -= _NESTED if part is not None and part.kind is Kind.MESSAGE else 1
            if self._left < 0:
                raise MessageError(f"more than {_FIELDS} fields")
            if part is None:
                if self._known:
                    raise MessageError(f"a field {field.number} that the protocol does not have")
                continue
            self._take(values, part, field)
        for part in table.values():
            if part.repeated and part.kind.number is not None and part.name in values:
                values[part.name] = _UNPACK[part.kind](b"".join(values[part.name]))
            elif part.keyed and part.name in values:
                _once(values[part.name])
        return values

    def _take(self, values: Values, part: Part, field: Field) -> None:
        if part.repeated and part.kind.number is not None and field.wire in (LEN, part.kind.wire):
            # Packed numbers are written as single ones are, one after the other.
            chunk = self._data[field.at : field.end]
            if not _whole_numbers(part.kind, chunk):
                raise MessageError(f"{part.name} of which the last number is cut")
            values.setdefault(part.name, []).append(chunk)
            return
        if field.wire != part.kind.wire:
            raise MessageError(f"{part.name} is of another wire type")
        value = self._value(part, field)
        if part.repeated:
            values.setdefault(part.name, []).append(value)
        elif part.name in values:
            raise MessageError(f"{part.name} is given twice")
        else:
            values[part.name] = value

    def _value(self, part: Part, field: Field) -> Any:
        if part.kind is Kind.MESSAGE:
            if part.table is None:
                raise TypeError(f"{part.name} has no table")
            return self.message(field.at, field.end, part.table)
        raw = self._data[field.at : field.end]
        if part.kind is Kind.BYTES:
            return raw
        if part.kind is Kind.TEXT:
            try:
                return raw.decode()
            except UnicodeDecodeError as error:
                raise MessageError(f"{part.name} is not UTF-8") from error
        return _UNPACK[part.kind](raw)[0].item()


def _once(entries: list[Values]) -> None:
    keys = [entry.get("key", "") for entry in entries]
    if len(set(keys)) != len(keys):
        raise MessageError("a key is given twice")


def _whole_numbers(kind: Kind, chunk: bytes) -> bool:
    if kind.wire == VARINT:
        return not chunk or chunk[-1] < 0x80
    return len(chunk) % np.dtype(kind.number).itemsize == 0


def _fixed(kind: Kind) -> Callable[[bytes], Numbers]:
    number = np.dtype(kind.number).newbyteorder("<")

    return functools.partial(np.frombuffer, dtype=number)


def _whole(kind: Kind) -> Callable[[bytes], Numbers]:
    number = np.dtype(kind.number)

    def unpack(data: bytes) -> Numbers:
        wide: Numbers = varints(data)
        if number == np.uint64:
            return wide
        signed = wide.view(np.int64)  # what is negative is written as 64 bits
        values = signed.astype(number, copy=False)
        if not np.array_equal(values.astype(np.int64, copy=False), signed):
            raise MessageError("a whole number that its type does not hold")
        return values

    return unpack


def varints(data: bytes) -> npt.NDArray[np.uint64]:
    """Return the varints that fill these bytes.

    Raises:
        MessageError: the last one does not end, or one has more than 64 bits.
    """
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw < 0x80)
    if (ends[-1] + 1 if ends.size else 0) != raw.size:
        raise MessageError("a varint that does not end")
    if ends.size == raw.size:
        return raw.astype(np.uint64)
    blocks, start = [], 0
    for at in range(0, ends.size, _BLOCK):
        block = ends[at : at + _BLOCK]
        blocks.append(_varints(raw[start : block[-1] + 1], block - start))
        start = int(block[-1]) + 1
    return np.concatenate(blocks)


def _varints(raw: npt.NDArray[np.uint8], ends: Numbers) -> npt.NDArray[np.uint64]:
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if int(lengths.max()) > _TEN or bool((raw[ends[lengths == _TEN]] > 1).any()):
        raise MessageError("a varint of more than 64 bits")
    places = np.arange(raw.size) - np.repeat(starts, lengths)
    parts = (raw & 0x7F).astype(np.uint64) << (7 * places).astype(np.uint64)
    whole: npt.NDArray[np.uint64] = np.bitwise_or.reduceat(parts, starts)
    return whole


_UNPACK: dict[Kind, Callable[[bytes], Numbers]] = {
    kind: _fixed(kind) if kind.wire != VARINT else _whole(kind)
    for kind in Kind
    if kind.number is not None
}


# writing -----------------------------------------------------------------------------------------


def written(values: Mapping[str, Any], table: Table) -> bytes:
    """Return a message; fields in the order of their numbers, numbers that repeat packed."""
    out = bytearray()
    for number, part in sorted(table.items()):
        if part.name not in values:
            continue
        value = values[part.name]
        if part.repeated and part.kind.number is not None:
            if len(value):
                _write(out, number, LEN, _packed(part.kind, value))
            continue
        for one in value if part.repeated else [value]:
            _write(out, number, part.kind.wire, _payload(part, one))
    return bytes(out)


def _payload(part: Part, value: Any) -> bytes:
    if part.kind is Kind.MESSAGE and part.table is not None:
        return written(value, part.table)
    if part.kind is Kind.TEXT:
        return bytes(value.encode())
    if part.kind is Kind.BYTES:
        return bytes(value)
    return _packed(part.kind, np.array([value], part.kind.number))


def _write(out: bytearray, number: int, wire: int, payload: bytes) -> None:
    out += varint(number << 3 | wire)
    if wire == LEN:
        out += varint(len(payload))
    out += payload


def _packed(kind: Kind, values: Numbers) -> bytes:
    if kind.wire != VARINT:
        return values.astype(np.dtype(kind.number).newbyteorder("<"), copy=False).tobytes()
    wide = values if values.dtype == np.uint64 else values.astype(np.int64).view(np.uint64)
    return b"".join(_as_varints(wide[at : at + _BLOCK]) for at in range(0, len(wide), _BLOCK))


def _as_varints(wide: npt.NDArray[np.uint64]) -> bytes:
    longest = max(1, -(-int(wide.max()).bit_length() // 7))
    if longest == 1:
        return wide.astype(np.uint8).tobytes()
    lengths = np.ones(len(wide), np.intp)
    for place in range(1, longest):
        lengths += wide >= np.uint64(1 << 7 * place)
    starts = np.cumsum(lengths) - lengths
    out = np.empty(int(lengths.sum()), np.uint8)
    for place in range(longest):
        here = lengths > place
        low = (wide[here] >> np.uint64(7 * place)) & np.uint64(0x7F)
        more = (lengths[here] > place + 1).astype(np.uint64) << np.uint64(7)
        out[starts[here] + place] = low | more
    return out.tobytes()


def varint(value: int) -> bytes:
    """Return a whole number of up to 64 bits, of none below zero, in the fewest bytes."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
