from __future__ import annotations

import json
from dataclasses import replace

import pytest

from modelwarden.core import Severity
from modelwarden.report import render

from . import samples


@pytest.mark.parametrize(
    "report",
    [samples.telling(), samples.clean(), samples.large(50), *map(samples.hostile, samples.HOSTILE)],
)
def test_an_issue_has_what_the_format_asks_for(report):
    issues = json.loads(render(report, "gitlab"))

    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(issue["location"]["path"], str)
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_each_severity_has_its_own_word():
    findings = tuple(samples.finding(n, severity=s) for n, s in enumerate(Severity))

    issues = json.loads(render(replace(samples.clean(), findings=findings), "gitlab"))

    words = [issue["severity"] for issue in issues]
    assert words == ["blocker", "critical", "major", "minor", "info"]


def test_gaps_stand_beside_findings_and_waived_findings_are_left_out():
    issues = json.loads(render(samples.telling(), "gitlab"))

    assert [issue["check_name"] for issue in issues] == [
        "pickle-unsafe-global",
        "needs-code",
        "gap/unsupported",
        "gap/unreadable",
    ]
    assert issues[3]["location"]["path"] == "models/face.pt"


def test_fingerprints_are_the_same_in_another_run_and_unlike_for_equal_findings():
    report = replace(samples.telling(), findings=(samples.finding(), samples.finding()))

    first, second = (json.loads(render(report, "gitlab")) for _ in range(2))

    assert [i["fingerprint"] for i in first] == [i["fingerprint"] for i in second]
    assert first[0]["fingerprint"] != first[1]["fingerprint"]
