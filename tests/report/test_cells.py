"""Cells that draw: only small PNG pictures and known marks, whatever a report says."""

from __future__ import annotations

import pytest

from modelwarden.report.cells import drawn

PNG = "data:image/png;base64,iVBORw0KGgoAAAA="


def test_a_png_is_drawn_with_its_words():
    it = drawn({"picture": PNG, "alt": "row 1"})

    assert (it.source, it.alt) == (PNG, "row 1")


@pytest.mark.parametrize(
    "source",
    [
        "https://example.test/a.png",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html;base64,iVBORw0KGgo=",
        "javascript:alert(1)",
        PNG + '" onerror="x',
        "data:image/png;base64,iVBORw0KGgo" + "A" * 300_000,
    ],
)
def test_nothing_else_is(source):
    assert drawn({"picture": source, "alt": "x"}) is None


def test_marks_of_known_kinds_are_pieces():
    it = drawn({"marks": [["same", "a "], ["out", "b"], ["in", "c\u202e"]]})

    assert it.marks == (("same", "a "), ("out", "b"), ("in", "c\\u202e"))


@pytest.mark.parametrize(
    "cell", [{"marks": [["bold", "a"]]}, {"marks": [["in", 3]]}, {"marks": "in"}, {}, "a", 3, None]
)
def test_other_values_stay_values(cell):
    it = drawn(cell)

    assert it is None
