"""Nested values handed out while they are read: the same as Python's `json` would build."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import Limits, Source
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.nested import Node, Scalar, feed_json, feed_ubjson, whole
from modelwarden.formats.view import DamagedError
from treemodels import ubjson


class Built(Node):
    """Builds what is handed out: a list, or the pairs of an object."""

    def __init__(self, *, array: bool) -> None:
        self.array = array
        self.values: list[Any] = []

    def opened(self, name: str, at: int, *, array: bool) -> Node:
        inner = Built(array=array)
        self.values.append(inner if self.array else (name, inner))
        return inner

    def pairs(self, pairs: Sequence[tuple[str, Scalar]], at: int) -> None:
        self.values += pairs

    def items(self, items: Sequence[Scalar], at: int) -> None:
        self.values += items

    def result(self) -> object:
        if self.array:
            return [v.result() if isinstance(v, Built) else v for v in self.values]
        return ("object", [(k, v.result() if isinstance(v, Built) else v) for k, v in self.values])


def fed(data: bytes, feed: Any = feed_json) -> object:
    top = Built(array=True)
    feed(Source("m", data), top, Limits())
    return top.result()


def expected(value: object) -> object:
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return ("object", [(key, expected(item)) for key, item in value.items()])
    return value


SCALARS = st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=30,
)


@given(
    st.lists(VALUES, max_size=4) | st.dictionaries(st.text(), VALUES), st.sampled_from([None, 0, 3])
)
def test_json_is_handed_out_as_it_stands(value: object, indent: int | None):
    for ascii_only in (True, False):
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

        assert fed(text.encode("utf-8", "surrogatepass")) == [expected(value)]


WHOLE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=30,
)


@given(st.dictionaries(st.text(max_size=5), WHOLE), st.booleans())
def test_ubjson_is_handed_out_as_it_stands(value: dict[str, object], typed: bool):
    if typed:  # arrays of one type hold 32-bit numbers
        value = json.loads(json.dumps(value), parse_int=lambda text: int(text) % 1000)

    assert fed(ubjson(value, typed=typed), feed_ubjson) == [expected(json.loads(json.dumps(value)))]


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes):
    for feed, front in ((feed_json, b'{"a": ['), (feed_ubjson, b"{i\x01a["), (feed_ubjson, b"[$")):
        with suppress(DamagedError, LimitExceededError):
            fed(front + data, feed)


MEMBER = b"{L" + struct.pack(">q", 2) + b"ab[$l#L"
BAD = {
    "a type without a count": b"[$i",
    "values that take no bytes": b"[$T#L" + struct.pack(">q", 1 << 40),
    "more items than bytes": b"[#L" + struct.pack(">q", 1 << 40),
    "more numbers than bytes": b"[$L#U\x09" + bytes(9),
    "a negative count": b"[#i\xff",
    "a count that is a text": b"[#S",
    "no letter that is known": b"?",
    "a text that is cut off": b"Si\x09abc",
    "more numbers in a member than bytes": MEMBER + struct.pack(">q", 9) + bytes(9),
    "a negative count in a member": MEMBER + struct.pack(">q", -1) + bytes(9),
    "a name that is longer than announced": b"{L" + struct.pack(">q", 1) + MEMBER[10:],
    "a name that is shorter than announced": b"{L" + struct.pack(">q", 3) + MEMBER[10:],
    "nothing": b"",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_cannot_be_is_damage(data: bytes):
    with pytest.raises(DamagedError):
        fed(data, feed_ubjson)


def test_a_member_of_numbers_is_the_same_whatever_type_its_length_has():
    rest = b"ab[$l#L" + struct.pack(">q2i", 2, -5, 7) + b"}"

    for length in (b"U\x02", b"I\x00\x02", b"L" + struct.pack(">q", 2)):
        assert fed(b"{" + length + rest, feed_ubjson) == [expected({"ab": [-5, 7]})]


def test_nesting_is_bounded():
    for data, feed in ((b"[" * 5000, feed_json), (b"[" * 5000, feed_ubjson)):
        with pytest.raises(LimitExceededError):
            fed(data, feed)


def test_arrays_longer_than_a_window_are_handed_out_whole():
    value = {"a": list(range(400_000)), "b": [[1], [2]]}

    assert fed(json.dumps(value).encode()) == [expected(value)]
    assert fed(ubjson(value), feed_ubjson) == [expected(value)]


@pytest.mark.parametrize(
    ("value", "number"),
    [("12", 12), ("-3", -3), (7, 7), (True, 1), (1.0, None), ("1e3", None), (1 << 80, None)],
)
def test_whole_numbers_are_told(value: Scalar, number: int | None):
    assert whole(value) == number
