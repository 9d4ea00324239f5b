import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source, identify, reader_of
from modelwarden.formats.entry import Tier
from modelwarden.formats.identified import protobuf
from modelwarden.formats.identified.kind import Kind

KINDS = [kind for kind in vars(protobuf).values() if isinstance(kind, Kind)]


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(*fields: tuple[int, int | bytes | float]) -> bytes:
    """Encode integers as varints, bytes as LEN; a float stands for a fixed32 of zeros."""
    out = b""
    for number, value in fields:
        if isinstance(value, float):
            out += varint(number << 3 | 5) + bytes(4)
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


NODE = message((1, b"x"), (4, b"Add"))
GRAPH = message((1, NODE), (2, b"graph"), (12, message((1, b"y"))))
TF_NODE = message((1, b"n"), (2, b"Const"))
META = message((1, message((5, b"2.15.0"), (6, b"git"))), (2, message((1, TF_NODE))))
BLOCK = message((1, 0), (2, 2**64 - 1), (3, message((1, b"v"))), (4, b""))
METADATA = message((1, b"com.github.apple.coremltools.version"), (2, b"8.1"))

SAMPLES = {
    "onnx": (
        message((1, 8), (2, b"pytorch"), (3, b"2.5.1"), (7, GRAPH), (8, message((2, 17)))),
        ("pytorch", "2.5.1"),
    ),
    "tensorflow-savedmodel": (message((1, 1), (2, META)), ("tensorflow", "2.15.0")),
    "tensorflow-metagraph": (META, ("tensorflow", "2.15.0")),
    "tensorflow-graphdef": (
        message((1, TF_NODE), (1, TF_NODE), (4, message((1, 22)))),
        ("tensorflow", None),
    ),
    "keras-metadata": (
        message((1, message((2, 0), (3, b"root"), (4, b"_tf_keras_model"), (5, b"{}")))),
        None,
    ),
    "tensorflow-fingerprint": (message(*((n, 2**60 + n) for n in range(1, 6))), None),
    "coreml": (
        message((1, 7), (2, message((100, message((100, METADATA))))), (502, b"")),
        ("coremltools", "8.1"),
    ),
    "paddle-program": (
        message((1, BLOCK), (4, message((1, 2_006_001)))),
        ("paddlepaddle", "2.6.1"),
    ),
    "sentencepiece": (
        message((1, message((1, b"<unk>"), (2, 0.0), (3, 2))), (2, b""), (3, b"")),
        ("sentencepiece", None),
    ),
    "caffe": (message((1, b"net"), (100, message((1, b"data"), (2, b"Input")))), ("caffe", None)),
    "cntk": (
        message(
            (1, 1), *((2, message((1, key), (2, b""))) for key in (b"type", b"version", b"uid"))
        ),
        None,
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_shape_is_one_format_and_no_other(name: str):
    data, producer = SAMPLES[name]
    source = Source("m", data)

    entries = identify(source)

    assert [entry.id for entry in entries] == [name]
    view = reader_of(entries[0]).read(source, Limits())
    assert (view.producer and (view.producer.name, view.producer.version)) == producer
    if entries[0].tier is Tier.IDENTIFIED:
        assert [gap.kind for gap in view.gaps] == [GapKind.UNSUPPORTED]


def test_an_onnx_model_is_told_in_any_order_and_beside_unknown_fields():
    data = message((7, GRAPH), (90, b"?"), (1, 8))

    assert protobuf.ONNX.sniff(Source("m", data))


def test_a_saved_model_without_its_version_and_description_is_one():
    data = message((2, message((2, message((1, TF_NODE))))))

    assert [kind.id for kind in KINDS if kind.sniff(Source("m", data))] == ["tensorflow-savedmodel"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08", message((7, b"not a graph"), (1, 8)), message((7, GRAPH)), b"plain text\n" * 9],
)
def test_what_has_no_such_shape_is_none_of_them(data: bytes):
    assert [kind.id for kind in KINDS if kind.sniff(Source("m", data))] == []


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_changed_byte_is_survived(name: str, draw: st.DataObject):
    data = bytearray(SAMPLES[name][0])
    data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))

    for kind in KINDS:
        source = Source("m", bytes(data))
        if kind.sniff(source):
            assert kind.read(source, Limits()).gaps


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes):
    for kind in KINDS:
        kind.sniff(Source("m", data))
        kind.read(Source("m", data), Limits())
