"""Every page leads where it says: to a page, a heading or a file that is there."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@functools.cache
def headings(page: Path) -> set[str]:
    """Return the anchors of a page, made as GitHub makes them of headings that differ."""
    text = FENCED.sub("", page.read_text("utf-8"))
    plain = (
        re.sub(r"[^\w\- ]", "", title.lower()) for title in re.findall(r"^#+ (.+)$", text, re.M)
    )
    return {title.strip().replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    astray = []
    for link in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        where, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = (page.parent / where).resolve() if where else page
        if not target.exists() or (anchor and anchor not in headings(target)):
            astray.append(link)

    assert astray == []
