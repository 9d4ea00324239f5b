"""The file that an ONNX model has its tensors in."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.formats import Limits, Source
from onnxmodels import graph, model, node, outside


def examined(folder: Path, name: str, data: bytes, *tensors: bytes) -> Examined:
    made = model(graph(node(), tensors=tensors))
    (folder / "m.onnx").write_bytes(made)
    (folder / name).write_bytes(data)
    with Source.open(folder / name, name) as source:
        return examine(source, Limits())


@pytest.mark.parametrize("name", ["m.onnx.data", "m.onnx_data", "m.onnx_data_1", "m.data", "m.bin"])
def test_numbers_that_a_model_beside_them_names_are_its_data(tmp_path: Path, name: str):
    tensors = (outside(name, ("length", "8")), outside(name, ("offset", "16"), ("length", "8")))

    found = examined(tmp_path, name, b"\x07" * 8 + bytes(8) + b"\x09" * 8, *tensors)

    assert (found.coverage.format, found.findings, found.gaps) == ("onnx-data", [], [])


@pytest.mark.parametrize("data", [b"\x07" * 12, b"\x07" * 8 + pickle.dumps(eval)])
def test_bytes_that_no_tensor_has_are_found(tmp_path: Path, data: bytes):
    found = examined(tmp_path, "m.data", data, outside("m.data", ("length", "8")))

    assert "model-hidden-data" in {one.rule for one in found.findings}


def test_a_file_that_no_model_names_stays_unknown(tmp_path: Path):
    found = examined(tmp_path, "m.data", b"\x07" * 8, outside("other.data", ("length", "8")))

    assert [gap.why for gap in found.gaps] == ["no known format"]


def test_a_pickle_is_examined_as_one_whatever_a_model_says(tmp_path: Path):
    data = pickle.dumps(eval)

    found = examined(tmp_path, "m.data", data, outside("m.data", ("length", str(len(data)))))

    assert "pickle-unsafe-global" in {one.rule for one in found.findings}


def test_a_file_for_each_tensor_is_data_whatever_it_is_called(tmp_path: Path):
    names = ("encoder.0.weight", "w2")
    tensors = tuple(outside(name, ("length", "8")) for name in names)

    first = examined(tmp_path, names[0], b"\x07" * 8, *tensors)
    second = examined(tmp_path, names[1], b"\x07" * 8 + b"\x09", *tensors)

    assert (first.coverage.format, first.findings, first.gaps) == ("onnx-data", [], [])
    assert "model-hidden-data" in {one.rule for one in second.findings}


def test_a_model_that_changed_is_asked_anew(tmp_path: Path):
    examined(tmp_path, "w", b"\x07" * 8, outside("w", ("length", "8")))

    found = examined(tmp_path, "w", b"\x07" * 8, outside("other.weights", ("length", "8")))

    assert [gap.why for gap in found.gaps] == ["no known format"]
