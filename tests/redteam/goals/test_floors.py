"""Random changes beside attacks that a campaign names."""

from __future__ import annotations

import json

import numpy as np
import pytest

from modelwarden.attacks.catalog import entry_of
from modelwarden.redteam import run
from modelwarden.redteam.config import AttackConfig
from modelwarden.redteam.goals.floors import floors_beside, shown_on
from tests.redteam.campaigns import SPAM, campaign, seeded
from tests.redteam.endpoints import Endpoint, serving


def _by_attack(report):
    return {
        m.group["attack"]: m
        for m in report.measurements
        if m.name == "attack_success_rate" and m.group is not None
    }


def _rows(report):
    return {row[0]: row for t in report.tables if t.name == "endpoint_attacks" for row in t.rows}


def test_a_named_attack_stands_beside_random_changes_of_equal_budget(tmp_path):
    mails = tuple(f"get urgent free tea today as number {i}" for i in range(30))
    seeded(tmp_path, mails)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, attack=[{"name": "homoglyphs", "queries": 12}])
        done = run(made, output=tmp_path / "out")
        asked = endpoint.rows

    found = _by_attack(done.report)
    assert set(found) == {"homoglyphs", "random-edits"}
    assert found["random-edits"].n == 20
    assert found["random-edits"].conditions["floor"] is True
    rows = _rows(done.report)
    assert rows["random-edits (floor)"][-1] <= 20 * 13 + 16
    total = next(m.value for m in done.report.measurements if m.name == "rows_asked")
    assert total == asked
    note = next(n for n in done.report.run.notes if n.startswith("random-edits"))
    assert "chance alone, the floor beside homoglyphs 20 of the same 20" in note
    assert "random-edits (floor)" in (done.folder / "debrief.md").read_text()
    assert "homoglyphs 20 of the same 20" in (done.folder / "debrief.html").read_text()
    # The evasions are those of the attack: chance adds only what it did not get.
    kept = {json.loads(p.read_text())["attack"] for p in done.folder.rglob("evasion.json")}
    assert kept == {"homoglyphs"}


def test_the_floor_can_be_left_out(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, campaign={"floor": False})
        done = run(made, output=tmp_path / "out")

    assert set(_by_attack(done.report)) == {"edits"}


@pytest.mark.parametrize("rows", [40, 90, 200])
def test_the_floor_stays_within_the_budget_and_never_ends_a_campaign(tmp_path, rows):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"rows": rows})
        done = run(made, output=tmp_path / "out")

    assert endpoint.rows <= rows
    assert not done.report.gaps
    told = [n for n in done.report.run.notes if "floor" in n]
    assert len(told) == 1


def test_calls_that_end_within_the_floor_are_told_and_are_no_gap(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        run(campaign(tmp_path, endpoint.url, campaign={"floor": False}), output=tmp_path / "a")
        needed = len(endpoint.asked)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"calls": needed + 1})
        done = run(made, output=tmp_path / "b")

    assert len(endpoint.asked) <= needed + 1
    assert not done.report.gaps
    assert any("no floor beside it: the budget of" in n for n in done.report.run.notes)
    assert len(done.evasions) == len(SPAM)


def test_attacks_of_the_same_options_share_a_floor_and_a_named_one_needs_none():
    def named(*names, **options):
        return [(AttackConfig(name=n, queries=9, options=options), entry_of(n)) for n in names]

    both = floors_beside([*named("edits", "homoglyphs"), *named("typing-errors", eps=2)])

    assert [(f.config.name, dict(f.config.options), f.beside) for f in both] == [
        ("random-edits", {}, ("edits", "homoglyphs")),
        ("random-edits", {"eps": 2}, ("typing-errors",)),
    ]
    assert floors_beside(named("edits", "random-edits")) == ()


def test_the_seeds_of_a_floor_are_spread_over_all():
    due = np.arange(100, 200)

    assert shown_on(due, 50, None, 1).tolist()[:3] == [100, 105, 110]
    assert len(shown_on(due, 50, None, 1)) == 20
    assert len(shown_on(due, 50, 16 + 51 * 7, 1)) == 7
    assert len(shown_on(due, 50, 40, 1)) == 0
