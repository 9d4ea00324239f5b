"""A campaign is shown to a firewall: what it refuses, when, and what arrives all the same."""

from __future__ import annotations

import json
import signal
from urllib.parse import urlsplit

import numpy as np
import pytest

from modelwarden.core import InputError, Outcome
from modelwarden.firewall import Meta, Protocol, dumped, profile_of
from modelwarden.redteam import campaign_of, run
from modelwarden.redteam.journal import JournalError, events_in, rewrite
from modelwarden.redteam.questions import rows_in
from modelwarden.redteam.through import through
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Frame
from tests.firewall.serving import alerts, firewall
from tests.redteam.campaigns import SPAM, campaign, document, seeded
from tests.redteam.endpoints import Endpoint, serving, spam
from tests.redteam.test_targets import SPOKEN, speaking

ONE = {"budget": {"batch": 1, "retries": 0}}


def _port(url):
    return urlsplit(url).port


def _profile(place):
    """Write the profile of texts in the words of the seeds."""
    rng = np.random.default_rng(0)
    known = " ".join(SPAM).split()
    words = np.empty(400, object)
    words[:] = [" ".join(rng.choice(known, rng.integers(8, 30))) for _ in range(400)]
    meta = Meta(name="m", protocol=Protocol.MLFLOW, input="text")
    made = profile_of(Frame(("text",), (words,)), meta, digest="sha256:0", version="1")
    (place / "profile.json").write_bytes(dumped(made))


def _wall(place, endpoint, mode):
    _profile(place)
    arguments = ("--mode", mode, "--alerts", "alerts")
    return firewall(_port(endpoint.url), "profile.json", *arguments, cwd=place)


def _attacked(place, endpoint, **changes):
    seeded(place)
    return run(campaign(place, endpoint.url, **(ONE | changes)), output=place / "out")


def _through(place, wall, **rest):
    return through(place / "out", f"http://127.0.0.1:{wall.port}", **rest)


def _strange(texts):
    """Only letters that no seed has get past this model: a firewall can tell them."""
    found = []
    for text in texts:
        score = 0.9 if text.isascii() else 0.1
        found.append({"ham": 1 - score, "spam": score})
    return found


def _value(report, name):
    return next((m for m in report.measurements if m.name == name), None)


def test_in_observe_all_that_was_asked_arrives_and_nothing_is_refused(tmp_path):
    with serving(Endpoint()) as endpoint:
        _attacked(tmp_path, endpoint)
        asked = endpoint.inputs.copy()
        endpoint.inputs.clear()
        with _wall(tmp_path, endpoint, "observe") as wall:
            report = _through(tmp_path, wall)

    assert endpoint.inputs == asked  # the same requests, in the same order
    assert report.verdict.outcome is Outcome.FAIL
    assert [f.rule for f in report.findings] == ["campaign-gets-through"]
    arrived = _value(report, "evasions_arrived")
    assert (arrived.value, arrived.n) == (1.0, len(SPAM))
    assert _value(report, "rows_until_refused") is None
    assert any("in observe a firewall refuses nothing" in note for note in report.run.notes)
    assert any("a replay does not" in note for note in report.run.notes)
    assert alerts(tmp_path / "alerts")  # it saw what it did not refuse


def test_a_firewall_that_stops_every_evasion_passes(tmp_path):
    with serving(Endpoint(_strange)) as endpoint:
        done = _attacked(tmp_path, endpoint)
        asked = endpoint.rows
        endpoint.asked.clear()
        with _wall(tmp_path, endpoint, "enforce") as wall:
            report = _through(tmp_path, wall)

    assert done.evasions
    assert report.verdict.outcome is Outcome.PASS
    assert not report.gaps
    arrived = _value(report, "evasions_arrived")
    assert (arrived.value, arrived.n) == (0.0, len(done.evasions))
    (table,) = report.tables
    _, requests, refused, rows, _ = zip(*table.rows, strict=True)
    assert sum(rows) == sum(requests) == asked
    assert sum(refused) == asked - endpoint.rows > 0
    assert table.rows[0][4] is None  # the seeds as they are
    until = _value(report, "rows_until_refused")
    assert until.value > requests[0]
    assert (until.n, until.low, until.high) == (1, None, None)


def test_what_arrives_before_the_first_refusal_is_told_from_what_is_refused(tmp_path):
    with serving(Endpoint()) as endpoint:
        done = _attacked(tmp_path, endpoint)
        with _wall(tmp_path, endpoint, "enforce") as wall:
            report = _through(tmp_path, wall)

    arrived = _value(report, "evasions_arrived")
    assert 0 < arrived.value < 1
    assert arrived.n == len(done.evasions)
    (finding,) = report.findings
    facts = finding.evidence
    assert facts["arrived"] == round(arrived.value * arrived.n)
    assert facts["before_any_refusal"] == facts["arrived"]
    assert facts["requests_refused"] > 0


def test_a_refusal_is_the_firewalls_only_where_its_header_says_so(tmp_path):
    with serving(Endpoint()) as endpoint:
        _attacked(tmp_path, endpoint)
        endpoint.asked.clear()
        other = Endpoint(fault=lambda n, _: (403, {}, b"{}") if n % 2 else None)
        marked = {"x-modelwarden": "refused"}
        ours = Endpoint(fault=lambda n, _: (403, marked, b"{}") if n % 2 else None)
        with serving(other), serving(ours):
            plain = through(tmp_path / "out", other.url)
            told = through(tmp_path / "out", ours.url)

    half = (len(ours.asked) + 1) // 2
    assert _value(plain, "evasions_arrived").conditions["requests_refused"] == 0
    assert any(f"{half} requests got another status" in note for note in plain.run.notes)
    assert _value(told, "evasions_arrived").conditions["requests_refused"] == half
    assert _value(told, "rows_until_refused").value == 1


def test_a_refusal_of_the_seeds_themselves_shows_nothing(tmp_path):
    marked = (403, {"x-modelwarden": "refused"}, b"{}")
    with serving(Endpoint()) as endpoint:
        _attacked(tmp_path, endpoint)
        endpoint.fault = lambda n, _: marked
        report = through(tmp_path / "out", endpoint.url)

    assert report.verdict.outcome is Outcome.INCOMPLETE
    assert [gap.what for gap in report.gaps] == ["refusals"]


@pytest.mark.parametrize(("protocol", "answer", "path", "access"), SPOKEN)
def test_every_protocol_is_sent_as_it_was(tmp_path, protocol, answer, path, access):
    seeded(tmp_path, ("call today for urgent free entry to the fair", "the urgent winner comes by"))
    with speaking(answer) as (url, rows):
        made = document(
            url + path,
            target={"protocol": protocol, "classes": ["ham", "spam"]},
            knowledge={"access": access},
        )
        run(campaign_of(made, root=tmp_path), output=tmp_path / "out")
        asked = rows.copy()
        rows.clear()
        report = through(tmp_path / "out", url)

    assert rows == asked
    assert report.subject.name == url + path
    arrived = _value(report, "evasions_arrived")
    assert (arrived.value, arrived.n) == (1.0, 2)


def _share(rows, columns):
    """Answer tables: the older and the richer, the surer it is."""
    found = []
    for row in rows:
        known = dict(zip(columns, row, strict=True))
        z = 0.02 * (known["age"] - 30) + 0.001 * ((known["income"] or 0) - 3000)
        z += 0.4 if known["colour"] == "red" else 0.1
        found.append({"no": 1 / (1 + np.exp(z)), "yes": 1 / (1 + np.exp(-z))})
    return found


def _tables(path, body):
    split = body["dataframe_split"]
    return {"predictions": _share(split["data"], split["columns"])}, len(split["data"])


def _arrays(path, body):
    sums = np.array(body["instances"]).reshape(len(body["instances"]), -1).sum(1) - 4.5
    return {"predictions": [[1 / (1 + np.exp(z)), 1 / (1 + np.exp(-z))] for z in sums]}, len(sums)


def _people(place):
    rng = np.random.default_rng(1)
    columns, lines = ("age", "income", "colour", "member"), ["age,income,colour,member,label"]
    for number in range(30):
        row = [
            int(rng.integers(18, 80)),
            float(round(rng.normal(3000, 500), 2 * (number % 2))),
            str(rng.choice(["red", "green"])),
            number % 3 > 0,
        ]
        said = "yes" if _share([row], columns)[0]["yes"] >= 0.5 else "no"
        lines.append(",".join([*map(str, row), said]))
    (place / "seeds.csv").write_text("\n".join(lines) + "\n")
    return {
        "target": {"protocol": "mlflow"},
        "seeds": {"path": "seeds.csv", "label": "label"},
        "knowledge": {"sample": "seeds.csv"},
        "attack": [],
    }


def _pictures(place):
    x = np.random.default_rng(1).random((20, 3, 3)).astype(np.float32)
    np.savez(place / "x.npz", x=x, y=(x.sum((1, 2)) > 4.5).astype(int))
    attack = {"name": "square", "queries": 100, "eps": 0.3, "norm": "linf", "low": 0, "high": 1}
    return {
        "target": {"protocol": "tf-serving", "model": "m"},
        "seeds": {"path": "x.npz", "label": "y"},
        "attack": [attack],
    }


@pytest.mark.parametrize(("made", "answer"), [(_people, _tables), (_pictures, _arrays)])
def test_evasions_of_numbers_are_found_among_others_of_their_request(tmp_path, made, answer):
    changes = made(tmp_path) | {"budget": {"batch": 16, "concurrency": 3}}
    with speaking(answer) as (url, _):
        done = run(campaign(tmp_path, url, **changes), output=tmp_path / "out")
        report = through(tmp_path / "out", url)

    assert not report.gaps
    arrived = _value(report, "evasions_arrived")
    assert (arrived.value, arrived.n) == (1.0, len(done.evasions))
    assert arrived.n >= 10


def test_several_files_of_seeds_are_followed_each(tmp_path):
    seeded(tmp_path)
    seeded(tmp_path / "more", SPAM[:2])
    with serving(Endpoint()) as endpoint:
        made = document(endpoint.url, budget={"batch": 8})
        made["seeds"] = [{"path": p, "label": "spam"} for p in ("seeds", "more/seeds")]
        done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out")
        asked = endpoint.rows
        endpoint.fault = lambda n, rows: (
            None if all(t.isascii() for t in rows) else (400, {"x-modelwarden": "refused"}, b"{}")
        )
        report = through(tmp_path / "out", endpoint.url)

    assert endpoint.rows == 2 * asked
    assert sum(row[3] for row in report.tables[0].rows) == asked
    assert {row[0].rpartition(" ")[2] for row in report.tables[0].rows} == {"(0-0)", "(0-1)"}
    assert len(done.evasions) >= _value(report, "evasions_arrived").n >= len(SPAM)
    until = _value(report, "rows_until_refused")
    assert until.n == until.conditions["pairs"] == 2
    assert until.low is None  # two bound nothing


def test_a_firewall_that_stops_in_the_middle_is_a_gap(tmp_path):
    with serving(Endpoint(_strange)) as endpoint:
        _attacked(tmp_path, endpoint)
        total = len(endpoint.asked)
        endpoint.asked.clear()
        with _wall(tmp_path, endpoint, "observe") as wall:

            def kill(number, rows):
                if number == 5:
                    wall.process.send_signal(signal.SIGKILL)
                    wall.process.wait(timeout=30)

            endpoint.fault = kill
            report = _through(tmp_path, wall)

    assert report.verdict.outcome is Outcome.INCOMPLETE
    assert report.gaps[0].what == "requests"
    assert report.gaps[0].why.startswith(f"{total - 4} of {total} were not sent: ")


def test_a_budget_that_ends_is_a_gap_and_never_passed(tmp_path):
    with serving(Endpoint(_strange)) as endpoint:
        _attacked(tmp_path, endpoint)
        rows = endpoint.rows
        endpoint.asked.clear()
        place = tmp_path / "out" / "state" / "campaign.json"
        kept = json.loads(place.read_text())
        kept["document"]["budget"]["rows"] = rows // 2
        place.write_text(json.dumps(kept))
        report = through(tmp_path / "out", endpoint.url)

    assert endpoint.rows == rows // 2
    assert report.gaps[0].why.endswith(f"the budget of {rows // 2} rows is used up")
    assert report.verdict.outcome is not Outcome.PASS


def test_a_transcript_that_was_cut_is_sent_as_far_as_it_goes(tmp_path):
    with serving(Endpoint(_strange)) as endpoint:
        _attacked(tmp_path, endpoint)
        total = endpoint.rows
        place = tmp_path / "out" / "transcript.jsonl"
        data = place.read_bytes()
        place.write_bytes(data[: len(data) // 2])
        endpoint.asked.clear()
        report = through(tmp_path / "out", endpoint.url)

    assert 0 < endpoint.rows < total
    assert "transcript" in [gap.what for gap in report.gaps]
    assert report.verdict.outcome is not Outcome.PASS


def test_a_record_that_is_damaged_is_named(tmp_path):
    with serving(Endpoint(_strange)) as endpoint:
        _attacked(tmp_path, endpoint)
        place = tmp_path / "out" / "transcript.jsonl"
        lines = place.read_bytes().splitlines(keepends=True)
        for bad in (b"{\n", b'{"event":"answer","request":"t0.1.0.1"}\n', b"[]\n"):
            place.write_bytes(b"".join([*lines[:5], bad, *lines[5:]]))
            with pytest.raises(JournalError, match="line 6"):
                through(tmp_path / "out", endpoint.url)


def test_only_bodies_of_the_folder_that_are_as_they_were_are_sent(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("kept to ourselves")
    with serving(Endpoint(_strange)) as endpoint:
        _attacked(tmp_path, endpoint)
        total = len(endpoint.asked)
        endpoint.asked.clear()
        endpoint.inputs.clear()
        events = [*events_in(tmp_path / "out")]
        for event in events:
            for side in ("sent", "got"):
                if side in event:
                    event[side]["file"] = str(secret)
        rewrite(tmp_path / "out", events)
        through(tmp_path / "out", endpoint.url)
        assert len(endpoint.asked) == total
        bodies = tmp_path / "out" / "state" / "bodies.bin"
        data = bytearray(bodies.read_bytes())
        data[5] ^= 1
        bodies.write_bytes(data)
        report = through(tmp_path / "out", endpoint.url)
        bodies.unlink()
        bodies.symlink_to(secret)
        with pytest.raises(InputError, match="is a link"):
            through(tmp_path / "out", endpoint.url)

    assert len(endpoint.asked) == 2 * total - 1
    assert f"1 of {total} are not in the folder as they were" in [gap.why for gap in report.gaps]


@pytest.mark.parametrize(
    ("url", "error", "line"),
    [
        ("http://192.0.2.1:80", InputError, "--through = .* outside the rules"),
        ("ftp://127.0.0.1", InputError, "--through = .* is no http"),
        ("http://127.0.0.1:9", TargetError, "nothing listens at"),
    ],
)
def test_an_address_that_cannot_be_asked_is_told_at_once(tmp_path, url, error, line):
    with serving(Endpoint()) as endpoint:
        _attacked(tmp_path, endpoint)

    with pytest.raises(error, match=line):
        through(tmp_path / "out", url)


def test_an_address_that_is_not_the_models_is_told_at_once(tmp_path):
    with serving(Endpoint()) as endpoint:
        _attacked(tmp_path, endpoint)
        endpoint.fault = lambda n, _: (404, {}, b"{}")
        with pytest.raises(TargetError, match="status 404 at /invocations, where the model"):
            through(tmp_path / "out", endpoint.url)


def test_a_path_that_the_firewall_does_not_know_is_told_at_once(tmp_path):
    with serving(Endpoint(_strange)) as endpoint:
        _attacked(tmp_path, endpoint)
        with (
            _wall(tmp_path, endpoint, "enforce") as wall,
            pytest.raises(TargetError, match="knows no model at /elsewhere") as caught,
        ):
            through(tmp_path / "out", f"http://127.0.0.1:{wall.port}/elsewhere")

    assert "path of the model" in caught.value.hint


def test_other_hosts_are_allowed_by_the_users_own_file_alone(tmp_path):
    listed = {"target": {"allowed_hosts": ["127.0.0.1", "wall.invalid"]}}
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        own = campaign(tmp_path, endpoint.url, **ONE, **listed)
        run(own, output=tmp_path / "out")

    with pytest.raises(InputError, match=r"wall\.invalid is outside the rules"):
        through(tmp_path / "out", "http://wall.invalid:8080")
    with pytest.raises(TargetError, match=r"wall\.invalid:8080 cannot be asked"):
        through(tmp_path / "out", "http://wall.invalid:8080", rules=own)


def test_a_campaign_without_evasions_shows_nothing_of_what_gets_through(tmp_path):
    with serving(Endpoint(lambda texts: [{"ham": 0.1, "spam": 0.9} for _ in texts])) as endpoint:
        _attacked(tmp_path, endpoint)
        report = through(tmp_path / "out", endpoint.url)

    assert report.verdict.outcome is Outcome.INCOMPLETE
    assert [gap.what for gap in report.gaps] == ["evasions"]


def test_a_row_reads_the_same_alone_and_among_others():
    for many, one in (
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}},
         {"dataframe_split": {"columns": ["a", "b"], "data": [[2, "y"]]}}),
        ({"instances": [{"a": 1}, {"a": 2}]}, {"instances": [{"a": 2}]}),
        ({"inputs": [{"name": "a", "data": [1, 2]}, {"name": "b", "data": [5, 6, 7, 8]}]},
         {"inputs": [{"name": "a", "data": [2]}, {"name": "b", "data": [7, 8]}]}),
    ):  # fmt: skip
        rows = rows_in(json.dumps(many).encode(), 2)
        assert len(rows) == 2
        assert rows[1:] == rows_in(json.dumps(one).encode(), 1)

    assert rows_in(b'{"inputs": [1, 2, 3]}', 2) == []
    assert rows_in(b"\xff plain", 1) == ["\ufffd plain"]


def test_spam_is_what_the_evasions_hide(tmp_path):
    """The label that an evasion arrives with is read from the firewall's answer, not from disk."""
    with serving(Endpoint()) as endpoint:
        _attacked(tmp_path, endpoint)
        endpoint.answer = lambda texts: [
            {"ham": min(1 - spam(t), 0.1), "spam": max(spam(t), 0.9)} for t in texts
        ]
        report = through(tmp_path / "out", endpoint.url)

    assert _value(report, "evasions_arrived").value == 0
    assert any("answered otherwise 4" in note for note in report.run.notes)
