"""How a CSV is written, told from one read of its beginning."""

from __future__ import annotations

import gzip
import os

import pytest

from modelwarden.targets.reading import dialect
from modelwarden.targets.reading.dialect import Dialect, dialect_of
from modelwarden.targets.reading.tables import read_table


def told(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return dialect_of(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a,b\n1,2\n", Dialect(False, ",", ("a", "b"))),
        (b"\xef\xbb\xbfa;b\r\n1;2\r\n", Dialect(False, ";", ("a", "b"))),
        (b'"a,,1";"b,2"\n1;2\n', Dialect(False, ";", ("a,,1", "b,2"))),
        (b"a\tb|c\td\n", Dialect(False, "\t", ("a", "b|c", "d"))),
        (gzip.compress(b"a|b\n1|2\n"), Dialect(True, "|", ("a", "b"))),
        (b"\x1f\x8bno gzip", Dialect(True, ",", ())),
        (b"", Dialect(False, ",", ())),
    ],
    ids=["commas", "mark", "quoted", "tabs", "packed", "broken", "empty"],
)
def test_what_separates_columns_and_what_they_are_called(tmp_path, data, expected):
    (tmp_path / "t.csv").write_bytes(data)

    assert told(tmp_path / "t.csv") == expected


def test_the_beginning_of_a_table_is_read_once(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("a,A,b\n1,2,3\n")
    read = []
    pread = os.pread
    monkeypatch.setattr(dialect.os, "pread", lambda *given: read.append(given) or pread(*given))

    raw = read_table(tmp_path / "t.csv", "csv")

    assert len(read) == 1
    assert any("named anew" in note for note in raw.notes)
