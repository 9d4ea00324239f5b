from __future__ import annotations

import json
import math

import pytest

from modelwarden.core import (
    Confidence,
    Coverage,
    Finding,
    Location,
    Measurement,
    Reason,
    ReasonKind,
    Report,
    Run,
    Severity,
    Status,
    Subject,
    encode,
)


def test_a_report_has_its_keys_in_the_documented_order():
    report = Report(subject=Subject(kind="artifact", name="m.pt"), run=Run(command="scan"))

    keys = list(encode(report))

    assert keys[:5] == ["schema", "tool", "subject", "run", "verdict"]
    assert keys[5:10] == ["findings", "measurements", "gaps", "coverage", "inventory"]


def test_a_location_lists_only_what_applies_and_its_terms_stand_beside_it():
    location = Location(path="m.pt", offset=0, terms={"group": "a"})

    assert encode(location) == {"path": "m.pt", "offset": 0, "group": "a"}


def test_a_reason_names_its_rule_between_kind_and_detail():
    reason = Reason(kind=ReasonKind.FINDING, rule="r", detail="d")

    assert list(encode(reason)) == ["kind", "rule", "detail"]


def test_the_keys_of_findings_measurements_and_coverage_stand_as_documented():
    finding = Finding(
        rule="r",
        severity=Severity.LOW,
        confidence=Confidence.LOW,
        message="m",
        location=Location(),
    )
    measurement = Measurement(name="accuracy", value=1.0, n=3, higher_is_better=True)
    coverage = Coverage(path="p", format=None, status=Status.FAILED)

    assert list(encode(finding))[:3] == ["fingerprint", "rule", "severity"]
    assert list(encode(measurement))[:6] == ["name", "value", "low", "high", "level", "n"]
    assert list(encode(coverage)) == ["path", "format", "producer", "status", "size", "sha256"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_without_a_json_form_becomes_null(value):
    assert encode({"x": value}) == {"x": None}


def test_a_lone_surrogate_is_written_out_so_that_the_text_can_be_encoded():
    assert encode("a\udc80b") == "a\\udc80b"


def test_a_value_of_another_type_is_refused_by_name():
    with pytest.raises(TypeError, match="object"):
        encode(object())


def test_an_integer_too_long_for_decimal_is_written_in_hexadecimal():
    assert json.loads(json.dumps(encode({"x": 1 << 100_000})))["x"].startswith("0x1000")
    assert encode(1 << 4_000) == 1 << 4_000
