"""PaddlePaddle: operators of every block, the files that they name, and parameters."""

from __future__ import annotations

import pickle
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.artifacts.known.paddle_ops import FILES, KNOWN, OPAQUE, PYTHON, is_known
from modelwarden.core import GapKind, Producer
from modelwarden.formats import Limits, Source
from networks import paddle, paddle_block, paddle_operator, paddle_tensor
from tfgraphs import message


def examined(data: bytes, name: str = "inference.pdmodel") -> Examined:
    with Source(name, data) as source:
        return examine(source, Limits())


def rules(data: bytes, name: str = "inference.pdmodel") -> set[str]:
    return {finding.rule for finding in examined(data, name).findings}


def one(kind: str, **texts: str | int) -> bytes:
    return paddle(paddle_block(paddle_operator("feed"), paddle_operator(kind, **texts)))


SOUND = {
    "a layer": one("conv2d"),
    "a loop": paddle(
        paddle_block(paddle_operator("while", sub_block=1)),
        paddle_block(paddle_operator("matmul_v2"), index=1),
    ),
    "a gradient": one("elementwise_add_grad"),
}
# What Paddle does with it: calls a Python function of the process, opens the file, connects, or
# loads what a library registered.
HOSTILE = {
    "a Python function": (one("py_func"), "network-python-operator"),
    "a Python function in a loop": (
        paddle(
            paddle_block(paddle_operator("while", sub_block=1)),
            paddle_block(paddle_operator("py_func"), index=1),
        ),
        "network-python-operator",
    ),
    "a gradient in Python": (one("py_func_grad"), "network-python-operator"),
    "a Python layer": (one("pylayer"), "network-python-operator"),
    "a reader in Python": (one("create_py_reader"), "network-python-operator"),
    "writing a file": (one("save", file_path="out"), "network-file-operator"),
    "writing many": (one("save_combine", file_path="/etc/cron.d/x"), "model-outside-path"),
    "reading a file": (one("load", file_path="/etc/shadow"), "network-file-operator"),
    "reading a key": (one("read_file", filename="../../.ssh/id_rsa"), "model-outside-path"),
    "listening": (one("listen_and_serv"), "model-custom-code"),
    "a compiled engine": (one("tensorrt_engine"), "model-custom-code"),
    "an operator of a library": (one("my_custom_op"), "model-custom-code"),
    "a block that is not there": (
        paddle(paddle_block(paddle_operator("while", sub_block=7))),
        "model-invalid",
    ),
    "a block under another number": (paddle(paddle_block(), paddle_block()), "model-invalid"),
    "no type": (one(""), "model-invalid"),
}


def test_the_home_of_whoever_exported_a_program_is_named():
    line = '  File "/home/alice/export.py", line 1, in <module>'
    trace = message((1, "op_callstack"), (2, 5), (8, line))
    data = paddle(paddle_block(message((3, "relu"), (4, trace)), message((3, "relu"), (4, trace))))

    assert [f.rule for f in examined(data).findings] == ["metadata-personal-path"]


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_a_sound_program_is_quiet(data: bytes):
    found = examined(data)

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "paddle-program")
    assert found.coverage.producer == Producer(name="paddlepaddle", version="2.6.1")


@pytest.mark.parametrize(("data", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_what_leaves_the_program_is_found(data: bytes, rule: str):
    assert rule in rules(data)


def test_what_a_foreign_operator_does_is_a_gap():
    assert [gap.kind for gap in examined(one("my_op")).gaps] == [GapKind.UNEXAMINED_CODE]


def test_a_program_that_is_cut_keeps_what_came_before_with_a_gap():
    operator = paddle_operator("py_func") + b"\x22\xff"
    data = paddle(paddle_block(operator))

    assert "network-python-operator" in rules(data)
    assert examined(data).gaps


def test_no_operator_stands_in_two_tables():
    assert not KNOWN & (PYTHON | FILES | OPAQUE)
    assert is_known("conv2d")
    assert is_known("conv2d_grad_grad")
    assert not is_known("py_func_grad")


TENSORS = {
    "two": paddle_tensor() + paddle_tensor((4, 1)),
    "half": paddle_tensor((2, 2), 4, bytes(8)),
    "a scalar": paddle_tensor((), 6, bytes(8)),
}


@pytest.mark.parametrize("data", TENSORS.values(), ids=TENSORS)
def test_sound_parameters_are_quiet(data: bytes):
    found = examined(data, "inference.pdiparams")

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "paddle-parameters")


@pytest.mark.parametrize(
    "data",
    [
        paddle_tensor() + pickle.dumps({"a": 1}),
        paddle_tensor() + paddle_tensor()[:-3],
        paddle_tensor() + paddle_tensor((1 << 40, 1 << 40), data=b""),
        paddle_tensor() + paddle_tensor(kind=77, data=b""),
        paddle_tensor() + struct.pack("<IQ", 0, 1 << 60),
        paddle_tensor() + struct.pack("<IQII", 0, 0, 0, 1 << 30),
        paddle_tensor((2, (1 << 64) - 3), data=b""),
    ],
    ids=["a pickle", "cut", "overflow", "type", "levels", "description", "negative"],
)
def test_parameters_that_contradict_themselves_are_found(data: bytes):
    found = examined(data, "inference.pdiparams")

    assert {finding.rule for finding in found.findings} == {"model-invalid"}
    assert found.gaps


def test_the_real_program_names_its_exporter_and_is_quiet_else(shared: Path):
    told: list[str] = []
    for path in sorted((shared / "data/models/paddle/ppocr_cls").iterdir()):
        with Source.open(path, path.name) as source:
            found = examine(source, Limits())
        assert found.gaps == [], path.name
        told += [finding.rule for finding in found.findings]
    assert told == ["metadata-personal-path"]


_BASES = [*SOUND.values(), *(data for data, _ in HOSTILE.values()), *TENSORS.values()]


@settings(max_examples=300)
@given(st.sampled_from(range(len(_BASES))), st.integers(0, 1 << 32))
def test_mutants_are_survived(which: int, seed: int):
    rng = random.Random(seed)
    data = bytearray(_BASES[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    for start in (one("relu"), paddle_tensor()[:30]):
        assert GapKind.FAILED not in {gap.kind for gap in examined(start + data).gaps}
