"""The language of relations: read by our own parser, worked out like plain Python would."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.attacks.spaces.relations import DEEPEST, LONGEST, parse
from modelwarden.core import ConfigError

NUMBERS = ("a", "b", "unit price", "max")
TABLE = {
    "a": np.array([1.0, 2.0, -3.0, 0.0, np.nan]),
    "b": np.array([2.0, 2.0, 2.0, 0.0, 1.0]),
    "unit price": np.array([0.5, 4.0, 1.0, 7.0, 1.0]),
    "max": np.array([1, 2, 3, 4, 5]),
    "word": np.array(["tcp", "udp", "tcp", None, "icmp"], object),
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a <= b", [True, True, True, True, True]),
        ("a < b", [True, False, True, False, True]),
        ("a = b", [False, True, False, True, True]),
        ('a * "unit price" >= 8', [False, True, False, False, True]),
        ("`unit price` / b == 0.25", [True, False, False, False, False]),
        ("a / b > -1 and a / b <= 0", [False, False, False, True, True]),
        ("abs(a) > 1 or log(b) == 0", [False, True, True, False, True]),
        ("not (a > 1)", [True, False, True, True, True]),
        ("min(a, b, 1) == 1", [True, True, False, False, True]),
        ("max(a, b) > max", [True, False, False, False, True]),
        ("-3 <= a <= 1", [True, False, True, True, True]),
        ("a - b - 1 < 0 - 3 * 0 - 1", [True, False, True, False, True]),
        ("word == 'tcp'", [True, False, True, True, False]),
        ("word != 'tcp' or a > 0", [True, True, False, True, True]),
        ("1e1 > a and .5 < b", [True, True, True, False, True]),
    ],
)
def test_a_relation_says_what_it_says(text, holds):
    relation = parse(text, NUMBERS, ("word",))

    assert relation.holds(TABLE).tolist() == holds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "lacks a column or a number at its end"),
        ("a + b", "compares nothing"),
        ("a <= c", "'c', which is no column"),
        ("unit <= a", "did you mean 'unit price'"),
        ("a <= b)", "is not understood at '\\)'"),
        ("(a <= b", "lacks '\\)'"),
        ("a <= __import__('os')", "no column"),
        ("a <= b; b", "cannot be read at ';"),
        ("log(a, b) < 1", "takes 1 to 1"),
        ("(a < b) + 1 < 2", "mixes statements and numbers"),
        ("a and b", "mixes statements and numbers"),
        ("word < 'tcp'", "takes 'word' for a number|takes 'tcp'"),
        ("a == 'tcp' + 1", "takes 'tcp' for a number"),
        ("1 < 2", "names no column"),
        ("a < 1e999", "too large"),
        ("(" * 40 + "a" + ")" * 40 + " < 1", f"deeper than {DEEPEST}"),
        ("-" * 60 + "a < 1", f"deeper than {DEEPEST}"),
        ("not " * 60 + "a < 1", f"deeper than {DEEPEST}"),
        ("a < 1 and " * 300 + "a < 1", f"longer than {LONGEST}"),
    ],
)
def test_what_is_no_relation_is_refused_in_one_line(text, why):
    with pytest.raises(ConfigError, match=why) as refused:
        parse(text, NUMBERS, ("word",))

    assert "\n" not in refused.value.message
    assert len(refused.value.message) < 250


@given(st.text(alphabet="ab<>=!+-*/(),.0189 'andortmxilg\"`", max_size=60))
def test_any_text_is_a_relation_or_refused(text):
    try:
        relation = parse(text, NUMBERS, ("word",))
    except ConfigError:
        return
    assert relation.holds(TABLE).shape == (5,)


def _expressions():
    leaves = st.one_of(
        st.sampled_from(["a", "b", "max"]),
        st.integers(0, 9).map(str),
        st.floats(0, 9, allow_nan=False).map(lambda v: f"{v:.3f}"),
    )

    def grown(inner):
        pair = st.tuples(inner, st.sampled_from("+-*"), inner)
        return st.one_of(
            pair.map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            pair.map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
            inner.map(lambda p: f"abs({p})"),
            inner.map(lambda p: f"-({p})"),
            st.tuples(inner, inner).map(lambda p: f"min({p[0]}, {p[1]})"),
        )

    return st.recursive(leaves, grown, max_leaves=6)


@given(_expressions(), st.sampled_from(["<=", "<", ">=", ">"]), _expressions())
def test_it_agrees_with_python_wherever_python_has_the_same_words(left, sign, right):
    text = f"{left} {sign} {right}"
    relation = parse(f"{text} and b == b", NUMBERS)

    found = relation.holds(TABLE)

    for i in range(4):
        values = {name: float(TABLE[name][i]) for name in ("a", "b")}
        python = text.replace("max", repr(float(TABLE["max"][i])))
        expected = eval(python, {"__builtins__": {}, "abs": abs, "min": min}, values)
        assert bool(found[i]) is bool(expected)


def test_a_row_with_a_missing_value_keeps_every_relation_about_it():
    assert parse("a > 100", NUMBERS).holds(TABLE).tolist()[4]
    assert parse("not a > 100", NUMBERS).holds(TABLE).tolist()[4]
    assert not math.isnan(TABLE["b"][4])
