"""Messages of protocol buffers: read strictly, written anew, and judged as REST's."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firewall.calling import packed, raw_of, request, sized, tensor_of, varint, whole
from modelwarden.firewall.grpc.messages import CONTENTS, INFER, REQUEST, SERVICE, answered, asked
from modelwarden.firewall.wire import MessageError, read, varints, written

MOST, NUMBERS = 1 << 20, 1 << 16
ROWS = [[0.5] * 12, [0.25] * 12]


def infer(message):
    return asked(INFER, message, MOST, NUMBERS)


def document(message):
    return json.loads(infer(message).body)


def test_typed_raw_and_unpacked_values_are_the_same_request():
    one = b"".join(varint(6 << 3 | 5) + struct.pack("<f", v) for row in ROWS for v in row)
    halves = packed(6, "f", ROWS[0]) + packed(6, "f", ROWS[1])
    unpacked_shape = sized(1, "x") + sized(2, "FP32") + whole(3, 2) + whole(3, 12)

    wanted = {
        "inputs": [{"name": "x", "shape": [2, 12], "datatype": "FP32", "data": ROWS[0] + ROWS[1]}]
    }
    assert document(request(tensor_of(ROWS))) == wanted
    assert document(request(tensor_of(shape=[2, 12]), raw=[raw_of(ROWS)])) == wanted
    assert document(request(tensor_of(ROWS, contents=one))) == wanted
    assert document(request(tensor_of(ROWS, contents=halves))) == wanted
    assert document(request(unpacked_shape + sized(5, packed(6, "f", ROWS[0] + ROWS[1])))) == wanted


def test_what_goes_on_is_written_anew_in_one_form():
    one = b"".join(varint(6 << 3 | 5) + struct.pack("<f", v) for row in ROWS for v in row)
    plain = request(tensor_of(ROWS))
    longer = plain.replace(sized(1, "m"), b"\x8a\x00\x81\x00m", 1)  # tag and length in two bytes
    assert longer != plain

    assert infer(plain).onward == plain
    assert infer(request(tensor_of(ROWS, contents=one))).onward == plain
    assert infer(longer).onward == plain


def test_every_datatype_keeps_its_values_to_the_last_bit():
    forms = {
        "BOOL": ("?", [True, False]), "INT8": ("b", [-128, 127]), "INT16": ("h", [-32768, 7]),
        "INT32": ("i", [-(2**31), 2**31 - 1]), "INT64": ("q", [-(2**63), 2**63 - 1]),
        "UINT8": ("B", [0, 255]), "UINT16": ("H", [0, 65535]), "UINT32": ("I", [0, 2**32 - 1]),
        "UINT64": ("Q", [0, 2**64 - 1]), "FP16": ("e", [0.5, -2.0]), "FP32": ("f", [0.5, 1e38]),
        "FP64": ("d", [0.1, -1.7e308]),
    }  # fmt: skip
    number = {"BOOL": 1, "INT8": 2, "INT16": 2, "INT32": 2, "INT64": 3, "UINT8": 4, "UINT16": 4,
              "UINT32": 4, "UINT64": 5, "FP32": 6, "FP64": 7}  # fmt: skip
    for datatype, (form, values) in forms.items():
        known = list(struct.unpack(f"<2{form}", struct.pack(f"<2{form}", *values)))
        raw = request(
            tensor_of(datatype=datatype, shape=[2]), raw=[struct.pack(f"<2{form}", *values)]
        )
        assert document(raw)["inputs"][0]["data"] == known, datatype
        if datatype in number:
            at = number[datatype]
            if form in "fd":
                contents = packed(at, form, values)
            else:
                contents = sized(at, b"".join(varint(int(v) % 2**64) for v in values))
            typed = request(tensor_of(datatype=datatype, shape=[2], contents=contents))
            assert document(typed)["inputs"][0]["data"] == known, datatype
            assert infer(typed).onward == typed, datatype
    bfloat = request(tensor_of(datatype="BF16", shape=[1]), raw=[b"\x80\x3f"])
    assert document(bfloat)["inputs"][0]["data"] == [1.0]
    words = ["", "Gruß", "\N{GRINNING FACE}"]
    parts = [word.encode() for word in words]
    raw = b"".join(struct.pack("<I", len(part)) + part for part in parts)
    typed = b"".join(sized(8, part) for part in parts)
    for message in (
        request(tensor_of(datatype="BYTES", shape=[3]), raw=[raw]),
        request(tensor_of(datatype="BYTES", shape=[3], contents=typed)),
    ):
        assert document(message)["inputs"][0]["data"] == words


def test_parameters_outputs_and_names_are_those_of_rest():
    def entry(key, value):
        return sized(4, sized(1, key) + sized(2, value))

    more = entry("a", whole(1, 0)) + entry("b", whole(2, -3)) + entry("c", sized(3, "word"))
    more += entry("d", b"\x21" + struct.pack("<d", 0.5)) + entry("e", whole(5, 2**63))
    message = request(tensor_of(ROWS), ident="r1", version="2", more=more + sized(6, sized(1, "y")))
    found = infer(message)

    assert (found.method, found.path) == ("POST", "/v2/models/m/versions/2/infer")
    known = json.loads(found.body)
    assert known["id"] == "r1"
    assert known["outputs"] == [{"name": "y"}]
    assert known["parameters"] == {"a": False, "b": -3, "c": "word", "d": 0.5, "e": 2**63}
    assert infer(found.onward).body == found.body


@pytest.mark.parametrize(
    ("model", "version"),
    [("m/versions/2", ""), ("m/infer", ""), ("", ""), ("m", "../x"), ("m", "1/ready"), ("a/b", "")],
)
def test_names_that_would_be_other_paths_lead_nowhere(model, version):
    assert infer(request(tensor_of(ROWS), model=model, version=version)).path == "/"


def test_the_other_methods_have_their_paths():
    for method, message, path in (
        ("ServerLive", b"", "/v2/health/live"),
        ("ServerReady", b"", "/v2/health/ready"),
        ("ServerMetadata", b"", "/v2"),
        ("ModelReady", sized(1, "m"), "/v2/models/m/ready"),
        ("ModelMetadata", sized(1, "m") + sized(2, "3"), "/v2/models/m/versions/3"),
    ):
        found = asked(SERVICE + method, message, MOST, NUMBERS)
        assert (found.method, found.path, found.onward) == ("GET", path, message)
        with pytest.raises(MessageError):
            asked(SERVICE + method, message + sized(9, "x"), MOST, NUMBERS)


def test_many_fields_and_endless_numbers_are_refused_soon():
    unpacked = sized(1, "x") + whole(3, 1) * (1 << 18)
    with pytest.raises(MessageError, match="more than"):
        infer(request(unpacked))
    for wrong in (b"\x80", b"\xff" * 10, b"\xff" * 9 + b"\x02", b"\x80" * 11 + b"\x00"):
        with pytest.raises(MessageError):
            varints(wrong)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_varints_are_read_as_they_are_written(values):
    assert varints(b"".join(map(varint, values))).tolist() == values


def test_varints_are_right_across_blocks():
    values = np.random.default_rng(0).integers(0, 2**63, 140_000, dtype=np.uint64) >> np.arange(
        140_000, dtype=np.uint64
    ) % np.uint64(63)
    one_by_one = b"".join(map(varint, values.tolist()))
    assert np.array_equal(varints(one_by_one), values)
    contents = {"uint64_contents": values}
    assert written(contents, CONTENTS) == sized(5, one_by_one)
    assert np.array_equal(read(sized(5, one_by_one), CONTENTS)["uint64_contents"], values)


def test_a_request_of_more_numbers_than_any_model_takes_is_not_taken_apart():
    message = request(tensor_of(datatype="BOOL", shape=[9]), raw=[b"\1" * (NUMBERS + 1)])
    assert infer(message).body is None
    assert infer(message).onward == message
    assert infer(request(tensor_of(ROWS), more=sized(3, "a" * MOST))).body is None


SEEDS = (
    request(tensor_of(ROWS), ident="r1"),
    request(tensor_of(shape=[2, 12]), raw=[raw_of(ROWS)]),
    request(tensor_of(datatype="BYTES", shape=[1], contents=sized(8, "word"))),
    request(
        tensor_of(datatype="INT64", shape=[2], contents=sized(3, varint(300) + varint(2**64 - 1))),
        more=sized(4, sized(1, "a") + sized(2, whole(1, 1))) + sized(6, sized(1, "y")),
    ),
)


@st.composite
def mutated(draw):
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        what = draw(st.integers(0, 3))
        if what == 0 and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif what == 1:
            data[at:at] = draw(st.binary(max_size=6))
        elif what == 2:
            del data[at : at + draw(st.integers(1, 6))]
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 30))]
    return bytes(data)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=200), mutated()))
def test_whatever_comes_is_refused_or_read_and_written_the_same(data):
    try:
        found = infer(data)
    except MessageError:
        return
    again = infer(found.onward)
    assert (again.body, again.onward, again.path) == (found.body, found.onward, found.path)
    values = read(data, REQUEST)
    assert written(read(written(values, REQUEST), REQUEST), REQUEST) == written(values, REQUEST)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100))
def test_whatever_a_server_answers_is_an_answer_or_none(data):
    try:
        json.loads(answered(data))
    except (MessageError, UnicodeDecodeError):
        return
