"""Digests of files, sparse ones among them."""

import hashlib
import io

import pytest

from modelwarden.core import HollowFileError, digests, is_hollow, sha256_of


def sparse(path, *pieces, size):
    with path.open("wb") as stream:
        for at, data in pieces:
            stream.seek(at)
            stream.write(data)
        stream.truncate(size)
    return path


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [(0, b"head")],
        [((40 << 30) - 4, b"tail")],
        [(i << 30, b"x" * 5000) for i in range(40)],
    ],
    ids=["nothing", "a head", "a tail", "islands"],
)
def test_a_file_of_holes_is_refused_before_it_is_read(tmp_path, pieces):
    path = sparse(tmp_path / "big", *pieces, size=40 << 30)

    with path.open("rb") as stream:
        stream.seek(7)
        with pytest.raises(HollowFileError, match="big is a sparse file"):
            sha256_of(stream)
        assert stream.tell() == 7


@pytest.mark.parametrize("hole", [0, 1 << 20])
def test_a_file_that_holds_something_may_have_some_holes(tmp_path, monkeypatch, hole):
    monkeypatch.setattr(digests, "MOST_HOLES", 1 << 21)
    data = bytes(range(1, 256)) * 20_000
    path = sparse(tmp_path / "model", (hole, data), size=hole + len(data))

    with path.open("rb") as stream:
        assert not is_hollow(stream.fileno())
        assert sha256_of(stream) == hashlib.sha256(bytes(hole) + data).hexdigest()


def test_what_is_no_file_has_no_holes():
    assert sha256_of(io.BytesIO(b"abc")) == hashlib.sha256(b"abc").hexdigest()
