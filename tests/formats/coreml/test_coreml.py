"""Core ML: what a model needs from the application, which files it names, and its weights."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind, Producer
from modelwarden.formats import Limits, Source
from modelwarden.formats.coreml import model
from networks import blob, block, coreml, layer, manifest, network, operation, program, weights
from tfgraphs import message


def examined(data: bytes, name: str = "m.mlmodel") -> Examined:
    with Source(name, data) as source:
        return examine(source, Limits())


def rules(data: bytes, name: str = "m.mlmodel") -> set[str]:
    return {finding.rule for finding in examined(data, name).findings}


SOUND = {
    "a network": coreml((500, network(layer()))),
    "a program": coreml((502, program(operation(value=blob()), operation("add")))),
    "trees": coreml((402, b"\x0a\x00")),
    "a pipeline": coreml((202, message((1, coreml((604, b""))), (1, coreml((500, network())))))),
}
LINKED = message((1, message((1, message((1, "../other.mlmodelc"))))))

# Core ML asks the application for the class, or opens the file: what each would do there.
HOSTILE = {
    "a custom layer": (coreml((500, network(layer("Evil")))), "model-custom-code"),
    "a custom model": (coreml((555, message((10, "Evil")))), "model-custom-code"),
    "a custom layer in a classifier": (
        coreml((403, network(layer("Evil")))),
        "model-custom-code",
    ),
    "a custom model in a pipeline": (
        coreml((202, message((1, coreml((555, message((10, "Evil")))))))),
        "model-custom-code",
    ),
    "a custom layer in a loop": (
        coreml((500, network(message((1, "l"), (615, message((4, network(layer("Evil"))))))))),
        "model-custom-code",
    ),
    "a custom layer in a branch": (
        coreml((500, network(message((605, message((2, network(layer("Evil"))))))))),
        "model-custom-code",
    ),
    "a custom operation of a program": (
        coreml((502, program(operation("custom_layer")))),
        "model-custom-code",
    ),
    "a custom operation in a block of another": (
        coreml((502, program(operation("cond", b"", block(operation("custom_layer")))))),
        "model-custom-code",
    ),
    "weights above the package": (
        coreml((502, program(operation(value=blob("@model_path/../../../etc/passwd"))))),
        "model-outside-path",
    ),
    "weights of the system": (
        coreml((502, program(operation(value=blob("/etc/passwd"))))),
        "model-outside-path",
    ),
    "weights in a list of a value": (
        coreml(
            (502, program(operation(value=message((3, message((3, message((1, blob("/x"))))))))))
        ),
        "model-outside-path",
    ),
    "a linked model elsewhere": (coreml((556, LINKED)), "model-outside-path"),
    "weights out of line": (
        coreml((502, program(operation(value=blob(offset=65))))),
        "model-invalid",
    ),
    "two kinds at once": (coreml((402, b""), (555, message((10, "Evil")))), "model-invalid"),
    "a custom layer without a class": (coreml((500, network(layer("")))), "model-invalid"),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_a_sound_model_is_quiet(data: bytes):
    found = examined(data)

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "coreml")
    assert found.coverage.producer == Producer(name="coremltools", version="9.0")


@pytest.mark.parametrize(("data", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_what_leaves_the_model_is_found(data: bytes, rule: str):
    assert rule in rules(data)


@pytest.mark.parametrize(
    "data",
    [
        coreml((500, network()), version=60),
        coreml((3000, message((1, "com.apple"), (2, b"?")))),
        coreml((402, b""), (700, b"?")),
        coreml((500, message((1, b"\xff\xff\xff")))),
    ],
    ids=["newer", "packed", "unknown kind", "damaged"],
)
def test_what_is_not_examined_is_a_gap(data: bytes):
    assert examined(data).gaps


def test_what_a_model_says_of_itself_is_kept_and_looked_at():
    data = coreml((402, b""), about="trained in /home/alice/secret")

    found = {one.key: one.value for one in model.read(Source("m", data), Limits()).metadata}

    assert found["author"] == "nobody"
    assert rules(data) == {"metadata-personal-path"}


def test_models_in_models_are_walked_to_a_bound():
    data = coreml((402, b""))
    for _ in range(150):
        data = message((1, 8), (202, message((1, data))))
    data = coreml((202, message((1, data))))

    assert [gap.kind for gap in examined(data).gaps] == [GapKind.OVER_LIMIT]


def test_sound_weights_are_quiet():
    for data in (weights(bytes(64), b"abc", b""), weights(b"x" * 100)):
        found = examined(data, "weight.bin")
        assert (found.findings, found.gaps) == ([], [])
        assert found.coverage.format == "coreml-weights"


def _patched(at: int, layout: str, value: int) -> bytes:
    data = bytearray(weights(bytes(64), bytes(64)))
    struct.pack_into(layout, data, at, value)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        _patched(0, "<I", 3),
        _patched(72, "<Q", 1 << 40),
        _patched(80, "<Q", 1 << 40),
        _patched(80, "<Q", 64),
        _patched(80, "<Q", (1 << 64) - 64),
        _patched(192, "<I", 7),
        weights(b"x" * 64)[:-8],
        weights(b"x" * 64, kind=99),
    ],
    ids=["count", "size", "offset", "own record", "wraps", "mark", "cut", "type"],
)
def test_weights_that_contradict_themselves_are_found(data: bytes):
    assert "model-invalid" in rules(data, "weight.bin")


def test_what_stands_behind_the_last_blob_is_found():
    data = weights(b"x" * 64) + b"\x80\x04K\x01."

    assert rules(data, "weight.bin") == {"model-hidden-data"}


def test_a_sound_manifest_is_quiet():
    data = manifest("com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights")
    found = examined(data, "Manifest.json")

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "coreml-manifest")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (manifest("../../etc/passwd"), "model-outside-path"),
        (manifest("com.apple.CoreML/m.mlmodel", "/etc/passwd"), "model-outside-path"),
        (manifest("C:\\Windows\\x"), "model-outside-path"),
        (manifest("a", root="7"), "model-invalid"),
        (manifest(""), "model-invalid"),
        (b'{"itemInfoEntries": [], "rootModelIdentifier": "0"}', "model-invalid"),
    ],
)
def test_a_manifest_that_leads_astray_is_found(data: bytes, rule: str):
    assert rule in rules(data, "Manifest.json")


def test_a_manifest_that_is_no_json_is_a_gap():
    data = manifest("a")[:-5]

    assert examined(data, "Manifest.json").gaps


def test_the_real_package_is_examined_and_quiet(shared: Path):
    root = shared / "data/models/coreml/basic_pitch.mlpackage"
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    assert len(files) == 3
    for path in files:
        with Source.open(path, path.name) as source:
            found = examine(source, Limits())
        assert (found.findings, found.gaps) == ([], []), path.name


def test_every_blob_of_the_real_model_lies_at_a_record_of_the_real_weights(shared: Path):
    root = shared / "data/models/coreml/basic_pitch.mlpackage/Data/com.apple.CoreML"
    data = (root / "weights/weight.bin").read_bytes()
    with Source.open(root / "model.mlmodel", "m") as source:
        view = model.read(source, Limits())

    assert view.blobs == struct.unpack_from("<I", data)[0]
    assert [place.path for place in view.places] == ["weights/weight.bin"]


_BASES = [
    *SOUND.values(),
    *(data for data, _ in HOSTILE.values()),
    weights(bytes(64)),
    manifest("a"),
]


@settings(max_examples=400)
@given(st.sampled_from(range(len(_BASES))), st.integers(0, 1 << 32))
def test_mutants_are_survived_and_never_turn_clean_without_a_trace(which: int, seed: int):
    rng = random.Random(seed)
    data = bytearray(_BASES[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    found = examined(bytes(data))

    assert GapKind.FAILED not in {gap.kind for gap in found.gaps}


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    for start in (coreml()[:20], weights(b"")[:100], json.dumps({"itemInfoEntries": 1}).encode()):
        assert GapKind.FAILED not in {gap.kind for gap in examined(start + data).gaps}
