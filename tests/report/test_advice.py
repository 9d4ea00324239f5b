from __future__ import annotations

from dataclasses import replace

import pytest

from modelwarden.core import Gap, GapKind, Policy, Severity, Threshold
from modelwarden.policy import judge
from modelwarden.report.advice import GAP_ADVICE, GAP_TITLES, first_steps

from . import samples


def test_what_fails_the_policy_comes_first_then_gaps_then_the_rest():
    steps = first_steps(samples.telling(), Severity.HIGH, count=10)

    assert [step.rule for step in steps] == ["pickle-unsafe-global", None, None, "needs-code"]
    assert steps[0].do == "Ask the publisher for safetensors weights, or convert in a sandbox."


def test_the_limit_decides_what_fails():
    steps = first_steps(samples.telling(), Severity.MEDIUM)

    assert [step.rule for step in steps] == ["pickle-unsafe-global", "needs-code", None]


def test_findings_of_one_rule_are_one_step_with_their_number():
    findings = tuple(samples.finding(n) for n in range(5))

    step, *_ = first_steps(replace(samples.telling(), findings=findings), Severity.HIGH)

    assert step.what == "critical pickle-unsafe-global in models/face.pt and 4 more places"


def test_gaps_of_one_kind_are_one_step_the_most_frequent_kind_first():
    gaps = [Gap(what=f"{n}", why="w", kind=GapKind.BUDGET) for n in range(3)]
    gaps.insert(0, Gap(what="x", why="w", kind=GapKind.FAILED))

    open_ones = replace(samples.clean(), gaps=tuple(gaps), verdict=None)
    steps = first_steps(open_ones, Severity.HIGH)

    assert [s.what for s in steps] == ["not examined (budget): 0 and 2 more",
                                       "not examined (failed): x"]  # fmt: skip


def test_a_gap_that_the_policy_accepts_asks_for_nothing():
    gaps = (
        Gap(what="a", why="w", kind=GapKind.BUDGET),
        Gap(what="b", why="w", kind=GapKind.FAILED),
    )
    seen = replace(samples.clean(), gaps=gaps, verdict=None)

    judged = judge(seen, Policy(allow_gaps=("budget:a",)))

    assert [s.what for s in first_steps(judged, Severity.HIGH)] == ["not examined (failed): b"]


def test_a_measure_that_was_not_taken_asks_for_the_command_that_takes_it():
    policy = Policy(measures=(Threshold(name="accuracy", min=0.8),))

    (step,) = first_steps(judge(samples.clean(), policy), Severity.HIGH)

    assert step.what == "accuracy was not taken"
    assert "`modelwarden check` measures a model on your data" in step.do


def test_a_stage_that_is_not_built_is_no_file_of_another_format():
    gaps = (Gap(what="backdoor", why="not yet", kind=GapKind.UNSUPPORTED, stage="backdoor"),)

    (step,) = first_steps(replace(samples.clean(), gaps=gaps, verdict=None), Severity.HIGH)

    assert step.do.startswith("Leave the stage out of --stage")


def test_waived_and_informing_findings_ask_for_nothing():
    findings = (samples.finding(waived=True), samples.finding(1, severity=Severity.INFO))

    assert first_steps(replace(samples.clean(), findings=findings), Severity.HIGH) == []


@pytest.mark.parametrize("kind", GapKind)
def test_every_kind_of_gap_has_a_title_and_advice(kind):
    assert GAP_TITLES[kind]
    assert GAP_ADVICE[kind].endswith(".")


def test_a_number_that_fails_the_policy_comes_after_findings_that_fail_and_before_gaps():
    steps = first_steps(samples.assessed(), Severity.HIGH)

    assert [step.what.partition(" ")[0] for step in steps] == ["critical", "accuracy", "not"]
    assert "Share of all cases that are right" in steps[1].what
    assert "n = 1,500 would settle it" in steps[1].do
