from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import DamagedError, LimitExceededError, Limits, Source
from modelwarden.formats.protobuf import (
    END_GROUP,
    FIXED32,
    FIXED64,
    GROUP,
    LEN,
    VARINT,
    Field,
    _group,
    _Walk,
    fields,
    signed,
    text,
)


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def tagged(number: int, wire: int, payload: bytes) -> bytes:
    return varint(number << 3 | wire) + payload


def walk(data: bytes, **bounds: int) -> list[Field]:
    return list(fields(Source("m", data), **bounds))


def test_each_wire_type_gives_its_value_and_span():
    data = (
        tagged(1, VARINT, varint(300))
        + tagged(2, FIXED64, (2**63).to_bytes(8, "little"))
        + tagged(3, LEN, varint(2) + b"hi")
        + tagged(4, FIXED32, b"\x01\x00\x00\x00")
    )

    found = walk(data)

    assert [(f.number, f.wire, f.value) for f in found] == [
        (1, VARINT, 300),
        (2, FIXED64, 2**63),
        (3, LEN, 2),
        (4, FIXED32, 1),
    ]
    assert data[found[2].at : found[2].end] == b"hi"


def test_a_nested_message_is_walked_by_its_span():
    inner = tagged(7, VARINT, varint(5))
    source = Source("m", tagged(1, LEN, varint(len(inner)) + inner) + tagged(2, VARINT, b"\x00"))

    outer = next(fields(source))

    assert [f.number for f in fields(source, outer.at, outer.end)] == [7]


def test_a_group_is_one_field_with_the_groups_in_it():
    inside = tagged(9, VARINT, b"\x01") + tagged(6, 3, b"") + tagged(6, 4, b"")
    data = tagged(5, 3, b"") + inside + tagged(5, 4, b"") + tagged(1, VARINT, b"\x02")

    group, after = walk(data)

    assert (group.wire, data[group.at : group.end]) == (GROUP, inside)
    assert after.number == 1


@pytest.mark.parametrize(
    "bad",
    [
        tagged(0, VARINT, b"\x00"),
        tagged(1, 6, b""),
        tagged(1, 7, b""),
        tagged(1, 4, b""),
        tagged(1, 3, b""),
        tagged(1, 3, b"") + tagged(2, 4, b""),
        tagged(1, LEN, varint(9)),
        tagged(1, LEN, varint(2**63) + b"x"),
        tagged(1, FIXED32, b"abc"),
        tagged(1, VARINT, b"\xff" * 11),
        tagged(1, VARINT, b"\x80"),
        varint(1 << 40),
        tagged(1, 3, b"") * 100,
    ],
    ids=lambda data: data[:8].hex(),
)
def test_bytes_that_break_the_wire_format_end_in_damage_after_what_was_good(bad: bytes):
    good = tagged(3, VARINT, b"\x01")
    seen: list[Field] = []

    with pytest.raises(DamagedError):
        seen.extend(fields(Source("m", good + bad)))

    assert [field.number for field in seen] == [3]


def test_fields_across_the_window_are_read_whole():
    data = b"".join(tagged(n % 40 + 1, LEN, varint(n % 300) + bytes(n % 300)) for n in range(2_000))

    assert [(f.number, f.value) for f in walk(data)] == [
        (n % 40 + 1, n % 300) for n in range(2_000)
    ]


def test_a_payload_larger_than_the_window_is_stepped_over():
    data = tagged(1, LEN, varint(300_000) + bytes(300_000)) + tagged(2, VARINT, b"\x07")

    assert [(f.number, f.value) for f in walk(data)] == [(1, 300_000), (2, 7)]


def test_many_fields_spend_the_operations():
    with pytest.raises(LimitExceededError):
        list(fields(Source("m", b"\x08\x01" * 5_000), limits=Limits(operations=2_000)))


def test_text_is_cut_and_bad_bytes_are_replaced():
    source = Source("m", tagged(1, LEN, varint(6) + b"ab\xffdef"))

    assert text(source, next(fields(source)), longest=4) == "ab\ufffdd"


def test_a_negative_integer_is_read_back_from_its_varint():
    assert [signed(2**64 - 1), signed(1), signed(2**63)] == [-1, 1, -(2**63)]


@given(st.binary(max_size=300))
def test_any_bytes_end_in_fields_within_bounds_or_in_damage(data: bytes):
    found: list[Field] = []
    with suppress(DamagedError):
        found.extend(fields(Source("m", data)))

    assert all(0 < field.at <= field.end <= len(data) for field in found)
    assert [field.at for field in found] == sorted(field.at for field in found)


_BYTES = st.lists(
    st.sampled_from([8, 10, 11, 12, 13, 16, 18, 21, 0x82, 0x01, 0x00, 0x7F, 0x80, 0xFF, 0x42]),
    max_size=40,
).map(bytes)


@given(_BYTES)
def test_short_fields_are_read_as_any_field_is(data: bytes):
    assert outcome(fields(Source("m", data))) == outcome(one_by_one(Source("m", data)))


@given(_BYTES, st.integers(0, 20), st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_what_was_read_before_changes_no_field(
    data: bytes, start: int, end: int, near: int, short: bool
):
    source = Source("m", data)
    source.near = near, data[near : near + 7] if short else data[near:]
    found = outcome(fields(source, start, end))

    assert found == outcome(one_by_one(Source("m", data), start, end))


@given(_BYTES, st.sets(st.integers(1, 8)))
def test_fields_that_are_not_wanted_are_proved_all_the_same(data: bytes, wanted: set[int]):
    some, every = (
        outcome(fields(Source("m", data), wanted=wanted)),
        outcome(fields(Source("m", data))),
    )

    def asked(found: list[Field | str]) -> list[Field | str]:
        return [one for one in found if isinstance(one, str) or one.number in wanted]

    assert asked(some) == asked(every)
    assert len(some) <= len(every)


def one_by_one(source: Source, start: int = 0, end: int | None = None) -> Iterator[Field]:
    walk = _Walk(source, start, source.size if end is None else min(end, source.size))
    while walk.at < walk.end:
        field = walk.field()
        if field.wire == END_GROUP:
            raise DamagedError("a group closed that was not open", field.at)
        yield _group(walk, field, None) if field.wire == GROUP else field


def outcome(found: Iterator[Field]) -> list[Field | str]:
    seen: list[Field | str] = []
    try:
        seen += found
    except DamagedError as damage:
        seen.append(f"{damage.why}@{damage.offset}")
    return seen
