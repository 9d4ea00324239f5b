"""A campaign that is killed at any moment comes to the end that it would have come to."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelwarden.core import GapKind, InputError, encode
from modelwarden.redteam import load, run
from modelwarden.redteam.journal import JournalError
from tests.redteam.campaigns import SPAM, seeded
from tests.redteam.endpoints import Endpoint, Reply, serving, spam

ROOT = Path(__file__).resolve().parents[2]
FILE = """
[campaign]
name = "spam"
goal = "evade"
authorised_by = "the tests"
seed = 5
[target]
url = "{url}"
protocol = "mlflow"
name = "filter"
[budget]
rows = {rows}
batch = 8
concurrency = {concurrency}
[seeds]
path = "seeds"
label = "spam"
[[attack]]
name = "edits"
queries = {queries}
"""


def _file(
    folder: Path, url: str, *, rows: int = 2000, concurrency: int = 1, queries: int = 50
) -> Path:
    path = folder / "campaign.toml"
    path.write_text(FILE.format(url=url, rows=rows, concurrency=concurrency, queries=queries))
    return path


def _killed(path: Path, folder: Path, events: int, *half: str) -> None:
    command = [sys.executable, "-m", "tests.redteam.killing", str(path), str(folder), str(events)]
    done = subprocess.run([*command, *half], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode in (-9, 0), done.stderr.decode()


def result(folder: Path) -> object:
    """Return all that must not depend on kills: the report but for run and cost, and evasions."""
    report = json.loads((folder / "report.json").read_text())
    report.pop("run")
    report["measurements"] = [m for m in report["measurements"] if m["stage"] != "cost"]
    evasions = {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted((folder / "evasions").rglob("*"))
        if p.is_file()
    }
    return report, evasions


def _repeated(folder: Path) -> float:
    report = json.loads((folder / "report.json").read_text())
    return next(m["value"] for m in report["measurements"] if m["name"] == "repeated_rows")


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_killed_campaign_ends_as_an_undisturbed_one(tmp_path, concurrency):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url, concurrency=concurrency)
        run(load(path), output=tmp_path / "whole")
        undisturbed = endpoint.rows
        folder = tmp_path / "cut"
        for events in (2, 5, 9):
            _killed(path, folder, events)
        run(load(path), output=folder, resume=True)
        cut = endpoint.rows - undisturbed

    assert result(folder) == result(tmp_path / "whole")
    assert cut <= undisturbed + _repeated(folder)
    assert _repeated(folder) <= 3 * 8 * concurrency


def test_seeds_that_are_worked_on_in_turn_come_to_the_same_end_after_kills(tmp_path):
    many = tuple(f"{text} {number}" for number in range(18) for text in SPAM)
    seeded(tmp_path, many)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url, concurrency=2, queries=10)
        run(load(path), output=tmp_path / "whole")
        undisturbed = endpoint.rows
        folder = tmp_path / "cut"
        for events in (40, 31, 60):
            _killed(path, folder, events)
        run(load(path), output=folder, resume=True)
        cut = endpoint.rows - undisturbed
    names = (folder / "transcript.jsonl").read_text()

    assert '"t0a.' in names
    assert '"t0b.' in names
    assert result(folder) == result(tmp_path / "whole")
    assert undisturbed <= cut <= undisturbed + _repeated(folder)
    assert _repeated(folder) <= 3 * 8 * 2


def _reply(predictions: object, status: int = 200) -> Reply:
    return status, {}, json.dumps({"predictions": predictions}).encode()


# What an endpoint may come to answer in the middle of a campaign.
_GOES_WRONG = {
    "a page": lambda rows: (200, {"Content-Type": "text/html"}, b"<html>Log in</html>"),
    "no numbers": lambda rows: _reply([{"ham": float("nan"), "spam": 1.0} for _ in rows]),
    "other classes": lambda rows: _reply([{"good": 0.2, "bad": 0.8} for _ in rows]),
    "another order": lambda rows: _reply([{"ham": spam(t), "spam": 1 - spam(t)} for t in rows]),
    "nothing there": lambda rows: _reply([], 404),
}


@pytest.mark.parametrize(("how", "rows"), [*((how, 5000) for how in _GOES_WRONG), ("a page", 1200)])
def test_an_endpoint_that_goes_wrong_and_is_mended_leads_to_the_same_end(tmp_path, how, rows):
    wrong = _GOES_WRONG[how]
    seeded(tmp_path, tuple(f"{text} {number}" for number in range(18) for text in SPAM))
    more = '[[attack]]\nname = "typing-errors"\nqueries = 8\n'
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url, rows=rows, concurrency=4, queries=10)
        path.write_text(path.read_text() + more)
        run(load(path), output=tmp_path / "undisturbed")
        last = len(endpoint.asked) + len(endpoint.asked) // 3
        endpoint.fault = lambda n, asked: wrong(asked) if n > last else None
        stopped = run(load(path), output=tmp_path / "out")
        endpoint.fault = None
        before = endpoint.rows
        resumed = run(load(path), output=tmp_path / "out", resume=True)
        again = run(load(path), output=tmp_path / "out", offline=True)

    assert stopped.stopped is not None
    assert resumed.stopped is None
    assert endpoint.rows > before
    assert again.report.findings == resumed.report.findings
    if rows == 5000:  # of fewer, what came to nothing has taken some
        assert result(tmp_path / "out") == result(tmp_path / "undisturbed")


@pytest.mark.parametrize("how", ["no numbers", "other classes", "another order"])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_endpoint_that_is_still_wrong_when_resumed_gives_no_results(tmp_path, how, concurrency):
    seeded(tmp_path, tuple(f"{text} {number}" for number in range(18) for text in SPAM))
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url, rows=5000, concurrency=concurrency, queries=10)
        run(load(path), output=tmp_path / "undisturbed")
        last = len(endpoint.asked) + len(endpoint.asked) // 2
        endpoint.fault = lambda n, asked: _GOES_WRONG[how](asked) if n > last else None
        run(load(path), output=tmp_path / "out")
        again = run(load(path), output=tmp_path / "out", resume=True)
        endpoint.fault = None
        mended = run(load(path), output=tmp_path / "out", resume=True)

    assert again.stopped is not None
    assert again.evasions == ()
    assert mended.stopped is None
    assert result(tmp_path / "out") == result(tmp_path / "undisturbed")


@pytest.mark.parametrize("events", [2, 3, 4, 5])
def test_an_endpoint_that_changed_between_two_runs_is_noticed(tmp_path, events):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url)
        run(load(path), output=tmp_path / "undisturbed")
        _killed(path, tmp_path / "out", events)  # about when the seeds are asked a second time
        endpoint.fault = lambda n, asked: _GOES_WRONG["another order"](asked)
        with contextlib.suppress(InputError):  # no seed is answered as its truth says
            assert run(load(path), output=tmp_path / "out", resume=True).stopped is not None
        endpoint.fault = None
        run(load(path), output=tmp_path / "out", resume=True)

    assert result(tmp_path / "out") == result(tmp_path / "undisturbed")


def test_a_line_that_was_cut_is_cut_off(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url)
        run(load(path), output=tmp_path / "whole")
        _killed(path, tmp_path / "cut", 6, "half")
        run(load(path), output=tmp_path / "cut", resume=True)

    assert result(tmp_path / "cut") == result(tmp_path / "whole")


def test_a_campaign_that_came_to_its_end_asks_nothing_more(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url)
        run(load(path), output=tmp_path / "out")
        before, told = endpoint.rows, result(tmp_path / "out")
        run(load(path), output=tmp_path / "out", resume=True)

    assert endpoint.rows == before
    assert result(tmp_path / "out") == told


def test_a_transcript_is_played_again_without_a_target(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url)
        done = run(load(path), output=tmp_path / "out")

    again = run(load(path), output=tmp_path / "out", offline=True)

    assert encode(again.report.findings) == encode(done.report.findings)
    assert encode(again.report.measurements) == encode(done.report.measurements)


@pytest.mark.parametrize("limit", ["calls = 14", "seconds = 0.9\nrate = 20"])
def test_a_limit_that_ended_a_campaign_ends_it_again_at_the_same_place(tmp_path, limit):
    many = tuple(f"{text} {number}" for number in range(18) for text in SPAM)
    seeded(tmp_path, many)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url, concurrency=2)
        path.write_text(path.read_text().replace("[seeds]", f"{limit}\n[seeds]"))
        done = run(load(path), output=tmp_path / "out")
        asked = endpoint.rows
        resumed = run(load(path), output=tmp_path / "out", resume=True)
        offline = run(load(path), output=tmp_path / "out", offline=True)

    assert {gap.kind for gap in done.report.gaps} == {GapKind.BUDGET}
    assert endpoint.rows == asked
    for again in (resumed, offline):
        assert again.report.gaps == done.report.gaps
        assert again.report.measurements == done.report.measurements


def test_tries_that_a_kill_left_without_an_answer_are_counted(tmp_path):
    seeded(tmp_path)
    busy = (503, {}, b"")
    fault = lambda number, rows: busy if number % 5 in (2, 3) else None  # noqa: E731
    with serving(Endpoint(fault=fault)) as endpoint:
        path = _file(tmp_path, endpoint.url)
        for events in (4, 5, 6, 7, 8):
            _killed(path, tmp_path / "out", events)
        done = run(load(path), output=tmp_path / "out", resume=True)

    told = {m.name: m.value for m in done.report.measurements}
    assert told["repeated_rows"] > 0
    assert told["rows_asked"] + told["retried_rows"] + told["repeated_rows"] == endpoint.rows


def test_an_edited_record_is_refused_resumed_and_played_again(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url)
        run(load(path), output=tmp_path / "out")
        place = tmp_path / "out" / "transcript.jsonl"
        events = [json.loads(line) for line in place.read_text().splitlines()]
        first, second = [one for one in events if one["event"] == "answer"][3:5]
        first["got"], second["got"] = second["got"], first["got"]
        place.write_text("".join(json.dumps(one) + "\n" for one in events))
        before = endpoint.rows

        for how in ("resume", "offline"):
            with pytest.raises(JournalError, match="the record was edited"):
                run(load(path), output=tmp_path / "out", **{how: True})

    assert endpoint.rows == before


def test_an_edited_campaign_is_refused_and_the_change_is_named(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url)
        _killed(path, tmp_path / "out", 6)
        _file(tmp_path, endpoint.url, rows=9)
        with pytest.raises(InputError, match=r"budget\.rows was 2000, is 9"):
            run(load(path), output=tmp_path / "out", resume=True)
        _file(tmp_path, endpoint.url)
        (tmp_path / "seeds" / "mail-0.txt").write_text("free prize")
        with pytest.raises(InputError, match="seeds has other content"):
            run(load(path), output=tmp_path / "out", resume=True)


def test_an_interrupted_campaign_is_not_overwritten_unasked(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        path = _file(tmp_path, endpoint.url)
        _killed(path, tmp_path / "out", 6)
        with pytest.raises(InputError, match="did not come to its end"):
            run(load(path), output=tmp_path / "out")
