"""What of a request is kept."""

from __future__ import annotations

import json
import stat

import pytest

from modelwarden.ledger import LedgerError, Redaction, Seal, key_in


def test_who_asked_is_hashed_with_the_key_at_any_depth(tmp_path):
    key = key_in(tmp_path / "key")
    redaction = Redaction(key=key)

    kept = redaction.of(
        {"client": "10.0.0.1", "more": [{"user": "an.owner", "rows": 3}], "token": None}
    )
    other = Redaction(key=b"x" * 32).of({"client": "10.0.0.1"})

    assert "10.0.0.1" not in str(kept)
    assert "an.owner" not in str(kept)
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


def test_sealed_fields_are_read_with_the_key_alone(tmp_path):
    seal = Seal(key_in(tmp_path / "seal.key"))
    other = Seal(key_in(tmp_path / "other.key"))
    redaction = Redaction(key=b"k", sealed=frozenset({"inputs"}), seal=seal)
    # a blank is in no base64 text: what is found is what was not sealed
    inputs = {"town": "Sao Tome", "age": 41}
    record = {"client": "ada", "inputs": inputs, "rows": 1}

    kept = redaction.of(record)

    assert "Sao Tome" not in json.dumps(kept)
    assert kept["inputs"].keys() == {"sealed"}
    assert seal.opened(kept)["inputs"] == inputs
    assert other.opened(kept) == kept


def test_a_sealed_field_fits_no_other_place_and_no_change(tmp_path):
    seal = Seal(key_in(tmp_path / "seal.key"))
    kept = seal.sealed("inputs", [1])

    with pytest.raises(LedgerError, match="not what was sealed"):
        seal.opened({"outputs": kept})
    with pytest.raises(LedgerError, match="not what was sealed"):
        seal.opened({"inputs": {"sealed": kept["sealed"][:-8] + "AAAAAAA="}})


def test_names_to_be_sealed_without_a_key_are_an_error():
    with pytest.raises(LedgerError, match="no key"):
        Redaction(key=b"k", sealed=frozenset({"inputs"}))
