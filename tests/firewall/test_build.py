"""A profile says what its reference is, and reads back as it was written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firewall.profiles import people, table, tensor, vectors
from modelwarden.firewall import (
    Meta,
    ProfileError,
    Protocol,
    dumped,
    load,
    meta_of,
    profile_of,
    reference_of,
)
from modelwarden.firewall.profile import Kind


def test_a_profile_reads_back_as_it_was_written(tmp_path):
    for made in (tensor(), table()):
        path = tmp_path / "profile.json"
        path.write_bytes(dumped(made))
        assert load(path) == made


def test_a_table_is_described_column_by_column():
    inputs = {spec.name: spec for spec in table().inputs}

    assert inputs["age"].kind is Kind.INTEGER
    assert (inputs["age"].low, inputs["age"].high) == (0, 79 + 61)  # by its name never below 0
    assert (inputs["age"].missing, inputs["income"].missing) == (False, True)
    assert set(inputs["colour"].categories) == {"red", "green", "blue"}
    assert inputs["member"].kind is Kind.BOOLEAN


def test_drift_counts_hold_every_row():
    counts = {c.name: c for c in table().counts}

    assert all(sum(c.counts) + c.missing == 300 for c in counts.values())
    assert counts["income"].missing == 30
    column = people()["age"]
    edges = counts["age"].edges
    by_hand = [int(((column >= a) & (column < b)).sum()) for a, b in
               zip([-np.inf, *edges], [*edges, np.inf], strict=True)]  # fmt: skip
    assert list(counts["age"].counts) == by_hand


def test_meta_says_shape_range_and_type(tmp_path):
    path = tmp_path / "meta.json"
    path.write_text(
        json.dumps(
            {"name": "m", "protocol": "oip-v2", "input": "x", "shape": [-1, 3, 4],
             "dtype": "float32", "low": 0, "high": 1}
        )
    )  # fmt: skip

    made = profile_of(vectors(), meta_of(path), digest="d", version="1")

    (spec,) = made.inputs
    assert (spec.shape, spec.datatype, spec.low, spec.high) == ((3, 4), "FP32", 0.0, 1.0)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"name": "m"}',
        b'{"name": "m", "protocol": "grpc"}',
        b'{"name": "m", "protocol": "mlflow", "shap": [3]}',
        b'{"name": "m", "protocol": "mlflow", "shape": "3"}',
        b'{"name": "m", "protocol": "mlflow", "low": 2, "high": 1}',
        b'{"name": "m", "protocol": "mlflow", "dtype": "complex"}',
        b'{"name": "m", "protocol": "mlflow", "columns": ["a", "a"]}',
        b'{"name": "m", "protocol": "mlflow", "columns": [3]}',
        b'{"name": "", "protocol": "mlflow"}',
        b'{"name": "m", "protocol": "mlflow", "low": NaN}',
    ],
)
def test_meta_that_says_something_else_is_refused(tmp_path, document):
    path = tmp_path / "meta.json"
    path.write_bytes(document)

    with pytest.raises(ProfileError):
        meta_of(path)


def test_references_that_do_not_fit_are_refused(tmp_path):
    def built(x, **meta):
        given = {"name": "m", "protocol": Protocol.MLFLOW, **meta}
        return profile_of(x, Meta(**given), digest="d", version="1")

    for x, meta in (
        (np.zeros((0, 3)), {}),
        (np.zeros((9, 3)), {"shape": (4,)}),
        (np.zeros((9, 3)), {"columns": ("a", "b")}),
        (np.array([["a", "b"]]), {}),
        (np.array([1j]), {}),
    ):
        with pytest.raises(ProfileError):
            built(x, **meta)


def test_an_npz_file_is_never_unpickled(tmp_path):
    class Marker:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "x.npz"
    np.savez(path, x=np.array([Marker()], object))
    for data in (path.read_bytes(), b"", b"PK\x03\x04", b"text"):
        path.write_bytes(data)
        with pytest.raises(ProfileError):
            reference_of(path)
    np.savez(path, y=np.zeros(3))
    with pytest.raises(ProfileError, match="no array x"):
        reference_of(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "modelwarden/profile/9"),
        ("inputs", []),
        ("inputs", "x"),
        ("protocol", "grpc"),
        ("normal", {}),
        ("limits", None),
    ],
)
def test_a_profile_that_does_not_fit_together_is_refused(tmp_path, key, value):
    document = json.loads(dumped(tensor()))
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({**document, key: value}))

    with pytest.raises(ProfileError):
        load(path)


@pytest.mark.parametrize("key", ["mean", "scale", "axes", "variance", "sample", "lows"])
def test_statistics_of_other_sizes_are_refused(tmp_path, key):
    document = json.loads(dumped(tensor()))
    document["normal"][key] = document["normal"][key][:-1] if key != "sample" else [[1.0]]
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(document))

    with pytest.raises(ProfileError):
        load(path)
