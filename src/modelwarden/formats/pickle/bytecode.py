"""What a code object names, told from the arguments that a pickle makes it of.

The bytecode is not followed. Which names it takes as globals and which as attributes is read off
its instructions, two bytes each, of all versions that the file may come from: a name that may be
a global in any of them counts as one.

Source: the documentation of `dis`, CPython 3.8 to 3.14; `types.CodeType`.
"""

from __future__ import annotations

from typing import Final

from modelwarden.core.values import dataclass

# LOAD_GLOBAL and LOAD_NAME up to 3.12, of 3.13, and of 3.14.
_GLOBAL: Final = frozenset({116, 101, 91, 92, 93})
_FEWEST = 13  # arguments of a code object, in any version
_LONGEST = 64
_MOST = 1024


@dataclass(frozen=True, slots=True)
class Code:
    """The names of one code object.

    Attributes:
        names: of globals, attributes and modules, in the order in which they come first.
        loaded: those among them that may be globals or builtins.
        texts: identifiers among its constants.
    """

    names: tuple[str, ...]
    loaded: frozenset[str]
    texts: frozenset[str]


def code_of(args: object) -> Code | None:
    """Return what a call names that makes a code object; None for all other calls.

    The instructions, the constants and the names stand one after another, in every version.
    """
    if not isinstance(args, tuple) or len(args) < _FEWEST:
        return None
    for at in range(len(args) - 2):
        raw, constants, names = args[at : at + 3]
        if isinstance(constants, tuple) and isinstance(names, tuple) and not _plain(raw):
            known = tuple(name for name in names if _word(name))[:_MOST]
            texts = frozenset([text for text in constants if _word(text)][:_MOST])
            return Code(known, frozenset(_loaded(raw, names)), texts)
    return None


def _plain(raw: object) -> bool:
    """Tell whether this is none of bytes, kept or not: a number, a text, a tuple."""
    return raw is None or isinstance(raw, int | str | tuple)


def _word(text: object) -> bool:
    return isinstance(text, str) and len(text) <= _LONGEST and text.isidentifier()


def _loaded(raw: object, names: tuple[object, ...]) -> list[str]:
    """Return the names that an instruction may load as a global; all where none can be told."""
    if not isinstance(raw, bytes):
        return [name for name in names[:_MOST] if isinstance(name, str)]
    found = set()
    for at in range(0, len(raw) - 1, 2):
        if raw[at] in _GLOBAL:
            found.add(raw[at + 1])  # of a number beyond 255, the last byte of it
    return [
        name
        for at, name in enumerate(names[:_MOST])
        if isinstance(name, str) and {at & 0xFF, at << 1 & 0xFF, at << 1 & 0xFF | 1} & found
    ]
