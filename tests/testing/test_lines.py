"""Each line of a policy by itself says what the whole policy says."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import (
    Confidence,
    Finding,
    Gap,
    GapKind,
    Location,
    Measurement,
    Outcome,
    Policy,
    Report,
    Run,
    Severity,
    Subject,
    Threshold,
    Waiver,
)
from modelwarden.core.report import AdvisoryData
from modelwarden.policy import judge
from modelwarden.policy.load import STAGES
from modelwarden.testing.lines import REST, LineKind, lines_of, measure_line, said

TODAY = dt.date(2026, 11, 28)
NAMES = ("accuracy", "rmse")
shares = st.floats(0, 1) | st.sampled_from([float("nan"), float("inf"), 0.5])


@st.composite
def measurements(draw):
    value = draw(shares)
    low, high = draw(st.sampled_from([(None, None), (value - 0.1, value + 0.1), (value, value)]))
    return Measurement(
        name=draw(st.sampled_from(NAMES)),
        value=value,
        low=low,
        high=high,
        n=draw(st.integers(1, 1000)),
        higher_is_better=True,
        group=draw(st.sampled_from([None, {"class": 1}])),
    )


@st.composite
def findings(draw):
    return Finding(
        fingerprint=draw(st.sampled_from(["aa" * 8, "bb" * 8])),
        rule="a-rule",
        severity=draw(st.sampled_from(Severity)),
        confidence=Confidence.HIGH,
        message="seen",
        location=Location(path="m"),
        stage=draw(st.sampled_from(STAGES)),
    )


gaps = st.builds(
    Gap,
    what=st.sampled_from(["a", "b"]),
    why=st.just("unknown"),
    kind=st.sampled_from(GapKind),
    stage=st.sampled_from([*STAGES, "elsewhere"]),
)
reports = st.builds(
    Report,
    subject=st.just(Subject(kind="model", name="m")),
    run=st.builds(
        Run,
        command=st.just("check"),
        advisories=st.sampled_from([None, AdvisoryData(date="2026-01-01", records=1)]),
    ),
    findings=st.lists(findings(), max_size=3).map(tuple),
    measurements=st.lists(measurements(), max_size=4).map(tuple),
    gaps=st.lists(gaps, max_size=3).map(tuple),
    stages=st.lists(st.sampled_from(STAGES), unique=True).map(tuple),
)
thresholds = st.builds(
    Threshold,
    name=st.sampled_from([*NAMES, "nonesuch"]),
    min=st.floats(0, 1),
    max=st.none() | st.floats(0, 1),
    where=st.sampled_from([{}, {"class": 1}]),
)
waivers = st.builds(
    Waiver,
    reason=st.just("known"),
    owner=st.just("us"),
    expires=st.sampled_from([TODAY, TODAY - dt.timedelta(days=1)]),
    fingerprint=st.sampled_from(["aa" * 8, "cc" * 8]),
)
policies = st.builds(
    Policy,
    fail_on=st.sampled_from(Severity),
    require=st.lists(st.sampled_from(STAGES), unique=True, max_size=3).map(tuple),
    allow_gaps=st.lists(
        st.sampled_from(GapKind).map(str) | st.just("unsupported:a"), max_size=2
    ).map(tuple),
    measures=st.lists(thresholds, max_size=3).map(tuple),
    waivers=st.lists(waivers, max_size=2).map(tuple),
    advisories_max_age=st.none() | st.just(30.0),
)


@settings(max_examples=300)
@given(reports, policies)
def test_all_lines_together_give_the_reasons_of_the_verdict_and_each_once(report, policy):
    whole = judge(report, policy, TODAY).verdict

    spoken = [said(line, report, policy, TODAY) for line in lines_of(policy)]

    together = Counter(reason for one in spoken for reason in (*one.fails, *one.open))
    assert together == Counter(whole.reasons)
    assert any(one.fails or one.open for one in spoken) == (whole.outcome is not Outcome.PASS)


@settings(max_examples=100)
@given(policies)
def test_no_two_tests_have_one_name_and_none_breaks_the_names_of_pytest(policy):
    names = [line.name for line in lines_of(policy)]

    assert len(set(names)) == len(names)
    assert not any("::" in name or "[" in name for name in names)


@pytest.mark.parametrize(
    ("threshold", "name"),
    [
        (Threshold(name="accuracy", min=0.8), "accuracy >= 0.80"),
        (Threshold(name="rmse", max=12), "rmse <= 12"),
        (Threshold(name="f1", min=0.8, max=0.955), "0.80 <= f1 <= 0.955"),
        (Threshold(name="recall", min=0.7, where={"class": 1}), "recall >= 0.70 (class = 1)"),
        (Threshold(name="accuracy", min=1), "accuracy >= 1.00"),
        (Threshold(name="rmse", max=float("inf")), "rmse <= inf"),
    ],
)
def test_a_bound_is_named_as_people_write_it(threshold, name):
    assert measure_line(threshold).name == name


def report_of(**more) -> Report:
    return Report(subject=Subject(kind="model", name="m"), run=Run(command="check"), **more)


def line_of(policy: Policy, kind: LineKind, name: str | None = None):
    return next(ln for ln in lines_of(policy) if ln.kind is kind and name in {None, ln.name})


def test_a_bound_within_the_interval_is_open_and_one_outside_of_it_fails():
    one = Measurement(name="accuracy", value=0.8, low=0.75, high=0.85, n=100, higher_is_better=True)

    def spoken(bound):
        policy = Policy(measures=(Threshold(name="accuracy", min=bound),))
        line = line_of(policy, LineKind.MEASURE)
        return said(line, report_of(measurements=(one,)), policy, TODAY)

    assert (spoken(0.75).fails, spoken(0.75).open) == ((), ())
    assert "would settle it" in spoken(0.79).open[0].detail
    assert not spoken(0.79).fails
    assert spoken(0.9).fails
    assert not spoken(0.9).open


def test_a_gap_of_a_stage_belongs_to_its_test_and_of_any_other_to_the_last():
    policy = Policy()
    gap = Gap(what="a", why="b", kind=GapKind.FAILED, stage="performance")
    report = report_of(gaps=(gap, replace(gap, stage="backdoor")))

    mine = said(line_of(policy, LineKind.STAGE, "performance"), report, policy, TODAY)
    rest = said(line_of(policy, LineKind.REST, REST), report, policy, TODAY)

    assert len(mine.open) == len(rest.open) == 1


def test_a_stage_that_had_nothing_to_do_does_not_count_as_passed():
    policy = Policy(allow_gaps=("failed",))
    gap = Gap(what="a", why="it broke", kind=GapKind.FAILED, stage="performance")
    ran = report_of(stages=("performance",), gaps=(gap,))
    line = line_of(policy, LineKind.STAGE, "performance")

    assert said(line, ran, policy, TODAY).idle is None
    assert "nothing to do" in said(line, report_of(), policy, TODAY).idle
    assert "it broke" in said(line, report_of(gaps=(gap,)), policy, TODAY).idle
