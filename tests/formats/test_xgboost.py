"""XGBoost's old binary files: every tree, node and name is held to its bounds."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.xgboost import XgboostBinary, read
from xgboostmodels import STUMP, Node, booster, linear, model, text, tree


def view_of(data: bytes) -> XgboostBinary:
    return read(Source("m.model", data), Limits())


def examined(data: bytes) -> Examined:
    with Source("m.model", data) as source:
        return examine(source, Limits())


def nodes(*made: Node) -> bytes:
    return model(booster(tree(made)))


DART = booster(tree()) + struct.pack("<Qf", 1, 1.0)
SOUND = {
    "trees": model(),
    "two trees": model(booster(tree(), tree())),
    "without a prefix": model()[4:],
    "dropped trees": model(DART, "dart"),
    "a linear model": model(linear(), "gblinear"),
    "attributes": model(attributes={"best_score": "0.5"}),
    "a deleted node": nodes(*STUMP, (0, 9, 9, (1 << 32) - 1)),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_a_sound_model_is_quiet(data: bytes):
    found = examined(data)

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "xgboost-binary")


def test_what_a_model_holds_is_told():
    view = view_of(model(attributes={"path": "/home/alice/x"}))

    assert (view.objective, view.booster, view.trees, view.nodes) == (
        "binary:logistic",
        "gbtree",
        1,
        3,
    )
    assert [(one.key, one.value) for one in view.metadata] == [("path", "/home/alice/x")]


# XGBoost reads all of these without a check; what predicting or loading does then is the name.
HOSTILE = {
    "reads behind the nodes, to the left": nodes((-1, 9, 2, 0), *STUMP[1:]),
    "reads behind the nodes, to the right": nodes((-1, 1, 1 << 30, 0), *STUMP[1:]),
    "reads before the nodes": nodes((-1, 1, -7, 0), *STUMP[1:]),
    "runs in a circle of one": nodes((-1, 0, 0, 0)),
    "runs in a circle of two": nodes((-1, 1, 2, 0), (0, 3, 4, 0), (0, -1, -1, 0), (1, 1, 2, 0)),
    "shares a child": nodes((-1, 1, 1, 0), *STUMP[1:]),
    "has a child of somebody else": nodes(STUMP[0], (5, -1, -1, 0), STUMP[2]),
    "goes on to a deleted node with children": nodes(STUMP[0], STUMP[1], (0, 9, 9, (1 << 32) - 1)),
    "reads behind the row of features": nodes((-1, 1, 2, 500), *STUMP[1:]),
    "allocates a negative number of nodes": model(booster(tree(count=-1))),
    "allocates 2^31 nodes": model(booster(tree(count=(1 << 31) - 1))),
    "allocates no root": model(booster(tree((), count=0))),
    "allocates a negative number of trees": model(booster(count=-1)),
    "allocates 2^31 trees": model(booster(tree(), count=(1 << 31) - 1)),
    "adds to an output that is not there": model(booster(tree(), groups=(7,))),
    "adds to an output before the first": model(booster(tree(), groups=(-1,))),
    "has a tree of more features than rows": model(booster(tree(features=1 << 20))),
    "reads weights that are not there": model(linear(weights=1), "gblinear"),
    "drops trees that are not there": model(booster(tree()) + struct.pack("<Q", 0), "dart"),
    "allocates 2^60 weights": model(
        struct.pack("<II", 2, 1).ljust(136, b"\0") + struct.pack("<Q", 1 << 60), "gblinear"
    ),
    "allocates 2^62 attributes": model(attributes={})[:-8] + struct.pack("<Q", 1 << 62),
    "allocates a name of 2^62 bytes": model(attributes={})[:-8]
    + struct.pack("<QQ", 1, 1 << 62)
    + bytes(16),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_leaves_its_bounds_is_found(data: bytes):
    assert "model-bad-reference" in {finding.rule for finding in examined(data).findings}


def test_what_stands_behind_the_model_is_looked_into():
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("../x", "y" * 200)

    found = {finding.rule for finding in examined(model() + inside.getvalue()).findings}

    assert {"model-hidden-data", "archive-path-escape"} <= found


@pytest.mark.parametrize("cut", [170, 250, 400, 600])
def test_a_file_that_was_cut_off_is_a_gap(cut: int):
    gaps = view_of(model(booster(tree(), tree()))[:cut]).gaps

    assert [gap.kind for gap in gaps] == [GapKind.UNREADABLE]


def test_metrics_are_read():
    data = model(attributes={})
    flagged = data[:20] + struct.pack("<i", 1) + data[24:]

    assert view_of(flagged + struct.pack("<Q", 1) + text("auc")).faults == ()


def test_more_nodes_than_operations_are_a_gap():
    view = read(Source("m.model", model()), Limits(operations=2))

    assert [gap.kind for gap in view.gaps] == [GapKind.OVER_LIMIT]


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes):
    view_of(data)
    view_of(model()[:180] + data)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SOUND)), st.integers(0, 1 << 32))
def test_mutated_models_are_survived(which: str, seed: int):
    rng = random.Random(seed)
    data = bytearray(SOUND[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


def test_a_real_model_is_examined_and_quiet(shared: Path):
    path = shared / "data/models/xgboost/iris_legacy.bst"
    with Source.open(path, path.name) as source:
        found = examine(source, Limits())

    assert (found.findings, found.gaps) == ([], [])
