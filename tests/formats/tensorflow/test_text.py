"""Graphs as protobuf text: the same operations as in the binary form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.tensorflow.reader import TensorflowModel
from modelwarden.formats.tensorflow.text import read, sniff

MODEL = """
saved_model_schema_version: 1
meta_graphs {
  graph_def {
    node { name: "c" op: "Const" attr { key: "value" value { s: "op: \\"No\\"" } } }
    library { function { signature { name: "f" } node_def { name: "r" op: "ReadFile" } } }
  }
  asset_file_def { filename: "../x" }
}
"""


def view_of(text: str, name: str = "saved_model.pbtxt") -> TensorflowModel:
    return read(Source(name, text.encode()), Limits())


def operations(text: str) -> list[str]:
    return [operation.name for operation in view_of(text).operations]


def test_operations_functions_and_assets_are_collected():
    view = view_of(MODEL)

    assert [o.name for o in view.operations] == ["Const", "ReadFile"]
    assert view.functions == {"f"}
    assert view.assets == ("../x",)
    assert view.gaps == ()


@pytest.mark.parametrize(
    "node",
    [
        'node { op: "PyFunc" }',
        "node < op: 'PyFunc' >",
        "node: { op : \"Py\" 'Func' }",
        'node { op: "\\120yFunc" }',
        'node { op: "\\x50yFunc" }',
        'node { # a comment with } in it\n op: "PyFunc"; }',
        'node { op # here\n : "PyFunc", name: "n" }',
        'node [ { op: "Const" }, { op: "PyFunc" } ]',
        'node{op:"PyFunc"}',
    ],
)
def test_an_operation_is_found_in_every_spelling(node: str):
    assert "PyFunc" in operations(f"meta_graphs {{ graph_def {{ {node} }} }}")


def test_texts_that_only_mention_an_operation_are_no_nodes():
    text = 'node { name: "op: PyFunc" op: "Const" attr { key: "op" value { s: "PyFunc" } } }'

    assert operations(text) == ["Const"]


@pytest.mark.parametrize("text", ["node {", "node { op: 'x", "}", 'node { op: "Const" } "'])
def test_text_that_breaks_off_is_a_gap(text: str):
    assert [g.kind for g in view_of(text).gaps] == [GapKind.UNREADABLE]


def test_deep_nesting_is_a_gap():
    assert [g.kind for g in view_of("a {" * 1000).gaps] == [GapKind.OVER_LIMIT]


def test_graphs_are_told_from_other_texts():
    assert sniff(Source("m.pbtxt", b'node {\n name: "a"\n op: "Const"\n}\n'))
    assert sniff(Source("a/saved_model.pbtxt", b"x"))
    assert not sniff(Source("m.txt", b"a node of a graph, an op: nothing more"))
    assert not sniff(Source("net.prototxt", b'layer { name: "a" type: "Input" }'))


def test_a_harmful_text_graph_is_found():
    with Source("saved_model.pbtxt", MODEL.encode()) as source:
        found = {finding.rule for finding in examine(source, Limits()).findings}

    assert found == {"tf-file-op", "tf-asset-path"}


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="nodep {}<>[]:;,\"'\\x#\n 1", max_size=60))
def test_any_text_ends_in_a_view(text: str):
    source = Source("m.pbtxt", text.encode())

    sniff(source)

    assert read(source, Limits()).format == "tensorflow-text"
