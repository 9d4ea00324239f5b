from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from modelwarden.core import Location, Report
from modelwarden.report import render

from . import samples

VOID = {"meta", "input", "rect", "link", "br", "img"}
REPORTS = [
    samples.telling(),
    samples.assessed(),
    samples.clean(),
    samples.large(50),
    *map(samples.hostile, samples.HOSTILE),
]


class Page(HTMLParser):
    """What the tests ask of a page: its elements in order, and whether they are closed in order."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.text = render(report, "html")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("report", REPORTS)
def test_nothing_is_loaded_run_or_sent(report):
    page = Page(report)

    tags = {tag for tag, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    links = {a.get("href") or "" for a in page.all("a")}
    assert not tags & {"script", "img", "iframe", "link", "object", "embed", "form", "base"}
    assert not {name for name in names if name.startswith("on") or name in {"src", "style"}}
    assert all(re.match(r"#|https://(cwe\.mitre\.org|atlas\.mitre\.org)/", link) for link in links)


def test_the_policy_allows_this_style_sheet_pictures_in_the_page_and_nothing_else():
    page = Page(samples.telling())

    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.all("meta")[1]["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("report", REPORTS)
def test_elements_are_closed_in_order_and_ids_are_unique(report):
    page = Page(report)

    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert page.open == []
    assert len(ids) == len(set(ids))
    labels = {a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a}
    targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert labels | targets <= set(ids)


@pytest.mark.parametrize("report", REPORTS)
def test_headings_never_skip_a_level_and_tables_have_captions_and_heads(report):
    page = Page(report)

    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(head.get("scope") in {"col", "row"} for head in page.all("th"))


def test_a_keyboard_reaches_the_report_past_the_head_and_each_wide_table():
    page = Page(samples.telling())

    first_link = page.all("a")[0]
    assert (first_link["class"], first_link["href"]) == ("skip", "#main")
    assert page.all("html")[0]["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    scrolled = [s for s in page.all("section") if s.get("class") == "scroll"]
    assert scrolled
    assert all(s["tabindex"] == "0" and s["aria-labelledby"] for s in scrolled)


def test_severity_is_a_word_wherever_it_is_a_colour():
    page = Page(samples.large(10))

    badges = re.findall(r'<span class="badge (\w+)">(\w+)</span>', page.text)
    assert badges
    assert all(colour == word for colour, word in badges if colour != "waiver")


def test_the_verdict_and_at_most_three_steps_stand_before_the_findings():
    text = Page(samples.telling()).text

    assert text.index("FAIL</strong>") < text.index('id="first"') < text.index('id="findings"')
    assert "Three things to do first" in text
    assert len(re.findall(r"<li><strong>", text)) == 3


def test_a_hundred_findings_fit_in_300_kilobytes_and_each_is_there():
    evidence = {"global": "posix.system", "call": "posix.system('" + "true; " * 40 + "')"}
    findings = tuple(
        samples.finding(n, evidence=evidence, location=Location(path=f"a/{n}.pkl", offset=n))
        for n in range(100)
    )

    page = render(replace(samples.telling(), findings=findings), "html")

    assert len(page.encode()) < 300_000
    assert all(f.fingerprint in page for f in findings)


def test_why_and_fix_of_a_rule_are_open_where_it_is_first_met_and_folded_after():
    findings = tuple(samples.finding(n, location=Location(path=f"{n}.pkl")) for n in range(3))

    page = Page(replace(samples.telling(), findings=findings))

    folds = [a for a in page.all("details") if a.get("class") == "more"]
    assert ["open" in fold for fold in folds] == [True, False, False]
    assert page.text.count("<p>Ask the publisher for safetensors weights") == 5


def test_every_gap_is_there_with_its_advice():
    page = " ".join(Page(samples.telling()).words)

    assert "cut short after 900 bytes" in page
    assert "models/weights.7z" in page
    assert "It is not clean." in page


def test_a_clean_report_says_so_and_shows_no_filter():
    page = Page(samples.clean())

    assert "Nothing: all that had to be examined was examined." in page.text
    assert page.all("fieldset") == []


def test_every_severity_can_be_hidden_on_screen_only():
    text = Page(samples.telling()).text

    shown = re.findall(r'id="show-(\w+)" checked', text)
    assert shown == ["critical", "high", "medium", "low", "info", "waived"]
    assert all(f"#show-{name}:not(:checked)" in text for name in shown)
    assert text.index("@media screen") < text.index("#show-critical") < text.index("@media print")


def test_a_template_in_a_name_is_text():
    page = render(samples.hostile("{{ 7 * 7 }}"), "html")

    assert "{{ 7 * 7 }}" in page
    assert ">49<" not in page
