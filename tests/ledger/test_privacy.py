"""What of a request is kept."""

from __future__ import annotations

import stat

import pytest

from modelwarden.ledger import LedgerError, Redaction, key_in


def test_who_asked_is_hashed_with_the_key_at_any_depth(tmp_path):
    key = key_in(tmp_path / "key")
    redaction = Redaction(key=key)

    kept = redaction.of({"client": "10.0.0.1", "more": [{"user": "ada", "rows": 3}], "token": None})
    other = Redaction(key=b"x" * 32).of({"client": "10.0.0.1"})

    assert "10.0.0.1" not in str(kept)
    assert "ada" not in str(kept)
    assert kept["more"][0]["rows"] == 3
    assert kept["token"] is None
    assert kept["client"] == redaction.hash_of("10.0.0.1")
    assert kept["client"] != other["client"]
    assert kept["client"].split(":")[1] != other["client"].split(":")[1]


def test_bodies_are_off_unless_asked_for():
    record = {"inputs": [1, 2, 3], "request": {"body": "text"}, "outputs": 3}

    assert Redaction(key=b"k").of(record) == {
        "inputs": {"left_out": 3},
        "request": {"body": {"left_out": 4}},
        "outputs": None,
    }
    assert Redaction(key=b"k", bodies=True).of(record) == record


def test_a_key_is_made_once_and_for_its_owner(tmp_path):
    path = tmp_path / "key"

    first = key_in(path)

    assert key_in(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"short")
    with pytest.raises(LedgerError):
        key_in(path)
    with pytest.raises(LedgerError):
        key_in(tmp_path / "no" / "key")
