import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.formats import Limits, Source, npy
from modelwarden.formats.npy import NpyArray, header_of, read
from modelwarden.testing import check_reader
from ziptricks import PAYLOAD

NUMBERS = [
    np.arange(5),
    np.zeros((2, 3), "U7"),
    np.array(1.5),
    np.zeros(3, dtype=[("f4", "f8"), ("a", "<i4", (2, 2)), ("n", [("x", "u1"), ("y", "M8[ns]")])]),
    np.zeros(2, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    np.zeros(3, dtype=[(("title", "name"), "f2")]),
    np.zeros(2, "m8[us]"),
    np.zeros((0, 4), "complex64"),
    np.zeros(2, "V5"),
    np.asfortranarray(np.ones((4, 4), "bool")),
]


def saved(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def written(descr: str, data: bytes = PAYLOAD, shape: str = "(1,)") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def view_of(data: bytes) -> NpyArray:
    return read(Source("a.npy", data), Limits())


@pytest.mark.parametrize("array", NUMBERS, ids=lambda a: str(a.dtype))
def test_an_array_of_numbers_is_proven_by_its_header(array: np.ndarray):
    view = view_of(saved(array))

    assert view.header is not None
    assert (view.header.size, view.header.shape) == (array.nbytes, array.shape)
    assert (view.children, view.gaps, view.anomalies) == ((), (), ())


@pytest.mark.parametrize(
    "descr",
    [
        "'|O'",
        "'O'",
        "'object'",
        "[('f4', '|O')]",
        "[('a', '<f4'), ('b', [('c', '|O', (2,))])]",
        "('|O', (2,))",
    ],
)
def test_objects_are_opened_as_the_pickle_that_they_are(descr: str):
    view = view_of(written(descr))

    source = view.children[0].open()
    assert source.expect == "pickle"
    assert source.read(0, 100) == PAYLOAD


@pytest.mark.parametrize("descr", ["'i4,O'", "'f4, object'", "'weird'", "[('a',)]", "{'a': 'O'}"])
def test_a_type_that_numpy_does_not_write_is_taken_for_objects_and_is_a_gap(descr: str):
    view = view_of(written(descr))

    assert view.children[0].open().expect == "pickle"
    assert len(view.gaps) == 1


def test_bytes_behind_the_array_are_opened_and_told():
    view = view_of(saved(np.arange(3)) + PAYLOAD)

    assert [a.kind.value for a in view.anomalies] == ["appended"]
    assert view.children[0].open().read(0, 100) == PAYLOAD


def test_arrays_saved_one_behind_the_other_are_no_anomaly():
    view = view_of(saved(np.arange(3)) + saved(np.arange(4)))

    assert view.anomalies == ()
    assert view.children[0].open().head.startswith(b"\x93NUMPY")


def test_an_array_that_is_cut_off_is_a_gap():
    assert len(view_of(saved(np.arange(3))[:-1]).gaps) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00\x10\x00{}",
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}",
        b"\x93NUMPY\x01\x00\xff\xff{}",
        written("'<f4'", shape="[1]"),
        written("'<f4'", shape="(-1,)"),
        written("'<f4'", shape="(True,)"),
        written("'<f4'", shape="(" * 500 + ")" * 500),
        written("__import__('os')"),
    ],
)
def test_a_header_that_numpy_would_refuse_is_a_gap_and_what_follows_is_opened(data: bytes):
    view = view_of(data)

    assert view.header is None
    assert len(view.gaps) == len(view.children) == 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}[]()'\",:O<f4 descrshapefortran_order\\", max_size=200), st.binary())
def test_any_header_survives(header: str, data: bytes):
    raw = header.encode()

    view_of(b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + data)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(range(len(NUMBERS))), st.data())
def test_what_a_mutated_header_proves_is_what_numpy_reads(index: int, data: st.DataObject):
    raw = bytearray(saved(NUMBERS[index]))
    at = data.draw(st.integers(10, 127))
    raw[at] = data.draw(st.integers(32, 126))
    try:
        loaded = np.lib.format.read_magic(io.BytesIO(bytes(raw)))
        stream = io.BytesIO(bytes(raw))
        stream.seek(8)
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception:  # noqa: BLE001 -- whatever it raises, numpy refuses
        return
    assert loaded == (1, 0)

    header = view_of(bytes(raw)).header

    if header is not None and header.size is not None:
        assert not dtype.hasobject
        assert header.size == dtype.itemsize * int(np.prod(shape, dtype=object))


def test_headers_of_later_versions_are_read():
    out = io.BytesIO()
    np.lib.format.write_array(out, np.zeros(3, [("ключ", "f4")]), version=(3, 0))

    assert header_of(Source("a.npy", out.getvalue())).size == 12


def test_it_keeps_what_all_readers_keep():
    check_reader(npy, [saved(array) for array in NUMBERS])
