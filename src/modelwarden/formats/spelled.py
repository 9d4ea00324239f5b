"""Lists of small numbers in JSON and YAML that spell a pickle, a program or a script.

A program of one line (`bytes(config["x"])`) makes of such a list what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING

from modelwarden.formats import payloads
from modelwarden.formats.view import Child

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

_PIECE = 1 << 20
_OVERLAP = 2048
_SIZE = 64 << 20
_NUMBERS = 1 << 20
_MOST = 20
_TRIED = 1000
_LEAST = 12
# How what is looked for begins: numbers, of which those above 127 may be written as signed ones.
_BEGINS = (
    *((0x80, protocol) for protocol in range(2, 6)),
    *(b"\x7fELF", b"MZ", b"#!/", b"PK\3\4", b"\x1f\x8b\x08", b"BZh", b"\xfd7zX"),
    *((0x78, level) for level in (0x01, 0x5E, 0x9C, 0xDA)),
    *(b"cos\n", b"cposix\n", b"cnt\n", b"csubp", b"cbuiltins\n", b"c__builtin__\n"),
    *(b"import ", b"from ", b"exec(", b"eval(", b"__import__("),
)
_COMMA = rb"\s{0,40},\s{0,40}"
_LINE = rb"[ \t]{0,40}\r?\n[ \t]{0,80}-[ ]{1,4}"


@cache
def _form(between: bytes, first: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a list that begins so, when a text first needs it."""
    lists = (between.join(_written(byte) for byte in begin) for begin in _BEGINS)
    return re.compile(first + rb"((?:" + b"|".join(lists) + rb")(?!\d))", re.MULTILINE)


def _written(byte: int) -> bytes:
    return b"%d" % byte if byte < 128 else b"(?:%d|-%d)" % (byte, 256 - byte)


@cache
def _number(between: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(-?\d{1,3})(?![\d.eE])(?:" + between + rb")?")


def children_of(source: Source, *, blocks: bool = False) -> tuple[Child, ...]:
    """Return what lists of numbers in a text spell.

    Args:
        source: the text.
        blocks: it is YAML, where each number may stand in a line of its own.
    """
    forms = [(_COMMA, rb"\[\s{0,40}")]
    if blocks:
        forms.append((_LINE, rb"^[ \t]{0,80}(?:-[ ]{1,4}){1,4}"))
    found: dict[int, Child] = {}
    for between, first in forms:
        for at in islice(_places(source, _form(between, first)), _TRIED):
            child = _child(source, at, between) if at not in found else None
            if child is not None:
                found[at] = child
            if len(found) >= _MOST:
                break
    return tuple(found.values())


def _places(source: Source, form: re.Pattern[bytes]) -> Iterator[int]:
    for begin in range(0, min(source.size, _SIZE), _PIECE):
        for one in form.finditer(source.read(begin, _PIECE + _OVERLAP)):
            if one.start() < _PIECE:
                yield begin + one.start(1)


def _child(source: Source, at: int, between: bytes) -> Child | None:
    from modelwarden.formats.pickle.children import is_pickle

    data = _bytes_at(source, at, between)
    if len(data) < _LEAST:
        return None
    name = f"(numbers at {at})"
    part = source.nested(data, name)
    if is_pickle(part, whole=True):
        return Child(name, partial(source.nested, data, name, expect="pickle"))
    return payloads.of(part, name, 0, len(data), data[: payloads.HEAD], raw=True)


def _bytes_at(source: Source, at: int, between: bytes) -> bytes:
    """Return the bytes that a list spells from its first number on."""
    made = bytearray()
    number = _number(between)
    while len(made) < _NUMBERS:
        text = source.read(at, _PIECE)
        place = 0
        while (found := number.match(text, place)) is not None:
            value = int(found[1])
            if not -128 <= value < 256:
                return bytes(made)
            if found.end() >= len(text) - _OVERLAP and at + len(text) < source.size:
                break  # may go on behind this piece
            made.append(value & 0xFF)
            place = found.end()
            if found.end() == found.end(1) or len(made) >= _NUMBERS:
                return bytes(made)
        if found is None or not place:
            return bytes(made)
        at += place
    return bytes(made)
