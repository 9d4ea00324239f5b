"""ONNX models: every operator and tensor is met, and shapes are held against bytes."""

from __future__ import annotations

import pickle
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source, identify
from modelwarden.formats.onnx.reader import OnnxModel, read, sniff
from modelwarden.formats.places import escapes
from onnxmodels import attribute, entry, function, graph, model, node, outside, tensor
from tfgraphs import message


def view_of(data: bytes, name: str = "m.onnx") -> OnnxModel:
    return read(Source(name, data), Limits())


def names(view: OnnxModel) -> set[str]:
    return {f"{one.domain}::{one.name}" for one in view.operators}


BAD = outside("../x")
PLACES = {
    "initialiser": model(graph(tensors=(BAD,))),
    "attribute": model(graph(node("Constant", "", (5, attribute((5, BAD)))))),
    "list in an attribute": model(graph(node("C", "", (5, attribute((10, BAD)))))),
    "subgraph": model(graph(node("If", "", (5, attribute((6, graph(tensors=(BAD,)))))))),
    "list of subgraphs": model(graph(node("I", "", (5, attribute((11, graph(tensors=(BAD,)))))))),
    "sparse values": model(graph(more=((15, message((1, BAD))),))),
    "sparse indices": model(graph(more=((15, message((2, BAD))),))),
    "sparse attribute": model(graph(node("C", "", (5, attribute((22, message((1, BAD)))))))),
    "sparse attributes": model(graph(node("C", "", (5, attribute((23, message((2, BAD)))))))),
    "training, first step": model(None, (20, message((1, graph(tensors=(BAD,)))))),
    "training, every step": model(None, (20, message((2, graph(tensors=(BAD,)))))),
    "function": model(None, (25, function("f", "d", node("C", "", (5, attribute((5, BAD))))))),
    "default of a function": model(None, (25, message((1, "f"), (11, attribute((5, BAD)))))),
    "second graph": model(graph(), (7, graph(tensors=(BAD,)))),
}


@pytest.mark.parametrize("data", PLACES.values(), ids=PLACES)
def test_a_tensor_elsewhere_is_met_wherever_it_stands(data: bytes):
    view = view_of(data)

    assert [place.location for place in view.places] == ["../x"]
    assert view.gaps == ()
    assert view.format == "onnx"


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("../../x", "leads out"),
        ("a/../../x", "leads out"),
        ("..\\x", "leads out"),
        ("C:\\x", "drive"),
        ("c:x", "drive"),
        ("\\\\host\\share", "absolute"),
        ("http://host/x", "address"),
        ("file:/etc/x", "address"),
        ("a\0b", "NUL"),
        ("~/x", "home"),
        ("", "no file"),
        ("a/", "no file"),
    ],
)
def test_a_place_outside_of_the_folder_is_told(location: str, why: str):
    assert why in escapes(location)


@pytest.mark.parametrize("location", ["w.bin", "./w.bin", "parts/w.bin", "a..b", "model.onnx.data"])
def test_a_place_in_the_folder_is_quiet(location: str):
    assert escapes(location) == ""


FAULTS = {
    "too few raw bytes": (tensor((9, bytes(4))), "size"),
    "too many raw bytes": (tensor((9, bytes(12))), "size"),
    "no values": (tensor(), "size"),
    "negative dimension": (tensor((9, bytes(8)), dims=(-1,)), "shape"),
    "overflow": (tensor((9, bytes(8)), dims=(1 << 40, 1 << 40)), "shape"),
    "overflow to the true size": (tensor((9, b""), dims=(1 << 62, 4)), "shape"),
    "bytes overflow": (tensor((9, bytes(8)), dims=(1 << 62,)), "shape"),
    "unknown type": (tensor((9, bytes(8)), kind=99), "type"),
    "no type": (tensor((9, bytes(8)), kind=0), "type"),
    "raw twice": (tensor((9, bytes(8)), (9, bytes(8))), "damaged"),
    "values twice": (tensor((9, bytes(8)), (4, bytes(8))), "values"),
    "values of another type": (tensor((11, bytes(16))), "values"),
    "raw strings": (tensor((9, bytes(8)), kind=8), "values"),
    "too few strings": (tensor((6, "one"), kind=8), "size"),
    "too few floats": (tensor((4, bytes(4))), "size"),
    "too few integers": (tensor((7, b"\x01"), kind=7), "size"),
    "a segment": (tensor((3, b""), (9, bytes(8))), "segment"),
    "broken off": (tensor((9, bytes(8))) + b"\x0a\x7f", "damaged"),
    "elsewhere, not where": (tensor((14, 1)), "external"),
    "two places": (outside("a", ("location", "b")), "external"),
    "negative offset": (outside("a", ("offset", "-8")), "external"),
    "offset that is no number": (outside("a", ("offset", "8; rm")), "external"),
    "wide offset": (outside("a", ("offset", str(1 << 64))), "external"),
    "length that is not the shape's": (outside("a", ("length", "9")), "size"),
}


@pytest.mark.parametrize(("made", "kind"), FAULTS.values(), ids=FAULTS)
def test_a_tensor_that_contradicts_itself_is_a_fault(made: bytes, kind: str):
    assert kind in {fault.kind for fault in view_of(model(graph(tensors=(made,)))).faults}


@pytest.mark.parametrize(
    "made",
    [
        tensor((9, bytes(8))),
        tensor((4, bytes(8))),
        tensor((9, bytes(2)), dims=(3,), kind=22),
        tensor((9, bytes(8)), dims=(), kind=7),
        tensor(dims=(0,)),
        tensor((6, "a"), (6, "b"), kind=8),
        tensor((7, b"\x01\xff\x01"), kind=7),
        tensor((7, 1), (7, 300), kind=7),
        tensor((5, b"\x01\x02"), kind=9),
        message((1, b"\x02\x03"), (2, 1), (9, bytes(24))),
    ],
)
def test_a_sound_tensor_has_no_fault(made: bytes):
    assert view_of(model(graph(tensors=(made,)))).faults == ()


def test_operators_are_counted_over_graphs_and_functions():
    inner = graph(node("Relu"))
    nested = node("If", "", (5, attribute((6, inner))))
    data = model(graph(nested, node("Relu")), (25, function("f", "d", node("PyOp", "x"))))

    view = view_of(data)

    assert names(view) == {"::If", "::Relu", "x::PyOp"}
    assert {one.name: one.count for one in view.operators}["Relu"] == 2
    assert [(domain, name) for domain, name, _ in view.functions] == [("d", "f")]


def test_a_node_written_with_two_domains_has_both():
    assert names(view_of(model(graph(node("Run", "", (7, ""), (7, "evil")))))) == {
        "::Run",
        "evil::Run",
    }


def test_a_node_without_a_name_of_its_operator_is_met():
    assert names(view_of(model(graph(message((1, "x"), (7, "evil")))))) == {"evil::"}


def test_a_message_written_as_a_number_is_a_gap():
    gaps = view_of(model(graph(message((1, "x"), (4, "Add"), (5, 7))))).gaps

    assert [gap.why for gap in gaps] == ["field 5 of a node is no message"]


def test_graphs_in_one_another_cost_no_stack():
    inner = graph(tensors=(BAD,))
    for _ in range(150):
        inner = graph(node("If", "", (5, attribute((6, inner)))))

    assert view_of(model(inner)).places
    for _ in range(100):
        inner = graph(node("If", "", (5, attribute((6, inner)))))
    assert GapKind.OVER_LIMIT in {gap.kind for gap in view_of(model(inner)).gaps}


def test_bytes_in_a_field_without_a_name_are_a_gap():
    gaps = view_of(model(None, (99, b"hidden"))).gaps

    assert [gap.why for gap in gaps] == ["6 bytes in field 99 of a model, which ONNX does not name"]


@pytest.mark.parametrize(
    "data",
    [
        model(graph(tensors=(tensor((6, pickle.dumps({1: 2})), kind=8, dims=(1,)),))),
        model(graph(node("Op", "", (5, attribute((4, pickle.dumps({1: 2}))))))),
        model(None, (14, entry("state", pickle.dumps({1: 2})))),
        model(graph(tensors=(tensor((9, b"\x7fELF" + bytes(60)), kind=2, dims=(64,)),))),
    ],
)
def test_what_looks_like_a_file_in_strings_and_numbers_is_looked_into(data: bytes):
    assert len(view_of(data).children) == 1


def test_numbers_that_begin_like_a_pickle_are_numbers():
    made = tensor((9, b"\x80\x00\x00\x00" + bytes(4)))

    assert view_of(model(graph(tensors=(made,)))).children == ()


def test_a_file_beside_the_model_must_hold_the_tensor(tmp_path: Path):
    (tmp_path / "w.bin").write_bytes(bytes(8))
    (tmp_path / "link").symlink_to("/etc/hostname")
    found = {}
    for name, made in {
        "right": outside("w.bin"),
        "past the end": outside("w.bin", ("offset", "4")),
        "absent": outside("none.bin"),
        "a link": outside("link"),
    }.items():
        (tmp_path / "m.onnx").write_bytes(model(graph(tensors=(made,))))
        with Source.open(tmp_path / "m.onnx") as source:
            view = read(source, Limits())
        found[name] = (len(view.faults), len(view.gaps))

    assert found == {"right": (0, 0), "past the end": (1, 0), "absent": (0, 1), "a link": (0, 1)}


def test_a_model_is_told_by_its_name_when_it_holds_only_a_graph():
    data = message((7, message((90, "?"), (1, node()))))

    assert [entry.id for entry in identify(Source("m.onnx", data))] == ["onnx"]
    assert not sniff(Source("m.bin", data))


def test_damage_is_a_gap_and_keeps_what_came_before():
    view = view_of(model(graph(node("PyOp", "x"))) + b"\x3a\x7f")

    assert "x::PyOp" in names(view)
    assert [gap.kind for gap in view.gaps] == [GapKind.UNREADABLE]


def test_too_many_fields_are_a_gap():
    data = model(graph(*[node()] * 3000))

    view = read(Source("m.onnx", data), Limits(operations=2000))

    assert GapKind.OVER_LIMIT in {gap.kind for gap in view.gaps}


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    view_of(data)


@settings(max_examples=300)
@given(st.sampled_from(sorted(PLACES)), st.integers(0, 1 << 32))
def test_mutated_models_are_survived(which: str, seed: int):
    rng = random.Random(seed)
    data = bytearray(PLACES[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    with Source("m.onnx", bytes(data)) as source:
        examined = examine(source, Limits())

    assert GapKind.FAILED not in {gap.kind for gap in examined.gaps}


def test_real_models_are_examined_and_quiet(shared: Path):
    files = sorted((shared / "data/models/onnx").glob("*.onnx"))
    assert len(files) >= 7
    for path in files:
        with Source.open(path, path.name) as source:
            found = examine(source, Limits())
        assert (found.findings, found.gaps) == ([], []), path.name
