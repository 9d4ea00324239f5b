from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser

import pytest

from modelwarden.report.portfolio import collect, render_page
from report import samples

TODAY = dt.date(2027, 1, 10)


class Elements(HTMLParser):
    """What a page is made of; fails where an element is not closed in order."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str | None] = []
        self.open: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in {"meta", "br", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page(*reports: object) -> str:
    return render_page(collect(reports, TODAY), version="0.1.0")


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_is_shown_and_never_obeyed(text):
    document = page(samples.hostile(text), samples.assessed())

    assert not {c for c in document if c in samples.FORBIDDEN}
    elements = Elements(document)
    assert not elements.tags & {"script", "img", "iframe", "link", "object", "form", "base"}
    assert not {a for a in elements.attributes if a.startswith("on") or a in {"src", "style"}}


def test_every_element_is_closed_in_order_and_every_id_is_its_own():
    elements = Elements(page(samples.assessed(), samples.telling(), samples.clean()))

    assert elements.open == []
    assert len(elements.ids) == len(set(elements.ids))


def test_a_page_without_models_says_so():
    document = page()

    assert "0 models" in document
    assert "None." in document


def test_the_same_reports_make_the_same_page():
    reports = (samples.assessed(), samples.telling())

    assert page(*reports) == page(*reversed(reports))
