"""TensorFlow.js: where weights come from, what they take, and what a graph runs."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.tfjs import TfjsModel, read
from tfjsmodels import graph, group, layers, model, weight


def examined(value: object, name: str = "model.json") -> Examined:
    with Source(name, json.dumps(value).encode()) as source:
        return examine(source, Limits())


def rules(value: object) -> set[str]:
    return {finding.rule for finding in examined(value).findings}


SOUND = {
    "layers": model(layers()),
    "a graph": model(graph("Placeholder", "Conv2D", "_FusedConv2D", "FusedDepthwiseConv2dNative")),
    "a graph with a function": model(graph("Placeholder", "f", function="Add")),
    "two groups": model(layers(), group("a.bin"), group("b.bin", "c.bin")),
    "quantised": model(
        layers(), group("a.bin", weights=(weight(quantization={"dtype": "uint8", "scale": 1.5}),))
    ),
    "texts": model(layers(), group("a.bin", weights=(weight(dtype="string"),))),
    "a number alone": model(layers(), group("a.bin", weights=(weight(shape=()),))),
    "a manifest": [group("net.bin")],
}


@pytest.mark.parametrize("value", SOUND.values(), ids=SOUND)
def test_a_sound_model_is_quiet(value: object):
    found = examined(value)

    assert (found.findings, found.gaps) == ([], [])
    assert "tensorflowjs" in {item.name for item in found.inventory}


def paths(*names: str) -> object:
    return model(layers(), group(*names))


# Node joins these to the folder of the model, as converters in Python do; a browser resolves them.
HOSTILE = {
    "reads a file of the system": (paths("/etc/passwd"), "model-outside-path"),
    "reads out of the folder": (paths("../../.ssh/id_rsa"), "model-outside-path"),
    "reads out of the folder, Windows": (paths("..\\..\\secret"), "model-outside-path"),
    "reads a drive": (paths("C:\\secret"), "model-outside-path"),
    "asks a server": (paths("https://evil.example/w.bin"), "model-outside-path"),
    "reads a second file outside": (paths("a.bin", "../b.bin"), "model-outside-path"),
    "reads a manifest's file outside": ([group("../b.bin")], "model-outside-path"),
    "runs Python in a converter": (
        model(layers("Lambda", function=["4wEAAAA=", None, None])),
        "keras-lambda",
    ),
    "reads files in a converter": (model(graph("ReadFile")), "tf-file-op"),
    "writes files in a function": (model(graph("f", function="WriteFile")), "tf-file-op"),
    "calls Python": (model(graph("PyFunc")), "tf-python-op"),
    "needs a foreign operation": (model(graph("EvilOp")), "tf-custom-op"),
}


@pytest.mark.parametrize(("value", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_what_reaches_outside_is_found(value: object, rule: str):
    assert rule in rules(value)


INVALID = {
    "a negative shape": weight(shape=(-1, 3)),
    "a shape that is a text": weight(shape="2"),
    "a shape of texts": weight(shape=("2",)),
    "a shape of no weight": weight(shape=(1 << 40, 1 << 40)),
    "a shape of digits without end": weight(shape=(10**4000,)),
    "an unknown type": weight(dtype="float128"),
    "an unknown quantised type": weight(quantization={"dtype": "int3"}),
}


@pytest.mark.parametrize("one", INVALID.values(), ids=INVALID)
def test_a_weight_that_cannot_be_is_told(one: dict[str, object]):
    assert rules(model(layers(), group("a.bin", weights=(one,)))) == {"model-invalid"}


def test_weights_in_no_file_are_told():
    assert rules(model(layers(), group())) == {"model-invalid"}


@pytest.mark.parametrize(("size", "found"), [(24, []), (23, ["model-invalid"])])
def test_the_files_beside_a_model_have_the_size_of_their_weights(
    tmp_path: Path, size: int, found: list[str]
):
    (tmp_path / "a.bin").write_bytes(bytes([200, 3]) * 6)
    (tmp_path / "b.bin").write_bytes(bytes([7]) * (size - 12))
    (tmp_path / "model.json").write_text(json.dumps(model(layers(), group("a.bin", "b.bin"))))

    with Source.open(tmp_path / "model.json", "model.json") as source:
        assert [f.rule for f in examine(source, Limits()).findings] == found


def test_what_a_model_says_of_itself_is_looked_at():
    told = {"deep": [{"data": "/home/alice/x"}]}

    assert rules(model(layers(), userDefinedMetadata=told)) >= {"metadata-personal-path"}


def test_what_a_model_holds_is_told():
    view = read(Source("m", json.dumps(SOUND["two groups"]).encode()), Limits())

    assert (view.kind, view.weights, view.size) == ("layers-model", 2, 48)
    assert view.files == ("a.bin", "b.bin", "c.bin")
    assert view.producer is not None
    assert view.producer.version == "4.17.0"


def test_very_many_files_are_a_gap():
    gaps = examined(paths(*(f"s{i}" for i in range(2000)))).gaps

    assert [gap.kind for gap in gaps] == [GapKind.OVER_LIMIT]


def test_a_model_that_was_cut_off_is_a_gap():
    data = json.dumps(SOUND["layers"]).encode()[:-5]
    with Source("model.json", data) as source:
        gaps = examine(source, Limits()).gaps

    assert {gap.kind for gap in gaps} == {GapKind.UNREADABLE}


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes):
    for front in (b"", b'{"weightsManifest": [', b'{"modelTopology": {'):
        assert isinstance(read(Source("m", front + data), Limits()), TfjsModel)


@settings(max_examples=200)
@given(st.sampled_from(sorted(SOUND)), st.integers(0, 1 << 32))
def test_mutated_models_are_survived(which: str, seed: int):
    rng = random.Random(seed)
    data = bytearray(json.dumps(SOUND[which]).encode())
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    with Source("model.json", bytes(data)) as source:
        found = examine(source, Limits())

    assert GapKind.FAILED not in {gap.kind for gap in found.gaps}


@pytest.mark.parametrize("name", ["face_landmark_68_tiny_model", "tiny_face_detector_model"])
def test_real_models_are_examined_and_quiet(shared: Path, name: str):
    for ending in ("-weights_manifest.json", ".bin"):
        path = shared / "data/models/tfjs" / (name + ending)
        with Source.open(path, path.name) as source:
            found = examine(source, Limits())

        assert (found.findings, found.gaps) == ([], [])
