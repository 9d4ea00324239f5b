from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.report.escape import json_text, shown, value_text

from . import samples


@given(st.text(), st.integers(0, 50))
def test_any_text_becomes_one_harmless_bounded_line(text, limit):
    line = shown(text, limit)

    assert not set(line) & (samples.FORBIDDEN | {"\n"})
    assert len(line) <= 10 * limit + 30
    line.encode()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202ex\u200b", "\\u202ex\\u200b"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("naïve – 模型 🙂", "naïve – 模型 🙂"),
    ],
)
def test_what_is_unsafe_is_spelled_out_and_all_else_stays(text, line):
    assert shown(text) == line


def test_what_was_cut_is_counted():
    assert shown("x" * 12, 10) == "x" * 10 + "… (2 more characters)"
    assert shown("x" * 11, 10) == "x" * 10 + "… (1 more character)"


def test_a_value_that_is_no_text_is_shown_as_json():
    assert value_text({"a": [1, None, "é"]}) == '{"a": [1, null, "é"]}'
    assert value_text(True) == "true"
    assert (
        value_text({"p": 0.12559714236607902, "n": [3.0, 1e-300]})
        == '{"p": 0.125597, "n": [3.0, 1e-300]}'
    )


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner)))
def test_json_text_decodes_to_what_it_was_made_from(value):
    text = json_text(value)

    assert json.loads(text) == value
    assert not set(text) & samples.FORBIDDEN
