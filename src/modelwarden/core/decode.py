"""JSON back to values, driven by the types: the inverse of `encode`.

Keys that the types do not know are passed over (within one schema version keys are only added);
all else that does not fit is an `InputError` that names the place.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar

from modelwarden.core.errors import InputError
from modelwarden.core.report import SCHEMA, Report
from modelwarden.core.shapes import SPREAD, AnyJson, Shape, is_record, shape_of

T = TypeVar("T")

_HINT = "Give a report that `modelwarden … --format json` wrote."


class NotAReportError(InputError):
    """A document that is not a report of a version we read."""

    hint = _HINT


def report_from_json(text: str | bytes) -> Report:
    """Return the report that `text` holds.

    Raises:
        NotAReportError: not JSON, not a report, or a report of another schema version.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAReportError(f"not a report: no valid JSON ({str(error)[:120]})") from error
    if not isinstance(document, dict) or "schema" not in document:
        raise NotAReportError("not a report: it has no key 'schema'")
    if document["schema"] != SCHEMA:
        named = repr(document["schema"])[:80]
        raise NotAReportError(f"a document of schema {named}; this version reads {SCHEMA!r}")
    return decode(Report, document)


def decode(cls: type[T], value: object, place: str = "") -> T:
    """Return `value` as an instance of the dataclass `cls`; `place` opens error messages.

    Raises:
        NotAReportError: a key is missing or a value does not fit; the message names it.
    """
    if not isinstance(value, dict):
        raise NotAReportError(f"{place or 'document'}: expected an object")
    shapes = shape_of(cls)
    given: dict[str, Any] = {}
    for shape in shapes:
        at = f"{place}.{shape.name}" if place else shape.name
        if shape.name == SPREAD:
            given[SPREAD] = {k: v for k, v in value.items() if k not in {s.name for s in shapes}}
        elif shape.name in value:
            given[shape.name] = _field(shape, value[shape.name], at)
        elif shape.required:
            raise NotAReportError(f"{at}: missing")
    return cls(**given)


def _field(shape: Shape, value: object, at: str) -> object:
    return None if value is None and shape.optional else _value(shape.type, value, at)


def _value(kind: Any, value: Any, at: str) -> Any:
    if kind is AnyJson:
        return value
    if kind in (str, int, float, bool):
        return _plain(kind, value, at)
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (tuple, Sequence):
        if not isinstance(value, list):
            raise NotAReportError(f"{at}: expected a list")
        items = (_value(parts[0], item, f"{at}[{i}]") for i, item in enumerate(value))
        return tuple(items) if origin is tuple else list(items)
    if origin is Mapping:
        if not isinstance(value, dict):
            raise NotAReportError(f"{at}: expected an object")
        return {key: _value(parts[1], item, f"{at}.{key}"[:200]) for key, item in value.items()}
    if is_record(kind):
        return decode(kind, value, at)
    return _named(kind, value, at)


def _plain(kind: type, value: object, at: str) -> object:
    if kind is float and value is None:
        return math.nan
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise NotAReportError(f"{at}: expected {names[kind]}")
    return value


def _named(kind: type[Enum] | type[dt.date], value: object, at: str) -> object:
    try:
        return dt.date.fromisoformat(str(value)) if issubclass(kind, dt.date) else kind(value)
    except ValueError as error:
        raise NotAReportError(f"{at}: {str(value)[:80]!r} is not a known value") from error
