"""Files by which a desktop finds something: shortcuts, libraries of folders, looks of a folder.

The file managers of Windows and macOS know them by their names, and follow what stands in them: an
icon and a place to search as soon as the folder is shown, the rest when the file is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING, Final, NamedTuple

from modelwarden.core.values import dataclass
from modelwarden.formats.plaintext import PlainText, tokens_of

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

_SIZE: Final = 1 << 18
_MOST: Final = 200
_PAIR: Final = re.compile(r"(?m)^[ \t]*([A-Za-z][\w\\.]*)[ \t]*=[ \t]*(\S.*?)[ \t\r]*$")
_ELEMENT: Final = re.compile(r"<(url|string|iconReference|simpleLocation)>\s*([^<]+?)\s*</", re.I)


class Lead(NamedTuple):
    """One place, or command, that a shortcut leads to.

    Attributes:
        key: its name there, in lower case. value: as written, without marks of XML. line: 1-based.
    """

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut(PlainText):
    """A shortcut.

    Attributes:
        leads: in order, the first two hundred.
    """

    leads: tuple[Lead, ...] = ()


def read(source: Source, kind: str, encoding: str) -> Shortcut:
    """Collect what a shortcut leads to, of settings in lines and of XML."""
    text = source.read(0, min(source.size, _SIZE)).decode(encoding, "replace")
    return Shortcut(
        source=source,
        format=kind,
        encoding=encoding,
        leads=tuple(_leads(text))[:_MOST],
        tokens=tokens_of(text, settings=True),
    )


def _leads(text: str) -> Iterator[Lead]:
    form = _ELEMENT if text.lstrip("\ufeff \r\n\t").startswith("<") else _PAIR
    for found in form.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Lead(found[1].lower(), unescape(found[2]), line)
