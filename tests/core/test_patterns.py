"""A pattern that is compiled late does what one does that is compiled at once."""

import re

import pytest

from modelwarden.core.patterns import lazily


@pytest.mark.parametrize("method", ["search", "match", "fullmatch", "findall", "split"])
def test_a_late_pattern_finds_what_a_compiled_one_finds(method):
    late, early = lazily(r"a(\d)", re.IGNORECASE), re.compile(r"a(\d)", re.IGNORECASE)

    for text in ("A1", "xa2a3", "b"):
        found, known = getattr(late, method)(text), getattr(early, method)(text)
        if method in {"findall", "split"}:
            assert found == known
        else:
            assert (found and found.span()) == (known and known.span())


def test_replacing_bytes_and_the_text_of_a_pattern_work_too():
    late = lazily(rb"\s+")

    assert (late.sub(b" ", b"a \n b"), late.pattern) == (b"a b", rb"\s+")


def test_a_wrong_pattern_is_told_when_it_is_used():
    late = lazily("(")

    with pytest.raises(re.error):
        late.search("x")
