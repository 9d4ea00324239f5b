"""What a browser would run of a page, a drawing or a card."""

from __future__ import annotations

import time

import pytest

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source, markup, pages


def active(text: str, name: str = "README.md") -> list[tuple[str, int]]:
    with Source(name, text.encode()) as source:
        view = pages.read(source, Limits())
    return [(one.what, one.line) for one in view.active]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# m\n\n<script>go()</script>\n", [("script", 3)]),
        ("# m\n<img src=x onerror='go()'>\n", [("handler", 2)]),
        ("<img alt='<' onerror='go()'>\n", [("handler", 1)]),
        ("<img alt='a' b' onerror='go()'>\n", [("handler", 1)]),
        ("[a](JavaScript:go())\n", [("link", 1)]),
        ("<a href='java\tscript:go()'>a</a>\n", [("link", 1)]),
        ("<iframe src='https://x.invalid/video'></iframe>\n", []),
        ("<iframe srcdoc='<b>'></iframe>\n", [("frame", 1), ("frame", 1)]),
        ("```\n<script>go()</script>\n```\n\n`<script>`\n", []),
        ("``a ` <script>go()</script> ` b``\n\n    <script>1</script>\n", []),
        ("``a ` <script>go()</script> ` b``\n    <script>1</script>\n", [("script", 2)]),
        ("a ` b\n\n<script>go()</script>\n\nc ` d\n", [("script", 3)]),
        ("```` `x` ``\n<script>go()</script>\n", []),
        ("a ``` b\n<script>go()</script> ``\n", [("script", 2)]),
        ("a\n<script src='x'", []),
        ("A <b>model</b>, on = 1\n[a](https://x.invalid)\n", []),
    ],
)
def test_what_is_active_in_a_text_is_found_where_it_stands(text, found):
    assert active(text) == found


def test_a_script_that_never_ends_is_taken_to_the_end():
    assert active("<svg><script>go()", "a.svg") == [("script", 1)]


def test_the_kind_follows_from_the_text():
    kinds = {
        "<svg xmlns='x'><rect/></svg>": "drawing",
        "<!-- a -->\n<!DOCTYPE html><svg/>": "page",
        "# m\n<svg/>": "text",
    }

    for text, kind in kinds.items():
        with Source("a", text.encode()) as source:
            assert pages.read(source, Limits()).kind == kind


def test_what_stands_behind_the_limit_is_a_gap(monkeypatch):
    monkeypatch.setattr(pages, "LONGEST", 20)
    monkeypatch.setattr(markup, "LONGEST", 20)
    with Source("a.svg", b"<svg>" + b" " * 100 + b"<script>go()</script></svg>") as source:
        (child,) = markup.page_in(source)
        view = pages.read(child.open(), Limits())

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]


def test_a_text_without_script_is_not_read_again():
    with Source("README.md", b"# m\n[a](b.md)\n<b>on</b>\n") as source:
        assert markup.page_in(source) == ()


@pytest.mark.parametrize(
    "text",
    [
        "<!-- -->" * 5000 + "x<script>",
        "[a](" + " " * 200_000 + ")<script>",
        "a " + " ".join("`" * n for n in range(1, 1000)) + "<script>",
        "<script " * 50_000,
        "a `b " * 50_000 + "<script>",
    ],
    ids=("comments", "link", "backticks", "tags", "spans"),
)
def test_no_text_takes_more_time_than_its_length(text):
    began = time.process_time()
    with Source("README.md", text.encode()) as source:
        pages.read(source, Limits())

    assert time.process_time() - began < 2
