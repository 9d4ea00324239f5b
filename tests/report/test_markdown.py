from __future__ import annotations

import re

import pytest

from modelwarden.report import render

from . import samples


def test_the_verdict_stands_first_and_gaps_have_their_own_table():
    page = render(samples.telling(), "markdown")

    assert page.startswith("## modelwarden: FAIL\n")
    assert page.index("### Do first") < page.index("### Findings") < page.index("### Not examined")
    assert "| unsupported | models/weights.7z | encrypted |" in page


def test_a_clean_report_has_no_empty_table():
    page = render(samples.clean(), "markdown")

    assert "### Findings" not in page
    assert "### Not examined" not in page


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_makes_no_markup_no_link_and_no_mention(text):
    page = re.sub(r"`[^`\n]*`", "", render(samples.hostile(text), "markdown"))

    tags = set(re.findall(r"<[^>\n]*>", page))
    assert tags <= {"<details>", "<summary>", "</summary>", "</details>", "<sub>", "</sub>"}
    assert not re.search(r"(?<!\\)\]\(", page)
    assert not re.search(r"https?://|www\.", page)
    assert not re.search(r"(?<![\w&#;])@\w", page)


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_every_row_of_a_table_has_the_cells_of_its_head(text):
    page = render(samples.hostile(text), "markdown")

    tables = re.findall(r"(?m)(?:^\|.*\|$\n?)+", page)
    assert tables
    for table in tables:
        cells = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(cells)) == 1


@pytest.mark.parametrize("count", [0, 20_000])
def test_a_comment_fits_where_it_goes_and_says_what_it_left(count):
    page = render(samples.large(count), "markdown")

    assert len(page) < 65_000
    assert ("more rows; the JSON report holds all" in page) == bool(count)
