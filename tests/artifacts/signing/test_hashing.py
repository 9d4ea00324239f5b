"""Digests by threads are those of `hashlib`, and changes are noticed."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.artifacts.signing import hashing
from modelwarden.artifacts.signing.hashing import ChangedError, Hashing, Unit, maker
from modelwarden.artifacts.signing.statement import Part
from modelwarden.core import InputError


def unit(path, start=0, end=None, size=None):
    return Unit(Part(path.name, start, end), str(path), start, end, size or path.stat().st_size)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8), st.integers(1, 64))
def test_digests_are_those_of_hashlib(tmp_path_factory, sizes, piece):
    folder = tmp_path_factory.mktemp("files")
    units, expected = [], {}
    for number, size in enumerate(sizes):
        path = folder / str(number)
        path.write_bytes(bytes(i * 7 % 256 for i in range(size)))
        units.append(unit(path))
        expected[units[-1].part] = hashlib.sha256(path.read_bytes()).digest()
    old, hashing._PIECE = hashing._PIECE, piece
    try:
        with Hashing(units, maker("sha256")) as work:
            found = work.result()
    finally:
        hashing._PIECE = old

    assert found == expected


def test_a_part_of_a_file_is_hashed_alone(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")

    with Hashing([unit(path, 2, 5)], maker("blake2b")) as work:
        [digest] = work.result().values()

    assert digest == hashlib.blake2b(b"234").digest()


def test_a_file_of_another_size_than_when_it_was_met_is_an_error(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")

    for size in (9, 11):
        with (
            Hashing([unit(path, size=size)], maker("sha256")) as work,
            pytest.raises(ChangedError, match="changed while"),
        ):
            work.result()


def test_a_file_that_grows_while_it_is_hashed_is_an_error(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")

    class Slow:
        def update(self, data):
            with path.open("ab") as stream:
                stream.write(b"x")

        def digest(self):
            return b""

    with Hashing([unit(path)], Slow) as work, pytest.raises(ChangedError):
        work.result()


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path):
    with (
        Hashing([Unit(Part("x"), str(tmp_path / "x"), 0, None, 1)], maker("sha256")) as work,
        pytest.raises(InputError, match="cannot read"),
    ):
        work.result()


def test_progress_ends_at_all_bytes(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"0" * 100)
    told = []

    with Hashing([unit(path)], maker("sha256")) as work:
        work.result(lambda done, total: told.append((done, total)))

    assert not told or told[-1] == (100, 100)
