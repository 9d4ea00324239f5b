"""What is said about hostile and honest TensorFlow models."""

from __future__ import annotations

import json

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.formats import Limits, Source
from tfgraphs import function, graph, keras_object, node, saved_model

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
