"""The types of a dataclass's fields, resolved: what `schema` and `decode` walk along."""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any

# Fields whose entries stand beside the others in the JSON instead of under their own name.
SPREAD = "terms"


class AnyJson:
    """Stands for the recursive alias `Json`, which has no finite form of its own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """One field.

    Attributes:
        type: its type without None. optional: None is allowed.
        required: it has no default.
    """

    name: str
    type: Any
    optional: bool
    required: bool


def shape_of(cls: Any) -> tuple[Shape, ...]:
    """Return the fields of a dataclass in order."""
    return _shapes(cls)


def is_record(kind: Any) -> bool:
    """Tell whether `kind` is a dataclass."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


@cache
def _shapes(cls: Any) -> tuple[Shape, ...]:
    hints = typing.get_type_hints(cls, localns={"Json": AnyJson})
    return tuple(_shape(f, hints[f.name]) for f in dataclasses.fields(cls))


def _shape(field: dataclasses.Field[Any], hint: Any) -> Shape:
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    if typing.get_origin(hint) not in (types.UnionType, typing.Union):
        return Shape(field.name, hint, hint is AnyJson, required)
    others = [part for part in typing.get_args(hint) if part is not type(None)]
    if len(others) != 1:
        raise TypeError(f"{field.name}: a union of {len(others)} types has no JSON shape")
    return Shape(field.name, others[0], True, required)
