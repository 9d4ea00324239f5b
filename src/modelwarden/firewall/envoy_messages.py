"""The messages between Envoy and an external processor, as far as the firewall needs them.

What is read leaves out what is not asked for here, so that a later Envoy may send more; a message
that is of no kind or of two, or whose fields are given twice, is an error.

Source: the Envoy API, `envoy/service/ext_proc/v3/external_processor.proto` (Apache-2.0).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from enum import StrEnum

from modelwarden.core.values import dataclass
from modelwarden.firewall.wire import Kind, MessageError, Part, Table, Values, read, written

METHOD = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
BUFFERED, NONE = 2, 0
"""How bodies are sent: whole, or not at all."""
_SEND = 1
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


_HEADER: Table = {
    1: Part("key", Kind.BYTES),
    2: Part("value", Kind.BYTES),
    3: Part("raw_value", Kind.BYTES),
}
_HEADERS: Table = {1: Part("headers", Kind.MESSAGE, repeated=True, table=_HEADER)}
_HEAD: Table = {
    1: Part("headers", Kind.MESSAGE, table=_HEADERS),
    3: Part("end_of_stream", Kind.BOOL),
}
_BODY: Table = {1: Part("body", Kind.BYTES), 2: Part("end_of_stream", Kind.BOOL)}
_TRAILERS: Table = {1: Part("headers", Kind.MESSAGE, table=_HEADERS)}
_VALUE: Table = {3: Part("string_value", Kind.TEXT)}
_FIELD: Table = {1: Part("key", Kind.TEXT), 2: Part("value", Kind.MESSAGE, table=_VALUE)}
_STRUCT: Table = {1: Part("fields", Kind.MESSAGE, repeated=True, table=_FIELD, keyed=True)}
_ATTRIBUTES: Table = {1: Part("key", Kind.TEXT), 2: Part("value", Kind.MESSAGE, table=_STRUCT)}
_SETTINGS: Table = {1: Part("request", Kind.INT32), 2: Part("response", Kind.INT32)}
_SEEN: Table = {
    2: Part(Stage.REQUEST_HEADERS, Kind.MESSAGE, table=_HEAD),
    3: Part(Stage.RESPONSE_HEADERS, Kind.MESSAGE, table=_HEAD),
    4: Part(Stage.REQUEST_BODY, Kind.MESSAGE, table=_BODY),
    5: Part(Stage.RESPONSE_BODY, Kind.MESSAGE, table=_BODY),
    6: Part(Stage.REQUEST_TRAILERS, Kind.MESSAGE, table=_TRAILERS),
    7: Part(Stage.RESPONSE_TRAILERS, Kind.MESSAGE, table=_TRAILERS),
    9: Part("attributes", Kind.MESSAGE, repeated=True, table=_ATTRIBUTES),
    10: Part("observability_mode", Kind.BOOL),
    11: Part("protocol_config", Kind.MESSAGE, table=_SETTINGS),
}


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
    values = read(message, _SEEN, known=False)
    stages = [stage for stage in Stage if stage in values]
    if len(stages) != 1:
        raise MessageError(f"a message of {len(stages)} stages")
    (stage,) = stages
    of_stage = values[stage]
    settings = values.get("protocol_config")
    return Seen(
        stage=stage,
        fields=[_header(entry) for entry in of_stage.get("headers", {}).get("headers", ())],
        body=of_stage.get("body", b""),
        last=of_stage.get("end_of_stream", False),
        attributes=_texts(values.get("attributes", ())),
        modes=None if settings is None else _modes(settings),
        only_shown=values.get("observability_mode", False),
    )


def _modes(settings: Values) -> tuple[int, int]:
    return settings.get("request", NONE), settings.get("response", NONE)


def _header(entry: Values) -> tuple[bytes, bytes]:
    if "value" in entry and "raw_value" in entry:
        raise MessageError("a header of two values")
    raw = entry["raw_value"] if "raw_value" in entry else entry.get("value", b"")
    return entry.get("key", b""), raw


def _texts(entries: Iterable[Values]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        for field in entry.get("value", {}).get("fields", ()):
            text = field.get("value", {}).get("string_value")
            if text is not None:
                found[field.get("key", "")] = text
    return found


# what is answered ---------------------------------------------------------------------------------

_SET: Table = {
    1: Part("header", Kind.MESSAGE, table=_HEADER),
    3: Part("append_action", Kind.INT32),
}
_CHANGES: Table = {
    1: Part("set_headers", Kind.MESSAGE, repeated=True, table=_SET),
    2: Part("remove_headers", Kind.TEXT, repeated=True),
}
_NEW_BODY: Table = {1: Part("body", Kind.BYTES)}
_COMMON: Table = {
    2: Part("header_mutation", Kind.MESSAGE, table=_CHANGES),
    3: Part("body_mutation", Kind.MESSAGE, table=_NEW_BODY),
}
_GONE_ON: Table = {1: Part("response", Kind.MESSAGE, table=_COMMON)}
_TRAILED: Table = {1: Part("header_mutation", Kind.MESSAGE, table=_CHANGES)}
_STATUS: Table = {1: Part("code", Kind.INT32)}
_IN_PLACE: Table = {
    1: Part("status", Kind.MESSAGE, table=_STATUS),
    2: Part("headers", Kind.MESSAGE, table=_CHANGES),
    3: Part("body", Kind.BYTES),
    5: Part("details", Kind.TEXT),
}
_MODES: Table = {
    3: Part("request_body_mode", Kind.INT32),
    4: Part("response_body_mode", Kind.INT32),
    5: Part("request_trailer_mode", Kind.INT32),
}
_SAID: Table = {
    1: Part(Stage.REQUEST_HEADERS, Kind.MESSAGE, table=_GONE_ON),
    2: Part(Stage.RESPONSE_HEADERS, Kind.MESSAGE, table=_GONE_ON),
    3: Part(Stage.REQUEST_BODY, Kind.MESSAGE, table=_GONE_ON),
    4: Part(Stage.RESPONSE_BODY, Kind.MESSAGE, table=_GONE_ON),
    6: Part(Stage.RESPONSE_TRAILERS, Kind.MESSAGE, table=_TRAILED),
    7: Part("immediate_response", Kind.MESSAGE, table=_IN_PLACE),
    9: Part("mode_override", Kind.MESSAGE, table=_MODES),
}


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
    said: Values = {stage: {"response": {"header_mutation": _changes(lines, gone)}}}
    if modes is not None:
        said["mode_override"] = {
            "request_body_mode": modes[0],
            "response_body_mode": modes[1],
            "request_trailer_mode": _SEND,
        }
    return written(said, _SAID)


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
    response: Values = {"header_mutation": _changes(lines, gone)}
    if body is not None:
        response["body_mutation"] = {"body": body}
    return written({stage: {"response": response}}, _SAID)


def trailers_on(gone: tuple[str, ...]) -> bytes:
    """Return that the trailers of an answer go on without those of these names."""
    return written({Stage.RESPONSE_TRAILERS: {"header_mutation": _changes((), gone)}}, _SAID)


def in_place(status: int, lines: Lines, body: bytes, details: str) -> bytes:
    """Return what the client is answered in the place of everything else."""
    answer = {
        "status": {"code": status},
        "headers": _changes(lines, ()),
        "body": body,
        "details": details,
    }
    return written({"immediate_response": answer}, _SAID)


def _changes(lines: Lines, gone: tuple[str, ...]) -> Values:
    changes: Values = {}
    if lines:
        changes["set_headers"] = [
            {
                "header": {"key": name.encode(), "raw_value": value.encode("latin-1")},
                "append_action": _OVERWRITE,
            }
            for name, value in lines
        ]
    if gone:
        changes["remove_headers"] = gone
    return changes
