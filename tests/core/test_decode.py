from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import (
    Confidence,
    Finding,
    InputError,
    Location,
    Measurement,
    Report,
    Run,
    Subject,
    encode,
)
from modelwarden.core.decode import NotAReportError, decode, report_from_json
from report.strategies import build


@settings(max_examples=60, deadline=None)
@given(build(Report, schema=st.just("modelwarden/report/1")))
def test_any_report_comes_back_from_its_json_as_it_was(report):
    assert report_from_json(json.dumps(encode(report))) == report


def test_a_number_that_json_cannot_hold_comes_back_as_nan():
    measurement = Measurement(name="a", value=math.inf, n=1, higher_is_better=True)

    assert math.isnan(decode(Measurement, encode(measurement)).value)


def test_words_of_the_rules_own_come_back_as_terms():
    assert decode(Location, {"path": "m", "group": "a"}).terms == {"group": "a"}


def test_a_key_that_a_newer_version_added_is_passed_over():
    document = encode(Report(subject=Subject(kind="file", name="m"), run=Run(command="scan")))

    assert report_from_json(json.dumps(document | {"weather": "fine"})).subject.name == "m"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no valid JSON"),
        (b"\xff\xfe\x00", "no valid JSON"),
        ("[" * 100_000, "no valid JSON"),
        ("[]", "no key 'schema'"),
        ('{"bomFormat": "CycloneDX"}', "no key 'schema'"),
        ('{"schema": "modelwarden/report/2"}', "'modelwarden/report/2'"),
        ('{"schema": "modelwarden/report/1"}', "subject: missing"),
        ('{"schema": "modelwarden/report/1", "subject": 3}', "subject: expected an object"),
    ],
)
def test_a_foreign_document_is_refused_with_its_reason(text, message):
    with pytest.raises(NotAReportError, match=message) as caught:
        report_from_json(text)

    assert isinstance(caught.value, InputError)
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"severity": "dire"}, "severity: 'dire' is not a known value"),
        ({"rule": 3}, "rule: expected text"),
        ({"waived": "yes"}, "waived: expected true or false"),
        ({"location": {"offset": True}}, r"location\.offset: expected a whole number"),
        ({"references": "CWE-1"}, "references: expected a list"),
        ({"references": [1]}, r"references\[0\]: expected text"),
        ({"evidence": []}, "evidence: expected an object"),
    ],
)
def test_a_value_that_does_not_fit_is_named_by_its_place(changes, message):
    finding = {
        "rule": "r",
        "severity": "low",
        "confidence": Confidence.LOW,
        "message": "m",
        "location": {},
    }

    with pytest.raises(NotAReportError, match=message):
        decode(Finding, finding | changes)
