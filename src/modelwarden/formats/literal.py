"""Python literals of strings, integers, booleans and None in dicts, lists and tuples.

Written for the headers of `.npy` files. `ast.literal_eval` builds a whole syntax tree first: a
header of brackets makes it overflow the stack or hold gigabytes.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from modelwarden.core.patterns import lazily
from modelwarden.formats.view import DamagedError

Literal: TypeAlias = (
    "str | int | bool | list[Literal] | tuple[Literal, ...] | dict[str, Literal] | None"
)

DEPTH = 32
_TOKEN = lazily(
    r"""\s*(?:
        (?P<open>[\[({]) | (?P<close>[\])}]) | (?P<mark>[,:])
      | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<number>[+-]?\d{1,40})L?
      | (?P<word>True|False|None)
    )\s*""",
    re.VERBOSE,
)
_WORDS: dict[str, bool | None] = {"True": True, "False": False, "None": None}
_PAIRS = {"]": "[", ")": "(", "}": "{"}


class _Open:
    """A bracket that is not closed yet, with what stands in it."""

    __slots__ = ("bracket", "comma", "items", "wants")

    def __init__(self, bracket: str) -> None:
        self.bracket = bracket
        self.items: list[Literal] = []
        self.wants = True  # a value may follow: at the start, after a comma or a colon
        self.comma = False


def parse(text: str) -> Literal:
    """Return the value of `text`.

    Raises:
        DamagedError: it is not such a literal, or deeper than 32 brackets.
    """
    stack = [_Open("")]
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if not text[at:].strip():
                break
            raise DamagedError("not a Python literal", at)
        kind = str(match.lastgroup)
        word = match[kind]
        if kind == "open":
            _opened(stack, word, at)
        elif kind == "close":
            _put(stack, _closed(stack, word, at), at)
        elif kind == "mark":
            _marked(stack[-1], word, at)
        else:
            _put(stack, _scalar(kind, word), at)
        at = match.end()
    if len(stack) != 1 or len(stack[0].items) != 1:
        raise DamagedError("an unfinished Python literal", at)
    return stack[0].items[0]


def _scalar(kind: str, word: str) -> Literal:
    if kind == "number":
        return int(word)
    if kind == "word":
        return _WORDS[word]
    return re.sub(r"\\(.)", r"\1", word[1:-1])


def _opened(stack: list[_Open], word: str, at: int) -> None:
    if len(stack) > DEPTH:
        raise DamagedError(f"brackets deeper than {DEPTH}", at)
    if not stack[-1].wants:
        raise DamagedError("two values without a comma", at)
    stack.append(_Open(word))


def _put(stack: list[_Open], value: Literal, at: int) -> None:
    top = stack[-1]
    if not top.wants:
        raise DamagedError("two values without a comma", at)
    top.items.append(value)
    top.wants = False


def _marked(top: _Open, word: str, at: int) -> None:
    key = top.bracket == "{" and len(top.items) % 2 == 1
    if top.wants or not top.bracket or (word == ":") != key:
        raise DamagedError(f"a misplaced {word!r}", at)
    top.wants = True
    top.comma = word == ","


def _closed(stack: list[_Open], word: str, at: int) -> Literal:
    done = stack[-1]
    if done.bracket != _PAIRS[word] or (done.wants and done.items and not done.comma):
        raise DamagedError("brackets that do not match", at)
    stack.pop()
    items = done.items
    if word == "]":
        return items
    if word == ")":
        return items[0] if len(items) == 1 and not done.comma else tuple(items)
    if len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
        raise DamagedError("a dict without values or with keys that are not strings", at)
    return {str(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
