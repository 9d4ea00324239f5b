import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import DamagedError
from modelwarden.formats.literal import parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc <>|_", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_python_prints_is_read_back(value):
    assert parse(repr(value)) == value


@given(st.text(alphabet="{}[]()'\",: \\1aTrue", max_size=40))
def test_what_is_read_is_what_python_reads(text: str):
    try:
        ours = parse(text)
    except DamagedError:
        return
    try:
        theirs = ast.literal_eval(text.strip())
    except (SyntaxError, ValueError, TypeError):
        return
    assert ours == theirs or "\\" in text


@pytest.mark.parametrize(
    "text", ["", "[", "]", "{'a'}", "{1: 2}", "[1 2]", "(,)", "f()", "[" * 99, "'a", "1,"]
)
def test_what_is_no_literal_is_damaged(text: str):
    with pytest.raises(DamagedError):
        parse(text)


def test_long_integers_of_python_2_are_read():
    assert parse("(3L, 4)") == (3, 4)
