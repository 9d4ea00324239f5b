"""Strings of a pickle that have the form of a key, a token or a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from modelwarden.formats.tokens import tokens_in

_MOST: Final = 100
_KEYED: Final = re.compile(
    rb"(?s)(?:\x8c.|X.\0\0\0)([\w.-]{0,40}(?:api_?key|secret(?:_?key)?|passw(?:or)?d|passphrase"
    rb"|(?:auth|access|bearer|refresh|api|hf|hub)_?token|client_secret|private_key"
    rb"|access_key(?:_id)?))(?:\x94|q.|r....)?(?:\x8c(.)|X(.)(.)\0\0)",
    re.IGNORECASE,
)


# An opcode and a length may look like a letter of the string behind it.
_BEFORE: Final = re.compile(
    rb"(?s)\x8c.|(?<=\n)[SV]|[UC].(?=hf_|gh[pousr]_|glpat-|A[KS]IA|AIza|sk-|xox|eyJ|npm_|pypi-|nvapi-)"
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
    text = _BEFORE.sub(lambda found: b"\n" * len(found[0]), data).decode("latin-1")
    for token in islice(tokens_in(text, settings=None), _MOST):
        yield PickledToken(base + text.find(token.value), "", token.value)
    for match in _KEYED.finditer(data):
        size = match[2][0] if match[2] else match[3][0] + 256 * match[4][0]
        value = data[match.end() : match.end() + size]
        if 8 <= size <= 500 and len(value) == size:
            key = match[1].decode("latin-1")
            yield PickledToken(base + match.end(), key, value.decode("utf-8", "replace"))
