"""Many weaknesses of one package are one step, which names the version to move to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelwarden.core import Severity
from modelwarden.report.advice import first_steps

from . import samples


def weakness(number: int, fixed: list[object], *, rule: str, severity: Severity, name="pillow"):
    found = samples.finding(number, rule=rule, severity=severity, message=f"CVE {number}")
    facts = {"package": name, "version": "8.0", "fixed_in": fixed}
    return replace(found, evidence=facts, stage="dependencies")


def steps_of(*found):
    return first_steps(replace(samples.clean(), findings=found), Severity.HIGH, count=9)


def test_the_weaknesses_of_a_package_are_one_step_with_the_version_that_mends_all():
    steps = steps_of(
        weakness(0, ["9.5.1", "10.2.0"], rule="vulnerable-dependency-high", severity=Severity.HIGH),
        weakness(0, ["12.3"], rule="vulnerable-dependency-critical", severity=Severity.CRITICAL),
        weakness(0, ["8.1"], rule="vulnerable-dependency-medium", severity=Severity.MEDIUM),
        weakness(
            0, ["2"], rule="vulnerable-dependency-high", severity=Severity.HIGH, name="pyyaml"
        ),
    )

    assert [step.do for step in steps] == [
        "Move pillow from 8.0 to 12.3 or later, pin it, and lock again.",
        "Move pyyaml from 8.0 to 2 or later, pin it, and lock again.",
    ]
    assert steps[0].what.startswith("critical vulnerable-dependency-critical in ")
    assert steps[0].what.endswith(": pillow, 3 known weaknesses")
    assert steps[0].rule == "vulnerable-dependency-critical"


@pytest.mark.parametrize("fixed", [[], ["soon"], [7], ["9" * 5000]])
def test_without_a_version_to_move_to_the_rules_own_advice_stands(fixed):
    rule = "vulnerable-dependency-high"

    (step,) = steps_of(weakness(0, fixed, rule=rule, severity=Severity.HIGH))

    assert step.do == "Read the rule's page."
    assert step.rule == rule
