"""Pickles within data of other kinds: rows of databases and tables, which a program unpickles.

Only those are sought that name a module with which commands are run: such a name in the form of a
pickle stands in no other data by accident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from modelwarden.formats.view import Child

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SIZE: Final = 16 << 20
_PIECE: Final = 1 << 20
_OVERLAP: Final = 1 << 10
_REACH: Final = 1 << 16
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


def pickles_within(source: Source, limits: Limits) -> tuple[Child, ...]:
    """Return the pickles in some data that would run commands, in its first 16 MiB."""
    children: dict[int, Child] = {}
    for begin in _begins(source, limits):
        if len(children) >= _MOST:
            break
        size = min(_REACH, source.size - begin)
        name = f"(pickle at {begin})"
        part = partial(source.part, begin, size, name, expect="pickle")
        children.setdefault(begin, Child(name, part))
    return tuple(children.values())


def _begins(source: Source, limits: Limits) -> Iterator[int]:
    """Yield where each such pickle begins: at its mark, or at the name where there is none."""
    for at in range(0, min(source.size, _SIZE), _PIECE):
        piece = source.read(at, _PIECE + _OVERLAP)
        limits.spend(operations=len(piece) // 4096)
        if not any(word in piece for word in _LIKELY):
            continue
        for form in _TELLS:
            for found in form.finditer(piece):
                before = piece[max(0, found.start() - _OVERLAP) : found.start()]
                mark = max(before.rfind(b"\x80" + bytes((one,))) for one in range(2, 6))
                yield at + (found.start() - len(before) + mark if mark >= 0 else found.start())
