from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

from modelwarden.core import Outcome, Report, Subject, Verdict, Waiver
from modelwarden.report.portfolio import collect
from report import samples

TODAY = dt.date(2027, 1, 10)


def on(day: int, **changes: object) -> Report:
    """Return the assessed report as of a day of January."""
    report = samples.assessed()
    run = replace(report.run, started=f"2027-01-{day:02}T00:00:00Z")
    return replace(report, run=run, **changes)  # type: ignore[arg-type]


def waiver(expires: dt.date) -> Waiver:
    return Waiver(reason="r", owner="o", expires=expires, fingerprint="ab" * 16)


def test_the_newest_report_counts_and_the_same_report_twice_counts_once():
    old = on(1, verdict=Verdict(outcome=Outcome.PASS))
    new = on(5)

    portfolio = collect([new, old, new], TODAY)

    (model,) = portfolio.models
    assert portfolio.reports == 2
    assert model.newest == new
    assert model.change == "was pass"
    assert portfolio.outcomes["fail"] == 1


def test_the_order_in_which_reports_are_given_changes_nothing():
    reports = [on(1), on(2), samples.telling(), samples.clean()]

    first, *others = (collect(order, TODAY) for order in itertools.permutations(reports))

    assert all(other == first for other in others)


def test_a_scan_and_a_check_of_one_name_are_two_things():
    check = on(1)
    scan = replace(check, subject=Subject(kind="folder", name=check.subject.name))
    single = replace(check, subject=Subject(kind="artifact", name=check.subject.name))

    models = collect([check, scan, single], TODAY).models

    assert [(m.kind, len(m.reports)) for m in models] == [("files", 2), ("model", 1)]


def test_numbers_over_time_are_only_those_whose_conditions_compare():
    first, second = on(1), on(2)
    other = on(
        3, measurements=tuple(replace(m, conditions={"eps": 0.3}) for m in first.measurements)
    )
    chance = on(
        4, measurements=tuple(replace(m, conditions={"seed": 7}) for m in first.measurements)
    )

    courses = collect([first, second, other, chance], TODAY).courses

    accuracy = next(c for c in courses if c.name == "accuracy")
    assert [at[:10] for at, _ in accuracy.points] == ["2027-01-01", "2027-01-02", "2027-01-04"]
    assert accuracy.left_out == 1


def test_waivers_stand_by_their_end():
    ends = [dt.date(2027, 1, 9), dt.date(2027, 1, 10), dt.date(2027, 2, 9), dt.date(2027, 2, 10)]

    endings = collect([on(1, waivers=tuple(waiver(e) for e in reversed(ends)))], TODAY).endings

    assert [(e.waiver.expires, e.state) for e in endings] == list(
        zip(ends, ["expired", "soon", "soon", "running"], strict=True)
    )


def test_rules_are_counted_over_models_and_waived_findings_are_not():
    here = on(1, findings=(samples.finding(1), samples.finding(2), samples.finding(3, waived=True)))
    there = replace(on(2, findings=(samples.finding(1),)), subject=Subject(kind="model", name="b"))

    (row,) = collect([here, there], TODAY).rules

    assert row == ("pickle-unsafe-global", "critical", 3, 2)


def test_a_measure_taken_several_ways_is_shown_at_its_worst():
    attacks = tuple(
        samples.measurement("robust_accuracy", v, conditions={"attack": a}, stage="robustness")
        for v, a in ((0.6, "square"), (0.3, "apgd"))
    )

    (model,) = collect([on(1, measurements=attacks)], TODAY).models

    assert [m.value for m in model.key_measures] == [0.3]


def test_no_reports_are_no_models():
    assert collect([], TODAY).models == ()
