"""Tensors of an ONNX model that stand in files beside it."""

from __future__ import annotations

import pytest

from modelwarden.targets.beside import tensor_files
from modelwarden.targets.config import LimitsConfig, ModelConfig
from modelwarden.targets.errors import TargetError
from modelwarden.targets.opened import open_model
from onnxmodels import graph, model, outside
from targets import subjects


def test_files_that_are_there_are_named_once_and_none_outside_of_the_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(8))
    (tmp_path / "link").symlink_to("/etc/hostname")
    names = ("w.bin", "./w.bin", "../w.bin", "/etc/hostname", "none.bin", "link")
    made = model(graph(tensors=tuple(outside(name) for name in names)))
    (tmp_path / "m.onnx").write_bytes(made)
    (tmp_path / "other").write_bytes(b"no model")

    assert tensor_files(tmp_path / "m.onnx") == ("w.bin",)
    assert tensor_files(tmp_path / "other") == ()


def opened(root, hidden=(), **more):
    given = ModelConfig(path="sub/m.onnx", adapter="onnx", python="/no/python", **more)
    task = subjects.project()
    return open_model(task, given, LimitsConfig(), root, sample=subjects.vectors(), hidden=hidden)


def test_what_nobody_named_is_told_with_the_key_that_names_it_and_is_no_attempt(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.onnx").write_bytes(model(graph(tensors=(outside("w.bin"),))))
    (tmp_path / "sub" / "w.bin").write_bytes(bytes(8))

    with pytest.raises(TargetError, match=r"keeps tensors in w\.bin beside it") as raised:
        opened(tmp_path).__enter__()

    assert raised.value.findings == ()
    assert 'files = ["sub/w.bin"]' in raised.value.hint


def test_a_model_whose_tensors_are_the_rows_to_measure_on_is_given_none_of_them(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.onnx").write_bytes(model(graph(tensors=(outside("test.npz"),))))
    (tmp_path / "sub" / "test.npz").write_bytes(bytes(8))

    with pytest.raises(TargetError, match=r"in test\.npz, the rows to measure on") as raised:
        opened(tmp_path, [tmp_path / "sub" / "test.npz"]).__enter__()

    assert "files" not in raised.value.hint


@pytest.mark.parametrize("named", ["sub/w.bin", "sub"])
def test_what_is_named_is_the_models_own(tmp_path, named):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.onnx").write_bytes(model(graph(tensors=(outside("w.bin"),))))
    (tmp_path / "sub" / "w.bin").write_bytes(bytes(8))

    with pytest.raises(Exception, match="does not run"):  # it comes as far as the interpreter
        opened(tmp_path, files=(named,)).__enter__()
