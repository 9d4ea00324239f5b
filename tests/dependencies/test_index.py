from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from modelwarden.dependencies import place_of
from modelwarden.dependencies.index import AdvisoryIndexError, Index
from osvdata import index_of, record


def test_an_index_that_is_not_there_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(AdvisoryIndexError, match="there is no advisory index at") as caught:
        Index(tmp_path / "none")

    assert "modelwarden advisories import FILE" in caught.value.hint


@pytest.mark.parametrize("keep", [0, 10, 99, 4096, -1])
def test_a_cut_index_is_refused(tmp_path, keep):
    path = index_of(tmp_path, record())
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(AdvisoryIndexError):
        Index(path)


def test_an_index_of_another_schema_is_refused(tmp_path):
    path = index_of(tmp_path, record())
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")

    with pytest.raises(AdvisoryIndexError, match="schema 99"):
        Index(path)


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (a)")

    with pytest.raises(AdvisoryIndexError, match="no advisory index"):
        Index(path)


def test_a_damaged_index_is_told_when_it_is_used(tmp_path):
    path = index_of(tmp_path, *(record(f"PYSEC-{n}") for n in range(500)))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)

    with pytest.raises(AdvisoryIndexError, match="damaged"), Index(path) as index:
        index.rows("torch")


def test_the_place_is_the_option_then_the_variable_then_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert place_of(None) == (tmp_path / "modelwarden" / "advisories.sqlite", False)
    monkeypatch.setenv("MODELWARDEN_ADVISORIES", "/by/variable")
    assert [str(place_of(None)[0]), place_of(None)[1]] == ["/by/variable", True]
    assert place_of(tmp_path / "option") == (tmp_path / "option", True)
