"""Git's own settings below a folder: what they make git run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core.values import dataclass
from modelwarden.formats.plaintext import PlainText, tokens_of
from modelwarden.formats.view import Child

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
    settings = tuple((_attributes if attributes else _config)(text)[:_MOST])
    return GitSettings(
        source=source,
        format=kind,
        encoding=encoding,
        settings=settings,
        children=_commands(source, settings),
        tokens=tokens_of(text, settings=True),
    )


def _commands(source: Source, settings: tuple[Setting, ...]) -> tuple[Child, ...]:
    """Return the values that could be commands as one script, line for line."""
    lines = [""] * max((one.line for one in settings), default=0)
    for one in settings:
        if " " in one.value:
            lines[one.line - 1] = one.value.removeprefix("!").removeprefix("ext::")
    if not any(lines):
        return ()
    data = "\n".join(lines).encode("utf-8", "replace")
    return (Child("commands", lambda: source.nested(data, "commands", expect="script")),)


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
        while head := _SECTION.match(line):  # several may stand in one line
            section = head[1].lower() + (f".{head[2]}" if head[2] is not None else "")
            line = head[3].strip()
        if line and line[0] not in "#;" and (pair := _PAIR.match(line)):
            value = (pair[2] or "true").strip().strip('"')
            found.append(Setting(f"{section}.{pair[1].lower()}", value[:500], number))
    return found
