"""What the inputs of a data set look like: kinds, ranges, categories, what is missing."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.targets.counting import times_of
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame

_MOST_CATEGORIES = 1000
_SHARE_OF_ROWS = 0.05  # more different words than that are texts, or names
_FEW = 20


class Kind(StrEnum):
    """What the values of one field are."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    TEXT = "text"
    DATE = "date"
    VECTOR = "vector"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column, or the one input of a model of texts, vectors or images.

    Attributes:
        name: of the column; `x` of what has none.
        kind: of its values. Whole numbers with gaps are integers still.
        low: smallest finite value; None where there is none, or values have no order.
        high: largest finite value, likewise.
        categories: of a category, the most frequent first; of equal ones, in alphabetical order.
        distinct: how many different values there are; None for vectors and images.
        missing: share of rows without a value: NaN, NaT or None.
        shape: of one row of a vector or image.
    """

    name: str
    kind: Kind
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    distinct: int | None = None
    missing: float = 0.0
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """The inputs of a data set.

    Attributes:
        rows: that were looked at: all.
        fields: in the order in which the model is given them.
    """

    rows: int
    fields: tuple[Field, ...]

    def __getitem__(self, name: str) -> Field:
        """Return one field; KeyError where there is none of this name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def schema_of(data: DataSet) -> Schema:
    """Return what the inputs of a data set look like."""
    inputs = data.inputs
    if isinstance(inputs, Frame):
        both = zip(inputs.names, inputs.columns, strict=True)
        return Schema(len(inputs), tuple(field_of(name, column) for name, column in both))
    if inputs.dtype.kind == "O":
        return Schema(len(inputs), (_words("x", inputs, Kind.TEXT),))
    low, high, missing = _range(inputs)
    kind = Kind.IMAGE if inputs.ndim == 4 else Kind.VECTOR
    shape = tuple(int(n) for n in inputs.shape[1:])
    field = Field(name="x", kind=kind, low=low, high=high, missing=missing, shape=shape)
    return Schema(len(inputs), (field,))


def field_of(name: str, column: Column) -> Field:
    """Return what one column looks like."""
    kind = column.dtype.kind
    if kind == "O":
        return _words(name, column, None)
    if kind == "M":
        known = column[~np.isnat(column)]
        seconds = known.astype("datetime64[us]").astype(np.int64) / 1e6
        low, high, _ = _range(seconds)
        missing = 1 - len(known) / len(column) if len(column) else 0.0
        distinct = len(np.unique(known))
        return Field(
            name=name, kind=Kind.DATE, low=low, high=high, distinct=distinct, missing=missing
        )
    low, high, missing = _range(column)
    known = column[np.isfinite(column)] if kind == "f" else column
    whole = kind in "iu" or (kind == "f" and len(known) > 0 and bool((known % 1 == 0).all()))
    found = Kind.BOOLEAN if kind == "b" else Kind.INTEGER if whole else Kind.NUMBER
    distinct = len(np.unique(known))
    return Field(name=name, kind=found, low=low, high=high, distinct=distinct, missing=missing)


def _range(values: Column) -> tuple[float | None, float | None, float]:
    """Return the least and the greatest finite value, and the share that is missing."""
    if not values.size:
        return None, None, 0.0
    if values.dtype.kind != "f":
        return float(values.min()), float(values.max()), 0.0
    known = values[np.isfinite(values)]
    missing = float(np.isnan(values).mean())
    return (
        (float(known.min()), float(known.max()), missing) if known.size else (None, None, missing)
    )


def _words(name: str, column: Column, kind: Kind | None) -> Field:
    counted = times_of(column)
    counted.pop(None, None)
    known = sum(counted.values())
    if kind is None:
        few = len(counted) <= max(_FEW, _SHARE_OF_ROWS * known) and len(counted) < known
        kind = Kind.CATEGORY if few and len(counted) <= _MOST_CATEGORIES else Kind.TEXT
    listed = counted if kind is Kind.CATEGORY else ()
    ordered = sorted(listed, key=lambda value: (-counted[value], str(value)))
    return Field(
        name=name,
        kind=kind,
        categories=tuple(map(str, ordered)),
        distinct=len(counted),
        missing=1 - known / len(column) if len(column) else 0.0,
    )


__all__ = ["Field", "Kind", "Schema", "field_of", "schema_of"]
