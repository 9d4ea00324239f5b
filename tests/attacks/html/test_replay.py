"""What our scripts do is worked out as a browser would do it, or refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attacks.html.test_dom import shape

from modelwarden.attacks.html import coding
from modelwarden.attacks.html.dom import parse
from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.html.replay import ReplayError, _fetches, encoding_of, loaded


@given(st.text(max_size=40))
def test_a_text_written_backwards_reads_forwards(text):
    assert coding.forwards(coding.backwards(text)) == text


@pytest.mark.parametrize("how", [coding.write, coding.write_percent])
def test_what_a_script_writes_stands_where_it_stood(how):
    page = "<p>one <b>two</b> three<ul><li>four</ul>"

    for start in range(len(page)):
        for end in (start + 1, start + 6):
            cut = page[:start] + how(page[start:end]) + page[end:]
            if page[start - 1 : start] not in ("", ">") or page[end - 1 : end] != ">":
                continue
            assert shape(loaded(cut).document) == shape(parse(page))


@pytest.mark.parametrize(
    "around",
    [
        "<!--{}-->",
        "<title>{}</title>",
        "<template>{}</template>",
        "<textarea>{}</textarea>",
        "<noscript>{}</noscript>",
    ],
)
def test_a_script_where_none_is_run_is_no_script(around):
    page = "<body>" + around.format(coding.write("<b>x</b>"))

    with pytest.raises(ReplayError):
        loaded(page)
    assert prove("<body><b>x</b>", page)


def test_a_script_in_a_form_in_a_table_sets_the_table_and_is_refused():
    before = '<table><form action="/bad"><tr><td><input></table>'
    after = before.replace('action="/bad">', 'action="/x">' + coding.set_parent("action", "/bad"))

    assert prove(before, after)


def test_what_is_fetched_before_it_is_set_may_not_be_set():
    before = '<img src="/a.png">'
    after = '<img src="/b.png">' + coding.set_previous("src", "/a.png")

    assert prove(before, after)


def test_scripts_that_write_themselves_end():
    inner = "<p>x"
    for _ in range(12):
        inner = coding.write(inner)

    with pytest.raises(ReplayError):
        loaded(inner)


def test_a_declaration_beyond_the_first_1024_bytes_does_not_count():
    page = '<head><meta charset="utf-8"></head>é'

    assert encoding_of(page) == "utf-8"
    assert encoding_of(" " * 1100 + page) is None
    assert prove(page, "<!--" + "x" * 1100 + "-->" + page)


# The same in one pattern, over a source in lower case.
FETCHED = re.compile(
    r"\b(?:src|srcset|poster|data|background)\s*=|<(?:link|script|style|meta|base|object|svg)\b|url\("
)
PIECES = ["src", "srcset", "data", "x", "-", " ", "=", "\n=", "<link", "<svg", "s", "url", "(", "é"]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_what_would_be_fetched_is_what_one_pattern_finds(source):
    assert _fetches(source) == (FETCHED.search(source) is not None)
