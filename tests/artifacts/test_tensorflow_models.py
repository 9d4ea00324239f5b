"""What is said about hostile and honest TensorFlow models."""

from __future__ import annotations

import json

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.formats import Limits, Source
from tfgraphs import function, graph, keras_object, message, node, saved_model

CONST = node("Const", "c")


def examined(data: bytes) -> Examined:
    with Source("saved_model.pb", data) as source:
        return examine(source, Limits())


def rules(data: bytes) -> set[str]:
    return {finding.rule for finding in examined(data).findings}


@pytest.mark.parametrize("name", ["PyFunc", "PyFuncStateless", "EagerPyFunc"])
@pytest.mark.parametrize("hidden", [False, True])
def test_python_operations_are_found_in_graphs_and_functions(name: str, hidden: bool):
    bad = node(name)
    made = graph(CONST, functions=(function("f", bad),)) if hidden else graph(CONST, bad)

    assert rules(saved_model(made)) == {"tf-python-op"}


@pytest.mark.parametrize(
    "name",
    [
        "ReadFile",
        "WriteFile",
        "MatchingFiles",
        "TextLineDataset",
        "SaveDatasetV2",
        "SqlDataset",
        "DataServiceDatasetV4",
        "DebugIdentityV3",
        "WholeFileReaderV2",
        "ImmutableConst",
        "GenerateVocabRemapping",
    ],
)
def test_operations_on_files_are_found(name: str):
    assert rules(saved_model(graph(node(name)))) == {"tf-file-op"}


@pytest.mark.parametrize("name", ["MyOp", "Lib>Decode", "TRTEngineOp", "XlaCustomCallV2"])
def test_foreign_operations_are_found_and_leave_a_gap(name: str):
    seen = examined(saved_model(graph(node(name))))

    assert {f.rule for f in seen.findings} == {"tf-custom-op"}
    assert {g.kind.value for g in seen.gaps} == {"unexamined-code"}


def test_honest_operations_and_calls_of_functions_are_quiet():
    names = (
        "Const Placeholder VarHandleOp ReadVariableOp MatMul SaveV2 RestoreV2 ShardedFilename "
        "MergeV2Checkpoints StatefulPartitionedCall While If HashTableV2 LookupTableImportV2 "
        "InitializeTableFromTextFileV2 TensorListReserve my_function _Retval"
    ).split()
    made = graph(*(node(name) for name in names), functions=(function("my_function", CONST),))

    assert rules(saved_model(made)) == set()


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "C:/x", "a/../../b"])
def test_assets_outside_of_the_folder_are_found(name: str):
    from tfgraphs import message

    assert rules(saved_model(graph(CONST), (6, message((2, name))))) == {"tf-asset-path"}


def test_a_lambda_in_the_metadata_of_keras_is_found():
    layer = {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}

    assert "keras-lambda" in rules(saved_model(graph(CONST), (7, keras_object(json.dumps(layer)))))


def test_a_class_of_their_own_in_the_metadata_is_no_need_of_the_graph():
    layer = {"class_name": "MyLayer", "config": {}}

    assert rules(saved_model(graph(CONST), (7, keras_object(json.dumps(layer))))) == set()


def wired(op: str, *inputs: str, name: str = "node") -> bytes:
    return node(op, name) + message(*((3, one) for one in inputs))


def constant(text: str, name: str) -> bytes:
    tensor = message((1, 7), (8, text))
    attribute = message((1, "value"), (2, message((8, tensor))))
    return node("Const", name) + message((5, attribute))


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    ("op", "place", "path"),
    [
        ("SaveV2", 0, "/root/.bashrc"),
        ("Save", 0, "../../x"),
        ("SaveSlices", 0, "~/x"),
        ("MergeV2Checkpoints", 1, "/etc/cron.d/x"),
        ("RestoreV2", 0, "/etc/shadow"),
        ("InitializeTableFromTextFileV2", 1, "/home/a/.ssh/id_rsa"),
    ],
)
def test_a_constant_that_names_the_file_of_a_saver_is_found(op, place, path, hidden):
    inputs = ["other:0"] * place + ["joined:output:0"]
    nodes = (
        wired(op, *inputs, name="saver"),
        wired("StringJoin", "same", "part", name="joined"),
        wired("Identity", "^first", "path:0", name="unused"),
        wired("Identity", "path:0", name="same"),
        constant(path, "path"),
        constant("/part", "part"),
    )
    made = graph(CONST, functions=(function("f", *nodes),)) if hidden else graph(*nodes)

    (finding,) = examined(saved_model(made)).findings

    assert finding.rule == "tf-file-op"
    assert finding.evidence["file"] == path


@pytest.mark.parametrize(
    ("op", "path"),
    [
        ("SaveV2", "model"),
        ("SaveV2", "_temp/part"),
        ("RestoreV2", "/home/a/bert/bert_model.ckpt"),
        ("RestoreV2", "gs://a/bert_model.ckpt"),
        ("InitializeTableFromTextFileV2", "/tmp/a/vocab.txt"),
    ],
)
def test_what_honest_savers_name_is_no_finding(op, path):
    inputs = ("path", "path") if op.startswith("Init") else ("path",)
    made = graph(wired(op, *inputs), constant(path, "path"), constant("/etc/shadow", "apart"))

    assert rules(saved_model(made)) == set()
