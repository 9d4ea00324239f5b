import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import Limits, Source, identify, reader_of
from modelwarden.formats.entry import Tier
from modelwarden.formats.identified import magic, objects, text
from modelwarden.formats.identified.kind import Kind

KINDS = [
    v for module in (magic, objects, text) for v in vars(module).values() if isinstance(v, Kind)
]


def u64(value: int) -> bytes:
    return value.to_bytes(8, "little")


XGB = struct.pack("<fIiiiII", 0.5, 4, 3, 0, 0, 1, 0).ljust(136, b"\0") + u64(13)
XGB += b"multi:softmax" + u64(6) + b"gbtree" + bytes(40)

SAMPLES: dict[str, tuple[bytes, tuple[str, str | None] | None]] = {
    "ggml": (b"tjgg\x03\0\0\0" + bytes(16), None),
    "executorch": (b"\x30\0\0\0ET12" + bytes(24), ("executorch", None)),
    "onnxruntime-ort": (b"\x20\0\0\0ORTM" + bytes(24), ("onnxruntime", None)),
    "xgboost-binary": (XGB, ("xgboost", "1.0")),
    "tensorflow-checkpoint": (
        b"\0\0\x06\x08\x01" + bytes(60) + bytes.fromhex("57fb808b247547db"),
        ("tensorflow", None),
    ),
    "coreml-weights": (
        b"\x01\0\0\0\x02\0\0\0" + bytes(56) + b"\xef\xbe\xad\xde" + bytes(60),
        ("coremltools", None),
    ),
    "paddle-parameters": (
        bytes(16) + b"\x04\0\0\0\x08\x05\x10\x08" + bytes(32),
        ("paddlepaddle", None),
    ),
    "mxnet-parameters": (
        u64(0x112) + u64(0) + u64(1) + struct.pack("<I", 0xF993FAC9) + bytes(40),
        ("mxnet", None),
    ),
    "faiss": (b"IxF2\x04\0\0\0" + bytes(60), ("faiss", None)),
    "flax-msgpack": (
        b"\x81\xa6params\x81\xa1w\xc7\x10\x01\x93\x91\x02" + bytes(20),
        ("flax", None),
    ),
    "r-data": (b"RDX3\nX\n\0\0\0\x03\x00\x04\x03\x01\0\x03\x05\0" + bytes(20), ("R", "4.3.1")),
    "torch7": (b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1" + bytes(20), ("torch7", None)),
    "ocdbt": (b"\x0c\xdb\x3a\x2a" + bytes(40), ("tensorstore", None)),
    "tvm-parameters": (b"\xb7\x9c\x04\x05\x4f\x8d\xe5\xf7" + bytes(40), ("tvm", None)),
    "cntk-v1": (b"B\0C\0N\0" + bytes(40), ("cntk", None)),
    "crfsuite": (b"lCRF" + bytes(40), ("crfsuite", None)),
    "kenlm": (
        b"mmap lm http://kheafield.com/code format version 5\n\0" + bytes(40),
        ("kenlm", None),
    ),
    "java-serialized": (b"\xac\xed\x00\x05sr" + bytes(40), None),
    "dotnet-serialized": (b"\0\1\0\0\0\xff\xff\xff\xff\1" + bytes(40), None),
    "ruby-marshal": (b"\x04\x08o:\x08Foo\x06:\x07@xi\x06" + bytes(20), None),
    "php-serialized": (b'O:3:"Net":1:{s:1:"w";i:3;}' + bytes(20), None),
    "libsvm": (b"svm_type c_svc\nkernel_type rbf\n", ("libsvm", None)),
    "liblinear": (b"solver_type L2R_LR\nnr_class 2\n", ("liblinear", None)),
    "ncnn": (b"7767517\n3 3\nInput data 0 1 data\n", ("ncnn", None)),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_header_is_told_with_its_producer(name: str):
    data, producer = SAMPLES[name]
    source = Source("file", data)

    entries = identify(source)

    assert name in [entry.id for entry in entries]
    entry = next(e for e in entries if e.id == name)
    view = reader_of(entry).read(source, Limits())
    assert (view.producer and (view.producer.name, view.producer.version)) == producer
    if entry.tier is Tier.IDENTIFIED:
        assert len(view.gaps) == 1


@pytest.mark.parametrize("name", SAMPLES)
def test_no_other_kind_claims_it(name: str):
    source = Source("file", SAMPLES[name][0])

    assert [kind.id for kind in KINDS if kind.sniff(source)] == [name]


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 200), st.binary(max_size=8))
def test_cut_and_changed_headers_are_survived(name: str, at: int, patch: bytes):
    data = SAMPLES[name][0]
    changed = data[:at] + patch + data[at + len(patch) :]
    for kind in KINDS:
        for some in (changed, data[:at]):
            source = Source("file", some)
            if kind.sniff(source):
                assert kind.read(source, Limits()).gaps


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
@pytest.mark.parametrize("data", [b"", b"A\n", b"A\nx\ny\n", b"RDA3\nA\n\n\n", b"binf"])
def test_what_a_kind_does_not_claim_is_read_without_an_exception(kind: Kind, data: bytes):
    assert kind.read(Source("file", data), Limits()).gaps
