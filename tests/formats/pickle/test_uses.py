"""What a use says about the arguments of a call."""

from __future__ import annotations

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
