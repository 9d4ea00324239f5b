from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from modelwarden.core import Outcome, Report, Severity, Verdict
from modelwarden.report import render

from . import samples


def tree_of(report: Report, **options: object) -> ET.Element:
    return ET.fromstring(render(report, "junit", **options))


@pytest.mark.parametrize(
    "report",
    [samples.telling(), samples.clean(), samples.large(50), *map(samples.hostile, samples.HOSTILE)],
)
def test_the_counts_are_those_of_the_cases(report):
    tree = tree_of(report)

    tree.set("skipped", str(len(tree.findall(".//skipped"))))
    for place in (tree, *tree.findall("testsuite")):
        cases = list(place.iter("testcase"))
        assert int(place.get("tests")) == len(cases)
        for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(place.get(key)) == sum(case.find(tag) is not None for case in cases)


def test_each_file_is_a_suite_and_the_verdict_is_the_first():
    names = [suite.get("name") for suite in tree_of(samples.telling())]

    assert names == [
        "verdict",
        "models/face.pt",
        "models/weights.7z",
        "models/clean file.safetensors",
    ]


@pytest.mark.parametrize(("limit", "failures"), [(Severity.HIGH, 1), (Severity.MEDIUM, 2)])
def test_findings_at_or_above_the_limit_are_failures(limit, failures):
    suite = tree_of(samples.telling(), fail_on=limit).findall("testsuite")[1]

    assert suite.get("failures") == str(failures)


def test_a_gap_is_an_error_and_the_waived_finding_is_skipped():
    suite = tree_of(samples.telling()).findall("testsuite")[1]

    assert suite.find("testcase/error").get("type") == "gap/unreadable"
    assert suite.find("testcase/skipped").get("message").startswith("waived: ")


def test_an_accepted_gap_is_skipped():
    report = replace(samples.clean(), gaps=samples.telling().gaps)

    tree = tree_of(report)

    assert tree.get("errors") == "0"
    assert len(tree.findall(".//skipped")) == 2


@pytest.mark.parametrize(
    ("outcome", "tag"), [(Outcome.FAIL, "failure"), (Outcome.INCOMPLETE, "error")]
)
def test_a_verdict_that_is_no_pass_never_shows_as_green(outcome, tag):
    report = replace(samples.clean(), verdict=Verdict(outcome=outcome))

    assert tree_of(report).find(f"testsuite/testcase/{tag}") is not None


def test_a_failure_says_why_and_how_to_fix_it():
    text = tree_of(samples.telling()).find("testsuite[2]/testcase/failure").text

    assert "why: Unpickling calls what the stream imports" in text
    assert "fix: Ask the publisher for safetensors weights" in text
