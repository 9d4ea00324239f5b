"""A transcript that somebody edited is refused by its line, whatever was done to it."""

from __future__ import annotations

import json

import pytest

from modelwarden.redteam.journal import (
    Journal,
    JournalError,
    Recorded,
    events_in,
    nothing,
    read,
    rewrite,
)


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
def test_an_event_that_is_none_is_named_by_its_line(folder, change):
    lines = [*events_in(folder)]
    lines[-1] |= change
    rewrite(folder, lines)

    with pytest.raises(JournalError, match=f"line {len(lines)}, is no event"):
        read(folder)


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: [lines[0], lines[1] | {"rows": 2}],
        lambda lines: [lines[0], lines[1] | {"status": 403}],
        lambda lines: [lines[0], lines[1] | {"got": lines[1]["sent"]}],
        lambda lines: [lines[0], lines[0], lines[1]],
        lambda lines: [lines[0], {"event": "resume"}, lines[1]],
        lambda lines: [lines[1], lines[0]],
        lambda lines: [lines[1]],
        lambda lines: [lines[0], lines[1] | {"pair": "0-0"}],
        lambda lines: [lines[0], {k: v for k, v in lines[1].items() if k != "chain"}],
    ],
    ids=["field", "status", "body", "twice", "added", "moved", "left-out", "pair", "unchained"],
)
@pytest.mark.parametrize("reader", [read, lambda folder: [*events_in(folder)]], ids=["run", "all"])
def test_a_record_that_was_edited_is_refused_where_it_does_not_follow(folder, edit, reader):
    lines = edit([*events_in(folder)])
    (folder / "transcript.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))

    with pytest.raises(JournalError, match=r"line [12], does not follow .* was edited"):
        reader(folder)


def test_a_record_that_ends_sooner_is_gone_on_with(folder):
    place = folder / "transcript.jsonl"
    first = place.read_bytes().splitlines(keepends=True)[0]
    place.write_bytes(first + b'{"event": "ans')

    journal = Journal(folder, read(folder))
    journal.write({"event": "end"})
    journal.close()

    assert read(folder).ended
    assert not read(folder).answers


def test_a_request_that_is_answered_twice_is_named_by_its_line(folder):
    lines = [*events_in(folder)]
    rewrite(folder, [*lines, lines[-1]])

    with pytest.raises(JournalError, match=r"line 3, answers t0\.1\.0\.1 a second time"):
        read(folder)


def test_a_size_of_a_body_is_believed_as_far_as_the_file_goes(folder):
    lines = [*events_in(folder)]
    lines[-1]["got"]["size"] = 10**15
    rewrite(folder, lines)

    assert read(folder).answers["t0.1.0.1"].body == b"{}"


def test_a_line_nested_too_deeply_and_bodies_that_are_gone_are_told(folder):
    with (folder / "transcript.jsonl").open("a") as stream:
        stream.write("[" * 100_000 + "\n")
    with pytest.raises(JournalError, match="is damaged"):
        read(folder)

    (folder / "state" / "bodies.bin").unlink()
    with pytest.raises(JournalError, match=r"bodies\.bin"):
        read(folder)
