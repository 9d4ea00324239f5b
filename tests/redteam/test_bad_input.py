"""What can go wrong with a campaign: one clear line, and the state is safe."""

from __future__ import annotations

import json
import threading
import time

import pytest

from modelwarden.core import GapKind, InputError, ModelwardenError, Outcome
from modelwarden.redteam import campaign_of, run
from modelwarden.redteam.journal import events_in
from modelwarden.targets.errors import TargetError
from tests.redteam.campaigns import SPAM, campaign, document, seeded
from tests.redteam.endpoints import Endpoint, bare, labels, named, serving, spam

HTML = (200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>")


def after(requests, reply):
    """Answer so many requests as usual, then always so."""
    return lambda number, rows: reply if number > requests else None


def scores_after(requests, change):
    """Answer so many requests as usual, then with changed scores."""

    def fault(number, rows):
        if number <= requests:
            return None
        return 200, {}, json.dumps({"predictions": change(rows)}).encode()

    return fault


@pytest.mark.parametrize(
    ("section", "changes", "line"),
    [
        ("campaign", {"authorised_by": None}, "authorised_by is missing"),
        ("campaign", {"authorised_by": "  "}, "authorised_by is missing"),
        ("campaign", {"goal": "evad"}, "unknown goal 'evad'"),
        ("campaign", {"authorized_by": "x"}, "unknown key 'campaign.authorized_by'"),
        ("target", {"url": "http://192.0.2.7/"}, "192.0.2.7 is outside the rules"),
        ("target", {"allowed_hosts": ["192.0.2.7"]}, "127.0.0.1 is outside the rules"),
        # A word for this machine in lists is a name that may lead elsewhere in an address.
        ("target", {"url": "http://loopback:8000/"}, "loopback is outside the rules"),
        ("target", {"url": "http://127.0.0.1.example/"}, "127.0.0.1.example is outside the rules"),
        ("target", {"url": "http://0.0.0.0:80/"}, "0.0.0.0 is outside the rules"),
        ("target", {"url": "http://127.0.0.1./"}, r"127\.0\.0\.1\. is outside the rules"),
        (
            "target",
            {"url": "http://10.0.0.1./", "allowed_hosts": ["10.0.0.1"]},
            r"10\.0\.0\.1\. is outside the rules",
        ),
        ("target", {"url": "http://127.0.0.1:0/"}, "names no host and port"),
        ("target", {"url": "http://[::1].invalid/"}, "names no host and port"),
        ("target", {"protocol": "mlflo"}, "unknown protocol 'mlflo'"),
        ("target", {"url": "ftp://127.0.0.1"}, "no http or https address"),
        ("budget", {"rows": 0}, "must be 1 or more, not 0"),
        ("budget", {"row": 5}, "unknown key 'budget.row'"),
        ("budget", {"rate": -1}, "must be above 0, not -1"),
        ("knowledge", {"access": "score"}, "unknown access level 'score'"),
        ("seeds", {"path": "nowhere"}, "seeds.path = 'nowhere' does not exist"),
        ("seeds", {"path": "empty"}, "seeds.path = 'empty' is an empty folder"),
        ("seeds", {"kind": "text"}, "unknown kind of seeds 'text'"),
        ("seeds", {"lable": "spam"}, "unknown key seeds.lable"),
        ("seeds", {"label": "Spam!"}, r"none of 4 seeds is answered as its truth \(Spam!\) says"),
        ("attack", [{"name": "edit"}], "unknown attack 'edit'"),
        ("attack", [{"name": "square"}], "works on arrays, and seeds holds texts"),
        ("attack", [{"name": "edits", "epsilon": 3}], "unknown key attack.epsilon"),
        ("campaign", {"to": "eggs"}, "'eggs' is none of the target's classes: ham, spam"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path, section, changes, line):
    seeded(tmp_path)
    (tmp_path / "empty").mkdir()
    with serving(Endpoint()) as endpoint:
        made = document(endpoint.url)
        if isinstance(changes, dict):
            made[section] |= changes
            made[section] = {k: v for k, v in made[section].items() if v is not None}
        else:
            made[section] = changes
        with pytest.raises(InputError, match=line) as caught:
            run(campaign_of(made, root=tmp_path), output=tmp_path / "out")

    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_page_instead_of_an_answer_is_no_answer(tmp_path):
    seeded(tmp_path)
    with (
        serving(Endpoint(fault=after(0, HTML))) as endpoint,
        pytest.raises(TargetError, match="the answer is not JSON: '<!doctype html>"),
    ):
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")


def test_a_redirect_is_not_followed(tmp_path):
    seeded(tmp_path)
    away = (302, {"Location": "http://192.0.2.9/"}, b"")
    with (
        serving(Endpoint(fault=after(0, away))) as endpoint,
        pytest.raises(TargetError, match=r"redirects \(status 302\), and no campaign follows"),
    ):
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")


def _oip(number, rows):
    data = [value for text in rows for value in (1 - spam(text), spam(text))]
    output = {"name": "p", "datatype": "FP64", "shape": [len(rows), 2], "data": data}
    return 200, {}, json.dumps({"model_name": "m", "outputs": [output]}).encode()


def test_a_description_that_leads_away_is_asked_again_once_mended(tmp_path):
    seeded(tmp_path)
    away = (302, {"Location": "http://192.0.2.9/"}, b"")
    changes = {
        "target": {"protocol": "oip-v2", "model": "m", "classes": ["ham", "spam"]},
        "budget": {"concurrency": 3, "batch": 1},  # every channel asks for the description
    }
    with serving(Endpoint(fault=_oip, described=away)) as endpoint:
        made = campaign(tmp_path, endpoint.url, **changes)
        with pytest.raises(TargetError, match="no campaign follows"):
            run(made, output=tmp_path / "out")
        asked = endpoint.rows
        endpoint.described = (404, {}, b"{}")
        done = run(made, output=tmp_path / "out", resume=True)

    assert asked == 0
    assert done.stopped is None
    assert len(done.evasions) == len(SPAM)


MID_RUN = [
    (after(4, HTML), "the answer is not JSON"),
    (
        scores_after(4, lambda rows: [[1.0, 2.0, 3.0] for _ in rows]),
        "answered predictions: rows × 3 numbers, where all before was predictions: rows × 2",
    ),
    (scores_after(4, lambda rows: ["spam" for _ in rows]), "answered predictions: words, where"),
    (scores_after(4, lambda rows: [[float("nan"), 0.5] for _ in rows]), "NaN or infinity"),
    (scores_after(4, lambda rows: bare(rows)[1:]), "entries for"),
    (
        scores_after(4, lambda rows: [pair[::-1] for pair in bare(rows)]),
        "gives its classes in another order than before",
    ),
    (
        scores_after(4, lambda rows: [[0.9, 0.1] for _ in rows]),
        "answers the same inputs otherwise than before",
    ),
]


@pytest.mark.parametrize(("fault", "line"), MID_RUN)
def test_an_endpoint_that_changes_on_the_way_proves_nothing(tmp_path, fault, line):
    seeded(tmp_path)
    changes = {"target": {"classes": ["ham", "spam"]}}
    with serving(Endpoint(bare)) as endpoint:
        run(campaign(tmp_path, endpoint.url, **changes), output=tmp_path / "whole")
    with serving(Endpoint(bare, fault=fault)) as endpoint:
        made = campaign(tmp_path, endpoint.url, **changes)
        done = run(made, output=tmp_path / "out")
        told = done.stopped
        endpoint.fault = None
        resumed = run(made, output=tmp_path / "out", resume=True)

    assert done.report.verdict.outcome is Outcome.INCOMPLETE
    assert not done.report.findings
    assert not done.evasions
    assert line in told
    assert resumed.stopped is None
    assert len(resumed.evasions) == len(SPAM)


def test_an_endpoint_that_limits_the_rate_for_ever_is_given_up(tmp_path):
    seeded(tmp_path)
    busy = (429, {}, b"slow down")
    with serving(Endpoint(fault=after(2, busy))) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"retries": 2})
        done = run(made, output=tmp_path / "out")
        asked = endpoint.rows
        endpoint.fault = None
        resumed = run(made, output=tmp_path / "out", resume=True)

    assert "answered with status 429 (asked 3 times)" in done.stopped
    assert done.report.verdict.outcome is Outcome.INCOMPLETE
    assert done.report.gaps[0].kind is GapKind.NOT_ASSESSABLE
    counted = {m.name: m.value for m in done.report.measurements if m.group is None}
    assert counted["rows_asked"] + counted["retried_rows"] == asked
    assert resumed.stopped is None
    assert resumed.evasions


def test_a_pause_that_nobody_waits_for_is_said(tmp_path):
    seeded(tmp_path)
    busy = (429, {"Retry-After": "86400"}, b"")
    began = time.monotonic()
    with serving(Endpoint(fault=after(2, busy))) as endpoint:
        done = run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")

    assert "asks to wait 86400 s" in done.stopped
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("status", [408, 429, 500, 501, 503, 529, -1])
def test_an_endpoint_that_is_busy_for_a_moment_is_asked_again(tmp_path, status):
    seeded(tmp_path)
    reply = (status, {"Retry-After": "0"}, b"")
    with serving(Endpoint()) as endpoint:
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "whole")
        undisturbed = endpoint.rows
    with serving(Endpoint(fault=lambda n, rows: reply if n in (3, 4) else None)) as endpoint:
        done = run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")
        asked = endpoint.rows

    counted = {m.name: m.value for m in done.report.measurements if m.group is None}
    assert done.stopped is None
    assert counted["rows_asked"] == undisturbed
    assert counted["retried_rows"] == asked - undisturbed > 0


def test_tries_count_against_the_budget(tmp_path):
    seeded(tmp_path)
    reply = (503, {}, b"")
    with serving(Endpoint(fault=lambda n, rows: reply if n % 2 else None)) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"rows": 30, "batch": 8})
        run(made, output=tmp_path / "out")

    assert endpoint.rows <= 30


@pytest.mark.parametrize("status", [101, 204, 206, 501, 511, 600])
def test_a_status_that_refuses_nothing_is_no_defence(tmp_path, status):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "whole")
    with serving(Endpoint(fault=after(5, (status, {}, b"")))) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"retries": 1})
        done = run(made, output=tmp_path / "out")
        endpoint.fault = None
        resumed = run(made, output=tmp_path / "out", resume=True)

    assert f"answered with status {status}" in done.stopped
    assert not any("refused" in note for note in done.report.run.notes)
    assert resumed.stopped is None
    assert len(resumed.evasions) == len(SPAM)


def test_a_defence_that_refuses_is_no_success_and_no_failure(tmp_path):
    seeded(tmp_path)

    def fault(number, rows):
        hidden = any(spam(text) < 0.4 for text in rows)
        return (403, {"x-modelwarden": "refused"}, b"{}") if hidden else None

    with serving(Endpoint(named, fault=fault)) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"batch": 1})
        done = run(made, output=tmp_path / "out")

    assert done.stopped is None
    assert any("rows were refused" in note for note in done.report.run.notes)


def test_an_endpoint_that_refuses_everything_says_why(tmp_path):
    seeded(tmp_path)
    with (
        serving(Endpoint(fault=after(0, (400, {}, b'{"message": "column x"}')))) as endpoint,
        pytest.raises(TargetError, match=r"refuses the seeds as they are: .*status 400: column x"),
    ):
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")


def test_labels_that_were_never_heard_of_are_another_answer(tmp_path):
    seeded(tmp_path)

    def odd(texts):
        return [a if a == "spam" else "newsletter" for a in labels(texts)]

    with serving(Endpoint(odd)) as endpoint:
        made = campaign(tmp_path, endpoint.url, knowledge={"access": "labels"})
        done = run(made, output=tmp_path / "out")

    assert done.stopped is None


def test_a_dry_run_asks_nothing(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, campaign={"dry_run": True})
        done = run(made, output=tmp_path / "out")

    assert endpoint.rows == 0
    assert not (tmp_path / "out").exists()
    assert done.report.verdict.outcome is Outcome.INCOMPLETE
    assert any("would disguise 4 texts" in note for note in done.report.run.notes)


@pytest.mark.parametrize(("batch", "told"), [(16, True), (1, False)])
def test_that_a_refusal_takes_a_whole_request_is_told(tmp_path, batch, told):
    seeded(tmp_path)

    def fault(number, rows):
        hidden = any(spam(text) < 0.9 for text in rows)
        return (403, {"x-modelwarden": "refused"}, b"{}") if hidden else None

    with serving(Endpoint(named, fault=fault)) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"batch": batch})
        done = run(made, output=tmp_path / "out")
    report = done.report

    assert any("rows were refused" in note for note in report.run.notes)
    assert any("refused together" in note for note in report.run.notes) is told
    assert any("single rows" in gap.why for gap in report.gaps) is told
    assert done.stopped is None  # it came to its end: asking on shows no more


@pytest.mark.parametrize("status", [401, 404])
def test_a_token_that_runs_out_is_no_defence(tmp_path, status):
    seeded(tmp_path)
    fault = after(3, (status, {}, b'{"message": "expired"}'))
    with serving(Endpoint(fault=fault)) as endpoint:
        done = run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")
    with serving(Endpoint()) as endpoint:
        whole = run(campaign(tmp_path, endpoint.url), output=tmp_path / "whole")

    assert done.report.verdict.outcome is not Outcome.PASS
    assert any(f"status {status}" in gap.why for gap in done.report.gaps) or done.stopped
    assert whole.stopped is None


def test_a_campaign_that_cannot_be_done_leaves_its_folder_for_a_mended_one(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint(bare)) as endpoint:
        with pytest.raises(TargetError, match="the model does not list its classes"):
            run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")
        mended = campaign(tmp_path, endpoint.url, target={"classes": ["ham", "spam"]})
        done = run(mended, output=tmp_path / "out")

    assert len(done.evasions) == len(SPAM)


def test_seeds_that_may_not_be_read_and_counts_beyond_reason_are_told(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        for section, changes, line in (
            ("seeds", {"path": "a" * 5000}, "cannot be read: file name too long"),
            ("budget", {"concurrency": 10**6}, "must be 256 or less"),
            ("budget", {"retries": 10**11}, "must be 1,000 or less"),
            ("budget", {"batch": 10**30}, "must be 1,000,000,000,000 or less"),
        ):
            with pytest.raises(InputError, match=line):
                run(campaign(tmp_path, endpoint.url, **{section: changes}), output=tmp_path / "o")


@pytest.mark.parametrize("name", ["state", "evasions", ".evasions-new", "transcript.jsonl"])
def test_nothing_is_written_or_removed_behind_a_link(tmp_path, name):
    seeded(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(elsewhere / "kept" if "." in name[1:] else elsewhere)
    with serving(Endpoint()) as endpoint:
        try:
            run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")
        except ModelwardenError as error:
            assert "\n" not in error.message  # noqa: PT017 -- either is right, a traceback is not

    assert [p.name for p in elsewhere.iterdir()] == ["kept"]
    assert (elsewhere / "kept").read_text() == "kept"


def test_a_time_that_is_over_is_over_also_while_an_answer_is_waited_for(tmp_path):
    seeded(tmp_path)
    left = threading.Event()
    waited = []

    def hang(number, rows):
        if number > 3:
            waited.append(left.wait(20))

    with serving(Endpoint(fault=hang)) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"seconds": 1.0}, limits={"seconds": 300})
        done = run(made, output=tmp_path / "out")
        asked = endpoint.rows
        resumed = run(made, output=tmp_path / "out", resume=True)
        assert not waited
        left.set()

    assert {gap.kind for gap in done.report.gaps} == {GapKind.BUDGET}
    assert endpoint.rows == asked
    for one in (done, resumed):
        told = {m.name: m.value for m in one.report.measurements}
        assert told["rows_asked"] + told["retried_rows"] == asked


@pytest.mark.parametrize("limit", [{"seconds": 1.5}, {"rows": 22}])
def test_what_a_limit_ended_between_two_tries_is_told_alike_when_resumed(tmp_path, limit):
    seeded(tmp_path)
    busy = (503, {"Retry-After": "2"}, b"") if "seconds" in limit else (503, {}, b"")
    with serving(Endpoint(fault=after(2, busy))) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget=limit)
        done = run(made, output=tmp_path / "out")
        asked = endpoint.rows
        resumed = run(made, output=tmp_path / "out", resume=True)

    told = {m.name: m.value for m in done.report.measurements}
    assert told["rows_asked"] + told["retried_rows"] == asked
    assert endpoint.rows == asked
    assert resumed.report.measurements == done.report.measurements


def test_half_a_character_for_an_answer_is_put_on_record(tmp_path):
    seeded(tmp_path)
    half = json.dumps({"predictions": ["\ud800"] * len(SPAM)}).encode()
    with (
        serving(Endpoint(fault=after(0, (200, {}, half)))) as endpoint,
        pytest.raises(InputError, match="none of 4 seeds is answered as its truth"),
    ):
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")

    assert [one["event"] for one in events_in(tmp_path / "out")][-1] == "end"


def test_what_a_link_among_the_seeds_leads_to_is_not_sent(tmp_path):
    (tmp_path / "secret.txt").write_text("free cash prize, winner: the key is 4711")
    place = seeded(tmp_path / "own")
    (place / "inside.txt").symlink_to("mail-0.txt")
    with serving(Endpoint()) as endpoint:
        run(campaign(tmp_path / "own", endpoint.url), output=tmp_path / "out")
        asked = endpoint.rows
        (place / "notes.txt").symlink_to(tmp_path / "secret.txt")
        with pytest.raises(InputError, match=r"seeds/notes\.txt is a link to a file outside"):
            run(campaign(tmp_path / "own", endpoint.url), output=tmp_path / "new")

    assert endpoint.rows == asked > 0
