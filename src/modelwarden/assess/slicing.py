"""Rows that a list of conditions selects: `{column, op, value}` with `== in >= > <= < between`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from modelwarden.assess.derived import derived_column
from modelwarden.assess.truth import missing
from modelwarden.core import InputError
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame

Mask = npt.NDArray[np.bool_]

OPS = ("==", "in", ">=", ">", "<=", "<", "between")
_ORDER = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}


def rows_of(data: DataSet, conditions: Sequence[Mapping[str, object]]) -> Mask:
    """Return which rows meet every condition, (n,).

    Columns are those of the inputs and of the context. A missing value meets no condition but the
    one that asks for it: `== None`.

    Raises:
        InputError: a condition has no column, no known operator, or a value of another type.
    """
    mask = np.ones(len(data), np.bool_)
    for condition in conditions:
        mask &= _met(data, condition)
    return mask


def _met(data: DataSet, condition: Mapping[str, object]) -> Mask:
    strangers = set(condition) - {"column", "op", "value"}
    name, op = condition.get("column"), condition.get("op", "==")
    if strangers or not isinstance(name, str) or "value" not in condition:
        raise InputError(f"a slice needs column, op and value: {dict(condition)!r}"[:200])
    if op not in OPS:
        raise InputError(f"a slice has the operator {op!r}; known: {' '.join(OPS)}")
    column, value = column_of(data, name), condition["value"]
    try:
        return np.asarray(_compared(column, str(op), value), np.bool_)
    except (TypeError, ValueError) as error:
        raise InputError(f"column {name!r} cannot be compared with {value!r} by {op}") from error


def _compared(column: Column, op: str, value: object) -> Mask:
    if value is None and op == "==":
        return missing(column)
    if column.dtype.kind == "M":
        value = np.asarray(value, "datetime64[us]").tolist()
        value = [np.datetime64(v, "us") for v in value] if isinstance(value, list) else value
    if op in {"==", "in"}:
        wanted = value if op == "in" and isinstance(value, list) else [value]
        return _among(column, wanted)
    if column.dtype.kind == "O":
        raise TypeError("texts have no order")
    if op == "between":
        low, high = np.asarray(value).tolist()
        return np.asarray(np.greater_equal(column, low) & np.less_equal(column, high))
    return np.asarray(_ORDER[op](column, np.asarray(value)), np.bool_)


def _among(column: Column, wanted: Sequence[object]) -> Mask:
    """Return which values are among these; a missing one is not, whatever is asked for."""
    if column.dtype.kind == "O":
        return np.array([v is not None and v in wanted for v in column.tolist()], np.bool_)
    return np.asarray(np.isin(column, np.asarray(wanted)), np.bool_)


def column_of(data: DataSet, name: str) -> Column:
    """Return a column of the inputs, of the context, or one that is read off texts or images.

    Raises:
        InputError: there is none of this name.
    """
    if isinstance(data.inputs, Frame) and name in data.inputs.names:
        return data.inputs[name]
    if name in data.context.names:
        return data.context[name]
    found = derived_column(data, name)
    if found is None:
        inputs = data.inputs.names if isinstance(data.inputs, Frame) else ()
        shown = ", ".join((*inputs, *data.context.names)[:20]) or "none"
        raise InputError(f"no column {name!r}", hint=f"Columns: {shown}.")
    return found
