"""Every edit does something, is proven where it does, and is not where it does something else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attacks.html.samples import FRAMES, HOLDS, PAGE, QUIET, URL

from modelwarden.attacks.html.dom import TooLargeError, check
from modelwarden.attacks.html.edits.catalog import EDITS, edited
from modelwarden.attacks.html.proof import ALL, prove
from modelwarden.core import UnknownNameError
from modelwarden.redteam.phishing.pages import made

NAMES = [edit.name for edit in EDITS]
BY_NAME = {edit.name: edit for edit in EDITS}
# What an edit that is wrong might also have done to a page.
WRONGS = {
    "another target": ('action="', 'action="https://evil.example/'),
    "another word": ("<p>Please", "<p>Kindly"),
    "a lost field": ('<input type="password" name="pass">', ""),
    "another title": ("<title>Sign", "<title>Log"),
    "a lost script": (
        "<script>function ok(f){return f.elements[0].value.length > 0;}</script>",
        "",
    ),
    "a field elsewhere": ("</form>", '</form><input name="more">'),
    "a new form": ("</body>", '<form action="/x"></form></body>'),
    "another frame": ('<frame src="menu', '<frame src="other'),
    "an image": ("<h1>", '<img src="/x.png"><h1>'),
}


def base_of(name: str) -> str:
    """Return a page that the edit can change."""
    for page in (PAGE, QUIET, FRAMES, HOLDS):
        html, done = edited(page, URL, [name], 1)
        if done and not prove(page, html, BY_NAME[name].allows):
            return page
    raise AssertionError(f"{name} changes no sample, or is not proven")


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_changes_the_source_and_is_proven(name):
    base = base_of(name)

    html, done = edited(base, URL, [name], 1)

    assert done == (name,)
    assert html != base
    assert prove(base, html, BY_NAME[name].allows) == ()


PAIRS = [(name, wrong) for name in NAMES for wrong in WRONGS if WRONGS[wrong][0] in base_of(name)]


@pytest.mark.parametrize(("name", "wrong"), PAIRS)
def test_an_edit_that_also_does_something_else_is_not_proven(name, wrong):
    base = base_of(name)
    changed = base.replace(*WRONGS[wrong])

    html, _ = edited(changed, URL, [name], 1)

    assert prove(base, html, BY_NAME[name].allows)
    assert prove(base, html, ALL)


def test_what_reads_only_the_beginning_of_a_source_can_be_shown_another_page():
    sheet = "<style>" + ".a{color:red}" * 9_000 + "</style>"
    page = PAGE.replace("<style>", f"{sheet}<style>", 1)
    beginning = slice(0, 100_000)

    html, names = edited(page, URL, ["swallowed-head"], 1)

    assert names == ("swallowed-head",)
    assert "<form" not in page[beginning]
    assert html[beginning].count("<p>") > page[beginning].count("<p>") + 9
    assert prove(page, html) == ()


@pytest.mark.parametrize("name", ["swallowed-volume", "swallowed-index", "swallowed-ahead"])
def test_a_page_that_holds_its_pictures_is_outweighed(name):
    held = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUg" * 2_000
    page = PAGE.replace("<h1>", f'<img src="{held}" alt=""><h1>', 1)

    html, names = edited(page, URL, [name], 1)

    assert names == (name,)
    assert html.count(held) == 1
    assert len(held) < 0.25 * len(html) < 2 * len(held)
    assert prove(page, html) == ()


def test_what_was_added_is_not_outweighed_once_more():
    html, names = edited(HOLDS, URL, ["swallowed-ahead", "swallowed-volume"], 1)

    assert len(names) == 2
    assert 5 * len(HOLDS) < len(html) < 10 * len(HOLDS)


@pytest.mark.parametrize("name", ["swallowed-volume", "swallowed-index", "swallowed-ahead"])
def test_a_page_is_not_made_larger_for_nothing_nor_beyond_bounds(name):
    large = HOLDS.replace("<h1>", f"<!--{'x' * 1_200_000}--><h1>", 1)

    assert edited(PAGE, URL, [name], 1) == (PAGE, ())
    assert edited(large, URL, [name], 1) == (large, ())


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n.startswith(("late", "written", "action", "swallowed"))]
)
def test_a_script_that_writes_or_sets_something_else_is_not_proven(name):
    base = base_of(name)
    html, _ = edited(base, URL, [name], 1)

    # The inside of a string that our script turns round; another letter in it is another page.
    literal = re.search(r'"((?:[^"\\]|\\x..|\\u....)*)"\.split', html)
    assert literal is not None
    letter = re.search(r"(?<![\\x])[a-z](?![0-9a-f]?\\)", literal[1])
    at = literal.start(1) + (letter.start() if letter else 0)
    spoilt = html[:at] + ("q" if html[at] != "q" else "z") + html[at + 1 :]

    assert prove(base, spoilt, BY_NAME[name].allows)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("hidden-links", "display:none!important", "display:block"),
        ("many-links", "display:none!important", "display:none"),
        ("other-links", "<a href=", "<a onclick=x() href="),
        ("hidden-words", "display:none!important", "opacity:0"),
        ("many-words", "<h2>", '<h2 id="top">'),
        ("hidden-site", "<nav>", "<nav><script>1</script>"),
        ("hidden-copyright", "</small>", '<input name="a"></small>'),
        ("hidden-pictures", "data:image/gif;base64", "https://other.example/a"),
        ("classed-words", "display:none!important", "display:none"),
        ("template", "<template>", "<section>"),
        ("template", "<template>", "<template shadowrootmode=open>"),
        ("noscript", "noscript>", "section>"),
        ("comments", "-->", "--><b>"),
        ("descriptions", 'name="keywords"', 'name="viewport"'),
        ("descriptions", 'name="robots"', 'http-equiv="refresh"'),
        ("head-links", 'rel="next"', 'rel="stylesheet"'),
        ("own-icon", "/favicon.ico", "https://other.example/i.ico"),
        ("structured-data", "application/ld+json", "text/javascript"),
        ("base-target", "_self", "_blank"),
        ("empty-frames", 'srcdoc=""', 'src="https://other.example/"'),
        ("swallowed-page", "previousSibling", "nextSibling"),
        ("swallowed-page", "--><script>", "--> <script>"),
        ("swallowed-page", "<header>", '<header><img src="https://other.example/a">'),
        ("swallowed-page", "<header>", "<header>--><b>seen</b><!--"),
        ("swallowed-volume", "<main>", '<main><img src="https://other.example/a">'),
        ("swallowed-volume", "</main>\n-->", "</main>\n--><b>seen</b>"),
        ("swallowed-index", '<ul class="list">', '<ul class="list"><script src=/x.js></script>'),
        ("swallowed-index", "<time datetime", "--><time datetime"),
        ("swallowed-ahead", "<header>", "<header><style>p{color:red}</style>"),
        ("swallowed-article", "<h1>", "<link rel=preload href=/x><h1>"),
        ("swallowed-first", "--!\\x3c", "-!\\x3c"),
        ("written-frameset", "<header>", "<script src=/x.js></script>"),
        ("text-references", "&#78;", "&#77;"),
        ("url-references", "&#104;", "&#103;"),
        ("zero-width", "&#8205;", "&#65;"),
        ("white-space", "<p>", "<p>&nbsp;"),
        ("wrapped-letters", "all:unset", "font-size:0"),
        ("data-attributes", " data-", " on-"),
        ("repeated-attributes", "<form action=", '<form action="/search" action='),
        ("percent-body", "%68%31", "%68%32"),
        ("data-scripts", "%3E%200", "%3C%200"),
        ("renamed-classes", ".btn", ".card"),
    ],
)
def test_an_edit_done_wrong_is_not_proven(name, right, wrong):
    base = base_of(name)
    html, _ = edited(base, URL, [name], 1)

    spoilt = html.replace(right, wrong) if name != "renamed-classes" else _swapped(html)

    assert spoilt != html
    assert prove(base, spoilt, BY_NAME[name].allows)


def _swapped(html: str) -> str:
    """Rename the first class of the sheet alone."""
    return re.sub(r"(<style>\.)[\w-]+", r"\1other", html)


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (PAGE.replace("<style>", "<style>div{display:block!important}"), "classed-words"),
        (PAGE.replace("<style>", "<style>body>script:last-child{color:red}"), "hidden-words"),
        (PAGE.replace("<script>", "<script>document.write=1;"), "written-forms"),
        (
            PAGE.replace(
                "<title>", '<meta http-equiv="Content-Security-Policy" content="x"><title>'
            ),
            "late-title",
        ),
        (PAGE.replace("<script>", "<script>f.action='/x';"), "action-at-load"),
        (PAGE.replace("<script>", "<script>e.firstChild.x;"), "comment-split"),
        (PAGE.replace("<style>", "<style>p{white-space:pre}"), "white-space"),
        (PAGE.replace("<style>", "<style>p{display:flex}"), "wrapped-letters"),
        (QUIET.replace("</form>", "</form><link rel=stylesheet href=a.css>"), "renamed-classes"),
        (PAGE.replace("<style>", "<style>body>*:last-child{color:red}"), "hidden-words"),
        (PAGE.replace("<style>", "<style>p{word-break:break-all}"), "zero-width"),
        (PAGE.replace("<style>", "<style>h1{letter-spacing:2px}"), "zero-width"),
        (PAGE.replace("<style>", "<style>body:has(div){color:red}"), "hidden-words"),
        (PAGE.replace("<style>", "<style>html:has(meta[name]){color:red}"), "descriptions"),
        (PAGE.replace("<style>", "<style>script{display:block}"), "data-scripts"),
        (PAGE.replace("<style>", "<style>script{display:block}"), "structured-data"),
        (PAGE.replace("<style>", "<style>noscript{display:block}"), "noscript"),
        (PAGE.replace("<script>", "<script>onload=e=>alert(document.links.length);"), "many-links"),
        (
            PAGE.replace("<script>", "<script>n=document.querySelectorAll('meta').length;"),
            "descriptions",
        ),
        (PAGE.replace("<script>", "<script>h=document.body.textContent;"), "zero-width"),
        (PAGE.replace("<script>", "<script>h=document.body.textContent;"), "data-scripts"),
        (PAGE.replace("<style>", "<script>new MutationObserver(f)</script><style>"), "late-links"),
        (
            PAGE.replace("</body>", "<script>new MutationObserver(f)</script></body>"),
            "swallowed-page",
        ),
        (
            PAGE.replace("</body>", "<script>new MutationObserver(f)</script></body>"),
            "action-at-load",
        ),
        (PAGE.replace("<h1>", "<h1 onclick='new MutationObserver(f)'>"), "late-links"),
        (QUIET.replace("<title>", "<base href='https://b.example/'><title>"), "own-icon"),
        (PAGE.replace("<script>", "<script>Element.prototype.setAttribute=f;"), "late-action"),
        (PAGE.replace("<script>", "<script>document['write']=f;"), "written-forms"),
        (PAGE.replace("<img ", '<img name="write" '), "written-forms"),
        (PAGE.replace('name="token"', 'name="setAttribute"'), "late-action"),
    ],
)
def test_a_page_that_an_edit_would_break_is_told(page, name):
    base = PAGE if page.startswith(PAGE[:200]) else QUIET
    assert page not in (PAGE, QUIET)
    html, done = edited(page, URL, [name], 1)

    assert base
    assert not done or prove(page, html, BY_NAME[name].allows)


# Pages that take no addition, and what does all the same.
_COUNTING = "<script>onload=()=>alert(document.querySelectorAll('*').length)</script>"
_WATCHING = "<script>new MutationObserver(f).observe(document,{subtree:true})</script>"
_UNENDED = '<script>var s="<!--<script>";</script --><p>never read</p>'


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (PAGE.replace("</form>", f"</form>{_COUNTING}"), "swallowed-page"),
        (PAGE.replace("<style>", "<style>body>*:last-child{color:red}"), "swallowed-article"),
        (PAGE.replace("<style>", "<style>body:has(p){color:red}"), "swallowed-first"),
        (PAGE.replace("</body></html>", _UNENDED), "swallowed-first"),
        (PAGE.replace("</body></html>", _UNENDED), "zero-width"),
        (
            "<title>Sign in</title><h1>Bank</h1><form action=/x><input name=a></form>",
            "written-body",
        ),
        (
            "<title>Sign in</title><h1>Bank</h1><form action=/x><input name=a></form>",
            "descriptions",
        ),
        (FRAMES, "written-frameset"),
        (PAGE.replace("</body>", f"{_WATCHING}</body>"), "late-action"),
        (PAGE.replace("</body>", f"{_WATCHING}</body>"), "swallowed-first"),
    ],
)
def test_pages_that_hardly_anything_can_be_added_to_still_take(page, name):
    html, done = edited(page, URL, [name], 1)

    assert done == (name,)
    assert prove(page, html, BY_NAME[name].allows) == ()


def test_edits_made_together_are_proven_together():
    late = [n for n in NAMES if n.startswith(("late", "hidden", "desc", "written-f", "zero"))]

    html, done = edited(PAGE, URL, late, 3)

    assert len(done) > 10
    assert prove(PAGE, html) == ()


def test_generated_pages_take_every_edit():
    pages = made(11, 12, phishing=True)
    taken = set()
    for number, page in enumerate(pages):
        for name in NAMES:
            html, done = edited(page.html, page.url, [name], number)
            if done and not prove(page.html, html, BY_NAME[name].allows):
                taken.add(name)

    # These outweigh the pictures that a page holds, and the generated ones hold none; see above.
    outweighing = {"swallowed-volume", "swallowed-index", "swallowed-ahead"}
    assert set(NAMES) - taken <= {"renamed-classes", "written-frameset"} | outweighing


def test_an_unknown_edit_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError):
        edited(PAGE, URL, ["hiden-links"], 0)


_TAGS = (
    "<p> </p> <a_href=#> </a> <b> <table> <tr> <td> <form_action=x> </form> <input_name=i> "
    "<select> <option> <script>x</script> <style> </style> <!-- --> <title> & &amp; é \x00 <svg> "
    "<template> </div> <body> word < >"
)
_ANY = st.lists(st.sampled_from(_TAGS.replace("_", "\t").split(" ")), max_size=25)


@settings(max_examples=60, deadline=None)
@given(_ANY, st.sampled_from(NAMES))
def test_any_page_survives_any_edit(pieces, name):
    page = " ".join(pieces)

    html, done = edited(page, URL, [name], 0)

    assert bool(done) == (html != page)
    told = prove(page, html, BY_NAME[name].allows)
    assert isinstance(told, tuple)
    assert prove(page, page) == ()


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_survive(data):
    page = data.decode("utf-8", "replace")
    try:
        check(page)
    except TooLargeError:
        return

    for name in ("written-body", "late-title", "hidden-links", "text-references"):
        html, _ = edited(page, URL, [name], 0)
        prove(page, html)
