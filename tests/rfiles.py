"""R data, written item by item for tests, in the way of `serialize.c`."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_ATTRIBUTE, _TAG = 1 << 9, 1 << 10
NULL = struct.pack(">i", 254)
GLOBAL = struct.pack(">i", 253)
UNBOUND = struct.pack(">i", 252)
BASE = struct.pack(">i", 241)


def integer(value: int) -> bytes:
    return struct.pack(">i", value)


def header(version: int = 3, *, workspace: bool = False) -> bytes:
    start = (b"RDX%d\n" % version if workspace else b"") + b"X\n"
    start += integer(version) + integer(0x40202) + integer(0x30500 if version == 3 else 0x20300)
    return start + (integer(5) + b"UTF-8" if version == 3 else b"")


def characters(text: str) -> bytes:
    return integer(0x40009) + integer(len(text.encode())) + text.encode()


def symbol(name: str) -> bytes:
    return integer(1) + characters(name)


def texts(*values: str) -> bytes:
    return integer(16) + integer(len(values)) + b"".join(map(characters, values))


def numbers(*values: int) -> bytes:
    return integer(13) + integer(len(values)) + b"".join(map(integer, values))


def vector(*items: bytes) -> bytes:
    return integer(19) + integer(len(items)) + b"".join(items)


def pairs(items: Sequence[tuple[str, bytes]], kind: int = 2) -> bytes:
    """Return a list with names; an empty name leaves the name out."""
    out = b""
    for name, item in items:
        out += integer(kind | _TAG) + symbol(name) if name else integer(kind)
        out += item
        kind = 2
    return out + NULL


def call(head: bytes | str, *arguments: bytes) -> bytes:
    head = symbol(head) if isinstance(head, str) else head
    return pairs([("", head), *(("", each) for each in arguments)], 6)


def promise(code: bytes, value: bytes = UNBOUND) -> bytes:
    return integer(5 | _TAG) + GLOBAL + value + code


def function(body: bytes, formals: Sequence[str] = (), home: bytes = GLOBAL) -> bytes:
    arguments = pairs([(name, integer(251)) for name in formals]) if formals else NULL
    return integer(3 | _TAG) + home + arguments + body


def environment(**values: bytes) -> bytes:
    frame = pairs(list(values.items())) if values else NULL
    return integer(4) + integer(0) + GLOBAL + frame + NULL + NULL


def namespace(name: str, version: str = "1.0") -> bytes:
    return integer(249) + integer(0) + integer(2) + characters(name) + characters(version)


def alternative(name: str, package: str, state: bytes) -> bytes:
    """Return a value in an alternative representation."""
    about = pairs([("", symbol(name)), ("", symbol(package)), ("", numbers(13))])
    return integer(238) + about + state + NULL


def bytecode(*constants: tuple[int, bytes]) -> bytes:
    """Return compiled code: no instruction but the version, and constants with their types."""
    out = integer(21) + integer(1) + numbers(10) + integer(len(constants))
    return out + b"".join(integer(kind) + data for kind, data in constants)


def rds(item: bytes, version: int = 3) -> bytes:
    return header(version) + item


def workspace(**values: bytes) -> bytes:
    return header(3, workspace=True) + pairs(list(values.items()))


SYSTEM = call("system", texts("true"))
