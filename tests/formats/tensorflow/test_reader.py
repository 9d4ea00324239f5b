"""TensorFlow graphs: every operation is met, wherever it stands."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source, identify
from modelwarden.formats.tensorflow.reader import (
    GRAPH_DEF,
    KERAS_METADATA,
    META_GRAPH,
    SAVED_MODEL,
    TensorflowModel,
)
from tfgraphs import (
    function,
    graph,
    keras_object,
    message,
    meta_graph,
    node,
    saved_model,
)

CONST = node("Const", "c")


def view_of(data: bytes) -> TensorflowModel:
    return SAVED_MODEL.read(Source("saved_model.pb", data), Limits())


def operations(view: TensorflowModel) -> dict[str, int]:
    return {operation.name: operation.count for operation in view.operations}


def test_operations_are_counted_over_the_graph_and_its_functions():
    inner = function("f", node("ReadFile", "r"), CONST)

    view = view_of(saved_model(graph(CONST, node("Add"), functions=(inner,))))

    assert operations(view) == {"Const": 2, "Add": 1, "ReadFile": 1}
    found = {o.name: (o.node, o.function) for o in view.operations}
    assert found["ReadFile"] == ("r", "f")
    assert view.functions == {"f"}
    assert view.gaps == ()
    assert view.producer is not None
    assert (view.producer.name, view.producer.version) == ("tensorflow", "2.16.1")


def test_every_meta_graph_and_every_repeated_message_is_walked():
    first = message((1, message((5, "2.1"))), (2, graph(CONST)), (2, graph(node("PyFunc"))))
    data = message((2, first), (2, meta_graph(graph(node("WriteFile")))))

    assert set(operations(view_of(data))) == {"Const", "PyFunc", "WriteFile"}


def test_a_node_written_with_two_operations_has_both():
    both = message((1, "n"), (2, "Const"), (2, "PyFunc"))

    assert set(operations(view_of(saved_model(graph(both))))) == {"Const", "PyFunc"}


def test_unknown_fields_hide_nothing():
    data = message((99, "x"), (2, message((77, 5), (2, message((88, "y"), (1, node("PyFunc")))))))

    assert set(operations(view_of(data))) == {"PyFunc"}


def test_a_node_that_prints_to_a_file_names_it():
    def printing(stream: str) -> bytes:
        attribute = message((1, "output_stream"), (2, message((2, stream))))
        return message((1, "p"), (2, "PrintV2"), (5, attribute))

    view = view_of(saved_model(graph(printing("stderr"), printing("file:///etc/x"))))

    assert [operation.stream for operation in view.operations] == ["file:///etc/x"]
    assert view_of(saved_model(graph(printing("stderr")))).operations[0].stream == ""


def test_the_layers_that_keras_describes_are_children():
    data = saved_model(graph(CONST), (7, keras_object('{"class_name": "Dense", "config": {}}')))

    view = view_of(data)

    with view.children[0].open() as child:
        assert child.expect == "keras-layer"
        assert child.head == b'{"class_name": "Dense", "config": {}}'


def test_keras_metadata_beside_a_model_is_read():
    entry = message((2, 1), (3, "root"), (4, "_tf_keras_layer"), (5, '{"class_name": "Lambda"}'))
    source = Source("keras_metadata.pb", message((1, entry)))

    view = KERAS_METADATA.read(source, Limits())

    assert KERAS_METADATA.sniff(source)
    assert [child.open().head for child in view.children] == [b'{"class_name": "Lambda"}']


def test_assets_are_named():
    asset = message((2, "../../etc/passwd"))

    assert view_of(saved_model(graph(CONST), (6, asset))).assets == ("../../etc/passwd",)


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (saved_model(graph(CONST)), "m.pb", "tensorflow-savedmodel"),
        (message((2, message((2, message((1, CONST)))))), "m.pb", "tensorflow-savedmodel"),
        (message((2, message((2, graph(CONST))))), "saved_model.pb", "tensorflow-savedmodel"),
        (meta_graph(graph(CONST)), "m.meta", "tensorflow-metagraph"),
        (graph(CONST), "frozen.pb", "tensorflow-graphdef"),
    ],
)
def test_the_messages_are_told_apart(data: bytes, name: str, expected: str):
    assert expected in {entry.id for entry in identify(Source(name, data))}


def test_a_bare_graph_and_a_meta_graph_are_walked():
    inner = graph(CONST, functions=(function("f", node("ReadFile")),))

    for form, data in ((GRAPH_DEF, inner), (META_GRAPH, meta_graph(inner))):
        view = form.read(Source("m.pb", data), Limits())
        assert set(operations(view)) == {"Const", "ReadFile"}


def test_damage_is_a_gap_and_keeps_what_came_before():
    data = saved_model(graph(node("PyFunc"), CONST))
    cut = message((2, message((2, message((1, node("PyFunc"))) + b"\x0a\x7f"))))

    view = view_of(cut)

    assert set(operations(view)) == {"PyFunc"}
    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE]
    assert view_of(data[:-3]).gaps


def test_too_many_fields_are_a_gap():
    data = saved_model(graph(*[CONST] * 3000))

    view = SAVED_MODEL.read(Source("saved_model.pb", data), Limits(operations=2000))

    assert GapKind.OVER_LIMIT in {g.kind for g in view.gaps}


def test_the_real_models_are_read_whole(shared: Path):
    for path in sorted((shared / "data/models/tf").glob("*/saved_model.pb")):
        view = view_of(path.read_bytes())
        assert view.gaps == ()
        assert len(view.operations) > 40


def test_mutated_models_end_in_a_view_within_bounds(shared: Path):
    rng = random.Random(5)
    whole = (shared / "data/models/tf/guesslang_savedmodel/saved_model.pb").read_bytes()
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        assert len(view_of(bytes(data)).gaps) <= 50


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_view(data: bytes):
    for form in (SAVED_MODEL, META_GRAPH, GRAPH_DEF, KERAS_METADATA):
        source = Source("m.pb", data)
        form.sniff(source)
        form.read(source, Limits())
