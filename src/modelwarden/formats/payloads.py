"""What stands where numbers belong and is none: programs, scripts, archives, Python.

A loader of weights hands such a tensor on as it is; a second program, or one line of a notebook,
writes it to a file and starts it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from modelwarden.core.patterns import lazily
from modelwarden.formats.view import Child

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

HEAD: Final = 64
_LEAST: Final = 32
# How what is looked for begins: two bytes, by which nearly all tensors are passed.
_FIRST: Final = frozenset((b"\x7fE", b"MZ", b"\xcf\xfa", b"\xce\xfa", b"\xfe\xed", b"\xca\xfe"))
_TEXTS: Final = frozenset((b"#!", b"PK", b"im", b"fr", b"ex", b"ev", b"de", b"# ", b"\ni", b"__"))
_COMPRESSED: Final = frozenset((b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"))
_UNPACKED: Final = 1 << 20
_CODE: Final = lazily(
    rb"\s*(?:#[^\n]{0,60}\n\s*)?(?:import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b"
    rb"|(?:exec|eval)[ \t]*\(|def[ \t]+\w+[ \t]*\(|__import__[ \t]*\()"
)
_SCRIPT: Final = lazily(rb"#![ \t]*/[\w/]+")
_TEXT_PICKLE: Final = lazily(rb"c[A-Za-z_][\w.]{0,40}\n[A-Za-z_][\w.]{0,40}\n")


_CODED_HEAD: Final = (
    # In Base64: a pickle from protocol 2 on, one more time, or compressed; the same as hexadecimal
    # digits, and a text pickle in those; and in the alphabets of 85 letters, where the first two
    # follow from the first bytes.
    r"\s*(?:(?:gA[I-X]|Z0F[KOST]|H4sI|QlpoO|/Td6WFo|e(?:J[w-z]|N[o-r]|AE|F[4-7]))[A-Za-z0-9+/_-]{13}"
    r"|(?:800[2-5]|1[fF]8[bB]08|78(?:01|5[eE]|9[cC]|[dD][aA]))[0-9a-fA-F]{20}"
    r"|QA[BC][A-Z2-7]{20}|(?:b['\"])?\\x80\\x0[2-5]"
    r"|63(?:6f730a|706f736978|6275696c74|5f5f6275|737562)[0-9a-fA-F]{8}"
    r"|(?:<~)?(?:fC|c[$%]|AB|J-|G[ab]|\+,|Fc)[!-~]{22})"
)
CODED: Final = lazily(_CODED_HEAD.encode())
"""How bytes begin that may be a pickle written in letters."""
CODED_TEXT: Final = lazily(_CODED_HEAD)
"""The same for a text."""


def begins(head: bytes, *, raw: bool) -> bool:
    """Tell whether bytes begin as what is looked for does, or may do so."""
    if head[:2] in _FIRST:
        return True
    return raw and (head[:2] in _TEXTS | _COMPRESSED or _TEXT_PICKLE.match(head) is not None)


def of(source: Source, name: str, at: int, size: int, head: bytes, *, raw: bool) -> Child | None:
    """Return a part of a source as a child when it is a program; None when it may be numbers.

    Args:
        source: the file.
        name: of the tensor.
        at: offset of its first byte.
        size: how many bytes it has.
        head: the first of them.
        raw: its elements are single bytes, which may be a script, an archive or Python as well.
    """
    first = head[:2]
    if size < _LEAST:
        return None
    if first in _FIRST:
        from modelwarden.formats import native  # few tensors begin so

        part = source.part(at, size, name)
        return Child(name, partial(source.part, at, size, name)) if native.sniff(part) else None
    if raw and _TEXT_PICKLE.match(head):
        return _pickle(source, name, at, size)
    if not raw or (first not in _TEXTS and first not in _COMPRESSED):
        return None
    if first in _COMPRESSED:
        return _packed(source, name, at, size)
    if head.startswith(b"PK\x03\x04") or _SCRIPT.match(head):
        return Child(name, partial(source.part, at, size, name))
    if _CODE.match(head) and head.isascii():
        return Child(name, partial(source.part, at, size, name, expect="notebook-code"))
    return None


def _pickle(source: Source, name: str, at: int, size: int) -> Child | None:
    """Return the pickle of the first protocols that bytes are."""
    from modelwarden.formats.pickle.children import is_pickle

    part = partial(source.part, at, size, name, expect="pickle")
    return Child(name, part) if is_pickle(part()) else None


def _packed(source: Source, name: str, at: int, size: int) -> Child | None:
    """Return the pickle that bytes are when they are unpacked."""
    from modelwarden.formats.pickle.children import coded

    data = coded(source, source.read(at, min(size, _UNPACKED)))
    if data is None:
        return None
    return Child(name, partial(source.nested, data, name, expect="pickle"))
