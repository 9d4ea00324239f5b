"""A transcript that somebody edited is refused by its line, whatever was done to it."""

from __future__ import annotations

import json

import pytest

from modelwarden.redteam.journal import Journal, JournalError, Recorded, nothing, read


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "state").mkdir()
    journal = Journal(tmp_path, nothing())
    journal.intend([("t0.1.0.1", 1)], "seeds")
    recorded = Recorded(digest="d", tries=1, rows=1, status=200, body=b"{}")
    journal.answered("t0.1.0.1", b"[]", recorded)
    journal.close()
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        {"got": None},
        {"got": {"at": -5, "size": 1, "sha256": "x"}},
        {"got": {"at": 0, "size": "1", "sha256": "x"}},
        {"sent": "x"},
        {"clock": []},
        {"request": {}},
        {"event": "intent", "requests": 5, "rows": [1]},
        {"event": "intent", "requests": ["a", "b"], "rows": [1]},
        {"event": "intent"},
    ],
)
def test_an_edited_event_is_named_by_its_line(folder, change):
    place = folder / "transcript.jsonl"
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    lines[-1] |= change
    place.write_text("".join(json.dumps(line) + "\n" for line in lines))

    with pytest.raises(JournalError, match=f"line {len(lines)}"):
        read(folder)


def test_a_request_that_is_answered_twice_is_named_by_its_line(folder):
    place = folder / "transcript.jsonl"
    lines = place.read_text().splitlines(keepends=True)
    place.write_text("".join([*lines, lines[-1]]))

    with pytest.raises(JournalError, match=r"line 3, answers t0\.1\.0\.1 a second time"):
        read(folder)


def test_a_size_of_a_body_is_believed_as_far_as_the_file_goes(folder):
    place = folder / "transcript.jsonl"
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    lines[-1]["got"]["size"] = 10**15
    place.write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert read(folder).answers["t0.1.0.1"].body == b"{}"


def test_a_line_nested_too_deeply_and_bodies_that_are_gone_are_told(folder):
    with (folder / "transcript.jsonl").open("a") as stream:
        stream.write("[" * 100_000 + "\n")
    with pytest.raises(JournalError, match="is damaged"):
        read(folder)

    (folder / "state" / "bodies.bin").unlink()
    with pytest.raises(JournalError, match=r"bodies\.bin"):
        read(folder)
