"""Patterns that take exponential time."""

from __future__ import annotations

import re
import time

import pytest

from modelwarden.formats.patterns import is_slow

_USED = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}]*[\p{Ll}\p{Lm}]+(?i:'s|'t)?|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"\d{1,3}(?=(?:\d{3})*\b)",
    r"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"[a-z]+(?:-[a-z]+)*",
    r"(?:[^\s]+ )*x",
    r"(?>a+)+$",
    r"(a++)+$",
    " {2,}",
)


@pytest.mark.parametrize("pattern", _USED)
def test_patterns_of_real_tokenizers_pass(pattern):
    assert not is_slow(pattern)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a*)*b", r"(\w+\s?)*$", "((a+))+$", "(x|x)*y", "(.*a){20}b", "(a{2,})+$"]
)
def test_slow_patterns_are_told(pattern):
    assert is_slow(pattern)


def test_the_engine_of_python_agrees_about_one_of_them():
    begun = time.process_time()
    assert re.match("(a+)+$", "a" * 22 + "b") is None
    slow = time.process_time() - begun
    begun = time.process_time()
    assert re.match("(?:a+-)*$", "a" * 22 + "b") is None

    assert slow > 20 * (time.process_time() - begun)
