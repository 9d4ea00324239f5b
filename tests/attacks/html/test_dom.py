from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.attacks.html.dom import Node, TooLargeError, nesting, parse


def shape(node: Node) -> object:
    if node.tag.startswith("#") and node.tag != "#document":
        return (node.tag, node.text)
    return (node.tag, *[shape(child) for child in node.children])


def test_a_page_is_built_as_a_browser_with_scripts_builds_it():
    document = parse("<p>a<template><b>t</b></template><noscript><a>x</a></noscript>")

    body = document.elements("body")[0]
    paragraph = body.children[0]
    assert shape(paragraph) == (
        "p",
        ("#text", "a"),
        ("template", ("b", ("#text", "t"))),
        ("noframes", ("#text", "<a>x</a>")),
    )
    assert not document.elements("b")


def test_a_form_in_a_table_stands_where_the_standard_puts_it():
    document = parse("<table><form action=x><tr><td><input name=i></table>")

    (form,) = document.elements("form")
    assert form.parent is not None
    assert form.parent.tag == "table"
    assert not form.children


@pytest.mark.parametrize("html", ["<div>" * 2000, "<b>" * 200_000, "x" * 5_000_000])
def test_a_page_beyond_the_bounds_is_refused_before_it_is_parsed(html):
    with pytest.raises(TooLargeError):
        parse(html)


def test_lists_that_close_themselves_do_not_nest():
    assert nesting("<ul>" + "<li>x" * 3000 + "</ul>") == 1


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>/ab\"'= !-pdivtemplate\x00\ud800é"), max_size=200))
def test_any_characters_survive(html):
    document = parse(html)

    assert document.tag == "#document"
    assert all(child.parent is node for node in document.walk() for child in node.children)
