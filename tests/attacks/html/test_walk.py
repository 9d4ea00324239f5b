"""What sheets look for as the last element."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.html.sheets import rules_for_the_last

# The same in one pattern: right, and slow where a sheet holds a long run of letters.
PLAIN = re.compile(r"([\w-]*)((?:[.#][\w-]+)*):(?:last-|nth-last|only-|has\b)", re.IGNORECASE)
pieces = st.sampled_from(
    ["a", "Li", ".", "#", "x-1", ":last- ", ":nth-LAST- ", ":only- ", ":has( ", ":hash ", " ", "{"]
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_rules_for_the_last_are_those_of_one_pattern(css):
    expected = [
        (tag.lower(), frozenset(re.findall(r"[.#][\w-]+", rest.lower())))
        for tag, rest in PLAIN.findall(css)
    ]

    assert rules_for_the_last(css) == expected


@pytest.mark.parametrize(
    ("rule", "element"),
    [
        ("p:first-child:last-child", "<p>"),
        (r".sm\:b:last-child", '<p class="sm:b">'),
        (".Last:last-child", '<p class="last">'),
        ("#End:only-child", '<p id="end">'),
        ("p.x:last-child", '<p class="y x">'),
    ],
)
def test_a_page_whose_sheet_looks_for_its_last_element_gets_none_behind_it(rule, element):
    body, added = f"<body>{element}one", '<p style="display:none!important">more</p>'
    page, other = (
        f"<head><style>{r}{{color:red}}</style></head>{body}" for r in (rule, "b:last-child")
    )

    assert prove(other, other + added) == ()
    assert prove(page, page + added) != ()


def test_a_sheet_of_one_long_word_is_read_in_the_time_of_its_length():
    # In one pattern this takes minutes.
    css = "a" * 2_000_000 + ":last-child"

    assert rules_for_the_last(css) == [("a" * 2_000_000, frozenset())]


HIDDEN = '<div style="display:none!important">more</div>'
DATA = '<script type="application/ld+json">{}</script>'


def page(body, css="", script=""):
    return f"<!doctype html><head><title>t</title><style>{css}</style>{script}</head><body>{body}"


@pytest.mark.parametrize(
    "css", ["p:first-child{color:red}", "p+p{color:red}", "p:nth-child(2){color:red}", ""]
)
@pytest.mark.parametrize("body", [f"{HIDDEN}<p>1<p>2", f"<p>1</p>{HIDDEN}<p>2"])
def test_nothing_is_added_before_what_the_page_has(css, body):
    assert prove(page("<p>1<p>2", css), page(body, css)) != ()
    assert prove(page("<p>1<p>2", css), page(f"<p>1<p>2{HIDDEN}", css)) == ()


@pytest.mark.parametrize(
    ("css", "shows"),
    [
        ("body>:not(.a){display:block}", True),
        ("[type]{display:block}", True),
        ('[type^="app"]{display:block}', True),
        ("[name*='x'],[content]{display:grid}", True),
        ("b, *{display:block}", True),
        ("body script{all:revert}", True),
        ("@media print{p{color:red}}body>*:nth-child(2){display:flex}", True),
        ("p{color:red}/* { */:is(i, b){display/**/:block}", True),
        ("p{display:none}.a{display:block!important}", True),
        (".card-title, a.link, #head .style{display:block}", False),
        ("[type=submit], [type='text'], [hidden], [role=x] p{display:block}", False),
        ("script, *{display:none}", False),
        (".x{display:none!important}", False),
        ("noscript img{display:block}", False),
    ],
)
def test_what_is_never_shown_stays_so(css, shows):
    before = page("<p>1</p>", css)

    for added in (DATA, "<noscript>a</noscript>", "<template>a</template>"):
        assert (prove(before, before + added) != ()) is shows
    for added in ('<meta name="author" content="a">', '<base target="_self">'):
        assert (prove(before, before.replace("</head>", added + "</head>")) != ()) is shows


@pytest.mark.parametrize(
    ("script", "finds"),
    [
        ("document.querySelectorAll('div').forEach(d=>d.style.display='block')", True),
        ("var d=document.getElementsByTagName('div');d[d.length-1].innerHTML='hello'", True),
        ("var t='div';document.getElementsByTagName(t)", True),
        ('$("p, div").show()', True),
        ("document.querySelectorAll('div:not(.box, #a)')", True),
        ("document.querySelectorAll('body > :nth-child(3)')", True),
        ("for (const a of document.links) a.title = 'x'", True),
        ("document.title += window.length", True),
        ("document.title += document.styleSheets.length", True),
        ("for (const e of document.all) e.title = 'x'", True),
        ("if (document.all) { go() }", False),
        ("document.evaluate('count(//div)', document, null, 1, null)", True),
        ("document.getElementsByTagName('div')[0].id='x'", False),
        ("document.querySelectorAll('div.mine, #a, form').forEach(f)", False),
        ('$("<div>").appendTo("#a");if (document.images) { go() }', False),
        ("[1,2].find(x => x)", False),
    ],
)
def test_what_a_script_looks_for_is_not_added(script, finds):
    script = f"<script>{script}</script>"
    changed = page(f"<p>1</p>{HIDDEN}", script=script)

    assert (prove(page("<p>1</p>", script=script), changed) != ()) is finds


@pytest.mark.parametrize(
    ("script", "counts"),
    [
        ("document.title += Object.keys(document.body.dataset).length", True),
        ("document.title += document.querySelector('#a').getAttributeNames()", True),
        ("const all = $('#a').data()", True),
        ("document.title += document.querySelector('#a').dataset.name", False),
        ("document.title += document.querySelector('#a').dataset['name']", False),
    ],
)
def test_no_data_attribute_is_added_where_a_script_counts_them(script, counts):
    script = f"<script>{script}</script>"
    changed = page('<p id="a" data-x1="b">1</p>', script=script)

    assert (prove(page('<p id="a">1</p>', script=script), changed) != ()) is counts


@pytest.mark.parametrize(
    ("css", "name", "renamed", "other", "same"),
    [
        (".foo{color:red}", "foo", ".a{color:red}", "a", True),
        (".foo{color:red}.bar{}", "foo bar", ".a{color:red}.b{}", "a b", True),
        ("@media print{.foo{color:red}}", "foo", "@media print{.a{color:red}}", "a", True),
        ("* *{display:grid}.foo{}", "foo", "* *{display:grid}.a{}", "a", False),
        (".Foo{color:red}", "foo", ".a{color:red}", "b", False),
        (".foo{background:url(a.png)}", "foo", ".a{background:url(a.b)}", "a", False),
        (r".sm\:b{color:red}", "sm:b", r".x\:b{color:red}", "a", False),
        (".foo{}p[ CLASS~=foo]{color:red}", "foo", ".a{}p[ CLASS~=foo]{color:red}", "a", False),
    ],
)
def test_classes_are_renamed_one_for_one_or_not_at_all(css, name, renamed, other, same):
    before = f'<style>{css}</style><p class="{name}">1</p>'
    after = f'<style>{renamed}</style><p class="{other}">1</p>'

    assert (prove(before, after) == ()) is same


@pytest.mark.parametrize(
    ("character", "same"), [(c, c in "\u200d\u2060") for c in "\u200b\u200c\u200d\u2060"]
)
def test_no_character_parts_letters_that_a_font_joins_or_lets_a_line_end(character, same):
    before = "<meta charset=utf-8><p>office"

    assert (prove(before, f"<meta charset=utf-8><p>of&#{ord(character)};fice") == ()) is same
