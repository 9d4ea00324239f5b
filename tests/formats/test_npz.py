import io
import zipfile

import numpy as np

from modelwarden.formats import Limits, Source
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.zip.reader import read
from ziptricks import Piece, Zip


def view_of(data: bytes) -> ArchiveView:
    view = read(Source("a.npz", data), Limits())
    assert isinstance(view, ArchiveView)
    return view


def test_arrays_of_numbers_are_skipped_and_arrays_of_objects_opened():
    out = io.BytesIO()
    np.savez(out, a=np.arange(9), b=np.array([{}], dtype=object))

    view = view_of(out.getvalue())

    assert view.format == "npz"
    assert {c.name: c.data for c in view.children} == {"a.npy": True, "b.npy": False}
    assert view.gaps == ()


def test_of_a_large_compressed_array_only_the_header_is_decompressed():
    out = io.BytesIO()
    np.savez_compressed(out, a=np.zeros(1 << 24))
    limits = Limits(expanded=1 << 20)

    view = read(Source("a.npz", out.getvalue()), limits)

    assert [c.data for c in view.children] == [True]


def test_an_array_that_is_longer_than_its_header_says_is_opened():
    array = io.BytesIO()
    np.save(array, np.arange(3))

    view = view_of(Zip([Piece(b"a.npy", array.getvalue() + b"\x80\x02N.")]).build())

    assert [c.data for c in view.children] == [False]


def test_two_arrays_of_one_name_are_both_opened():
    array = io.BytesIO()
    np.save(array, np.arange(3))
    piece = Piece(b"a.npy", array.getvalue())

    view = view_of(Zip([piece, piece]).build())

    assert [c.data for c in view.children] == [False, False]


def test_a_member_that_is_no_array_is_opened():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.txt", "x")
        archive.writestr("b.npy", b"\x80\x02N.")

    view = view_of(out.getvalue())

    assert view.format == "zip"
    assert [(c.name, c.data) for c in view.children] == [("data.txt", False), ("b.npy", False)]
