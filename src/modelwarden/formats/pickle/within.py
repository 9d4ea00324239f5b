"""Pickles within data of other kinds: rows of databases and tables, which a program unpickles.

Only those are sought that name a module with which commands are run: such a name in the form of a
pickle stands in no other data by accident. They are found as they are, in Base64, in hexadecimal
digits, and compressed (zlib, gzip).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from modelwarden.formats.pickle.nested import decoded
from modelwarden.formats.view import Child

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

LONGEST: Final = 128 << 20
"""Bytes of a table that are looked through; a longer one is a gap."""
_PIECE: Final = 1 << 20
_OVERLAP: Final = 1 << 10
_REACH: Final = 1 << 16
_TRIES: Final = 20_000
_MOST: Final = 20
_MODULES: Final = rb"(?:posix|nt|os|subprocess|builtins|__builtin__|commands|pty|runpy|importlib)"
_NAMES: Final = (
    rb"(?:system|popen|spawn\w*|exec\w*|eval|compile|Popen|run|call|check_\w+|getoutput|getattr"
    rb"|__import__|import_module|run_path|run_module)"
)
_TELLS: Final = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rb"[ci]" + _MODULES + rb"\n" + _NAMES + rb"\n",
        rb"(?:\x8c.|X.\0\0\0)"
        + _MODULES
        + rb"(?:\x94|q.)?(?:\x8c.|X.\0\0\0)"
        + _NAMES
        + rb"(?:\x94|q.)?\x93",
    )
)
# Each costs a look at every byte; the forms cost fifty.
_LIKELY: Final = (
    *(b"posix", b"subprocess", b"builtin", b"runpy", b"importlib", b"commands"),
    *(b"os\n", b"nt\n", b"pty\n", b"\x02os", b"\x02nt", b"\x03pty", b"\0os", b"\0nt", b"\0pty"),
)


_ENCODED: Final = (
    (b"gA", re.compile(rb"gA[I-X][A-Za-z0-9+/_-]{20,}={0,2}")),
    (b"Y3Bvc2l4", re.compile(rb"Y3Bvc2l4[A-Za-z0-9+/_-]{12,}={0,2}")),
    (b"Y29zC", re.compile(rb"Y29zC[A-Za-z0-9+/_-]{12,}={0,2}")),
    (b"Y2J1aWx0a", re.compile(rb"Y2J1aWx0a[A-Za-z0-9+/_-]{12,}={0,2}")),
    (b"H4sI", re.compile(rb"H4sI[A-Za-z0-9+/_-]{20,}={0,2}")),
    (b"eJ", re.compile(rb"eJ[w-z][A-Za-z0-9+/_-]{20,}={0,2}")),
    (b"800", re.compile(rb"800[2-5][0-9a-f]{30,}")),
    (b"800", re.compile(rb"800[2-5][0-9A-F]{30,}")),
)
_PACKED: Final = (b"\x78\x9c", b"\x78\x01", b"\x78\xda", b"\x78\x5e", b"\x1f\x8b\x08")


def names_harm(data: bytes) -> bool:
    r"""Tell whether bytes name, as a pickle does, a function that runs commands.

    >>> names_harm(b"cos\nsystem\n(S'true'\ntR."), names_harm(b"cos\nstat\n.")
    (True, False)
    """
    return any(word in data for word in _LIKELY) and any(form.search(data) for form in _TELLS)


def pickles_within(source: Source, limits: Limits) -> tuple[Child, ...]:
    """Return the pickles in some data that would run commands, in its first 128 MiB."""
    children: dict[int, Child] = {}
    for at in range(0, min(source.size, LONGEST), _PIECE):
        piece = source.read(at, _PIECE + _OVERLAP)
        limits.spend(operations=len(piece) // 4096)
        for begin, child in _in_piece(source, at, piece):
            children.setdefault(begin, child)
            if len(children) >= _MOST:
                return tuple(children.values())
    return tuple(children.values())


def _in_piece(source: Source, at: int, piece: bytes) -> Iterator[tuple[int, Child]]:
    if any(word in piece for word in _LIKELY):
        for place in _begins(piece):
            begin = at + place
            size = min(_REACH, source.size - begin)
            name = f"(pickle at {begin})"
            part = partial(source.part, begin, size, name, expect="pickle")
            yield begin, Child(name, part)
    for place in _packed(piece):
        data = decoded(source.read(at + place, _REACH))[-1][1][:_REACH]
        if names_harm(data):
            yield at + place, _inner(source, data, at + place)
    for found in encoded_in(piece):
        yield at + found[0], _inner(source, found[1], at + found[0])


def encoded_in(piece: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where pickles that run commands stand in Base64 or as digits, and what they are."""
    for word, form in _ENCODED:
        if word in piece:
            for found in islice(form.finditer(piece), _TRIES):
                data = decoded(found[0][:_REACH])[-1][1]
                if names_harm(data):
                    yield found.start(), data


def _inner(source: Source, data: bytes, begin: int) -> Child:
    name = f"(pickle at {begin})"
    return Child(name, partial(source.nested, data, name, expect="pickle"))


def _begins(piece: bytes) -> Iterator[int]:
    """Yield where each such pickle begins: at its mark, or at the name where there is none."""
    for form in _TELLS:
        for found in form.finditer(piece):
            before = piece[max(0, found.start() - _OVERLAP) : found.start()]
            mark = max(before.rfind(b"\x80" + bytes((one,))) for one in range(2, 6))
            yield found.start() - len(before) + mark if mark >= 0 else found.start()


def _packed(piece: bytes) -> Iterator[int]:
    """Yield where compressed data may begin."""
    for mark in _PACKED:
        place = piece.find(mark)
        while place >= 0:
            yield place
            place = piece.find(mark, place + 1)
