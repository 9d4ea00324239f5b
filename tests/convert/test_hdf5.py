"""Weights in HDF5, against h5py."""

from __future__ import annotations

import io
import zipfile

import h5py
import numpy as np
import pytest

from modelwarden.convert import ConvertError, convert


def taken(tmp_path, path, **options):
    done = convert(path, tmp_path / "out.npz", form="npz", force=True, **options)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        return done, dict(found)


ARRAYS = {
    "layers/dense/kernel": np.random.default_rng(0).random((5, 3), dtype="f4"),
    "layers/dense/bias": np.arange(3, dtype=">f8"),
    "half": np.arange(4, dtype="f2"),
    "counts": np.arange(6, dtype="<i8").reshape(2, 3),
    "bytes": np.arange(5, dtype="u1"),
    "scalar": np.float32(2.5),
    "none": np.zeros((0, 2), "f4"),
}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_datasets_come_out_as_h5py_has_them(tmp_path, libver):
    with h5py.File(tmp_path / "w.h5", "w", libver=libver) as file:
        for name, value in ARRAYS.items():
            file[name] = value
        file["title"] = "text"

    _, found = taken(tmp_path, tmp_path / "w.h5", partial=True)

    assert found.keys() == ARRAYS.keys()
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].shape == np.shape(value)


def test_compressed_datasets_are_refused_with_the_way_out(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("w", data=np.zeros((10, 10)), compression="gzip")

    with pytest.raises(ConvertError, match=r"in chunks and compressed.*h5repack"):
        taken(tmp_path, tmp_path / "w.h5")


def test_numbers_in_another_file_are_refused(tmp_path):
    (tmp_path / "raw").write_bytes(bytes(80))
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("w", (10,), "f8", external=[(str(tmp_path / "raw"), 0, 80)])

    with pytest.raises(ConvertError, match="in another file"):
        taken(tmp_path, tmp_path / "w.h5")


def test_the_weights_of_a_keras_archive_are_taken(tmp_path):
    raw = io.BytesIO()
    with h5py.File(raw, "w") as file:
        file["layers/dense/vars/0"] = np.arange(6, dtype="f4").reshape(2, 3)
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.11.0"}')
        archive.writestr("config.json", '{"class_name": "Sequential", "config": {"layers": []}}')
        archive.writestr("model.weights.h5", raw.getvalue())

    done, found = taken(tmp_path, tmp_path / "m.keras")

    assert done.source == "keras"
    np.testing.assert_array_equal(found["layers/dense/vars/0"], np.arange(6).reshape(2, 3))
    assert [name for name, _ in done.lost if name] == ["metadata.json", "config.json"]


@pytest.mark.parametrize("name", ["chars2vec_eng50.h5", "deepcut_cnn.h5", "dice_adult.h5"])
def test_real_weights_come_out_as_h5py_has_them(tmp_path, shared, name):
    path = shared / "data/models/keras" / name
    expected = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda key, item: (
                expected.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )

    _, found = taken(tmp_path, path)

    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value)
