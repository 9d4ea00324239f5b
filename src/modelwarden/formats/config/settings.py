"""TOML, and the lines of INI: the pairs in a file of settings, for the rules on configurations.

A text reader hands its text on to here, so that what is judged of any text stays with it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.core.patterns import lazily
from modelwarden.formats.config.reader import ConfigFile, children_of
from modelwarden.formats.config.scalars import Scalar
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SIZE = 1 << 20
_MOST = 50_000
_DEPTH = 200
_NEAR = 1 << 14
_ANEW = 100
_SECTION = lazily(r"\s*\[{1,2}([^\[\]]{1,200})\]{1,2}\s*(?:[#;].*)?$")
_LINE = lazily(r"[ \t]*([^\s=:\[#;][^=:\n]{0,199}?)[ \t]*[=:][ \t]*(.*)")
_WITHIN = lazily(r"[\"']?(@?[\w.-]{1,100})[\"']?[ \t]*[=:][ \t]*[\"']([^\"'\n]*)[\"']")
_QUOTED = lazily(r"([\"'])(.*)\1\s*(?:[#;].*)?$")


def sniff(source: Source) -> bool:
    """Claim nothing: the reader of texts says which texts are settings."""
    del source
    return False


def read(source: Source, limits: Limits) -> ConfigFile:
    """Collect the pairs, of TOML where it is TOML, else line by line."""
    gaps: list[Gap] = []
    text = source.read(0, _SIZE).decode("utf-8", "replace")
    if source.size > _SIZE:
        gaps.append(gap(source, f"more than {_SIZE} bytes of settings", GapKind.OVER_LIMIT))
    limits.spend(operations=len(text))
    kept: list[Scalar] = []
    try:
        for pair in toml_scalars(text) or ini_scalars(text):
            if len(kept) >= _MOST:
                raise LimitExceededError("settings of one file", _MOST)
            kept.append(pair)
    except LimitExceededError as over:
        gaps.append(gap(source, str(over), GapKind.OVER_LIMIT))
    return ConfigFile(
        source=source,
        format="settings",
        scalars=tuple(kept),
        syntax="settings",
        gaps=tuple(gaps),
        children=children_of(source, kept),
    )


def toml_scalars(text: str) -> Iterator[Scalar] | None:
    """Return the scalars of TOML with the path to each; None for a text that is none.

    The line of a value is that of the first text like it from the line of the one before on.
    """
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
    return _walk(tree, _Lines(text))


class _Lines:
    """Finds the line of a key and its value: near the one before, or anywhere, a hundred times.

    Escapes hide a value from a search: a file of nothing else must not cost a search each.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at, self.line, self.anew = 0, 1, _ANEW

    def of(self, key: str, value: str) -> int:
        """Return the line, or the last one that was found."""
        first = value.partition("\n")[0]
        quoted = json.dumps(first, ensure_ascii=False)[1:-1]
        sought = [one[:200] for one in (quoted, first, key) if one]
        found = (self.text.find(one, self.at, self.at + _NEAR) for one in sought)
        at = next((one for one in found if one >= 0), -1)
        if at < 0 and self.anew:
            self.anew -= 1
            found = (self.text.find(one) for one in sought)
            at = next((one for one in found if one >= 0), -1)
        if at >= 0:
            if at < self.at:
                self.at, self.line = 0, 1
            begin = self.text.rfind("\n", self.at, at) + 1 or self.at
            self.line += self.text.count("\n", self.at, at)
            self.at = begin
        return self.line


def _walk(tree: object, lines: _Lines) -> Iterator[Scalar]:
    todo: list[tuple[str, str, object, int]] = [("", "", tree, 0)]
    while todo:
        path, key, value, depth = todo.pop()
        if depth > _DEPTH:
            raise LimitExceededError("nesting of settings", _DEPTH)
        if isinstance(value, dict):
            inner = ((f"{path}.{k}" if path else k, k, v, depth + 1) for k, v in value.items())
            todo += reversed(list(inner))
        elif isinstance(value, list):
            todo += reversed([(f"{path}[{i}]", key, v, depth + 1) for i, v in enumerate(value)])
        else:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            text = isinstance(value, str)
            yield Scalar(path[-1000:], key, shown, text, lines.of(key, shown) if text else 1)


def ini_scalars(text: str) -> Iterator[Scalar]:
    """Yield `key = value` of each line below its section, and pairs nested in the value.

    Lines that are indented continue the value before them, as in Python's `configparser`.
    """
    section = ""
    key, held, first = "", "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if head := _SECTION.match(line):
            yield from _pair(section, key, held, first)
            section, key = head[1].strip().strip("\"'"), ""
        elif key and line[:1] in (" ", "\t") and not line.lstrip().startswith(("#", ";")):
            held += "\n" + line.strip()
        elif pair := _LINE.match(line):
            yield from _pair(section, key, held, first)
            key, held, first = pair[1].strip("\"'"), pair[2].strip(), number
    yield from _pair(section, key, held, first)


def _pair(section: str, key: str, value: str, line: int) -> Iterator[Scalar]:
    if not key:
        return
    path = f"{section}.{key}" if section else key
    quoted = _QUOTED.fullmatch(value)
    yield Scalar(path, key, quoted[2] if quoted else value, text=True, line=line)
    if not quoted:
        for inner in islice(_WITHIN.finditer(value), 100):
            at = line + value.count("\n", 0, inner.start())
            yield Scalar(f"{path}.{inner[1]}", inner[1], inner[2], text=True, line=at)
