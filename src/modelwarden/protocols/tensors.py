"""The common form behind all protocols: named arrays with one row for each case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwarden.core import ModelwardenError
from modelwarden.core.values import dataclass

Array = npt.NDArray[np.generic]

# Deeper than any tensor that a model answers with.
DEEPEST = 16


class WireError(ModelwardenError):
    """A message that does not follow its protocol, or values that the protocol cannot carry."""

    hint = "Look at what the server answers with curl; check protocol and url."


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """One array of a message.

    Attributes:
        name: as the protocol spells it; "" where it names none.
        values: (n, …), a row for each case: bool, int64, float32, float64, or objects that are
            str (None where a value is missing).
        columns: names along the second axis, where the message gives them (classes, say).
    """

    name: str
    values: Array
    columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Rows."""
        return len(self.values)


def array_of(data: object, what: str) -> Array:
    """Return nested JSON lists of one kind of value as an array.

    Args:
        data: a list of bools, numbers or strings, or of such lists, all of one length.
        what: names it in errors.

    Raises:
        WireError: it is no list, is ragged, mixes kinds, or is nested deeper than `DEEPEST`.
    """
    if not isinstance(data, list):
        raise WireError(f"{what} is {_kind(data)}, not an array")
    if not data:
        return np.empty((0,), np.float64)
    flat: Sequence[Any] = data
    shape = [len(data)]
    while isinstance(flat[0], list):
        if len(shape) >= DEEPEST:
            raise WireError(f"{what} is nested deeper than {DEEPEST} levels")
        width = len(flat[0])
        if any(not isinstance(part, list) or len(part) != width for part in flat):
            raise WireError(f"{what} is ragged: its rows differ in length")
        shape.append(width)
        flat = [value for part in flat for value in part]
        if not flat:
            return np.empty(shape, np.float64)
    return _typed(flat, what).reshape(shape)


def _typed(flat: Sequence[object], what: str) -> Array:
    kinds = {type(value) for value in flat}
    if kinds == {bool}:
        return np.array(flat, np.bool_)
    if kinds <= {str, type(None)} and str in kinds:
        values = np.empty(len(flat), np.object_)
        values[:] = flat
        return values
    if kinds == {int}:
        try:
            return np.array(flat, np.int64)
        except OverflowError as error:
            raise WireError(f"{what} holds a whole number beyond 64 bits") from error
    if kinds <= {int, float, type(None)}:
        # A number that is missing is NaN; JSON has no other word for it.
        try:
            return np.array([np.nan if v is None else v for v in flat], np.float64)
        except OverflowError as error:
            raise WireError(f"{what} holds a number beyond 64 bits") from error
    shown = ", ".join(sorted({_KINDS.get(kind, kind.__name__) for kind in kinds}))
    raise WireError(f"{what} mixes kinds of values: {shown}")


_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)


def plain(values: Array, what: str, *, missing: bool) -> list[Any]:
    """Return an array as nested lists that JSON can carry.

    Args:
        values: numbers, bools, or objects that are str or None.
        what: names it in errors.
        missing: whether NaN and None may be sent, as null.

    Raises:
        WireError: a value is missing or not finite and the protocol has no word for it.
    """
    if values.dtype.kind in "iub":
        return list(values.tolist())
    if values.dtype.kind == "M":
        return list(values.astype(np.str_).tolist())
    if values.dtype.kind == "f":
        infinite = np.isinf(values)
        if infinite.any():
            raise WireError(f"{what} holds an infinite number, which JSON cannot carry")
        absent = np.isnan(values)
        if not absent.any():
            return list(values.tolist())
        if not missing:
            raise WireError(f"{what} holds a missing number, which this protocol cannot carry")
        objects = values.astype(np.object_)
        objects[absent] = None
        return list(objects.tolist())
    listed = list(values.tolist())
    if not missing and any(value is None for value in values.ravel()):
        raise WireError(f"{what} holds a missing value, which this protocol cannot carry")
    return listed
