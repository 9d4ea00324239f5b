"""Values to JSON and back, driven by the types: one walk for every dataclass of `core`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwarden.core.findings import Json

# Fields that stand in the JSON only when they say something.
SPARSE = {"Location", "Reason"}
_INT_BITS = 4_096


def encode(value: object) -> Json:
    """Return `value` as plain JSON values.

    Dataclasses become objects in field order; a location lists only the parts that apply and
    its `terms` stand beside them. NaN and infinities have no JSON form and become None; an integer
    too long to be written in decimal becomes its hexadecimal text.

    Raises:
        TypeError: a value of a type that reports do not hold.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Python refuses to write integers of more than 4,300 digits in decimal.
        return value if value.bit_length() <= _INT_BITS else hex(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _encode_fields(value)
    if isinstance(value, Mapping):
        return {str(encode(str(k))): encode(v) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [encode(v) for v in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _encode_fields(value: object) -> dict[str, Json]:
    sparse = type(value).__name__ in SPARSE
    encoded: dict[str, Json] = {}
    for f in dataclasses.fields(value):  # type: ignore[arg-type]
        part = getattr(value, f.name)
        if sparse and part is None:
            continue
        if f.name == "terms":
            encoded |= {str(k): encode(v) for k, v in part.items()}
        else:
            encoded[f.name] = encode(part)
    return encoded
