"""What the wire forms have in common: keys, arrays, rows, records and columns, read strictly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.profile import Input, Kind, Profile
from modelwarden.protocols.tensors import Array, WireError, array_of

LONGEST_ID = 256


def only(document: dict[str, Any], known: Sequence[str]) -> None:
    """Refuse an object that has other keys."""
    if any(key not in known for key in document):
        raise RefusedError(Reason.SCHEMA, "a key that this protocol does not have")


def is_word(value: object) -> bool:
    """Tell whether this is a short text of letters that are seen.

    Servers write names and ids into logs and terminals, where line feeds and escapes do harm.
    """
    return isinstance(value, str) and len(value) <= LONGEST_ID and value.isprintable()


# Of parameters; `classification` asks for so many classes of each row.
_LARGEST = {"": 1e18, "classification": 10_000}


def parameters(value: object) -> None:
    """Let parameters through that are plain: words and numbers under plain names."""
    if value is None:
        return
    if not isinstance(value, dict) or len(value) > 16:
        raise RefusedError(Reason.SCHEMA, "parameters are no small object")
    for key, part in value.items():
        if not is_word(key):
            raise RefusedError(Reason.SCHEMA, "a parameter has no plain name")
        if isinstance(part, list | dict) or (isinstance(part, float) and not math.isfinite(part)):
            raise RefusedError(Reason.SCHEMA, "a parameter is no plain value")
        if isinstance(part, int | float) and abs(part) > _LARGEST.get(key, _LARGEST[""]):
            raise RefusedError(Reason.SCHEMA, "a parameter is huge")
        if isinstance(part, str) and not is_word(part):
            raise RefusedError(Reason.SCHEMA, "a parameter is no plain word")


def array_in(data: object) -> Array:
    """Return nested lists as an array; what is ragged or mixed is refused."""
    try:
        return array_of(data, "the input")
    except WireError as error:
        ragged = "ragged" in error.message or "nested" in error.message
        raise RefusedError(Reason.SHAPE if ragged else Reason.TYPE, error.message) from error


def split(data: object, profile: Profile) -> dict[str, Array]:
    """Read an object of column names and rows."""
    if not isinstance(data, dict):
        raise RefusedError(Reason.SCHEMA, "a frame is no object")
    only(data, ("columns", "data", "index"))
    columns, rows = data.get("columns"), data.get("data")
    if not isinstance(columns, list) or any(not isinstance(name, str) for name in columns):
        raise RefusedError(Reason.SCHEMA, "columns is no list of names")
    if not isinstance(rows, list) or any(
        not isinstance(row, list) or len(row) != len(columns) for row in rows
    ):
        raise RefusedError(Reason.SHAPE, "rows and columns of a frame differ")
    index = data.get("index")
    if index is not None and (
        not isinstance(index, list)
        or len(index) != len(rows)
        or any(type(part) is not int and not is_word(part) for part in index)
    ):
        raise RefusedError(Reason.SCHEMA, "index is no list of labels, one a row")
    if len(set(columns)) != len(columns):
        raise RefusedError(Reason.DUPLICATE_KEY, "a column is given twice")
    if not profile.table:
        return {profile.inputs[0].name: tensor(rows, profile.inputs[0])}
    both = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return columns_of(dict(zip(columns, map(list, both), strict=True)), profile)


def records(data: object, profile: Profile, *, wrapped: bool = False) -> dict[str, Array]:
    """Read a list of rows, each an object of columns.

    Args:
        data: the rows.
        profile: says which columns there are.
        wrapped: whether each value may be the only one of a list.
    """
    if not isinstance(data, list) or any(not isinstance(row, dict) for row in data):
        raise RefusedError(Reason.SCHEMA, "records are no list of objects")
    names = [spec.name for spec in profile.inputs]
    if not profile.table or any(set(row) != set(names) for row in data):
        raise RefusedError(Reason.SCHEMA, "not the columns that the model has")
    columns = {name: [row[name] for row in data] for name in names}
    return columns_of(columns, profile, wrapped=wrapped)


def plain(data: object, profile: Profile) -> dict[str, Array]:
    """Read a list of rows, a list of objects, or an object of columns.

    These are forms of tensors, in which a column may have the shape (rows, 1).
    """
    if isinstance(data, list) and data and isinstance(data[0], dict):
        if profile.table:
            return records(data, profile, wrapped=True)
        data = _of_one_name(data, profile.inputs[0].name)
    if isinstance(data, dict) and profile.table:
        return columns_of(data, profile, wrapped=True)
    if isinstance(data, dict) and set(data) == {profile.inputs[0].name}:
        data = data[profile.inputs[0].name]
    if profile.table:
        names = [spec.name for spec in profile.inputs]
        if len(names) == 1 and isinstance(data, list) and not any(map(_nested, data)):
            return columns_of({names[0]: data}, profile)  # rows of one value may be bare
        return split({"columns": names, "data": data}, profile)
    return {profile.inputs[0].name: tensor(data, profile.inputs[0])}


def _of_one_name(rows: list[Any], name: str) -> list[Any]:
    """Return the values of rows that are objects of the model's only input."""
    if any(not isinstance(row, dict) or set(row) != {name} for row in rows):
        raise RefusedError(Reason.SCHEMA, "rows that are no objects of the model's input")
    return [row[name] for row in rows]


def _nested(value: object) -> bool:
    return isinstance(value, list | dict)


def tensor(data: object, spec: Input) -> Array:
    """Read rows of the shape that the model takes."""
    array = array_in(data)
    if array.shape[1:] != spec.shape:
        raise RefusedError(Reason.SHAPE, "another shape than the model's")
    return array


def columns_of(
    columns: dict[str, Any], profile: Profile, *, wrapped: bool = False
) -> dict[str, Array]:
    """Read an object of columns, just those that the model has; see `records`."""
    if set(columns) != {spec.name for spec in profile.inputs}:
        raise RefusedError(Reason.SCHEMA, "not the columns that the model has")
    return {s.name: column_of(columns[s.name], s, wrapped=wrapped) for s in profile.inputs}


def column_of(data: object, spec: Input, *, wrapped: bool = False) -> Array:
    """Read one column; see `records`."""
    if not isinstance(data, list):
        raise RefusedError(Reason.SCHEMA, "a column is no list")
    if (
        wrapped
        and data
        and isinstance(data[0], list)
        and all(isinstance(part, list) and len(part) == 1 for part in data)
    ):
        data = [part[0] for part in data]
    if spec.kind in (Kind.CATEGORY, Kind.TEXT):
        if any(part is not None and not isinstance(part, str) for part in data):
            raise RefusedError(Reason.TYPE, f"column {spec.name!r} holds something else than text")
        words = np.empty(len(data), np.object_)
        words[:] = data
        return words
    if any(type(part) not in (int, float, bool, type(None)) for part in data):
        raise RefusedError(Reason.TYPE, f"column {spec.name!r} holds something else than numbers")
    if data and all(part is None for part in data):
        return np.full(len(data), np.nan)
    if any(part is None for part in data) and any(type(part) is bool for part in data):
        data = [float(part) if type(part) is bool else part for part in data]
    array = array_in(data)
    if array.ndim != 1:
        raise RefusedError(Reason.SHAPE, f"column {spec.name!r} is nested")
    return array
