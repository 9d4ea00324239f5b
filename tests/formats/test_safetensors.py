import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source, identify, safetensors
from modelwarden.formats.safetensors import BITS, Safetensors, read, sniff
from modelwarden.testing import check_reader


def entry(dtype: str = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def build(header: object, data: bytes = bytes(8), pad: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += pad
    return len(text).to_bytes(8, "little") + text + data


def look(data: bytes) -> Safetensors:
    return read(Source("s", data), Limits())


def accepted(data: bytes) -> bool:
    try:
        deserialize(data)
    except SafetensorError:
        return False
    return True


def clean(data: bytes) -> bool:
    if not sniff(Source("s", data)):
        return False
    view = look(data)
    return not view.faults and not view.gaps


def test_a_valid_file_gives_tensors_metadata_and_producer():
    data = build({"__metadata__": {"format": "pt"}, "w": entry()}, pad=b"   ")

    view = look(data)

    assert (view.faults, view.gaps, view.hidden) == ((), (), ())
    assert [(t.name, t.dtype, t.shape, t.begin, t.end) for t in view.tensors] == [
        ("w", "F32", (2,), 0, 8)
    ]
    assert [(one.key, one.value) for one in view.metadata] == [("format", "pt")]
    assert view.producer is not None
    assert view.producer.name == "torch"
    assert accepted(data)


@pytest.mark.parametrize("dtype", BITS)
def test_every_dtype_of_the_reference_loader_is_known(dtype: str):
    data = build({"w": entry(dtype, [8], [0, BITS[dtype]])}, bytes(BITS[dtype]))

    assert accepted(data)
    assert clean(data)


BAD = {
    "a header that breaks off": (build(b'{"w":'), "header"),
    "a nested entry": (build(b'{"w": {"a": {}}}'), "entry"),
    "something behind the object": (build(b"{} x", b""), "header"),
    "an entry that is a number": (build({"w": 3}), "entry"),
    "an unknown key": (build({"w": entry() | {"x": 1}}), "entry"),
    "no shape": (build({"w": {"dtype": "F32", "data_offsets": [0, 8]}}), "entry"),
    "an unknown dtype": (build({"w": entry("F31")}), "dtype"),
    "a negative size": (build({"w": entry(shape=[-2])}), "shape"),
    "minus zero": (build(b'{"w":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}', b""), "shape"),
    "a size that is a float": (build({"w": entry(shape=[2.0])}), "shape"),
    "a size that is a bool": (build({"w": entry(shape=[True])}), "shape"),
    "a size over 64 bits": (build({"w": entry(shape=[2**64])}), "shape"),
    "a product over 64 bits": (build({"w": entry(shape=[2**33, 2**33])}), "shape"),
    "a shape that is an object": (build({"w": entry(shape={})}), "shape"),
    "three offsets": (build({"w": entry(offsets=[0, 4, 8])}), "offsets"),
    "an end before the begin": (build({"w": entry(offsets=[8, 0])}), "offsets"),
    "an end behind the file": (build({"w": entry(shape=[4], offsets=[0, 16])}), "offsets"),
    "a size by shape that differs": (build({"w": entry(shape=[1])}), "size"),
    "half a byte": (build({"w": entry("F4", [3], [0, 2])}, bytes(2)), "size"),
    "an overlap": (
        build({"a": entry(offsets=[0, 8]), "b": entry(offsets=[4, 12])}, bytes(12)),
        "overlap",
    ),
    "an empty tensor inside another": (
        build({"a": entry(), "b": entry(shape=[0], offsets=[4, 4])}),
        "overlap",
    ),
    "a hole": (build({"w": entry(offsets=[4, 12])}, bytes(12)), "hole"),
    "bytes behind the last tensor": (build({"w": entry()}, bytes(9)), "trailing"),
    "metadata that is a list": (build({"__metadata__": [], "w": entry()}), "metadata"),
    "metadata with a number": (build({"__metadata__": {"a": 1}, "w": entry()}), "metadata"),
    "a name twice": (
        build(b'{"w":%s,"w":%s}' % ((json.dumps(entry()).encode(),) * 2)),
        "duplicate",
    ),
    "a name twice, once escaped": (
        build(b'{"w":%s,"\\u0077":%s}' % ((json.dumps(entry()).encode(),) * 2)),
        "duplicate",
    ),
    "a dtype twice": (
        build(b'{"w":{"dtype":"U8","dtype":"F32","shape":[2],"data_offsets":[0,8]}}'),
        "duplicate",
    ),
    "a metadata key twice": (
        build(b'{"__metadata__":{"a":"1","a":"2"},"w":%s}' % json.dumps(entry()).encode()),
        "duplicate",
    ),
    "padding with a tab": (build({"w": entry()}, pad=b"\t"), "padding"),
    "a header that begins with a space": (build(b" {}", b""), "header"),
    "bytes that are not UTF-8": (build(b'{"\xff": 1}', b""), "header"),
}


@pytest.mark.parametrize(("data", "kind"), BAD.values(), ids=BAD)
def test_what_the_specification_forbids_is_a_fault(data: bytes, kind: str):
    view = look(data)

    assert kind in {fault.kind for fault in view.faults}
    assert all(fault.at is None or 0 <= fault.at <= len(data) for fault in view.faults)


def test_a_truncated_header_is_a_fault_and_a_gap():
    data = build({"w": entry()})[:30]

    view = look(data)

    assert [gap.kind for gap in view.gaps] == [GapKind.UNREADABLE]
    assert [fault.kind for fault in view.faults] == ["header"]


def test_what_no_tensor_owns_is_a_child_unless_it_is_zero():
    hidden = b"PK\x03\x04 and so on"
    data = build({"a": entry(), "b": entry(offsets=[16, 24])}, bytes(24) + hidden)

    view = look(data)

    assert [fault.kind for fault in view.faults] == ["hole", "trailing"]
    (child,) = view.children
    nested = child.open()
    assert nested.read(0, nested.size) == hidden
    assert (nested.depth, nested.member) == (1, f"bytes {len(data) - len(hidden)}-{len(data)}")


def test_offsets_point_at_the_name_behind_characters_of_many_bytes():
    header = '{"ü":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":3}'.encode()

    (fault,) = look(build(header, b"")).faults

    assert fault.at == 8 + header.index(b'"w"')


def test_faults_are_counted_beyond_a_hundred():
    header = {f"t{n}": 1 for n in range(250)}

    view = look(build(header, b""))

    assert (len(view.faults), view.more_faults) == (100, 150)


def test_a_huge_header_costs_a_gap_and_no_memory():
    data = build(b'{"a":' + b"[" * 6_000_000)

    view = look(data)

    assert view.gaps
    assert not view.tensors


def test_the_catalogue_finds_the_format():
    found = identify(Source("s", build({"w": entry()})))

    assert [entry.id for entry in found] == ["safetensors"]


tensors = st.lists(
    st.tuples(st.sampled_from(sorted(BITS)), st.lists(st.integers(0, 5), max_size=3)), max_size=4
)


def assemble(shapes: list[tuple[str, list[int]]]) -> bytes:
    header: dict[str, object] = {"__metadata__": {"format": "np"}}
    at = 0
    for number, (dtype, shape) in enumerate(shapes):
        count = 1
        for size in shape:
            count *= size
        size = -(-count * BITS[dtype] // 8)
        header[f"t{number}"] = entry(dtype, shape, [at, at + size])
        at += size
    return build(header, bytes(at))


@given(tensors)
def test_what_is_well_made_is_judged_as_the_reference_loader_judges_it(
    shapes: list[tuple[str, list[int]]],
):
    data = assemble(shapes)

    assert clean(data) == accepted(data)


@settings(max_examples=400)
@given(tensors, st.data())
def test_no_fault_of_the_reference_loader_is_missed(
    shapes: list[tuple[str, list[int]]], draw: st.DataObject
):
    data = bytearray(assemble(shapes))
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(data) - 1))
        match draw.draw(st.sampled_from(["set", "cut", "insert", "drop"])):
            case "set":
                data[at] = draw.draw(st.sampled_from(b'0123456789{}[],:"\\ -.etU8F\x00\xff\t'))
            case "cut":
                del data[max(at, 1) :]
            case "insert":
                data[at:at] = bytes(draw.draw(st.integers(1, 3)))
            case "drop" if len(data) > 1:
                del data[at]

    if clean(bytes(data)):
        assert accepted(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_length_are_read_without_an_exception(data: bytes):
    look(len(data).to_bytes(8, "little") + data)
    look(data)


def test_data_that_is_cut_short_is_one_fault_and_a_gap():
    names = {
        f"t{i}": {"dtype": "U8", "shape": [4], "data_offsets": [4 * i, 4 * i + 4]} for i in range(6)
    }
    header = json.dumps(names).encode()

    view = read(
        Source("m.safetensors", len(header).to_bytes(8, "little") + header + bytes(9)), Limits()
    )

    assert [(f.kind, f.what) for f in view.faults] == [("offsets", "t2")]
    assert "3 more tensors" in view.faults[0].why
    assert [g.why for g in view.gaps] == ["cut short: 9 of 24 bytes of data are there"]


def test_it_keeps_what_all_readers_keep():
    check_reader(safetensors, [build({}), build({"a": entry()}), build({"a": entry()}, pad=b"  ")])
