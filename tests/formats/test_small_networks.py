"""ExecuTorch, MXNet and Flax: operators, references, and every byte held to an array."""

from __future__ import annotations

import pickle
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind, Producer
from modelwarden.formats import Limits, Source
from smallnets import (
    caffe,
    caffe_layer,
    et_call,
    et_delegate,
    et_jump,
    et_operator,
    et_plan,
    et_value,
    mp_array,
    mp_bytes,
    mp_extension,
    mp_map,
    mx_array,
    mx_node,
    mx_parameters,
    mx_sparse,
    mx_symbol,
    prototxt,
    pte,
    segment,
)
from tflitemodels import Value, i32


def examined(data: bytes, name: str = "m") -> Examined:
    with Source(name, data) as source:
        return examine(source, Limits())


def rules(data: bytes) -> set[str]:
    return {finding.rule for finding in examined(data).findings}


def chain(*instructions: Value) -> bytes:
    return pte(et_plan(chains=[{0: [0], 1: [1], 2: list(instructions)}]))  # type: ignore[list-item]


def operators(name: str) -> bytes:
    return pte(et_plan(operators=[et_operator(name)]))


def delegates(name: str, index: int = 0, **more: Value) -> bytes:
    return pte(et_plan(delegates=[et_delegate(name, index)]), inline=[{0: b"x"}], **more)


LARGE = mx_symbol(*(mx_node("Convolution", 0) for _ in range(200)))
SOUND = {
    "executorch": (pte(), "executorch"),
    "executorch with a jump": (chain(et_jump(0, 1), et_call()), "executorch"),
    "executorch with XNNPACK": (delegates("XnnpackBackend"), "executorch"),
    "mxnet": (mx_symbol(mx_node("Convolution", 0), mx_node("SoftmaxOutput", 1)), "mxnet-symbol"),
    "mxnet of a size": (LARGE, "mxnet-symbol"),
    "mxnet parameters": (mx_parameters(mx_array(), mx_array((3, 1))), "mxnet-parameters"),
    "mxnet sparse": (mx_parameters(mx_array(), mx_sparse()), "mxnet-parameters"),
    "mxnet of a newer layout": (mx_parameters(mx_array(magic=0xF993FACA)), "mxnet-parameters"),
    "caffe": (caffe(caffe_layer("Convolution"), caffe_layer("ReLU")), "caffe"),
    "caffe as text": (prototxt('layer { type: "ReLU" top: "y" }'), "caffe-prototxt"),
    "caffe with data": (
        prototxt('layer { type: "Data" data_param { source: "train_lmdb" } }'),
        "caffe-prototxt",
    ),
    "flax": (mp_map(params=mp_map(w=mp_array(), b=mp_array((3, 1), "float32"))), "flax-msgpack"),
    "flax of 16 bits": (mp_map(w=mp_array((2, 2), "bfloat16", bytes(8))), "flax-msgpack"),
    "flax with numbers": (mp_map(w=mp_array(), step=b"\x07", name=b"\xc0"), "flax-msgpack"),
}


@pytest.mark.parametrize(("data", "form"), SOUND.values(), ids=SOUND)
def test_a_sound_file_is_quiet(data: bytes, form: str):
    found = examined(data)

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], form)


# The runtime looks the operator up among those that the application registered, hands the program
# to a driver, calls Python, or reads behind the table or the file.
EXECUTORCH = {
    "an operator of a library": (operators("acme::run"), "model-custom-code"),
    "a compiled program": (delegates("QnnBackend"), "model-custom-code"),
    "a delegate that is not there": (delegates("XnnpackBackend", 7), "model-bad-reference"),
    "an operator that is not there": (chain(et_call(9)), "model-bad-reference"),
    "an operator before the first": (chain(et_call(-1)), "model-bad-reference"),
    "a value that is not there": (chain(et_call(arguments=[0, 99])), "model-bad-reference"),
    "a value before the first": (chain(et_call(arguments=[-5])), "model-bad-reference"),
    "a call of no delegate": (chain(et_call(0, kind=2)), "model-bad-reference"),
    "a jump behind the chain": (chain(et_jump(0, 100)), "model-bad-reference"),
    "a jump before the chain": (chain(et_jump(0, -100)), "model-bad-reference"),
    "an unknown instruction": (chain(et_call(kind=77)), "model-bad-reference"),
    "inputs that are not there": (pte(et_plan(inputs=[44])), "model-bad-reference"),
    "a buffer that is not there": (
        pte(et_plan(values=[et_value(buffer=i32(99)), et_value()])),
        "model-bad-reference",
    ),
    "a segment behind the file": (pte(segments=[segment(1 << 40, 8)]), "model-bad-reference"),
    "a segment that wraps": (pte(segments=[segment((1 << 64) - 4, 8)]), "model-bad-reference"),
    "a root behind the file": (
        struct.pack("<I", 1 << 30) + b"ET12" + bytes(32),
        "model-bad-reference",
    ),
}
INNER = {"nodes": [mx_node("Custom", op_type="evil")], "arg_nodes": [], "heads": []}
ENDLESS = mx_parameters(mx_array(), names=[])[:-8] + b"\1" + b"\xff" * 15
MXNET = {
    "a Python operator": (
        mx_symbol(mx_node("Custom", 0, attrs={"op_type": "evil"})),
        "network-python-operator",
    ),
    "one of version 0": (mx_symbol(mx_node("_Native", 0)), "network-python-operator"),
    "one in a loop": (
        mx_symbol(mx_node("_foreach", 0, subgraphs=[INNER])),
        "network-python-operator",
    ),
    "a file": (mx_symbol(mx_node("_cvimread", 0)), "network-file-operator"),
    "an operator of a library": (mx_symbol(mx_node("my_gemm", 0)), "model-custom-code"),
    "an input that is not there": (mx_symbol(mx_node("relu", 99)), "model-invalid"),
    "an input before the first": (mx_symbol(mx_node("relu", -1)), "model-invalid"),
    "a node without an operator": (mx_symbol({"name": "x"}), "model-invalid"),
    "a pickle behind": (mx_parameters(mx_array()) + pickle.dumps(eval), "model-hidden-data"),
    "a shape that overflows": (
        mx_parameters(mx_array((1 << 40, 1 << 40), data=b"")),
        "model-invalid",
    ),
    "a negative shape": (mx_parameters(mx_array((-2, 3), data=b"")), "model-invalid"),
    "numbers of no type": (mx_parameters(mx_array(kind=99)), "model-invalid"),
    "too few numbers": (mx_parameters(mx_array((9, 9), data=bytes(4))), "model-invalid"),
    "too many names": (mx_parameters(mx_array(), names=["a", "b"]), "model-invalid"),
    "an endless name": (
        mx_parameters(mx_array(), names=[])[:-8] + b"\1" + b"\xff" * 15,
        "model-invalid",
    ),
}
FLAX = {
    "a pickle behind": (mp_map(w=mp_array()) + pickle.dumps(eval), "model-hidden-data"),
    "a pickle as bytes": (
        mp_map(w=mp_array(), x=mp_bytes(pickle.dumps(eval))),
        "pickle-unsafe-global",
    ),
    "too few numbers": (mp_map(w=mp_array((9, 9), data=bytes(4))), "model-invalid"),
    "too many numbers": (mp_map(w=mp_array((1, 1), data=bytes(400))), "model-invalid"),
    "a shape that overflows": (mp_map(w=mp_array((1 << 40, 1 << 40), data=b"")), "model-invalid"),
    "a negative shape": (mp_map(w=mp_array((-1, 4), data=b"")), "model-invalid"),
    "objects": (mp_map(w=mp_array((1, 1), "object", bytes(8))), "model-invalid"),
    "no array": (mp_map(w=mp_array(), v=mp_extension(1, b"\x92\x01\x02")), "model-invalid"),
    "bytes in an array": (
        mp_map(w=mp_array(), v=mp_extension(1, b"\x93\x90\xa1x\xc0")),
        "model-invalid",
    ),
    "a mark of nothing": (mp_map(w=mp_array(), v=b"\xc1"), "model-invalid"),
    "a text that leaves the file": (
        mp_map(w=mp_array(), v=b"\xdb\xff\xff\xff\xff"),
        "model-invalid",
    ),
}
EVIL = 'layer { name: "p" type: "Python" python_param { module: "evil" layer: "Run" } top: "x" }'
CAFFE = {
    "a Python layer": (
        caffe(caffe_layer("Python", module="evil", layer="Run")),
        "network-python-operator",
    ),
    "a Python layer without a module": (caffe(caffe_layer("Python")), "network-python-operator"),
    "a module under another type": (
        caffe(caffe_layer("ReLU", module="evil", layer="Run")),
        "network-python-operator",
    ),
    "a file that is written": (caffe(caffe_layer("HDF5Output")), "network-file-operator"),
    "a layer of a library": (caffe(caffe_layer("Acme")), "model-custom-code"),
    "a Python layer as text": (prototxt(EVIL), "network-python-operator"),
    "a Python layer in one line": (EVIL.encode(), "network-python-operator"),
    "a Python layer with other brackets": (
        prototxt("layer: < type: 'Python' python_param: < module: 'm' layer: 'l' > >"),
        "network-python-operator",
    ),
    "a Python layer in pieces": (
        prototxt("layer { type: 'Py' \"thon\" }"),
        "network-python-operator",
    ),
    "a Python layer with escapes": (
        prototxt('layer { type: "\\120ython" }'),
        "network-python-operator",
    ),
    "a written file as text": (prototxt('layer { type: "HDF5Output" }'), "network-file-operator"),
    "a layer of a library as text": (
        prototxt('layer { type: "Acme" }'),
        "model-custom-code",
    ),
}
HOSTILE = {
    f"{kind}: {name}": case
    for kind, table in (
        ("executorch", EXECUTORCH),
        ("mxnet", MXNET),
        ("flax", FLAX),
        ("caffe", CAFFE),
    )
    for name, case in table.items()
}


@pytest.mark.parametrize(("data", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_what_harms_is_found(data: bytes, rule: str):
    assert rule in rules(data)


@pytest.mark.parametrize(
    "data",
    [
        mp_map(w=mp_array(), v=mp_extension(42, b"xx")),
        mx_symbol()[:-4] + b"}",
        b'{"nodes": ' + b"[" * 400 + b"]" * 400 + b', "arg_nodes": []}',
        mp_map(w=mp_array(), v=b"\x91" * 600),
    ],
    ids=["extension", "json", "nesting", "containers"],
)
def test_what_is_not_examined_is_a_gap(data: bytes):
    assert examined(data, "model.json").gaps


def test_keys_with_escapes_are_keys():
    data = mx_symbol(mx_node("Custom", 0)).replace(b'"nodes"', b'"\\u006eodes"')

    assert rules(data) == {"network-python-operator"}


def test_the_version_of_mxnet_is_told():
    assert examined(mx_symbol()).coverage.producer == Producer(name="mxnet", version="1.9.0")


_ALL = [*(data for data, _ in SOUND.values()), *(data for data, _ in HOSTILE.values())]


@settings(max_examples=500)
@given(st.sampled_from(range(len(_ALL))), st.integers(0, 1 << 32))
def test_mutants_are_survived(which: int, seed: int):
    rng = random.Random(seed)
    data = bytearray(_ALL[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    starts = (b"\x10\0\0\0ET12", mx_parameters()[:24], mp_map(w=mp_array())[:12], b'{"nodes": ')
    for start in starts:
        assert GapKind.FAILED not in {gap.kind for gap in examined(start + data).gaps}


def test_real_msgpack_is_walked_as_its_library_does():
    msgpack = pytest.importorskip("msgpack")
    array = msgpack.packb(((2, 2), "float32", bytes(16)))
    tree = {"params": {"w": msgpack.ExtType(1, array)}, "step": 3, "x": [1.5, None, True, -7]}

    found = examined(msgpack.packb(tree))

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "flax-msgpack")
