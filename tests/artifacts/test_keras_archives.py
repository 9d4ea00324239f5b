"""Keras v3 archives: what is said about the configuration, and that honest ones are whole."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.formats import Limits, Source

h5py = pytest.importorskip("h5py")

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}


def examined(*layers: object, encoding: str = "utf-8") -> Examined:
    """Examine a model of these layers, written as Keras writes it."""
    weights, out = io.BytesIO(), io.BytesIO()
    with h5py.File(weights, "w") as file:
        file.create_group("layers/dense/vars")["0"] = [0.0, 1.0]
    model = {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}}
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.4.1"}))
        archive.writestr("config.json", json.dumps(model).encode(encoding))
        archive.writestr("model.weights.h5", weights.getvalue())
    with Source("model.keras", out.getvalue()) as source:
        return examine(source, Limits())


def test_an_honest_archive_is_examined_whole():
    seen = examined(DENSE)

    assert seen.findings == []
    assert seen.gaps == []
    assert seen.coverage.format == "keras-v3"
    assert seen.coverage.producer is not None
    assert (seen.coverage.producer.name, seen.coverage.producer.version) == ("keras", "3.4.1")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_gadget_is_found_in_every_encoding_that_is_loaded(encoding: str):
    gadget = {"module": "os", "class_name": "function", "config": "system"}

    seen = examined(DENSE, gadget, encoding=encoding)

    found = [f for f in seen.findings if f.rule == "keras-unsafe-reference"]
    assert [f.location.member for f in found] == ["config.json"]
