"""Pickles in rows, as they are, encoded and compressed."""

from __future__ import annotations

import base64
import gzip
import random
import sqlite3
import zlib
from contextlib import closing

import pytest

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source, knowndata
from modelwarden.formats.pickle import within

_PICKLE = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."


def _base(*rows: bytes | str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute("create table rows(a)")
        base.executemany("insert into rows values(?)", [(row,) for row in rows])
        base.commit()
        return base.serialize()


@pytest.mark.parametrize(
    "row",
    [
        _PICKLE,
        zlib.compress(_PICKLE),
        zlib.compress(_PICKLE, 9),
        gzip.compress(_PICKLE, mtime=0),
        base64.b64encode(_PICKLE).decode(),
        base64.b64encode(zlib.compress(_PICKLE)).decode(),
        _PICKLE.hex(),
        base64.b64encode(b"cposix\nsystem\n(S'true'\ntR.").decode(),
    ],
)
def test_a_pickle_in_a_row_is_a_child_in_every_spelling(row):
    with Source("a.db", _base("one", row)) as source:
        children = within.pickles_within(source, Limits())

        assert any(child.open().expect == "pickle" for child in children)


def test_rows_of_noise_and_of_words_hold_none():
    noise = random.Random(7).randbytes(1 << 20)
    with Source("a.db", _base(noise, "import os; os.system('true')", "gASVxx" * 40)) as source:
        assert within.pickles_within(source, Limits()) == ()


def test_what_was_not_looked_through_is_a_gap(monkeypatch):
    monkeypatch.setattr(within, "LONGEST", 4096)
    with Source("a.db", _base(bytes(20_000), _PICKLE)) as source:
        view = knowndata.read(source, Limits())

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]
