"""skops files: every type with what its loader does with it, judged as in a pickle."""

from __future__ import annotations

import io
import json
import pickle
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind, Producer, UseKind
from modelwarden.formats import Limits, Source, identify, reader_of
from skopsfiles import ESTIMATOR, archive, instance, method, node, operator, partial, plain


def examined(data: bytes, name: str = "m.skops") -> Examined:
    with Source(name, data) as source:
        return examine(source, Limits())


def rules(root: dict[str, object], **members: bytes) -> set[str]:
    return {finding.rule for finding in examined(archive(root, members)).findings}


def _npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.zeros(3))
    return out.getvalue()


ARRAY = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
SOUND = {
    "an estimator": ({**ESTIMATOR}, {}),
    "an array": (instance("sklearn.decomposition._pca", "PCA", a=ARRAY), {"1.npy": _npy()}),
    "bytes": (
        instance("sklearn.svm._classes", "SVC", b=node("BytesNode", "builtins", "bytes", file="b")),
        {"b": b"\x01\x02\x03"},
    ),
    "an operator": (
        instance("sklearn.pipeline", "Pipeline", f=operator("attrgetter", "a")),
        {},
    ),
    "a generator": (
        instance(
            "sklearn.svm._classes",
            "SVC",
            r=node(
                "RandomGeneratorNode",
                "numpy.random",
                "Generator",
                content={"bit_generator": {"bit_generator": "PCG64"}},
            ),
        ),
        {},
    ),
}


@pytest.mark.parametrize(("root", "members"), SOUND.values(), ids=SOUND)
def test_a_sound_file_needs_only_its_library(root: dict[str, object], members: dict[str, bytes]):
    found = examined(archive(root, members))

    assert {finding.rule for finding in found.findings} == {"skops-needs-code"}
    assert found.gaps == []
    assert found.coverage.format == "skops"
    assert found.coverage.producer == Producer(name="skops", version="0.16.0")


TRUE = plain("true")
SYSTEM = node("FunctionNode", "os", "system")
# What skops does once the names that it shows are trusted: the function is imported and called.
HOSTILE = {
    "a function": (instance("sklearn.pipeline", "Pipeline", f=SYSTEM), "skops-unsafe-type"),
    "a function of protocol 0": (
        node("FunctionNode", "os", "function", content={"module_path": "os", "function": "system"}),
        "skops-unsafe-type",
    ),
    "another function than its type says": (
        node("FunctionNode", "numpy", "add", content={"module_path": "os", "function": "system"}),
        "skops-disguised-node",
    ),
    "a type": (node("TypeNode", "subprocess", "Popen"), "skops-unsafe-type"),
    "a constructor": (
        node("ConstructorFromReduceNode", "subprocess", "Popen", content=plain(["true"])),
        "skops-unsafe-type",
    ),
    "an instance": (instance("ctypes", "CDLL"), "skops-unsafe-type"),
    "a partial of a function": (partial(SYSTEM), "skops-unsafe-type"),
    "a caller of methods": (operator("methodcaller", "system", TRUE), "skops-unsafe-type"),
    "a call by an operator": (operator("call", SYSTEM, TRUE), "skops-unsafe-type"),
    "CVE-2025-54412": (
        operator("call", SYSTEM, TRUE, module="sklearn.linear_model"),
        "skops-disguised-node",
    ),
    "CVE-2025-54413": (
        method(instance("builtins", "object"), "__init__", said=("sklearn.svm", "SVC")),
        "skops-disguised-node",
    ),
    "a method of a module": (
        method(node("FunctionNode", "os", "path"), "os", said=None),
        "skops-unsafe-type",
    ),
    "a dictionary class": (
        node("DictNode", "os", "popen", content={}, key_types=plain([])),
        "skops-unsafe-type",
    ),
    "an array class": (
        node("NdArrayNode", "builtins", "eval", type="json", content=[], shape=plain([0])),
        "skops-unsafe-type",
    ),
    "a function that nobody knows": (
        node("ConstructorFromReduceNode", "acme.tools", "run", content=plain([])),
        "skops-unknown-type",
    ),
    "a loader that skops lacks": (node("EvilNode", "a", "b"), "skops-unknown-type"),
    "a function in an object array": (
        node("NdArrayNode", "numpy", "ndarray", type="json", content=[SYSTEM], shape=plain([1])),
        "skops-unsafe-type",
    ),
    "a module of another package": (instance("acme", "Model"), "skops-needs-code"),
}


@pytest.mark.parametrize(("root", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_a_type_that_can_do_harm_is_found(root: dict[str, object], rule: str):
    assert rule in rules(root)


def test_code_of_an_unknown_package_is_a_gap():
    found = examined(archive(instance("acme", "Model")))

    assert [gap.kind for gap in found.gaps] == [GapKind.UNEXAMINED_CODE]


def test_types_stand_in_the_inventory_with_their_use():
    data = archive(instance("sklearn.pipeline", "Pipeline", f=SYSTEM))

    uses = {item.name: item.use for item in examined(data).inventory if item.use}

    assert uses["sklearn.pipeline.Pipeline"] is UseKind.CONSTRUCTED
    assert uses["os.system"] is UseKind.REFERENCED


def test_a_pickle_under_the_name_of_a_skops_file_is_found():
    # CVE-2025-54886: `Card.get_model` hands a file that is no zip to joblib.
    found = examined(pickle.dumps(eval))

    assert {finding.rule for finding in found.findings} == {"pickle-unsafe-global"}


def test_a_pickle_among_the_members_is_found():
    found = examined(archive(ESTIMATOR, {"x.bin": pickle.dumps(eval)}))

    assert "pickle-unsafe-global" in {finding.rule for finding in found.findings}


@pytest.mark.parametrize(
    "data",
    [
        archive({**ESTIMATOR}, protocol=9),
        archive(instance("sklearn.svm._classes", "SVC", a=ARRAY)),
        archive({**ESTIMATOR})[:40],
    ],
    ids=["protocol", "member", "cut"],
)
def test_what_is_not_examined_is_a_gap(data: bytes):
    assert examined(data).gaps


def _raw(schema: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("schema.json", schema)
    return out.getvalue()


@pytest.mark.parametrize("schema", [b'{"__loader__": ', b"[" * 5000 + b"]" * 5000, b"\xff"])
def test_a_schema_that_cannot_be_read_is_a_gap(schema: bytes):
    assert examined(_raw(schema)).gaps


def test_an_archive_with_another_schema_is_a_plain_one():
    source = Source("a.zip", _raw(json.dumps({"type": "object"}).encode()))
    (entry,) = identify(source)

    assert reader_of(entry).read(source, Limits()).format == "zip"


def test_files_of_the_real_library_are_quiet(tmp_path):
    skops = pytest.importorskip("skops.io")
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    models = (
        make_pipeline(StandardScaler(), LogisticRegression()),
        RandomForestClassifier(3),
        GradientBoostingClassifier(n_estimators=2),
    )
    for model in models:
        found = examined(skops.dumps(model.fit(x, y)))
        assert {finding.rule for finding in found.findings} == {"skops-needs-code"}
        assert found.gaps == []


@settings(max_examples=200)
@given(st.sampled_from(sorted(HOSTILE)), st.integers(0, 1 << 32))
def test_mutants_are_survived_and_never_turn_clean_without_a_trace(which: str, seed: int):
    rng = random.Random(seed)
    data = bytearray(archive(HOSTILE[which][0]))
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}
