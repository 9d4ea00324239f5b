"""Isolation: what breaks one reader or one rule hides nothing from the others."""

from __future__ import annotations

import pickle

from modelwarden.artifacts import examine
from modelwarden.core import Evidence, GapKind, Hit, Severity, Status, rule
from modelwarden.formats import Limits, Source, View

HARMFUL = b"cposix\nsystem\n(S'true'\ntR."
HARMLESS = pickle.dumps([1, 2])


def explode(*_: object) -> None:
    raise ZeroDivisionError("out of\nreason")


def test_a_format_whose_sniff_fails_does_not_hide_the_others(monkeypatch):
    from modelwarden.formats.zip import reader as zip_reader

    monkeypatch.setattr(zip_reader, "sniff", explode)
    polyglot = HARMFUL + b"PK\x05\x06" + bytes(18)

    examined = examine(Source("m", polyglot), Limits())

    assert "pickle-unsafe-global" in {finding.rule for finding in examined.findings}
    failed = [gap.why for gap in examined.gaps if gap.kind is GapKind.FAILED]
    assert failed == ["whether it is zip could not be told: ZeroDivisionError: out of reason"]
    assert examined.coverage.status is Status.FAILED


def test_a_reader_that_fails_is_a_gap_and_the_other_readings_stand(monkeypatch):
    from modelwarden.formats.zip import reader as zip_reader

    monkeypatch.setattr(zip_reader, "read", explode)
    polyglot = HARMFUL + b"PK\x05\x06" + bytes(18)

    examined = examine(Source("m", polyglot), Limits())

    assert "pickle-unsafe-global" in {finding.rule for finding in examined.findings}
    assert any("the zip reader failed" in gap.why for gap in examined.gaps)


@rule("house-rule", title="t", severity=Severity.LOW, reads=View)
def house_rule(view: View):
    """Flag everything, then fail."""
    yield Hit("seen", Evidence(0))
    raise ZeroDivisionError


def test_a_rule_that_fails_is_a_gap_and_keeps_what_it_had_seen():
    examined = examine(Source("m", HARMFUL), Limits(), extra=(house_rule,))

    assert {"house-rule", "pickle-unsafe-global"} <= {f.rule for f in examined.findings}
    assert any("the rule house-rule failed" in gap.why for gap in examined.gaps)


def test_a_harmless_pickle_has_neither_findings_nor_gaps():
    examined = examine(Source("m", HARMLESS), Limits())

    assert (examined.findings, examined.gaps) == ([], [])
    assert examined.coverage.status is Status.EXAMINED
    assert examined.coverage.format == "pickle"
