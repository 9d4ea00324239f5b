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


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (-math.inf, math.inf, (-math.inf, math.inf)),
        (0.1, math.inf, (0.1, math.inf)),
        (-math.inf, 0.9, (-math.inf, 0.9)),
        (math.nan, 0.9, (-math.inf, 0.9)),
        (None, 0.9, (-math.inf, 0.9)),
        (0.1, None, (0.1, math.inf)),
        (0.1, 0.9, (0.1, 0.9)),
        (None, None, (0.5, 0.5)),
    ],
)
def test_an_end_of_an_interval_that_json_cannot_hold_is_not_taken_for_the_value(low, high, ends):
    made = Measurement(name="a", value=0.5, low=low, high=high, n=1, higher_is_better=True)

    again = decode(Measurement, json.loads(json.dumps(encode(made))))

    assert again == made
    assert again.ends == ends
    assert again.pessimistic == ends[0]


def test_a_report_of_before_that_lacks_one_end_is_not_judged_by_its_value():
    document = encode(Measurement(name="a", value=0.5, high=0.9, n=1, higher_is_better=True))
    del document["unbounded"]

    assert decode(Measurement, document).pessimistic == -math.inf


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
