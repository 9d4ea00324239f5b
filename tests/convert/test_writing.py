"""What is written: held against the reference libraries, and never believed unread."""

from __future__ import annotations

import json

import numpy as np
import pytest

from modelwarden.artifacts import examine
from modelwarden.convert import ConvertError, UnequalError, convert, run, writing
from modelwarden.convert.tensor import Tensor, row_major
from modelwarden.core import OutputError
from modelwarden.formats import Limits, Source

safetensors = pytest.importorskip("safetensors.numpy")
safe_open = pytest.importorskip("safetensors").safe_open


def save(path, **arrays):
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
    return path


def test_safetensors_keep_metadata_and_pass_the_reference_and_our_scan(tmp_path):
    source = tmp_path / "in.safetensors"
    arrays = {"b": np.arange(3, dtype="i2"), "a": np.arange(4.0), "empty": np.zeros((0,), "f4")}
    safetensors.save_file(arrays, source, metadata={"format": "pt", "origin": "here"})

    done = convert(source, tmp_path / "out.safetensors", form="safetensors")

    with safe_open(tmp_path / "out.safetensors", "np") as found:
        assert found.metadata() == {"format": "pt", "origin": "here"}
        assert {name: found.get_tensor(name).tolist() for name in found.keys()} == {  # noqa: SIM118
            name: value.tolist() for name, value in arrays.items()
        }
    with Source.open(tmp_path / "out.safetensors") as written:
        seen = examine(written, Limits())
    assert (seen.findings, seen.gaps) == ([], [])
    assert done.kept == ("origin",)


def test_the_same_source_gives_the_same_bytes(tmp_path):
    source = save(tmp_path / "in.npz", b=np.arange(3), a=np.arange(4.0))

    for form in ("safetensors", "npz"):
        convert(source, tmp_path / f"1.{form}", form=form)
        convert(source, tmp_path / f"2.{form}", form=form)
        assert (tmp_path / f"1.{form}").read_bytes() == (tmp_path / f"2.{form}").read_bytes()


@pytest.mark.parametrize(
    ("name", "dtype", "form", "why"),
    [
        ("__metadata__", "F32", "safetensors", "no name"),
        ("a\udcff", "F32", "safetensors", "no name"),
        ("", "F32", "safetensors", "no name"),
        ("c", "C128", "safetensors", "complex128"),
        ("w", "BF16", "npz", "numpy does not know"),
        ("../w", "F32", "npz", "no name"),
        ("/w", "F32", "npz", "no name"),
        ("a\\b", "F32", "npz", "no name"),
    ],
)
def test_names_and_types_that_a_format_does_not_know_are_refused(name, dtype, form, why):
    tensor = Tensor(name=name, dtype=dtype, shape=(), source=Source("s", bytes(16)))
    check = writing.check_safetensors if form == "safetensors" else writing.check_npz

    with pytest.raises(ConvertError, match=why):
        check([tensor])


@pytest.mark.parametrize("form", ["safetensors", "npz"])
@pytest.mark.parametrize("place", [0.0, 0.5, 0.99])
def test_a_result_with_one_wrong_bit_is_thrown_away(tmp_path, monkeypatch, form, place):
    source = save(tmp_path / "in.npz", w=np.arange(1000.0))
    real = getattr(writing, f"write_{form}")

    def faulty(out, tensors, metadata, tell):
        real(out, tensors, metadata, tell)
        size = out.tell()
        out.seek(size - (8200 if form == "npz" else 7999) + int(place * 7990))
        byte = b"\x55"
        out.write(byte)
        out.seek(size)

    monkeypatch.setattr(writing, f"write_{form}", faulty)

    with pytest.raises((UnequalError, ConvertError)):
        convert(source, tmp_path / f"out.{form}", form=form)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.npz"]


def test_a_target_that_is_there_is_kept_unless_forced(tmp_path):
    source = save(tmp_path / "in.npz", w=np.arange(3))
    (tmp_path / "out.npz").write_bytes(b"mine")

    with pytest.raises(OutputError, match="there already"):
        convert(source, tmp_path / "out.npz", form="npz")
    with pytest.raises(OutputError, match="the file that is to be converted"):
        convert(source, source, form="npz", force=True)
    assert (tmp_path / "out.npz").read_bytes() == b"mine"

    convert(source, tmp_path / "out.npz", form="npz", force=True)
    assert np.load(tmp_path / "out.npz")["w"].tolist() == [0, 1, 2]


def test_a_target_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    source = save(tmp_path / "in.npz", w=np.arange(3))
    real = run._clean

    def slow(written, limits):
        (tmp_path / "out.npz").write_bytes(b"mine")
        real(written, limits)

    monkeypatch.setattr(run, "_clean", slow)

    with pytest.raises(OutputError, match="there already"):
        convert(source, tmp_path / "out.npz", form="npz")
    assert (tmp_path / "out.npz").read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    source = save(tmp_path / "in.npz", w=np.arange(3))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(source, tmp_path / "out.npz", form="npz", progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]


def test_a_result_that_does_not_scan_clean_is_thrown_away(tmp_path, monkeypatch):
    source = tmp_path / "in.safetensors"
    safetensors.save_file({"w": np.arange(3)}, source, metadata={"note": "here"})
    real = examine

    def suspicious(seen, limits):
        found = real(seen, limits)
        if seen.name == "out.safetensors" and b"here" in seen.head:
            attack = Source("x", b"cposix\nsystem\n(Vtrue\ntR.")
            found.findings.extend(real(attack, limits).findings)
        return found

    monkeypatch.setattr(run, "examine", suspicious)

    with pytest.raises(ConvertError, match="would not be clean") as refused:
        convert(source, tmp_path / "out.safetensors", form="safetensors")
    assert "--no-metadata" in refused.value.hint
    assert not (tmp_path / "out.safetensors").exists()
    convert(source, tmp_path / "out.safetensors", form="safetensors", metadata=False)
    assert (tmp_path / "out.safetensors").exists()


def test_the_header_of_npy_is_what_numpy_writes(tmp_path):
    for shape in ((), (3,), (2, 3), (0, 4)):
        value = np.zeros(shape, "<f4")
        with (tmp_path / "a.npy").open("wb") as stream:
            np.lib.format.write_array(stream, value, version=(1, 0))
        tensor = Tensor(
            name="a", dtype="F32", shape=shape, source=Source("s", b""), strides=row_major(shape, 4)
        )
        header = writing.npy_header(tensor)

        theirs = (tmp_path / "a.npy").read_bytes()[: len(header)]
        # numpy leaves room for growing; what it says is the same.
        assert header.split(b"}")[0][10:] == theirs.split(b"}")[0][10:]
        assert len(header) % 64 == 0


def test_faults_in_a_safetensors_source_are_refused(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(4)
    (tmp_path / "in.safetensors").write_bytes(data)

    with pytest.raises(ConvertError, match="no valid safetensors"):
        convert(tmp_path / "in.safetensors", tmp_path / "out.npz", form="npz")
