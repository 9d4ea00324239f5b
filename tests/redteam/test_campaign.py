"""A campaign from its file to its folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from modelwarden.core import GapKind, InputError, Outcome
from modelwarden.redteam import campaign_of, run
from tests.redteam.campaigns import SPAM, campaign, document, seeded
from tests.redteam.endpoints import Endpoint, labels, named, serving, spam


def _value(report, name, stage=None):
    return next(
        m.value
        for m in report.measurements
        if m.name == name and m.group is None and stage in (None, m.stage)
    )


def test_a_spam_filter_is_evaded_and_every_row_is_counted(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        done = run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")

    assert done.report.verdict.outcome is Outcome.FAIL
    assert next(f.rule for f in done.report.findings) == "endpoint-evaded"
    assert _value(done.report, "attack_success_rate") == 1
    assert _value(done.report, "rows_asked") == endpoint.rows
    for name in done.evasions:
        folder = done.folder / "evasions" / name
        about = json.loads((folder / "evasion.json").read_text())
        assert spam((folder / "original.txt").read_text()) >= 0.5
        assert spam((folder / "changed.txt").read_text()) <= 0.5
        assert about["after"]["answer"] == "ham"
        assert about["edits"]
    assert len(done.evasions) == len(SPAM)


def _digits(root):
    rng = np.random.default_rng(0)
    x = np.concatenate(
        (rng.uniform(0.44, 0.53, (4, 1, 4, 4)), rng.uniform(0.47, 0.56, (4, 1, 4, 4)))
    )
    np.savez(root / "seeds.npz", x=x.astype(np.float32), y=np.repeat([0, 1], 4))
    return {
        "target": {"classes": [0, 1]},
        "seeds": {"path": "seeds.npz", "label": None},
        "budget": {"rows": 8000, "batch": 64},
    }


def _bright(rows):
    return [[1 - float(np.mean(row)), float(np.mean(row))] for row in rows]


@pytest.mark.parametrize("access", ["scores", "labels"])
@pytest.mark.parametrize("kind", ["texts", "arrays"])
def test_a_campaign_that_names_no_attack_runs_all_that_fit(tmp_path, kind, access):
    changes = _digits(tmp_path) if kind == "arrays" else {"seeds": {"path": "seeds"}}
    if kind == "texts":
        seeded(tmp_path)
    changes["knowledge"] = {"access": access}
    with serving(Endpoint(_bright if kind == "arrays" else named)) as endpoint:
        made = document(endpoint.url, **changes, attack=[])
        made["seeds"] = {k: v for k, v in made["seeds"].items() if v is not None}
        done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out")

    assert done.stopped is None
    assert {gap.kind for gap in done.report.gaps} <= {GapKind.BUDGET}
    assert done.evasions


@pytest.mark.parametrize("name", ["universal-trigger", "universal"])
def test_an_attack_on_all_seeds_at_once_is_refused_by_name(tmp_path, name):
    changes = _digits(tmp_path) if name == "universal" else {}
    seeded(tmp_path)
    with serving(Endpoint(_bright if name == "universal" else named)) as endpoint:
        made = document(endpoint.url, **changes, attack=[{"name": name, "eps": 0.3}])
        made["seeds"] = {k: v for k, v in made["seeds"].items() if v is not None}
        with pytest.raises(InputError, match="one change of all seeds"):
            run(campaign_of(made, root=tmp_path), output=tmp_path / "out")


def test_every_row_stands_in_the_transcript_with_its_body(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        done = run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")

    lines = (done.folder / "transcript.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    answers = [e for e in events if e["event"] == "answer"]
    bodies = (done.folder / "state/bodies.bin").read_bytes()
    sent = [json.loads(bodies[e["sent"]["at"] :][: e["sent"]["size"]]) for e in answers]
    assert [body["inputs"] for body in sent] == endpoint.inputs
    intents = {name for e in events if e["event"] == "intent" for name in e["requests"]}
    assert {e["request"] for e in answers} == intents
    assert events[0]["authorised_by"] == "the tests"
    assert events[-1]["event"] == "end"


def test_labels_alone_are_enough(tmp_path):
    seeded(tmp_path, ("call today and get free entry to the fair",))
    with serving(Endpoint(labels)) as endpoint:
        made = campaign(tmp_path, endpoint.url, knowledge={"access": "labels"})
        done = run(made, output=tmp_path / "out")

    assert _value(done.report, "attack_success_rate") > 0


def test_not_one_row_more_than_the_budget_is_asked(tmp_path):
    seeded(tmp_path)
    for rows in (5, 23, 60):
        with serving(Endpoint()) as endpoint:
            made = campaign(tmp_path, endpoint.url, budget={"rows": rows, "batch": 7})
            done = run(made, output=tmp_path / f"out-{rows}")
        assert endpoint.rows <= rows
        if rows < 10:
            assert done.report.verdict.outcome is Outcome.INCOMPLETE
            assert {g.kind for g in done.report.gaps} == {GapKind.BUDGET}


def test_not_one_call_more_than_the_budget_is_made(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"calls": 6})
        run(made, output=tmp_path / "out")

    assert len(endpoint.asked) == 6


@pytest.mark.parametrize("concurrency", [1, 3])
def test_the_same_campaign_comes_to_the_same_end(tmp_path, concurrency):
    seeded(tmp_path)
    told = []
    for turn in range(2):
        with serving(Endpoint()) as endpoint:
            made = campaign(tmp_path, endpoint.url, budget={"concurrency": concurrency, "batch": 5})
            done = run(made, output=tmp_path / f"out-{turn}")
        told.append(
            [(m.name, m.value, m.n) for m in done.report.measurements]
            + [(done.folder / "evasions" / e / "changed.txt").read_text() for e in done.evasions]
        )

    assert told[0] == told[1]


def test_more_channels_change_nothing_but_the_time(tmp_path):
    mails = tuple(f"get urgent free tea today as number {i}" for i in range(70))
    seeded(tmp_path, mails)
    told = []
    for concurrency in (1, 4):
        with serving(Endpoint()) as endpoint:
            budget = {"concurrency": concurrency, "batch": 8, "rows": 20_000}
            made = campaign(tmp_path, endpoint.url, budget=budget, target={"name": "filter"})
            done = run(made, output=tmp_path / f"out-{concurrency}")
        folder = done.folder / "evasions"
        told.append([(folder / name / "evasion.json").read_bytes() for name in done.evasions])

    assert len(told[0]) == len(mails)
    assert told[0] == told[1]
