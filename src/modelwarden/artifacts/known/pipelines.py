"""A shell command taken apart: statements, what is piped to what, quotes, values put in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from modelwarden.core.patterns import lazily

LONGEST = 20_000
_MOST = 400  # statements of one command
_VALUE = 300
_VARIABLES = 200
_PARTS = lazily(
    r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[<>$]\(|[<>]&\d?|&>>?|\|&|\|\|?|&&?|;;?|\n"
    r"|[^'\"\\|&;\n$<>()`]+|.",
    re.DOTALL,
)
_OPENS = frozenset(("$(", "<(", ">("))
_ENDS = frozenset((";", ";;", "\n", "&", "&&", "||"))
_PIPES = frozenset(("|", "|&"))
_ANSI = lazily(r"\$'((?:[^'\\]|\\.){0,4000})'")
_ESCAPE = lazily(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|([0-7]{1,3})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "e": "\x1b", "0": "\0"}
_INNER = lazily(
    r"\$\((?!\()([^()]{0,600}(?:\([^()]{0,300}\)[^()]{0,300}){0,4})\)|`([^`\n]{1,600})`"
)
_ASSIGNS = lazily(
    r"(?:^|[;&|\s])(?:export\s+|local\s+|readonly\s+|declare\s+(?:-\w+\s+)?)?([A-Za-z_]\w{0,40})="
    r"(\"[^\"$`\n]{0,300}\"|'[^'\n]{0,300}'|[^\s\"'$`;&|()]{1,300})(?=[\s;&|)]|$)"
)
_LOOPS = lazily(
    r"\bfor\s+([A-Za-z_]\w{0,40})\s+in\s+((?:\"[^\"\n]{0,300}\"|[^\s\"'`;&|()]){1,300})"
    r"[ \t]*(?:;|\n|$)"
)
_USED = lazily(r"\$(?:\{([A-Za-z_]\w{0,40})\}|([A-Za-z_]\w{0,40}))")


class Stage(NamedTuple):
    """One program of a pipeline, with its arguments; `bare` is `text` without its quotes."""

    text: str
    bare: str


def pipelines(command: str) -> Iterator[tuple[Stage, ...]]:
    """Yield the pipelines of a command; what is quoted is not taken apart.

    >>> [[stage.bare for stage in one] for one in pipelines("a 'x|y' | b && c")]
    [['a x|y', 'b'], ['c']]
    """
    parts = [found[0] for found in _PARTS.finditer(command[:LONGEST])]
    within = _within(parts)
    stages: list[Stage] = []
    text: list[str] = []
    bare: list[str] = []
    count = 0
    for part, inside in zip(parts, within, strict=True):
        if not inside and (part in _ENDS or part in _PIPES):
            stages.append(Stage("".join(text).strip(), "".join(bare).strip()))
            text, bare = [], []
            if part in _ENDS:
                yield tuple(stages)
                stages = []
                count += 1
                if count >= _MOST:
                    return
            continue
        text.append(part)
        bare.append(_unquoted(part))
    stages.append(Stage("".join(text).strip(), "".join(bare).strip()))
    yield tuple(stages)


def _within(parts: list[str]) -> list[bool]:
    """Tell of each part whether it stands in `$(…)` or between backticks.

    A bracket that is never closed keeps nothing together.
    """
    within: list[bool] = []
    depth, ticked = 0, False
    for part in parts:
        if part in _OPENS or (part == "(" and depth):
            depth += 1
        elif part == ")" and depth:
            depth -= 1
        elif part == "`":
            ticked = not ticked
        within.append(depth > 0 or ticked)
    return within if not depth and not ticked else [False] * len(parts)


def _unquoted(part: str) -> str:
    if part[0] in "'\"" and len(part) > 1:
        return part[1:-1]
    return part[1:] if part[0] == "\\" and len(part) > 1 and part[1] != "\n" else part


def substituted(text: str) -> Iterator[str]:
    """Yield the commands whose output stands in a text: `$(…)`, or between backticks."""
    for found in _INNER.finditer(text[:LONGEST]):
        yield found[1] or found[2] or ""


def spelled(text: str) -> str:
    r"""Return a text with the letters that `$'…'` of a shell stands for.

    >>> spelled(r"$'\x63\165rl' -s")
    'curl -s'
    """
    return _ANSI.sub(lambda found: unescaped(found[1]), text) if "$'" in text else text


def unescaped(text: str) -> str:
    r"""Return what `printf` and `echo -e` make of a text.

    >>> unescaped(r"\143\x61t")
    'cat'
    """
    return _ESCAPE.sub(_letter, text)


def _letter(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1] or found[2], 16))
    if found[3]:
        return chr(int(found[3], 8) & 0xFF)
    return _PLAIN.get(found[4], found[4])


class Values:
    """The variables of a script whose values are written out in it, or are files of one form."""

    __slots__ = ("held",)

    def __init__(self) -> None:
        """Begin with none."""
        self.held: dict[str, str] = {}

    def take(self, command: str) -> None:
        """Remember what a command sets; what is computed is forgotten."""
        if "for " in command and (loop := _LOOPS.search(command[:LONGEST])) is not None:
            self.held[loop[1]] = loop[2]
        if "=" not in command:
            return
        for found in _ASSIGNS.finditer(command[:LONGEST]):
            if len(self.held) < _VARIABLES or found[1] in self.held:
                self.held[found[1]] = found[2].strip("\"'")

    def put_in(self, command: str) -> str:
        """Return a command with the values that are known."""
        if not self.held or "$" not in command:
            return command
        made = _USED.sub(
            lambda found: self.held.get(found[1] or found[2], found[0]), command[:LONGEST]
        )
        return made[:LONGEST]
