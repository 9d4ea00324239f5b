"""What a use says about the arguments of a call."""

from __future__ import annotations

import pickle

import pytest

from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import read
from modelwarden.formats.pickle.uses import Argument


def test_a_call_says_which_constants_and_imported_things_it_gets():
    data = b"cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nS'_unpickle'\ntR(S'UTC'\nI01\ntR."

    getting, calling = (u for u in read(Source("zone", data), Limits()).uses if u.via == "REDUCE")

    assert getting.arguments == (
        Argument(module="zoneinfo", name="ZoneInfo"),
        Argument(text="_unpickle"),
    )
    assert getting.imports == (("zoneinfo", "ZoneInfo"),)
    assert calling.callee_at == getting.at


def test_an_argument_that_is_a_result_says_what_made_it():
    data = b"cbuiltins\nlist\n(ca\nb\n)RNtR."

    made, listed = (u for u in read(Source("made", data), Limits()).uses if u.via == "REDUCE")

    assert listed.arguments == (
        Argument(module="a", name="b", made_at=made.at),
        Argument(empty=True),
    )


def test_a_method_of_a_result_is_told_from_one_of_the_imported_thing():
    made, direct = b"ca\nB\n)R}b.", b"ca\nB\n}b."

    uses = [read(Source("x", data), Limits()).uses[-1] for data in (made, direct)]

    assert [use.method for use in uses] == ["__setstate__", "__setstate__"]
    assert [use.callee for use in uses] == ["a.B()", None]


def test_the_bytes_that_skorch_loads_are_examined_as_a_pickle():
    inner = b"}0cposix\nsystem\n(S'true'\ntR."
    key = b"X\x1d\0\0\0__cuda_dependent_attributes__"
    state = b"}" + key + b"B" + len(inner).to_bytes(4, "little") + inner + b"s"
    view = read(Source("x.pkl", b"\x80\x03cskorch.net\nNeuralNet\n)\x81" + state + b"b."), Limits())

    assert [child.name for child in view.children]


@pytest.mark.parametrize("size", [3, 64, 200])
def test_a_pickle_in_a_short_constant_of_bytes_is_examined(size):
    inner = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    inner = inner.ljust(min(size + len(inner), 255), b" ")
    data = pickle.dumps([inner, *map(str, range(300))], 4)  # the fast loop ends before the end

    view = read(Source("nested", data), Limits())

    assert len(view.children) == 1


def test_calls_beyond_those_kept_are_counted_as_one():
    calls = b"".join(b"h\x00C\x02" + bytes([n % 256, n // 256]) + b"\x85R0" for n in range(500))
    data = b"\x80\x04cnumpy\ndtype\nq\x00."[:-1] + calls + b"h\x00C\x02\x00\x00\x85R."

    uses = [use for use in read(Source("many", data), Limits()).uses if use.kind.value == "called"]

    assert sum(use.times for use in uses) == 501
    assert len(uses) == 65
    assert [use.argument_count for use in uses].count(-1) == 1
