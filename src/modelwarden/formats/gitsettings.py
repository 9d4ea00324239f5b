"""Git's own settings below a folder: what they make git run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core.values import dataclass
from modelwarden.formats.plaintext import PlainText, tokens_of

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

_SIZE = 1 << 20
_MOST = 1000
_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*(.*)')
_PAIR = re.compile(r"([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$")
_ATTRIBUTE = re.compile(r"(?<!\S)(filter|diff|merge)=(\S+)")


class Setting(NamedTuple):
    """One setting: `core.fsmonitor`, `filter.lfs.clean`, or `attribute.filter`."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSettings(PlainText):
    """A `.gitattributes`, `.gitmodules` or `config` of git.

    Attributes:
        settings: in order; names in lower case.
    """

    settings: tuple[Setting, ...] = ()


def read(source: Source, kind: str, encoding: str) -> GitSettings:
    """Collect the settings."""
    text = source.read(0, min(source.size, _SIZE)).decode(encoding, "replace")
    attributes = source.label.endswith("attributes")
    return GitSettings(
        source=source,
        format=kind,
        encoding=encoding,
        settings=tuple((_attributes if attributes else _config)(text)[:_MOST]),
        tokens=tokens_of(text, settings=True),
    )


def _attributes(text: str) -> list[Setting]:
    return [
        Setting(f"attribute.{found[1]}", found[2][:200], number)
        for number, line in enumerate(text.split("\n"), 1)
        if not line.startswith("#")
        for found in _ATTRIBUTE.finditer(line)
    ]


def _config(text: str) -> list[Setting]:
    found: list[Setting] = []
    section = ""
    for number, raw in enumerate(text.replace("\\\n", " ").split("\n"), 1):
        line = raw.strip()
        if head := _SECTION.match(line):
            section = head[1].lower() + (f".{head[2]}" if head[2] is not None else "")
            line = head[3]
        if line and line[0] not in "#;" and (pair := _PAIR.match(line)):
            value = (pair[2] or "true").strip().strip('"')
            found.append(Setting(f"{section}.{pair[1].lower()}", value[:500], number))
    return found
