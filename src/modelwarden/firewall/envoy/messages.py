"""The messages between Envoy and an external processor, as far as the firewall needs them.

What is read leaves out what is not asked for here, so that a later Envoy may send more; a message
that is of no kind or of two, or whose fields are given twice, is an error.

Source: the Envoy API, `envoy/service/ext_proc/v3/external_processor.proto` (Apache-2.0).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from enum import StrEnum

from modelwarden.core.values import dataclass
from modelwarden.firewall.wire import MessageError, varint
from modelwarden.formats.protobuf import FIXED32, FIXED64, LEN, VARINT

DENIED = b"\x0a\x02\x08\x07"
"""What an ext_authz that is led here by mistake takes for a denial: it takes nothing for none.
An external processor passes it over, for another answer follows."""
BUFFERED, NONE = 2, 0
"""How bodies are sent: whole, or not at all."""
_SEND = 1
_KEY, _RAW_VALUE = 0x0A, 0x1A  # tags of a header's name and value
_FIXED = {FIXED32: 4, FIXED64: 8}
_MOST = 1 << 14  # fields of one message
_OVERWRITE = 2  # of a header: in the place of all of its name

Lines = tuple[tuple[str, str], ...]


class Stage(StrEnum):
    """What of a request or of its answer a message is about."""

    REQUEST_HEADERS = "request_headers"
    REQUEST_BODY = "request_body"
    REQUEST_TRAILERS = "request_trailers"
    RESPONSE_HEADERS = "response_headers"
    RESPONSE_BODY = "response_body"
    RESPONSE_TRAILERS = "response_trailers"


@dataclass(slots=True, eq=False)
class Seen:
    """What Envoy shows at one stage.

    Attributes:
        stage: of it.
        fields: headers or trailers as they came; those with a colon are Envoy's own.
        body: of a body.
        last: whether neither a body nor trailers follow.
        attributes: that are texts, by their names.
        modes: how bodies of request and answer are sent; None where it is not said.
        only_shown: whether what is answered is not heeded.
    """

    stage: Stage
    fields: list[tuple[bytes, bytes]]
    body: bytes
    last: bool
    attributes: dict[str, str]
    modes: tuple[int, int] | None
    only_shown: bool


def seen(message: bytes) -> Seen:
    """Read what Envoy shows.

    Raises:
        MessageError: it is no message of an external processor.
    """
    stages: list[tuple[Stage, bytes]] = []
    attributes: dict[str, str] = {}
    modes: tuple[int, int] | None = None
    only_shown = False
    for number, value in _fields(message):
        if number in _STAGES:
            stages.append((_STAGES[number], _bytes(value)))
        elif number == _ATTRIBUTES:
            (struct,) = _once(_bytes(value), 2)
            attributes.update(_texts(_bytes(struct)))
        elif number == _OBSERVABILITY:
            only_shown = bool(value)
        elif number == _SETTINGS and modes is None:
            request, response = _once(_bytes(value), 1, 2)
            modes = _whole(request), _whole(response)
        elif number == _SETTINGS:
            raise MessageError("settings that are given twice")
    if len(stages) != 1:
        raise MessageError(f"a message of {len(stages)} stages")
    ((stage, shown),) = stages
    first, second, third = _once(shown, 1, 2, 3)
    if stage in _BODIES:
        body = _bytes(first)
        return Seen(stage, [], body, bool(second), attributes, modes, only_shown)
    last = stage in _HEADS and bool(third)
    fields = [_header(_bytes(value)) for number, value in _fields(_bytes(first)) if number == 1]
    return Seen(stage, fields, b"", last, attributes, modes, only_shown)


_STAGES = {
    2: Stage.REQUEST_HEADERS,
    3: Stage.RESPONSE_HEADERS,
    4: Stage.REQUEST_BODY,
    5: Stage.RESPONSE_BODY,
    6: Stage.REQUEST_TRAILERS,
    7: Stage.RESPONSE_TRAILERS,
}
_ATTRIBUTES, _OBSERVABILITY, _SETTINGS = 9, 10, 11
_HEADS = (Stage.REQUEST_HEADERS, Stage.RESPONSE_HEADERS)
_BODIES = (Stage.REQUEST_BODY, Stage.RESPONSE_BODY)
_Value = int | bytes


def _header(entry: bytes) -> tuple[bytes, bytes]:
    # Most are a name and a value of less than 128 bytes, and nothing else.
    size = entry[1] if len(entry) > 1 and entry[0] == _KEY else len(entry)
    at = size + 2
    if size < 0x80 and at + 1 < len(entry) and entry[at] == _RAW_VALUE:
        rest = len(entry) - at - 2
        if entry[at + 1] == rest < 0x80:
            return entry[2:at], entry[at + 2 :]
    name, value, raw = _once(entry, 1, 2, 3)
    if value is not None and raw is not None:
        raise MessageError("a header of two values")
    return _bytes(name), _bytes(value if raw is None else raw)


def _texts(struct: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of a `Struct` by their names."""
    for number, field in _fields(struct):
        if number != 1:
            continue
        name, value = _once(_bytes(field), 1, 2)
        (text,) = _once(_bytes(value), 3)
        if text is not None:
            try:
                yield _bytes(name).decode(), _bytes(text).decode()
            except UnicodeDecodeError as error:
                raise MessageError("an attribute that is not UTF-8") from error


def _once(message: bytes, *wanted: int) -> list[_Value | None]:
    """Return the values of fields; None where one is not given."""
    found: dict[int, _Value] = {}
    for number, value in _fields(message):
        if number in wanted:
            if number in found:
                raise MessageError(f"a field {number} that is given twice")
            found[number] = value
    return [found.get(number) for number in wanted]


def _bytes(value: _Value | None) -> bytes:
    if isinstance(value, int):
        raise MessageError("a number where bytes belong")
    return value or b""


def _whole(value: _Value | None) -> int:
    if isinstance(value, bytes):
        raise MessageError("bytes where a number belongs")
    return value or 0


def _fields(message: bytes) -> list[tuple[int, _Value]]:
    """Return the fields of a message; numbers of fixed size, which none here is, are left out."""
    found: list[tuple[int, _Value]] = []
    at, end = 0, len(message)
    try:
        while at < end:
            tag, at = _varint(message, at)
            wire = tag & 7
            if wire == LEN:
                size, at = _varint(message, at)
                if size > end - at:
                    raise MessageError("a length beyond the end")
                found.append((tag >> 3, message[at : at + size]))
                at += size
            elif wire == VARINT:
                value, at = _varint(message, at)
                found.append((tag >> 3, value))
            elif wire in _FIXED and at + _FIXED[wire] <= end:
                at += _FIXED[wire]
            else:
                raise MessageError("no message of protocol buffers")
            if len(found) > _MOST:
                raise MessageError(f"more than {_MOST} fields")
    except IndexError as error:
        raise MessageError("a number that is cut") from error
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for place in range(1, 10):
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise MessageError("a number of more than 64 bits")


# what is answered ---------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def headers_on(
    stage: Stage,
    gone: tuple[str, ...],
    lines: Lines = (),
    modes: tuple[int, int] | None = None,
) -> bytes:
    """Return that headers go on.

    Args:
        stage: of the headers.
        gone: names of headers that do not.
        lines: that are set.
        modes: how bodies of request and answer are to be sent from now on; then trailers of the
            request are to be shown too. None leaves all as it is.
    """
    said = _said(stage, _field(1, _field(2, _changes(lines, gone))))
    if modes is None:
        return said
    return said + _field(9, b"\x18%c\x20%c\x28%c" % (*modes, _SEND))


def body_on(
    stage: Stage,
    body: bytes | bytearray | None,
    lines: Lines = (),
    gone: tuple[str, ...] = (),
) -> bytes:
    """Return that a body goes on.

    Args:
        stage: of the body.
        body: that goes on in its place; None for the one that came.
        lines: headers that are set.
        gone: names of those that do not go on.
    """
    changes = _field(2, _changes(lines, gone))
    new = b"" if body is None else _field(3, _field(1, body))
    return _said(stage, _field(1, changes + new))


def trailers_on(gone: tuple[str, ...]) -> bytes:
    """Return that the trailers of an answer go on without those of these names."""
    return _said(Stage.RESPONSE_TRAILERS, _field(1, _changes((), gone)))


def in_place(status: int, lines: Lines, body: bytes, details: str) -> bytes:
    """Return what the client is answered in the place of everything else."""
    code = _field(1, b"\x08" + varint(status))
    told = _field(3, body) + _field(5, details.encode())
    return _field(7, code + _field(2, _changes(lines, ())) + told)


def _changes(lines: Lines, gone: tuple[str, ...]) -> bytes:
    return b"".join([_set(*line) for line in lines] + [_field(2, name.encode()) for name in gone])


def _set(name: str, value: str) -> bytes:
    header = _field(1, name.encode()) + _field(3, value.encode("latin-1"))
    return _field(1, _field(1, header) + b"\x18%c" % _OVERWRITE)


def _said(stage: Stage, what: bytes) -> bytes:
    return _field(_ANSWERS[stage], what)


_ANSWERS = {
    Stage.REQUEST_HEADERS: 1,
    Stage.RESPONSE_HEADERS: 2,
    Stage.REQUEST_BODY: 3,
    Stage.RESPONSE_BODY: 4,
    Stage.RESPONSE_TRAILERS: 6,
}


def _field(number: int, payload: bytes | bytearray) -> bytes:
    """Return a field of bytes, of a number below 16."""
    return b"%c%s%s" % (number << 3 | LEN, varint(len(payload)), payload)
