"""Isolation: what breaks one reader or one rule hides nothing from the others."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile

import pytest

from modelwarden.artifacts import examine
from modelwarden.core import Evidence, GapKind, Hit, Severity, Status, rule
from modelwarden.formats import Limits, Source, View
from tfgraphs import message
from torchfiles import legacy

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
    assert set(failed) == {"whether it is zip could not be told: ZeroDivisionError: out of reason"}
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


@pytest.mark.parametrize("padding", [0, 100, 70_000])
def test_what_stands_behind_a_pickle_is_examined_as_what_it_is(padding: int):
    program = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\x3e\0" + bytes(200)

    examined = examine(Source("m.pkl", HARMLESS + bytes(padding) + program), Limits())

    assert {finding.rule for finding in examined.findings} >= {"pickle-trailing-data"}
    assert {gap.kind for gap in examined.gaps} <= {GapKind.UNEXAMINED_CODE, GapKind.UNSUPPORTED}
    assert examined.gaps


def test_padding_behind_a_pickle_is_nothing():
    examined = examine(Source("m.pkl", HARMLESS + bytes(200_000)), Limits())

    assert (examined.findings, examined.gaps) == ([], [])


def test_an_old_torch_file_whose_number_was_changed_is_not_clean():
    whole = legacy()
    changed = whole.replace(b"\x8a\x0al\xfc", b"\x8a\x0am\xfc")

    examined = examine(Source("m.pt", changed), Limits())

    assert changed != whole
    assert examined.gaps
    assert not examine(Source("m.pt", whole), Limits()).gaps


def test_bytes_that_many_members_share_are_examined_once():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("x", b"y")
    one = bytearray(archive.getvalue())
    one[18:22] = struct.pack("<I", 1 << 31)  # the member reaches to the end, over all that follow
    directory = one.index(b"PK\1\2")
    one[directory + 20 : directory + 24] = struct.pack("<I", 1 << 23)
    data = b"\n" + bytes(one) * 24

    result = examine(Source("m.zip", data), Limits())

    assert result.gaps
    assert not any("members" in g.why and g.kind is GapKind.OVER_LIMIT for g in result.gaps)
    assert len(result.findings) < 2_000  # in every combination there were millions


@pytest.mark.parametrize("name", ["m.onnx", "saved_model.pb", "model.mlmodel", "m.pdmodel"])
def test_a_message_that_breaks_off_is_said_to_be_cut_short(name):
    data = message((1, 8), (2, b"made by"), (7, b"x" * 500))

    (told,) = examine(Source(name, data[:200]), Limits()).gaps

    assert told.kind is GapKind.UNSUPPORTED
    assert told.what == f"{name}@14"
    assert told.why == "no known format; it looks cut short: a field of 500 bytes, 186 left"


def test_a_broken_message_that_is_not_cut_is_of_no_known_format():
    (told,) = examine(Source("m.onnx", b"\x08\x08\x0f" + bytes(90)), Limits()).gaps

    assert told.why == "no known format"
