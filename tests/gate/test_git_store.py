from __future__ import annotations

import io
import zipfile
import zlib

import pytest

from modelwarden.gate.git_store import GitStores

PACK = b"PACK" + bytes([0, 0, 0, 2, 0, 0, 0, 0]) + bytes(2000)


def zip_bytes() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("data.pkl", b"N.")
    return held.getvalue()


def taken(tmp_path, data: bytes, name: str = ".git/objects/file") -> bool:
    (tmp_path / "file").write_bytes(data)
    return GitStores().takes(str(tmp_path / "file"), name)


@pytest.mark.parametrize(
    "data",
    [PACK, b"DIRC" + bytes(60), b"\xfftOc" + bytes(1000), zlib.compress(b"blob 5\0hello")],
)
def test_git_s_own_files_are_taken(tmp_path, data):
    assert taken(tmp_path, data)
    assert taken(tmp_path, data, "sub/.git/index")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04N.",
        zip_bytes(),
        PACK + zip_bytes(),
        PACK[:512] + b"\x89HDF\r\n\x1a\n" + bytes(1000),
        PACK.ljust(8192, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(1000),
        zlib.compress(b"\x80\x04N."),
        zlib.compress(b"blob five\0"),
        b"x\x9c" + bytes(20),
    ],
)
def test_anything_else_below_a_git_folder_is_examined(tmp_path, data):
    assert not taken(tmp_path, data)


@pytest.mark.parametrize("name", ["objects/file", "a.git/file", ".gitx/file", ".git"])
def test_git_s_files_elsewhere_are_examined(tmp_path, name):
    assert not taken(tmp_path, PACK, name)


def test_a_store_is_one_line_and_one_note(tmp_path):
    stores = GitStores()
    (tmp_path / "file").write_bytes(PACK)
    for name in (".git/a", ".git/b", "sub/.git/a"):
        stores.takes(str(tmp_path / "file"), name)

    lines = [(line.path, line.size) for line in stores.coverage()]

    assert lines == [(".git", 2 * len(PACK)), ("sub/.git", len(PACK))]
    assert list(stores.notes()) == ["3 files of git's own database were counted, not examined"]
