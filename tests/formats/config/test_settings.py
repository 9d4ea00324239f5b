"""TOML and INI as pairs: where each stands, and what text that is made to be slow costs."""

from __future__ import annotations

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.config.settings import ini_scalars, read, toml_scalars

TOML = """# about
[a.b]
x = "one"
y = [1, {z = "two"}]
t = '''
three'''
[[c]]
x = true
d = 2024-01-02
"k k" = "fo\\u0075r"
x2 = "one"
"""


def test_toml_has_paths_values_and_lines():
    found = [(s.path, s.value, s.line) for s in toml_scalars(TOML) or () if s.text]

    assert found == [
        ("a.b.x", "one", 3),
        ("a.b.y[1].z", "two", 4),
        ("a.b.t", "three", 6),
        ("c[0].k k", "four", 10),
        ("c[0].x2", "one", 11),
    ]


def test_ini_has_sections_continued_values_and_pairs_within():
    text = "top = 1\n[a]\nk: one\n  two\n# no\n; no\nq = 'x = y'\nm = {n = \"v\", @o: 'w'}\n"

    found = [(s.path, s.value, s.line) for s in ini_scalars(text)]

    assert found == [
        ("top", "1", 1),
        ("a.k", "one\ntwo", 3),
        ("a.q", "x = y", 7),
        ("a.m", "{n = \"v\", @o: 'w'}", 8),
        ("a.m.n", "v", 8),
        ("a.m.@o", "w", 8),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f'k{n} = "\\u0041{n}"\n' for n in range(15_000)),
        "[a]\nk = 1\n" + " x\n" * 250_000,
        "k" * 900_000,
        "=" * 900_000,
        "a = " + "[" * 5000 + "]" * 5000,
        "a." * 2000 + "b = 1",
    ],
    ids=["escapes", "continued", "a key", "marks", "brackets", "a path"],
)
def test_text_that_is_made_to_be_slow_is_not(text: str):
    begun = time.process_time()

    read(Source("a.toml", text.encode()), Limits())

    assert time.process_time() - begun < 3


def test_what_stands_before_a_limit_is_kept():
    text = '_target_ = "os.system"\n[z]\n' + "a." * 500 + "b = 1\n"

    view = read(Source("a.toml", text.encode()), Limits())

    assert [s.value for s in view.scalars] == ["os.system"]
    assert [one.kind for one in view.gaps] == [GapKind.OVER_LIMIT]


@given(st.text("[]{}=:\"'#ab.\\n \\\\u1,@", max_size=80))
def test_any_text_is_survived(text: str):
    read(Source("a.toml", text.encode()), Limits())

    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    assert toml_scalars(text) is not None or not tree
