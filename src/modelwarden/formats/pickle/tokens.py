"""Strings of a pickle that have the form of a key, a token or a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from modelwarden.formats.tokens import may_have_form, tokens_in

_MOST: Final = 100
_KEYED: Final = re.compile(
    rb"(?s)(?:\x8c.|X.\0\0\0)([\w.-]{0,40}(?:api_?key|secret(?:_?key)?|passw(?:or)?d|passphrase"
    rb"|(?:auth|access|bearer|refresh|api|hf|hub)_?token|client_secret|private_key"
    rb"|access_key(?:_id)?))(?:\x94|q.|r....)?(?:\x8c(.)|X(.)(.)\0\0)",
    re.IGNORECASE,
)
# What the keys are told by, and how a string begins; a key is at most so far behind that.
_KEYS: Final = (
    *(b"api_key", b"apikey", b"secret", b"passw", b"passphrase", b"_token", b"authtoken"),
    *(b"accesstoken", b"bearertoken", b"refreshtoken", b"apitoken", b"hftoken", b"hubtoken"),
    *(b"private_key", b"access_key"),
)
_OPENING: Final = re.compile(rb"[\x8cX]")
_REACH: Final = 5 + 40 + max(map(len, _KEYS))


# An opcode and a length may look like a letter of the string behind it.
_LINE: Final = re.compile(rb"\n[SV]")
_LENGTH: Final = re.compile(
    rb"(?s)\x8c.|[UC].(?=hf_|gh[pousr]_|glpat-|A[KS]IA|AIza|sk-|xox|eyJ|npm_|pypi-|nvapi-)"
)


class PickledToken(NamedTuple):
    """A string that may be a secret.

    Attributes:
        at: offset. key: of the dictionary that holds it; empty where it was not looked for.
    """

    at: int
    key: str
    value: str


def pickled_tokens(data: bytes, base: int) -> Iterator[PickledToken]:
    """Yield the strings among these bytes of opcodes that may be secrets, by form and by key."""
    if may_have_form(data):
        text = _LENGTH.sub(b"\n\n", _LINE.sub(b"\n\n", data)).decode("latin-1")
        for token in islice(tokens_in(text, settings=None), _MOST):
            yield PickledToken(base + text.find(token.value), "", token.value)
    for match in _keyed(data):
        size = match[2][0] if match[2] else match[3][0] + 256 * match[4][0]
        value = data[match.end() : match.end() + size]
        if 8 <= size <= 500 and len(value) == size:
            key = match[1].decode("latin-1")
            yield PickledToken(base + match.end(), key, value.decode("utf-8", "replace"))


def _keyed(data: bytes) -> Iterator[re.Match[bytes]]:
    """Yield what `_KEYED` finds, looking only before the words that it needs."""
    lower = data.lower()
    behind = 0
    for place in sorted(place for word in _KEYS for place in _places(lower, word)):
        for opening in _OPENING.finditer(data, max(behind, place - _REACH), place):
            if opening.start() < behind:
                continue
            match = _KEYED.match(data, opening.start())
            behind = opening.end() if match is None else match.end()
            if match is not None:
                yield match


def _places(data: bytes, word: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)
