"""`ledger verify`, `show` and `export` as users type them."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("cryptography")

from cli.command import command
from ledger.keymaking import make_keys
from modelwarden.ledger import HeadFile, Options, Redaction, Seal, Writer, key_in, load_private


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path / "keys")


@pytest.fixture
def made(tmp_path, keys):
    folder, heads = tmp_path / "l", tmp_path / "heads.jsonl"
    sink = HeadFile(heads, load_private(keys[0]))
    with Writer(folder, Options(segment_bytes=1_000), heads=sink) as writer:
        for number in range(20):
            writer.append({"number": number, "text": "a\x1b[2J", "time": "2026-01-01T00:00:00Z"})
    return folder, heads


def test_a_ledger_is_verified_by_head_and_key(made, keys):
    folder, heads = made

    ran = command("ledger", "verify", folder, "--key", keys[1], "--head", heads)

    assert (ran.code, ran.err) == (0, "")
    assert "VERIFIED  20 records" in ran.out
    assert "by a head kept elsewhere" in ran.out


def test_without_a_head_nothing_vouches_for_the_end(made, keys):
    folder, _ = made

    alone = command("ledger", "verify", folder)
    inside = command("ledger", "verify", folder, "--key", keys[1], "--format", "json")

    assert (alone.code, inside.code) == (3, 3)
    assert "INCOMPLETE" in alone.out
    assert "anchored   nowhere" in alone.out
    document = json.loads(inside.out)
    assert document["verified"] is False
    assert document["anchor"]["outside"] is False
    assert document["anchor"]["time"].endswith("Z")


def test_an_edit_and_a_cut_end_fail(made, keys):
    folder, heads = made
    last = max(folder.glob("*.log"))
    last.unlink()
    cut = command("ledger", "verify", folder, "--key", keys[1], "--head", heads)
    first = folder / "00000001.log"
    first.write_bytes(first.read_bytes().replace(b'"number":2', b'"number":3', 1))
    edited = command("ledger", "verify", folder, "--format", "json")

    assert (cut.code, edited.code) == (1, 1)
    assert "missing    the end" in cut.out
    assert json.loads(edited.out)["problems"][0]["kind"] == "broken"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "gone"), "cannot read the ledger"),
        (("verify", "."), "there is no ledger"),
        (("show", "gone"), "cannot read the ledger"),
        (("export", "."), "there is no ledger"),
        (("verify", "l", "--head", "gone"), "cannot read the head"),
        (("verify", "l", "--key", "heads.jsonl"), "no public key"),
        (("verify", "l", "--key", "keys/ledger.key"), "is a private key"),
        (("verify", "l", "--head", "l/00000001.log"), "lies in the ledger"),
        (("export", "l", "--output", "l/x.jsonl"), "lies in the ledger"),
        (("export", "l", "--output", "no/x.parquet"), "cannot write"),
    ],
)
def test_bad_input_is_one_line(made, tmp_path, arguments, said):
    ran = command("ledger", *arguments, cwd=tmp_path)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.line


def test_lines_are_shown_without_what_a_terminal_acts_on(made):
    folder, _ = made

    ran = command("ledger", "show", folder, "--last", "3")
    whole = command("ledger", "show", folder, "--all")

    assert ran.code == 0
    assert len(ran.out.splitlines()) == 3
    assert "\x1b" not in whole.out
    assert whole.out.count("record  ") == 20


def test_a_ledger_is_exported_as_lines_and_as_parquet(made, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    folder, _ = made
    target = tmp_path / "l's.parquet"

    lines = command("ledger", "export", folder)
    table = command("ledger", "export", folder, "--output", target)
    rows = [json.loads(line) for line in lines.out.splitlines()]
    with duckdb.connect() as connection:
        read = connection.read_parquet(str(target)).order("line").fetchall()
        names = connection.read_parquet(str(target)).columns

    assert (lines.code, table.code) == (0, 0)
    assert names == ["line", "segment", "own", "digest", "time", "record"]
    assert [tuple(row.values()) for row in rows] == read
    assert [json.loads(r["record"])["number"] for r in rows if not r["own"]] == list(range(20))
    assert list(tmp_path.glob(".modelwarden-*")) == []


def test_what_was_altered_is_exported_and_said(made):
    folder, _ = made
    first = folder / "00000001.log"
    first.write_bytes(first.read_bytes().replace(b'"number":2', b'"number":3', 1))

    ran = command("ledger", "export", folder)

    assert ran.code == 1
    assert "was altered" in ran.line
    assert len(ran.out.splitlines()) > 20


def test_a_ledger_is_shipped_and_its_sealed_fields_are_shown_with_the_key(tmp_path):
    seal = Seal(key_in(tmp_path / "seal.key"))
    redaction = Redaction(key=b"k", sealed=frozenset({"inputs"}), seal=seal)
    with Writer(tmp_path / "l") as writer:
        writer.append(redaction.of({"inputs": {"age": 41}}))

    sent = command("ledger", "ship", "l", "--to", "copy.log", cwd=tmp_path)
    bare = command("ledger", "show", "l", cwd=tmp_path)
    opened = command("ledger", "show", "l", "--unseal", "seal.key", cwd=tmp_path)
    strange = command("ledger", "ship", "l", "--to", "kafka://x/y", cwd=tmp_path)

    assert (sent.code, bare.code, opened.code, strange.code) == (0, 0, 0, 2)
    assert (tmp_path / "copy.log").read_bytes() == (tmp_path / "l" / "00000001.log").read_bytes()
    assert '"age": 41' in opened.out
    assert '"age"' not in bare.out
    assert "kafka://" in strange.line


def test_one_segment_is_said_as_one(tmp_path):
    with Writer(tmp_path / "l", Options()) as writer:
        writer.append({"number": 1})

    ran = command("ledger", "verify", tmp_path / "l")

    assert "1 records · " not in ran.out
    assert "1 segments" not in ran.out
