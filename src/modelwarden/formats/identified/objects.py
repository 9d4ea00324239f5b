"""Objects that other languages have written down: the classes that stand in them, by name.

Whoever reads them makes objects of those classes and calls what they define for that. Nothing of
their structure is followed: names are sought where each language writes them.

Source: the grammars of Java Object Serialization, .NET's MS-NRBF, Ruby's `marshal.rdoc` and
PHP's `unserialize`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.identified.kind import Identified, Kind, recognised

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_LOOKED = 4 << 20
_NAMES = 1000
_RUBY = re.compile(rb"\x04\x08(?:[oeCUuS@\[{I]|[cm]\x06?[\x06-\x7f][A-Z])")
_PHP = re.compile(
    rb"(?:[OC]:\+?\d{1,9}:\"[\\\w]+\":\d{1,9}:\{|a:\d{1,9}:\{(?:i:\d{1,9};|s:\d{1,9}:\"))"
)
# Dotted and scoped names, as all four write them: letters of ASCII behind a length.
_NAME = re.compile(rb"(?<!\w)[A-Za-z_][\w$]{0,80}(?:(?:[./\\]|::)[A-Za-z_][\w$]{0,80}){1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignObject(Identified):
    """An object of another language.

    Attributes:
        names: of classes, methods and files, as far as they are written with a dot or a colon.
    """

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Language(Kind):
    """One of the languages."""

    def read(self, source: Source, limits: Limits) -> ForeignObject:
        """Collect the names, and say that nothing else was examined."""
        limits.check_time()
        data = source.read(0, min(source.size, _LOOKED))
        limits.spend(operations=len(data) // 64)
        names: dict[str, None] = {}
        for found in _NAME.finditer(data):
            names.setdefault(found[0].decode("ascii"))
            if len(names) >= _NAMES:
                break
        told = recognised(source, self.id, self.title, self.produced, code=True)
        return ForeignObject(
            source=source,
            format=self.id,
            title=self.title,
            gaps=told.gaps,
            names=tuple(names),
        )


def _begins(magic: bytes) -> Callable[[Source], bool]:
    return lambda source: source.head.startswith(magic)


JAVA = Language(
    "java-serialized",
    "a serialised Java object",
    # In a stream of bytes, or as XML, which the reader of that tells by its root.
    lambda source: (
        source.expect == "java-serialized" or source.head.startswith(b"\xac\xed\x00\x05")
    ),
    code=True,
)
DOTNET = Language(
    "dotnet-serialized",
    "a serialised .NET object",
    _begins(b"\0\1\0\0\0\xff\xff\xff\xff\1\0\0\0\0\0\0\0"),
    code=True,
)
RUBY = Language(
    "ruby-marshal",
    "an object marshalled by Ruby",
    lambda source: _RUBY.match(source.head) is not None,
    code=True,
)
PHP = Language(
    "php-serialized",
    "an object serialised by PHP",
    lambda source: _PHP.match(source.head) is not None,
    code=True,
)
