from __future__ import annotations

from dataclasses import replace

import pytest

from modelwarden.core import (
    Confidence,
    Coverage,
    Gap,
    GapKind,
    Location,
    Reason,
    ReasonKind,
    Severity,
    Status,
    Verdict,
)
from modelwarden.core.verdicts import Outcome
from modelwarden.report.summary import (
    by_file,
    examined,
    location_text,
    outcome_meaning,
    plural,
    reasons,
    tally,
    worst_first,
)

from . import samples


def test_severity_goes_before_confidence_and_waived_findings_come_last():
    low = samples.finding(1, severity=Severity.LOW)
    unsure = samples.finding(2, confidence=Confidence.LOW)
    sure = samples.finding(3)
    waived = samples.finding(4, waived=True)

    assert worst_first([waived, low, unsure, sure]) == [sure, unsure, low, waived]


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("a.pt", "a.pt"),
        ("a.pt!data.pkl@7", "a.pt"),
        ("a.pt@7", "a.pt"),
        ("mail@home!/x.pkl!in", "mail@home!/x.pkl"),
        ("robust_accuracy", "robust_accuracy"),
    ],
)
def test_a_gap_belongs_to_the_file_that_its_name_opens_with(what, path):
    files = ("a.pt", "mail@home!/x.pkl")
    coverage = tuple(Coverage(path=p, format=None, status=Status.PARTIAL) for p in files)
    gap = Gap(what=what, why="w", kind=GapKind.FAILED)

    groups = by_file(replace(samples.clean(), coverage=coverage, gaps=(gap,)))

    assert [g.path for g in groups if g.gaps] == [path]


def test_files_with_the_worst_findings_come_first_then_those_with_gaps():
    assert [group.path for group in by_file(samples.telling())] == [
        "models/face.pt",
        "models/weights.7z",
        "models/clean file.safetensors",
    ]


def test_the_tally_counts_what_is_judged_and_names_what_is_waived():
    assert tally(samples.telling()) == (
        "2 findings (1 critical, 1 medium) · 2 gaps · 1 waived · 3 files"
    )
    assert tally(samples.clean()) == "no findings · no gaps · 1 file"
    assert examined(replace(samples.clean(), coverage=())) == "no files"


def test_a_location_names_every_part_that_applies():
    location = Location(
        member="m", offset=1_000, row=3, feature="age", slice=({"column": "sex"},),
        terms={"group": "a"},
    )  # fmt: skip

    assert location_text(samples.finding(location=location)) == (
        'm, byte 1,000, row 3, feature age, slice [{"column": "sex"}], group a'
    )


def test_reasons_of_one_rule_are_one_line():
    given = tuple(
        Reason(kind=ReasonKind.FINDING, rule="r", detail=f"in {i}.pkl")
        for i in (*range(1_200), 0, 0)  # what is said twice counts once
    )
    verdict = Verdict(outcome=Outcome.FAIL, reasons=given)

    assert reasons(replace(samples.clean(), verdict=verdict)) == [
        "finding r: in 0.pkl (and 1,199 more)"
    ]


def test_one_is_singular():
    assert [plural(n, "gap") for n in (0, 1, 2_000)] == ["0 gaps", "1 gap", "2,000 gaps"]


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        (ReasonKind.GAP, "not everything could be examined, so this is not known to be clean"),
        (
            ReasonKind.MEASUREMENT,
            "not all that is required was shown, so this is not known to be fit for use",
        ),
    ],
)
def test_an_incomplete_verdict_says_whether_something_was_left_unexamined(kind, meaning):
    verdict = Verdict(outcome=Outcome.INCOMPLETE, reasons=(Reason(kind=kind, detail="d"),))

    report = replace(samples.clean(), verdict=verdict)

    assert outcome_meaning(report) == f"exit code 3: {meaning}"
