"""`data freeze` and `data verify` as users type them."""

from __future__ import annotations

import os

import duckdb
import numpy as np
import pandas as pd
import pytest

from cli.command import command

ROWS = ["a,b,y", *(f"{i},{i % 7},{i % 2}" for i in range(50))]


@pytest.fixture
def train(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("\n".join(ROWS) + "\n")
    return path


def test_frozen_data_verify_and_changed_data_fail_by_name(tmp_path, train):
    manifest = tmp_path / "data.json"

    made = command("data", "freeze", train, "--manifest", manifest)
    good = command("data", "verify", train, "--manifest", manifest)
    train.write_text(train.read_text().replace("\n7,0,1\n", "\n7,0,0\n"))
    bad = command("data", "verify", train, "--manifest", manifest)
    told = command("data", "verify", train, "--manifest", manifest, "--format", "json")

    assert (made.code, made.err) == (0, "")
    assert "50 rows · 3 columns" in made.out
    assert (good.code, bad.code, told.code) == (0, 1, 1)
    assert "UNCHANGED" in good.out
    assert "1 of 50 rows changed in column y" in bad.out
    assert told.report["differences"][0]["columns"] == ["y"]


def test_a_key_is_demanded_or_the_answer_says_that_none_was(tmp_path, train):
    pytest.importorskip("cryptography")
    from artifacts.signing.keymaking import make_keys

    private, public = make_keys(tmp_path / "keys")
    plain, signed = tmp_path / "plain.json", tmp_path / "signed.json"
    command("data", "freeze", train, "--manifest", plain)
    made = command("data", "freeze", train, "--manifest", signed, "--key", private)

    good = command("data", "verify", train, "--manifest", signed, "--key", public)
    bare = command("data", "verify", train, "--manifest", plain, "--key", public)
    open_ = command("data", "verify", train, "--manifest", signed)

    assert "signed by" in made.out
    assert (good.code, bare.code, open_.code) == (0, 1, 0)
    assert "not signed" in bare.out
    assert "not checked" in open_.out


def test_what_was_approved_is_replaced_only_when_that_is_asked_for(tmp_path, train):
    manifest, empty = tmp_path / "data.json", tmp_path / "empty.json"
    empty.touch()
    command("data", "freeze", train, "--manifest", manifest)
    approved = manifest.read_bytes()

    again = command("data", "freeze", train, "--manifest", manifest)
    train.write_text(train.read_text().replace("\n7,0,1\n", "\n7,0,0\n"))
    fresh = command("data", "freeze", train, "--manifest", empty)
    refused = command("data", "freeze", train, "--manifest", manifest)
    kept = manifest.read_bytes()
    forced = command("data", "freeze", train, "--manifest", manifest, "--force")

    assert (again.code, fresh.code, forced.code) == (0, 0, 0)
    assert (refused.code, refused.out) == (2, "")
    assert "train.csv" in refused.line
    assert "--force" in refused.line
    assert kept == approved != manifest.read_bytes()


def test_a_signature_is_not_dropped_in_silence_nor_a_file_of_another_kind(tmp_path, train):
    pytest.importorskip("cryptography")
    from artifacts.signing.keymaking import make_keys

    private, public = make_keys(tmp_path / "keys")
    other, _ = make_keys(tmp_path / "others")
    manifest, notes = tmp_path / "data.json", tmp_path / "notes.txt"
    notes.write_text("mine")

    made = command("data", "freeze", train, "--manifest", manifest)
    signed = command("data", "freeze", train, "--manifest", manifest, "--key", private)
    again = command("data", "freeze", train, "--manifest", manifest, "--key", private)
    bare = command("data", "freeze", train, "--manifest", manifest)
    theirs = command("data", "freeze", train, "--manifest", manifest, "--key", other)
    over = command("data", "freeze", train, "--manifest", notes)
    holds = command("data", "verify", train, "--manifest", manifest, "--key", public)

    assert (made.code, signed.code, again.code, holds.code) == (0, 0, 0, 0)
    assert "is signed, and this one is not" in bare.line
    assert "another key" in theirs.line
    assert "is no manifest" in over.line
    assert (bare.code, theirs.code, over.code, notes.read_text()) == (2, 2, 2, "mine")


def test_files_left_out_are_incomplete_and_bad_input_is_one_line(tmp_path, train):
    other = tmp_path / "test.csv"
    other.write_text("a\n1\n2\n")
    manifest = tmp_path / "data.json"
    command("data", "freeze", train, other, "--manifest", manifest)

    part = command("data", "verify", train, "--manifest", manifest)
    gone = command("data", "verify", tmp_path / "no.csv", "--manifest", manifest)
    none = command("data", "verify", train, "--manifest", train)
    twice = command("data", "freeze", train, train, "--manifest", manifest)

    assert part.code == 3
    assert "not looked at" in part.out
    for ran in (gone, none, twice):
        assert ran.code == 2
        assert ran.line


def test_what_is_no_table_is_frozen_by_its_bytes_and_a_broken_manifest_says_what_to_give(tmp_path):
    broken, manifest = tmp_path / "broken.csv", tmp_path / "data.json"
    broken.write_text('a,b\n1\n2,3,4\n"x')

    made = command("data", "freeze", broken, "--manifest", manifest)
    manifest.write_text("{")
    read = command("data", "verify", broken, "--manifest", manifest)

    assert made.code == 0
    assert "only its bytes are held" in made.out
    assert read.code == 2
    assert "modelwarden data freeze" in read.line


def test_a_frozen_file_that_is_gone_is_a_difference(tmp_path, train):
    manifest = tmp_path / "data.json"
    command("data", "freeze", train, "--manifest", manifest)
    train.unlink()

    gone = command("data", "verify", train, "--manifest", manifest)
    never = command("data", "verify", tmp_path / "never.csv", "--manifest", manifest)

    assert gone.code == 1
    assert "was frozen and is not there any more" in gone.out
    assert never.code == 2


def test_a_pipe_is_no_data(tmp_path, train):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    manifest = tmp_path / "data.json"

    for words in (
        ("data", "freeze", pipe, "--manifest", manifest),
        ("monitor", "drift", "--reference", train, "--current", pipe),
        ("monitor", "drift", "--reference", pipe, "--current", train),
    ):
        told = command(*words)

        assert (told.code, told.out) == (2, "")
        assert told.err.endswith("is no regular file (Write its rows to a file first.)\n")
    assert not manifest.exists()


@pytest.mark.parametrize("name", ["t.parquet", "t.csv.gz", "t.npz", "t.jsonl", "named_otherwise"])
@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_table_that_is_cut_is_not_frozen_as_if_it_were_whole(tmp_path, name, kept):
    whole, manifest = tmp_path / name, tmp_path / "data.json"
    frame = pd.DataFrame({"a": np.arange(5000), "b": [f"word {i}" for i in range(5000)]})
    if name == "t.csv.gz":
        frame.to_csv(whole, index=False)
    elif name == "t.npz":
        np.savez_compressed(whole, x=frame[["a"]].to_numpy(), y=frame["a"].to_numpy())
    elif name == "t.jsonl":
        frame.to_json(whole, orient="records", lines=True)
    else:
        duckdb.from_df(frame).write_parquet(str(whole))
    data = whole.read_bytes()
    whole.write_bytes(data[: int(len(data) * kept)])

    made = command("data", "freeze", whole, "--manifest", manifest)

    assert made.code == 2
    assert name in made.line
    assert not manifest.exists()


def test_a_cut_table_in_a_folder_is_held_by_its_bytes_as_all_there_are(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "t.parquet").write_bytes(b"PAR1 and no more")

    made = command("data", "freeze", folder, "--manifest", tmp_path / "data.json")

    assert made.code == 0
    assert "a table is to be named itself" in made.out


def test_a_sparse_file_is_refused_at_once(tmp_path):
    data = tmp_path / "data.bin"
    with data.open("wb") as stream:
        stream.truncate(40 << 30)

    made = command("data", "freeze", data, "--manifest", tmp_path / "data.json")

    assert made.code == 2
    assert "holes" in made.line
