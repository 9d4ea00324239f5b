from __future__ import annotations

import json

from cli.command import command
from osvdata import lines, record


def test_what_was_imported_is_told_by_status(tmp_path):
    (tmp_path / "feed.jsonl").write_bytes(lines(record("PYSEC-1"), record("PYSEC-2")))
    index = {"MODELWARDEN_ADVISORIES": str(tmp_path / "deep" / "index.sqlite")}

    made = command("advisories", "import", tmp_path / "feed.jsonl", env=index)
    told = command("advisories", "status", "--format", "json", env=index)

    assert (made.code, made.err) == (0, "")
    assert "records  2" in made.out
    status = json.loads(told.out)
    assert status["advisories"]["records"] == 2
    assert status["ecosystems"][0]["ecosystem"] == "PyPI"
    assert status["advisories"]["digest"].startswith("sha256:")


def test_without_an_index_status_names_the_next_step(tmp_path):
    told = command("advisories", "status", "--advisories", tmp_path / "none")

    assert told.code == 2
    assert "modelwarden advisories import FILE (OSV data, such as PyPI/all.zip of" in told.line


def test_a_feed_that_breaks_off_is_an_input_error(tmp_path):
    (tmp_path / "feed.jsonl").write_bytes(lines(record("PYSEC-1"))[:-9])

    made = command(
        "advisories", "import", tmp_path / "feed.jsonl", "--advisories", tmp_path / "index"
    )

    assert made.code == 2
    assert "feed.jsonl" in made.line
    assert not (tmp_path / "index").exists()
