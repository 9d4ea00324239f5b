"""The score: from reports, and only where the range itself was asked."""

from __future__ import annotations

import json

import pytest

from modelwarden.redteam.range.exercises import EXERCISES, Stand, exercise_named
from modelwarden.redteam.range.score import marks

LOANS = exercise_named("loans")


def report(folder, stand, rate, queries=10.0, n=20):
    place = folder / stand
    place.mkdir(parents=True, exist_ok=True)
    measurements = [{"name": "attack_success_rate", "value": rate, "n": n, "group": None}]
    if queries is not None:
        measurements.append({"name": "median_queries", "value": queries, "n": n, "group": None})
    (place / "report.json").write_text(json.dumps({"measurements": measurements}))


def points(folder, rows=100):
    return [mark.points for mark in marks(LOANS, folder, lambda _: rows)]


def test_nothing_played_is_no_points(tmp_path):
    assert points(tmp_path) == [0, 0, 0]


def test_an_attack_that_works_and_defences_that_hold_are_all_points(tmp_path):
    report(tmp_path, "open", 0.9)
    report(tmp_path, "firewall", 0.1)
    report(tmp_path, "hardened", 0.0, None)

    assert points(tmp_path) == [35, 30, 35]


def test_what_falls_short_is_told(tmp_path):
    report(tmp_path, "open", 0.5)
    report(tmp_path, "firewall", 0.9)
    report(tmp_path, "hardened", 0.05)

    found = marks(LOANS, tmp_path, lambda _: 1)

    assert [mark.points for mark in found] == [0, 0, 0]
    assert found[0].said == "10 of 20 got past, half of them within 10 rows; 60% should"


def test_a_win_that_takes_too_many_rows_is_half(tmp_path):
    report(tmp_path, "open", 1.0, queries=90.0)

    assert points(tmp_path)[0] == 17


def test_a_report_from_elsewhere_is_no_achievement(tmp_path):
    report(tmp_path, "open", 1.0)

    assert points(tmp_path, rows=0) == [0, 0, 0]


def test_a_report_of_an_earlier_range_is_no_achievement(tmp_path):
    report(tmp_path, "open", 1.0, queries=4.0)
    opened = (tmp_path / "open" / "report.json").stat().st_mtime + 1

    found = marks(LOANS, tmp_path, lambda _: 9, since=opened)

    assert found[0].points == 0
    assert "older than this range" in found[0].said
    assert marks(LOANS, tmp_path, lambda _: 9, since=opened - 1)[0].points == 35


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"measurements": 3}', '{"measurements": [1, {"name": 2}]}']
)
def test_what_is_no_report_is_said_to_be_none(tmp_path, text):
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "report.json").write_text(text)

    mark = marks(LOANS, tmp_path, lambda _: 9)[0]

    assert (mark.points, mark.said) == (0, "report.json there is no report of a campaign")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_every_exercise_is_a_hundred_points_and_begins_in_the_open(exercise):
    assert sum(step.points for step in exercise.steps) == 100
    assert exercise.steps[0].stand is Stand.OPEN
    assert all(step.hints for step in exercise.steps)
    assert all((step.least is None) != (step.most is None) for step in exercise.steps)
