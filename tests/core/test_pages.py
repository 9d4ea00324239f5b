from __future__ import annotations

import pytest

from modelwarden.core.pages import Page, page_of


def test_a_page_is_taken_apart_at_its_headings_and_lines_are_joined():
    page = page_of(
        "Flag it,\nalways.\n\nWhy: it is\nbad.\n\nVery.\n\nFix: do not.\n\nBlind spot: x y."
    )

    assert page == Page("Flag it, always.", "It is bad.\n\nVery.", "Do not.", "X y.")


def test_a_part_that_opens_with_code_keeps_its_letter():
    assert page_of("a\n\nWhy: `os.system` runs.\n\nFix: pickle.load is not safe.") == Page(
        "a", "`os.system` runs.", "pickle.load is not safe."
    )


@pytest.mark.parametrize("text", ["", "just words", "Whyever: not a heading", "a Why: b"])
def test_a_text_without_headings_is_all_what(text):
    assert page_of(text) == Page(text)
