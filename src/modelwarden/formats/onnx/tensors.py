"""One `TensorProto`: what it says about its shape, held against the bytes that it has.

Field numbers and types are those of `onnx.proto`. What a message says twice is merged or replaced
by the common parsers; the walk keeps every occurrence of a location.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.protobuf import LEN, VARINT, Field, fields, signed, text
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

NAMED = frozenset({*range(1, 15), 16})
STRING = 8

# Bits of one element; strings have none.
_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64}
_BITS |= {14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8}
_BITS |= {25: 2, 26: 2}
# The field that holds values of a type where `raw_data` does not.
_FLOAT, _INT32, _STRING, _INT64, _RAW, _DOUBLE, _UINT64 = 4, 5, 6, 7, 9, 10, 11
_HELD = dict.fromkeys((2, 3, 4, 5, 6, 9, 10, *range(16, 27)), _INT32)
_HELD |= {1: _FLOAT, 14: _FLOAT, 7: _INT64, 8: _STRING, 11: _DOUBLE, 15: _DOUBLE}
_HELD |= {12: _UINT64, 13: _UINT64}
_VALUES = {_FLOAT, _INT32, _STRING, _INT64, _RAW, _DOUBLE, _UINT64}
_WIDE = {_FLOAT: 4, _DOUBLE: 8}
_DIMS = 4096
_PAIRS = 64
_MOST = (1 << 63) - 1


class External(NamedTuple):
    """Where a tensor says that its bytes lie, when not in the model.

    Attributes:
        tensor: its name. at: offset of the tensor.
        location: as it stands. offset, length: in bytes, or None where not given.
        needed: bytes that the shape needs, or None where that is not known.
    """

    tensor: str
    location: str
    offset: int | None
    length: int | None
    needed: int | None
    at: int


@dataclass(slots=True)
class Tensor:
    """What one walk over a `TensorProto` found."""

    at: int
    name: str = ""
    kind: int = 0
    dims: list[int] = field(default_factory=list)
    external: bool = False
    pairs: list[tuple[str, str]] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)
    raw: Field | None = None
    strings: list[Field] = field(default_factory=list)
    metadata: list[Field] = field(default_factory=list)
    unknown: list[Field] = field(default_factory=list)
    segment: bool = False
    faults: list[str] = field(default_factory=list)


def tensor_of(source: Source, message: Field, limits: Limits) -> Tensor:
    """Walk a `TensorProto`; what breaks off is a fault of the tensor."""
    made = Tensor(message.at)
    try:
        for one in fields(source, message.at, message.end, limits):
            _take(source, made, one, limits)
    except DamagedError as damage:
        made.faults.append(f"it breaks off: {damage.why}")
    return made


def _take(source: Source, made: Tensor, one: Field, limits: Limits) -> None:
    number, wire = one.number, one.wire
    if number == 1:
        _dims(source, made, one, limits)
    elif number == 2 and wire == VARINT:
        made.kind = one.value & 0xFFFF_FFFF
    elif number == 3:
        made.segment = True
    elif number == 8 and wire == LEN:
        made.name = text(source, one, 300)
    elif number in _VALUES:
        _values(made, one)
    elif number == 13 and wire == LEN:
        _pair(source, made, one, limits)
    elif number == 14 and wire == VARINT:
        made.external = one.value == 1
    elif number == 16:
        made.metadata.append(one)
    elif number not in NAMED:
        made.unknown.append(one)


def _values(made: Tensor, one: Field) -> None:
    number = one.number
    if number == _RAW:
        if made.raw is not None:
            made.faults.append("it has raw bytes twice: who reads the first sees other numbers")
        made.raw = one
        made.held[number] = one.value
    elif number == _STRING:
        made.held[number] = made.held.get(number, 0) + 1
        made.strings.append(one)
    else:
        size = one.value if one.wire == LEN else one.end - one.at
        made.held[number] = made.held.get(number, 0) + size


def _dims(source: Source, made: Tensor, one: Field, limits: Limits) -> None:
    if one.wire == VARINT:
        made.dims.append(signed(one.value))
    elif one.wire == LEN:
        made.dims += packed(source, one, limits)
    if len(made.dims) > _DIMS:
        raise DamagedError(f"more than {_DIMS} dimensions", one.at)


def packed(source: Source, one: Field, limits: Limits) -> Iterator[int]:
    """Yield the int64 values of a packed field, up to the first four thousand."""
    cursor = Cursor(source, one.at, one.end)
    for _ in range(_DIMS + 1):
        if not cursor.left:
            return
        limits.spend(operations=1)
        yield signed(cursor.varint())


def _pair(source: Source, made: Tensor, one: Field, limits: Limits) -> None:
    key, value = pair(source, one, limits)
    if len(made.pairs) < _PAIRS:
        made.pairs.append((key, value))
    elif key == "location":
        raise DamagedError("more than one tensor needs about where it lies", one.at)


def pair(source: Source, message: Field, limits: Limits) -> tuple[str, str]:
    """Return key and value of a `StringStringEntryProto`."""
    key = value = ""
    for one in fields(source, message.at, message.end, limits):
        if one.wire == LEN and one.number == 1:
            key = text(source, one)
        elif one.wire == LEN and one.number == 2:
            value = text(source, one, 1 << 16)
    return key, value


def needed(made: Tensor) -> int | None:
    """Return the bytes that the shape and the type ask for, or None for strings and new types."""
    bits = _BITS.get(made.kind)
    count = _count(made)
    return None if bits is None or count is None else (count * bits + 7) // 8


def _count(made: Tensor) -> int | None:
    count = 1
    for dim in made.dims:
        if dim < 0:
            return None
        count *= dim
        if count > _MOST:
            return None
    return count


def externals(made: Tensor) -> Iterator[External]:
    """Yield each place in which the tensor says that its bytes lie."""
    places = [value for key, value in made.pairs if key == "location"]
    numbers = {key: value for key, value in made.pairs if key in ("offset", "length")}
    offset, length = (_number(numbers.get(key)) for key in ("offset", "length"))
    for place in places:
        yield External(made.name, place, offset, length, needed(made), made.at)


def _number(value: str | None) -> int | None:
    clean = (value or "").strip()
    return int(clean) if clean.isascii() and clean.isdecimal() and len(clean) < 25 else None


def faults_of(made: Tensor) -> Iterator[tuple[str, str]]:
    """Yield kind and reason of all that `onnx.proto` forbids in the tensor."""
    yield from (("damaged", why) for why in made.faults)
    if made.segment:
        yield "segment", "it is one segment of a tensor, which no loader puts together"
    yield from _shape_faults(made)
    if made.external or made.pairs:
        yield from _external_faults(made)
    elif _count(made) is not None:
        yield from _size_faults(made)


def _shape_faults(made: Tensor) -> Iterator[tuple[str, str]]:
    if made.kind != STRING and made.kind not in _BITS:
        yield "type", f"its data type is {made.kind}"
    if any(dim < 0 for dim in made.dims):
        yield "shape", f"it has a dimension of {min(made.dims)}"
    elif _count(made) is None:
        yield "shape", "its dimensions multiply to more than 63 bits"
    elif (needed(made) or 0) > _MOST:
        yield "shape", "its bytes are more than 63 bits count"


def _external_faults(made: Tensor) -> Iterator[tuple[str, str]]:
    keys = [key for key, _ in made.pairs]
    if "location" not in keys:
        yield "external", "its bytes lie elsewhere, and it does not say where"
    for key in ("location", "offset", "length"):
        if keys.count(key) > 1:
            yield "external", f"it says its {key} {keys.count(key)} times"
    for key, value in made.pairs:
        if key in ("offset", "length") and (_number(value) is None or int(value) > _MOST):
            yield "external", f"its {key} is {value[:40]!r}"
    if made.held:
        yield "external", "it has values of its own beside those that lie elsewhere"
    size = needed(made)
    for place in externals(made):
        if place.length is not None and size is not None and place.length != size:
            yield "size", f"its shape needs {size} bytes, its length is {place.length}"


def _size_faults(made: Tensor) -> Iterator[tuple[str, str]]:
    size, count = needed(made), _count(made) or 0
    if len(made.held) > 1:
        yield "values", "it has values in more than one field: loaders choose different ones"
    elif _RAW in made.held:
        if size is None:
            yield "values", "it has raw bytes, which its type does not allow"
        elif made.held[_RAW] != size:
            yield "size", f"its shape needs {size} bytes, it has {made.held[_RAW]}"
    elif not made.held:
        if count and made.kind in (*_BITS, STRING):
            yield "size", f"its shape needs {count} values, it has none"
    else:
        yield from _held_faults(made, count)


def _held_faults(made: Tensor, count: int) -> Iterator[tuple[str, str]]:
    number, has = next(iter(made.held.items()))
    if _HELD.get(made.kind) != number:
        yield "values", "its values stand in the field of another type"
        return
    if made.kind in (14, 15):  # a complex number is two
        count *= 2
    if number in _WIDE:
        wrong = has != count * _WIDE[number]
    elif number == _STRING:
        wrong = has != count
    else:
        # Varints of 1 to 10 bytes; several elements of a few bits share one.
        bits = _BITS.get(made.kind, 8)
        least = (count * bits + 7) // 8 if bits < 8 else count
        wrong = not least <= has <= 10 * max(count, 0)
    if wrong:
        yield "size", f"its shape needs {count} values, it has {has} bytes or strings of them"
