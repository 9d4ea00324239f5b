from __future__ import annotations

import pytest

from modelwarden.core import Confidence, RuleInfo, Severity
from modelwarden.report.rule_page import as_data, as_markdown, as_text, escape, prose

from . import samples


def test_a_page_as_markdown_has_a_heading_for_each_part_and_links_the_references():
    page = as_markdown(samples.UNSAFE)

    assert page.startswith("Flag imports of process, shell and evaluation functions.\n")
    assert [ln for ln in page.splitlines() if ln.startswith("#")] == [
        "## Why it matters",
        "## How to fix it",
        "## Blind spot",
        "## References",
        "## Controls",
    ]
    link = "[CWE-502](https://cwe.mitre.org/data/definitions/502.html)"
    assert f"- {link} Deserialization of Untrusted Data" in page


def test_code_between_backticks_stays_code_and_all_else_is_escaped():
    assert prose("call `os.system` on *a_b*") == "call `os.system` on \\*a\\_b\\*"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("[x](http://a)", "\\[x\\](http&#58;//a)"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("# head", "\\# head"),
        ("1. one", "1\\. one"),
        ("- item a-b", "\\- item a-b"),
        ("@name", "&#64;name"),
        ("a|b", "a\\|b"),
    ],
)
def test_nothing_in_a_text_is_obeyed_as_markdown(text, escaped):
    assert escape(text) == escaped


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_a_page_of_a_strangers_rule_shows_no_character_that_a_terminal_obeys(text):
    info = RuleInfo(id=text, title=text, severity=Severity.LOW, help=text, references=(text,))

    for page in (as_text(info, Confidence.LOW, 80), as_markdown(info)):
        assert not {c for c in page if c in samples.FORBIDDEN}


def test_a_page_as_data_keeps_the_parts_apart():
    page = as_data(samples.NEEDS, Confidence.LOW)

    assert (page["why"], page["fix"], page["blind_spot"]) == ("Their code runs.", "Pin them.", "")
