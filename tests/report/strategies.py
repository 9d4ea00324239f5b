"""Any report at all, made from the types."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from modelwarden.core.shapes import SPREAD, AnyJson, shape_of

TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def build(cls: type, **fixed: Any) -> st.SearchStrategy[Any]:
    """Make any value of a dataclass of reports, by its own field types."""
    taken = {shape.name for shape in shape_of(cls)}
    fields = {
        shape.name: st.dictionaries(TEXT.filter(lambda k: k not in taken), JSON, max_size=2)
        if shape.name == SPREAD
        else value_of(shape.type, optional=shape.optional)
        for shape in shape_of(cls)
    }
    return st.builds(cls, **(fields | fixed))


def value_of(kind: Any, *, optional: bool) -> st.SearchStrategy[Any]:
    plain = {
        str: TEXT,
        int: st.integers(),
        float: FLOATS,
        bool: st.booleans(),
        dt.date: st.dates(),
        AnyJson: JSON,
    }
    origin = getattr(kind, "__origin__", None)
    if kind in plain:
        made = plain[kind]
    elif origin is tuple:
        made = st.lists(value_of(kind.__args__[0], optional=False), max_size=2).map(tuple)
    elif origin is not None and "Mapping" in repr(origin):
        made = st.dictionaries(TEXT, JSON, max_size=2)
    elif origin is not None:
        made = st.lists(value_of(kind.__args__[0], optional=False), max_size=2)
    elif hasattr(kind, "__dataclass_fields__"):
        made = build(kind)
    else:
        made = st.sampled_from(kind)
    return st.none() | made if optional else made
