"""The JSON schema (draft 2020-12) of a report, made from the dataclasses.

`docs/schema/report-1.schema.json` is this, written out. Within `modelwarden/report/1` keys may be
added and none is taken away, so further keys are allowed everywhere.
"""

from __future__ import annotations

import datetime as dt
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from modelwarden.core.encode import SPARSE
from modelwarden.core.report import SCHEMA, Report
from modelwarden.core.shapes import SPREAD, AnyJson, Shape, is_record, shape_of

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    # NaN and infinities are written as null.
    float: {"type": ["number", "null"]},
    dt.date: {"type": "string", "format": "date"},
    AnyJson: {},
}


def report_schema() -> dict[str, Any]:
    """Return the schema of what `encode` makes of a `Report`."""
    definitions: dict[str, Any] = {}
    root = _object(Report, definitions)
    root["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Modelwarden report",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    shapes = [shape for shape in shape_of(cls) if shape.name != SPREAD]
    sparse = cls.__name__ in SPARSE
    return {
        "description": (cls.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": {shape.name: _field(shape, definitions) for shape in shapes},
        "required": [s.name for s in shapes if not (sparse and s.optional)],
    }


def _field(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    inner = _value(shape.type, definitions)
    if not shape.optional or not inner:
        return inner
    if isinstance(inner.get("type"), str):
        return {**inner, "type": [inner["type"], "null"]}
    return inner if "type" in inner else {"anyOf": [inner, {"type": "null"}]}


def _value(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (tuple, Sequence):
        return {"type": "array", "items": _value(parts[0], definitions)}
    if origin is Mapping:
        values = _value(parts[1], definitions)
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if not is_record(kind):
        raise TypeError(f"{kind!r} has no JSON schema")
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        definitions[kind.__name__] = _object(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}
