from __future__ import annotations

import re
from dataclasses import replace

import pytest

from modelwarden.core import Coverage, Gap, GapKind, RuleInfo, Severity, Status
from modelwarden.report import render

from . import samples

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def lines_of(report, **options):
    return render(report, "text", **options).splitlines()


def test_piped_text_is_plain_and_a_value_is_never_broken_over_lines():
    report = samples.telling_with("word " * 80)

    text = render(report, "text", width=40)

    assert "\x1b" not in text
    assert "word " * 79 + "word" in text


def test_the_verdict_stands_first_and_last_with_the_meaning_of_its_exit_code():
    lines = lines_of(samples.telling())

    assert lines[1].startswith("FAIL  2 findings (1 critical, 1 medium) · 2 gaps · 1 waived")
    assert any(line.startswith("Verdict   FAIL · exit code 1: ") for line in lines[-10:])
    assert lines[-1] == "Next      modelwarden explain pickle-unsafe-global"


def test_findings_of_a_file_stand_worst_first_and_its_gaps_beside_them():
    lines = lines_of(samples.telling())

    heads = [line.strip().partition(" · ")[0] for line in lines if re.match(r"  [A-Z]", line)]
    assert heads == [
        "CRITICAL pickle-unsafe-global",
        "MEDIUM needs-code",
        "CRITICAL pickle-unsafe-global",
        "NOT EXAMINED unreadable",
        "NOT EXAMINED unsupported",
    ]


def test_a_gap_that_stops_several_stages_stands_once_with_their_names():
    gap = Gap(what="m.pkl", why="no keras", kind=GapKind.NOT_ASSESSABLE, stage="performance")
    report = replace(samples.telling(), gaps=(gap, replace(gap, stage="cost")))

    lines = lines_of(report)

    told = [line for line in lines if "NOT EXAMINED" in line]
    assert told == ["  NOT EXAMINED not-assessable · gap in 2 stages: performance, cost"]


def test_why_and_fix_of_a_rule_are_told_once():
    text = render(samples.telling(), "text")

    assert text.count("Unpickling calls what the stream imports") == 1
    assert text.count("modelwarden explain pickle-unsafe-global\n") == 2


def test_a_rule_of_the_project_points_at_no_page_that_explain_does_not_have():
    own = RuleInfo(id="night-shift", title="t", severity=Severity.HIGH, help="Flag it.\n\nWhy: w.")
    finding = samples.finding(rule="night-shift", stage="checks", severity=Severity.HIGH)

    lines = lines_of(replace(samples.telling(), findings=(finding,), rules=(own,)))

    assert any(line.split() == ["why", "w."] for line in lines)
    assert not any("explain" in line or "rule's page" in line for line in lines)


def test_a_pass_names_the_files_that_were_examined():
    lines = lines_of(samples.clean())

    assert "1 file examined, nothing found" in lines
    assert "  models/clean file.safetensors  safetensors · 4,096 bytes · examined" in lines


def test_many_quiet_files_are_counted_and_some_named():
    files = tuple(Coverage(path=f"{n}", format="json", status=Status.EXAMINED) for n in range(500))

    text = render(replace(samples.clean(), coverage=files), "text")

    assert "500 files examined, nothing found" in text
    assert "… and 480 more" in text


def test_many_findings_are_cut_and_the_rest_is_counted():
    text = render(samples.large(2_000), "text")

    assert text.count("  … and 150 more in this file: --format json lists all.") == 10
    assert len(text.splitlines()) < 3_000


def test_a_report_without_verdict_is_not_called_a_pass():
    text = render(replace(samples.clean(), verdict=None), "text")

    assert text.splitlines()[1].startswith("NOT JUDGED")
    assert "PASS" not in text


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_a_terminal_gets_colours_and_no_other_control(text, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    document = render(samples.hostile(text), "text", terminal=True, width=80)

    assert COLOUR.search(document)
    assert not {c for c in COLOUR.sub("", document) if c in samples.FORBIDDEN}


def test_a_terminal_shows_the_words_of_the_plain_text(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    plain = render(samples.telling(), "text").split()

    coloured = COLOUR.sub("", render(samples.telling(), "text", terminal=True, width=60)).split()

    assert coloured == plain


def test_no_color_is_obeyed(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")

    document = render(samples.telling(), "text", terminal=True, width=80)

    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7])m", document)


@pytest.mark.parametrize("width", [0, 20, 60, 200])
def test_long_facts_are_wrapped_under_themselves_on_a_terminal(width):
    report = samples.telling_with("word " * 80)

    document = COLOUR.sub("", render(report, "text", terminal=True, width=width))

    words = [line for line in document.splitlines() if "word word" in line]
    assert all(len(line) <= max(width, 40) for line in words)
    assert all(line.startswith(" " * 14) for line in words[1:])


def test_a_dumb_terminal_gets_plain_text(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    document = render(samples.telling(), "text", terminal=True, width=80)

    assert "\x1b" not in document
