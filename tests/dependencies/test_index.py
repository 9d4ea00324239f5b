from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from cli.command import command
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


def replaced(path, name, sql):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"DROP TABLE {name}")
        db.execute(sql)


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        (
            "affected",
            "CREATE VIEW affected AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n)"
            " SELECT 'PyPI' ecosystem, 'torch' name, 1 advisory, x part, '[]' ranges, '' listed"
            " FROM n",
        ),
        ("meta", "CREATE TABLE meta (newest, records, digest)"),
        ("ecosystem", "CREATE TABLE other (a)"),
    ],
    ids=["endless view", "other columns", "missing"],
)
def test_an_index_that_computes_or_holds_something_else_is_refused(tmp_path, name, sql):
    path = index_of(tmp_path, record())
    replaced(path, name, sql)

    with pytest.raises(AdvisoryIndexError, match="other tables than ours"):
        Index(path)


@pytest.mark.parametrize(
    "ranges",
    ["[", "3", '["a"]', "[[[1]]]", "[" * 100_000, '[[["i", 3]]]', '{"a": 1}', '[[["x", "1"]]]'],
)
def test_ranges_that_are_no_ranges_are_damage_and_no_traceback(tmp_path, ranges):
    path = index_of(tmp_path, record(events=[("introduced", "0")]))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE affected SET ranges = ?", (ranges,))
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "requirements.txt").write_text("torch==1.0\n")

    ran = command("scan", tmp_path / "p", "--advisories", path)

    assert ran.code == 2
    assert "is damaged" in ran.line


def test_how_the_tables_are_written_makes_no_difference(tmp_path):
    path = index_of(tmp_path, record())
    replaced(
        path, "meta", "CREATE TABLE meta (\n  newest TEXT,\n  records INTEGER,   digest TEXT\n)"
    )

    with Index(path) as index:
        assert index.counts()
