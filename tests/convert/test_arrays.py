"""numpy's files and pickles, and joblib's: against numpy itself."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.convert import ConvertError, convert
from modelwarden.convert.opening import contents_of
from modelwarden.formats import Limits, Source

RECORDS = np.zeros(3, dtype=[("left", "<i8"), ("value", "<f8"), ("flag", "u1")])
RECORDS["value"] = [1.5, 2.5, 3.5]
ARRAYS = {
    "c": np.arange(24, dtype="<f4").reshape(2, 3, 4),
    "fortran": np.asfortranarray(np.arange(24, dtype="<f8").reshape(2, 3, 4)),
    "big": np.arange(6, dtype=">i4").reshape(2, 3),
    "none": np.zeros((0, 3)),
    "zero-d": np.array(2.5, dtype="<f2"),
    "complex": np.array([1 + 2j, 3 - 4j]),
    "bool": np.array([True, False]),
    "view": np.arange(100, dtype="<i2").reshape(10, 10)[::2, 1:4],
    "long": np.arange(3000, dtype="<u8"),
}


def taken(tmp_path, write, form="npz"):
    path = tmp_path / "source"
    write(path)
    done = convert(path, tmp_path / f"out.{form}", form=form, force=True)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        return done, dict(found)


def npz(path):
    with path.open("wb") as stream:
        np.savez(stream, **ARRAYS)


def compressed_npz(path):
    with path.open("wb") as stream:
        np.savez_compressed(stream, **ARRAYS)


WRITERS = {
    "npz": npz,
    "npz-deflated": compressed_npz,
    "joblib": lambda path: joblib.dump(ARRAYS, path),
    "joblib-zlib": lambda path: joblib.dump(ARRAYS, path, compress=3),
    **{
        f"pickle-{protocol}": lambda path, p=protocol: path.write_bytes(pickle.dumps(ARRAYS, p))
        for protocol in range(2, 6)
    },
}


@pytest.mark.parametrize("writer", WRITERS)
def test_arrays_come_out_as_numpy_has_them(tmp_path, writer):
    _, found = taken(tmp_path, WRITERS[writer])

    assert found.keys() == ARRAYS.keys()
    for name, value in ARRAYS.items():
        assert found[name].dtype == value.dtype.newbyteorder("<")
        assert found[name].shape == value.shape
        np.testing.assert_array_equal(found[name], value)


def test_an_array_that_is_the_whole_file_is_named_array(tmp_path):
    _, found = taken(tmp_path, lambda path: joblib.dump(ARRAYS["fortran"], path))

    assert [*found] == ["array"]
    np.testing.assert_array_equal(found["array"], ARRAYS["fortran"])


@given(st.binary(min_size=1, max_size=6000), st.integers(2, 5))
def test_any_bytes_survive_every_protocol(data, protocol):
    array = np.frombuffer(data, dtype=np.uint8)
    source = Source("m", pickle.dumps({"a": array}, protocol))

    [tensor] = contents_of(source, Limits()).tensors

    from modelwarden.convert.tensor import pieces

    assert b"".join(pieces(tensor)) == data


@pytest.mark.parametrize("write", [joblib.dump, lambda v, p: p.write_bytes(pickle.dumps(v))])
def test_records_give_one_tensor_for_each_field_and_scalars_one_of_no_dimension(tmp_path, write):
    value = {"nodes": RECORDS, "bias": np.float64(0.25)}

    _, found = taken(tmp_path, lambda path: write(value, path))

    assert sorted(found) == ["bias", "nodes.flag", "nodes.left", "nodes.value"]
    np.testing.assert_array_equal(found["nodes.value"], RECORDS["value"])
    assert found["bias"] == 0.25


@pytest.mark.parametrize("write", [joblib.dump, lambda v, p: p.write_bytes(pickle.dumps(v))])
def test_arrays_of_objects_are_followed_and_text_is_named(tmp_path, write):
    objects = np.empty(2, dtype=object)
    objects[:] = [{"w": np.arange(3)}, "text"]
    value = {"o": objects, "labels": np.array(["a", "b"])}

    done, found = taken(tmp_path, lambda path: write(value, path))

    assert list(found) == ["o.0.w"] or list(found) == ["o.0.0.w"]
    assert ("labels", "array of U1") in done.lost


def test_a_model_of_scikit_learn_gives_its_arrays(tmp_path):
    from sklearn.ensemble import RandomForestClassifier

    x, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    model = RandomForestClassifier(2, random_state=0).fit(x, y)

    _, found = taken(tmp_path, lambda path: joblib.dump(model, path))

    nodes = model.estimators_[1].tree_.__getstate__()["nodes"]
    np.testing.assert_array_equal(found["estimators_.1.tree_.nodes.threshold"], nodes["threshold"])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"m": RECORDS.view(np.recarray)}, "recarray, a subclass"),
        ({"m": np.ma.array([1, 2])}, "tensors"),
        ({"a": 1}, "holds no tensors"),
        ([1, 2, 3], "holds no tensors"),
    ],
)
def test_what_is_no_plain_array_is_refused(tmp_path, value, why):
    with pytest.raises(ConvertError, match=why):
        taken(tmp_path, lambda path: path.write_bytes(pickle.dumps(value)))


def test_an_array_of_objects_in_a_file_is_not_loaded(tmp_path):
    def write(path):
        with path.open("wb") as stream:
            np.save(stream, np.array([{}], dtype=object))

    with pytest.raises(ConvertError, match="it holds objects"):
        taken(tmp_path, write)


@pytest.mark.parametrize("cut", [1, 100, 3000])
def test_a_cut_file_is_refused(tmp_path, cut):
    data = pickle.dumps(ARRAYS)[:-cut]

    with pytest.raises(ConvertError):
        taken(tmp_path, lambda path: path.write_bytes(data))


@given(st.data())
def test_mutated_pickles_are_refused_or_converted_and_nothing_else(data):
    raw = bytearray(pickle.dumps(ARRAYS, data.draw(st.integers(2, 5))))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))

    try:
        contents = contents_of(Source("m", bytes(raw)), Limits(seconds=20))
    except ConvertError:
        return

    assert all(tensor.problem() is None for tensor in contents.tensors)
