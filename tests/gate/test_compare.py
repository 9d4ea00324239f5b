"""A report beside an earlier one."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from gate.checks import FakeTools, project
from modelwarden.core import InputError, Outcome, encode
from modelwarden.gate.check import CheckHow, check


def checked(file, **more):
    return check(file, how=CheckHow(tools=FakeTools()), **more).report


def written(folder, report):
    path = folder / "earlier.json"
    path.write_text(json.dumps(encode(report)))
    return path


def test_a_report_beside_itself_has_nothing_new_gone_or_worse(tmp_path):
    file = project(tmp_path)
    earlier = written(tmp_path, checked(file))

    report = checked(file, baseline=earlier)

    assert report.verdict.outcome is Outcome.PASS
    assert report.comparison.new == report.comparison.gone == ()
    assert {change.how for change in report.comparison.changes} == {"unclear"}
    assert report.comparison.not_compared == ()
    assert "cost" not in {change.stage for change in report.comparison.changes}


def test_a_model_that_got_worse_on_the_same_rows_fails_and_one_that_got_better_does_not(tmp_path):
    honest = project(tmp_path / "a", n=3000)
    turned = project(tmp_path / "b", entry="turned", n=3000)
    good, bad = (checked(file, stages=["performance"]) for file in (honest, turned))

    lost = checked(turned, stages=["performance"], baseline=written(tmp_path, good))
    won = checked(honest, stages=["performance"], baseline=written(tmp_path, bad))

    worse = [f for f in lost.findings if f.rule == "worse-than-baseline"]
    assert lost.verdict.outcome is Outcome.FAIL
    assert {"accuracy", "roc_auc"} <= {f.location.terms["metric"] for f in worse}
    assert "worse-than-trivial" in {f.rule for f in lost.findings}
    assert set(lost.comparison.new) >= {
        f.fingerprint for f in lost.findings if f.rule == "worse-than-trivial"
    }
    assert won.verdict.outcome is Outcome.PASS
    assert len(won.comparison.gone) >= 1
    assert "better" in {change.how for change in won.comparison.changes}


def test_what_was_measured_on_other_rows_or_with_another_seed_is_not_compared(tmp_path):
    here = checked(project(tmp_path / "a", n=400))
    there = checked(project(tmp_path / "b", n=500), baseline=written(tmp_path, here))
    seeded = checked(project(tmp_path / "a", n=400), seed=1, baseline=written(tmp_path, here))

    assert there.comparison.changes == ()
    assert any("data" in why for why in there.comparison.not_compared)
    assert any("other conditions (seed)" in why for why in seeded.comparison.not_compared)
    assert any("not compared" in note for note in there.run.notes)
    # It was asked to compare, and could not: that is not "no worse".
    for report in (there, seeded):
        assert report.verdict.outcome is Outcome.INCOMPLETE
        assert [gap.what for gap in report.gaps] == ["baseline"]


def test_the_report_of_another_model_is_told(tmp_path):
    file = project(tmp_path)
    own = checked(file)
    other = replace(own, subject=replace(own.subject, name="elsewhere"))

    report = checked(file, baseline=written(tmp_path, other))

    assert any("the earlier report is of elsewhere, and this one of" in n for n in report.run.notes)
    assert report.comparison.changes
    assert report.gaps == own.gaps


def test_the_report_of_another_command_is_no_baseline(tmp_path):
    file = project(tmp_path)
    own = checked(file)
    scanned = written(tmp_path, replace(own, run=replace(own.run, command="scan")))

    with pytest.raises(InputError, match="a report of `scan`, not of `check`"):
        checked(file, baseline=scanned)


def test_what_the_earlier_report_lacks_is_named(tmp_path):
    file = project(tmp_path)
    earlier = checked(file)
    less = replace(earlier, measurements=earlier.measurements[:1])

    report = checked(file, baseline=written(tmp_path, less))

    assert len(report.comparison.changes) == 1
    assert any("does not have it" in why for why in report.comparison.not_compared)


@pytest.mark.parametrize(
    "forged",
    [
        {"low": None, "high": None},
        {"low": None},
        {"low": -9e9, "high": 9e9},
        {"low": -math.inf, "high": math.inf},
        {"low": 0.9, "high": 0.1},
        {"value": math.nan},
    ],
    ids=["none", "one-sided", "wide", "endless", "turned", "no-value"],
)
def test_an_earlier_report_that_leaves_every_change_unclear_is_a_gap_and_no_pass(tmp_path, forged):
    honest = project(tmp_path / "a", n=3000)
    turned = project(tmp_path / "b", entry="turned", n=3000)
    earlier = checked(honest, stages=["performance"])
    told = tuple(replace(m, **forged) for m in earlier.measurements)

    report = checked(
        turned,
        stages=["performance"],
        baseline=written(tmp_path, replace(earlier, measurements=told)),
    )

    assert "accuracy" not in {change.name for change in report.comparison.changes}
    assert any("accuracy" in why for why in report.comparison.not_compared)
    assert "baseline" in {gap.what for gap in report.gaps}


def test_one_interval_that_is_missing_leaves_a_gap_though_all_others_compare(tmp_path):
    file = project(tmp_path)
    earlier = checked(file)
    told = tuple(
        replace(m, low=None, high=None) if m.name == "accuracy" and m.group is None else m
        for m in earlier.measurements
    )

    report = checked(file, baseline=written(tmp_path, replace(earlier, measurements=told)))

    assert len(report.comparison.changes) > 3
    assert report.verdict.outcome is Outcome.INCOMPLETE
    (gap,) = report.gaps
    assert "accuracy: the earlier report has no interval of it" in gap.why


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"{}", "no key 'schema'"), (b"\x00", "no valid JSON"), (None, "no such file")],
)
def test_a_baseline_that_is_no_report_is_refused_in_one_line(tmp_path, data, words):
    file = project(tmp_path)
    path = tmp_path / "earlier.json"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(InputError, match=words) as raised:
        checked(file, baseline=path)

    assert "\n" not in raised.value.message
