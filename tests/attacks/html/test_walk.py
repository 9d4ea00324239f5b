"""What sheets look for as the last element."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.html.walk import _rules_for_the_last

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

    assert _rules_for_the_last(css) == expected


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

    assert _rules_for_the_last(css) == [("a" * 2_000_000, frozenset())]
