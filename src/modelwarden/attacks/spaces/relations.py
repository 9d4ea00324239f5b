"""The language of `[features] relations`: read by our own parser, worked out column by column.

    net <= gross                      price == quantity * "unit price"
    log(size) / 2 < 10                protocol == 'tcp' or flags == 0

    relation   either ('or' either)*       either   one ('and' one)*       one   ['not'] comparison
    comparison sum (('<=' | '<' | '>=' | '>' | '==' | '=' | '!=') sum)*
    sum        product (('+' | '-') product)*        product   factor (('*' | '/') factor)*
    factor     ['-'] number | column | 'word' | min(…) | max(…) | abs(…) | log(…) | ( relation )

Nothing is evaluated but these: a text of at most `LONGEST` characters becomes a tree of at most
`DEEPEST` levels, and the tree is walked with whole columns. Dividing by zero gives 0. A relation in
which a value is missing says nothing about that row, so the row keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from modelwarden.core import ConfigError
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Column, Floats

LONGEST = 2000
DEEPEST = 32
# Of two numbers that are meant to be equal: relative to the larger, and in all.
EQUAL, EQUAL_AT_ZERO = 1e-6, 1e-9

Mask: TypeAlias = npt.NDArray[np.bool_]
Values: TypeAlias = Column | float | str

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<quoted>"[^"]*"|'[^']*'|`[^`]*`)
    | (?P<name>[^\W\d][\w.]*)
    | (?P<sign><=|>=|==|!=|<|>|=|[-+*/(),])
    )""",
    re.VERBOSE,
)
_COMPARE = ("<=", "<", ">=", ">", "==", "!=")
_WORDS = ("and", "or", "not")
FUNCTIONS = {"min": (2, 16), "max": (2, 16), "abs": (1, 1), "log": (1, 1)}


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a relation.

    Attributes:
        kind: `number`, `column`, `word`, an operator, or the name of a function.
        parts: what it is applied to.
        value: of a number, a column's name, a word.
    """

    kind: str
    parts: tuple[Node, ...] = ()
    value: str | float = ""

    @property
    def truth(self) -> bool:
        """Whether it is a statement rather than a number."""
        return self.kind in _COMPARE or self.kind in _WORDS

    def columns(self) -> Iterator[str]:
        """Yield the names of the columns in it, in order, with repeats."""
        if self.kind == "column":
            yield str(self.value)
        for part in self.parts:
            yield from part.columns()


@dataclass(frozen=True, slots=True)
class Relation:
    """A statement about every row of a table.

    Attributes:
        text: as the user wrote it. tree: what it means. columns: that it speaks of.
    """

    text: str
    tree: Node
    columns: tuple[str, ...]

    def holds(self, table: Mapping[str, Column]) -> Mask:
        """Return, for each row, whether it is true; of a row with a missing value it is.

        Args:
            table: (n,) of each of its columns: numbers, or objects that are str or None.
        """
        first = table[self.columns[0]]
        with np.errstate(all="ignore"):
            true = np.broadcast_to(np.asarray(_worked(self.tree, table), np.bool_), first.shape)
        return true | missing(table, self.columns)


def missing(table: Mapping[str, Column], names: tuple[str, ...]) -> Mask:
    """Return which rows lack one of these columns."""
    out = np.zeros(table[names[0]].shape, np.bool_)
    for name in names:
        column = table[name]
        if column.dtype.kind == "O":
            out |= np.array([value is None for value in column.ravel()]).reshape(column.shape)
        elif column.dtype.kind == "f":
            out |= np.isnan(column.astype(np.float64))
    return out


def parse(text: str, numbers: tuple[str, ...], words: tuple[str, ...] = ()) -> Relation:
    """Read one relation.

    Args:
        text: as the user wrote it.
        numbers: names of the columns of numbers.
        words: names of the columns of words, which can only be == or != a word.

    Raises:
        ConfigError: it is no relation, or names a column that is not there.
    """
    if len(text) > LONGEST:
        raise _error(text, f"is longer than {LONGEST} characters")
    parser = _Parser(text, frozenset(numbers), frozenset(words))
    tree = parser.statement(0)
    parser.end()
    if not tree.truth:
        raise _error(text, "compares nothing; write one of <= < >= > == !=")
    _check(tree, text, frozenset(words))
    columns = tuple(dict.fromkeys(tree.columns()))
    if not columns:
        raise _error(text, "names no column")
    return Relation(text, tree, columns)


def _error(text: str, what: str) -> ConfigError:
    shown = text if len(text) <= 80 else text[:77] + "…"
    return ConfigError(
        f"features.relations: {shown!r} {what}",
        hint='Write for example "net <= gross"; `docs/constraints.md` has the language.',
    )


def _finite(text: str, token: str) -> float:
    value = float(token)
    if value in (float("inf"), float("-inf")):
        raise _error(text, f"holds a number that is too large: {token[:20]}")
    return value


class _Parser:
    """Reads tokens from left to right, and never steps back."""

    def __init__(self, text: str, numbers: frozenset[str], words: frozenset[str]) -> None:
        self.text, self.numbers, self.words = text, numbers, words
        self.tokens = list(self._tokens())
        self.at = 0

    def _tokens(self) -> Iterator[tuple[str, str]]:
        place, end = 0, len(self.text.rstrip())
        while place < end:
            match = _TOKEN.match(self.text, place)
            if match is None or match.lastgroup is None:
                rest = self.text[place:].strip()[:12]
                raise _error(self.text, f"cannot be read at {rest!r}")
            yield match.lastgroup, match.group(match.lastgroup)
            place = match.end()

    def peek(self) -> str:
        """Return the next token when it is a sign or a word of the language, else ''."""
        if self.at >= len(self.tokens):
            return ""
        kind, token = self.tokens[self.at]
        if kind == "sign":
            return {"=": "=="}.get(token, token)
        return token if kind == "name" and token in _WORDS else ""

    def take(self, expected: str) -> None:
        """Step over a sign that has to be there."""
        if self.peek() != expected:
            raise _error(self.text, f"lacks {expected!r} {self._where()}")
        self.at += 1

    def end(self) -> None:
        """Check that nothing is left."""
        if self.at < len(self.tokens):
            raise _error(self.text, f"is not understood {self._where()}")

    def _where(self) -> str:
        if self.at >= len(self.tokens):
            return "at its end"
        return f"at {self.tokens[self.at][1][:20]!r}"

    def statement(self, depth: int) -> Node:
        """Read `or` of `and` of comparisons."""
        if depth > DEEPEST:
            raise _error(self.text, f"is nested deeper than {DEEPEST}")
        return self._chain("or", lambda: self._chain("and", lambda: self._one(depth)))

    def _chain(self, word: str, inner: Callable[[], Node]) -> Node:
        parts = [inner()]
        while self.peek() == word:
            self.at += 1
            parts.append(inner())
        return parts[0] if len(parts) == 1 else Node(word, tuple(parts))

    def _one(self, depth: int) -> Node:
        if self.peek() == "not":
            if depth > DEEPEST:
                raise _error(self.text, f"is nested deeper than {DEEPEST}")
            self.at += 1
            return Node("not", (self._one(depth + 1),))
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Node:
        left = self._left(("+", "-"), lambda: self._product(depth))
        parts: list[Node] = []
        while self.peek() in _COMPARE:
            sign = self.peek()
            self.at += 1
            right = self._left(("+", "-"), lambda: self._product(depth))
            parts.append(Node(sign, (left, right)))
            left = right
        if not parts:
            return left
        return parts[0] if len(parts) == 1 else Node("and", tuple(parts))

    def _product(self, depth: int) -> Node:
        return self._left(("*", "/"), lambda: self._factor(depth))

    def _left(self, signs: tuple[str, str], inner: Callable[[], Node]) -> Node:
        """Read operators that bind to the left; a long chain is one flat node."""
        parts, kinds = [inner()], []
        while self.peek() in signs:
            kinds.append(self.peek())
            self.at += 1
            parts.append(inner())
        return parts[0] if not kinds else Node("".join(kinds), tuple(parts), "chain")

    def _factor(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise _error(self.text, f"is nested deeper than {DEEPEST}")
        if self.peek() == "-":
            self.at += 1
            return Node("negative", (self._factor(depth + 1),))
        if self.peek() == "(":
            self.at += 1
            inside = self.statement(depth + 1)
            self.take(")")
            return inside
        if self.at >= len(self.tokens) or self.peek():
            raise _error(self.text, f"lacks a column or a number {self._where()}")
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Node("number", (), _finite(self.text, token))
        if kind == "name" and token in FUNCTIONS and self.peek() == "(":
            return self._function(token, depth)
        return self._named(kind, token)

    def _function(self, name: str, depth: int) -> Node:
        self.take("(")
        parts = [self.statement(depth + 1)]
        while self.peek() == ",":
            self.at += 1
            parts.append(self.statement(depth + 1))
        self.take(")")
        least, most = FUNCTIONS[name]
        if not least <= len(parts) <= most:
            raise _error(self.text, f"gives {name} {len(parts)} values; it takes {least} to {most}")
        return Node(name, tuple(parts))

    def _named(self, kind: str, token: str) -> Node:
        name = token[1:-1] if kind == "quoted" else token
        if name in self.numbers or name in self.words:
            return Node("column", (), name)
        if kind == "quoted" and not token.startswith("`"):
            return Node("word", (), name)
        from difflib import get_close_matches

        near = get_close_matches(name, sorted(self.numbers | self.words), n=1, cutoff=0.5)
        nearest = f" (did you mean {near[0]!r}?)" if near else ""
        raise _error(self.text, f"names {name!r}, which is no column{nearest}")


def _check(node: Node, text: str, words: frozenset[str]) -> None:
    """Refuse sums of statements, and words that are not simply compared with a column."""
    for part in node.parts:
        if part.truth != (node.kind in _WORDS):
            raise _error(text, "mixes statements and numbers")
    spoken = [
        p for p in node.parts if p.kind == "word" or (p.kind == "column" and p.value in words)
    ]
    if spoken:
        kinds = sorted(p.kind for p in spoken)
        plain = kinds in (["column", "word"], ["column", "column"])
        if node.kind not in ("==", "!=") or not plain:
            what = str(spoken[0].value)
            raise _error(text, f"takes {what!r} for a number; words can only be == or != a column")
    for part in node.parts:
        _check(part, text, words)


def _worked(node: Node, table: Mapping[str, Column]) -> Values | Mask:
    """Return what a node comes to on all rows; numbers are floats."""
    if node.kind in ("number", "word"):
        return node.value
    if node.kind == "column":
        column = table[str(node.value)]
        return column if column.dtype.kind == "O" else column.astype(np.float64)
    parts = [_worked(part, table) for part in node.parts]
    if node.kind in _WORDS:
        return _logic(node.kind, [np.asarray(part, np.bool_) for part in parts])
    if node.kind in _COMPARE:
        return _compared(node.kind, parts[0], parts[1])
    return _number(node, [np.asarray(part, np.float64) for part in parts])


def number_of(node: Node, table: Mapping[str, Column]) -> Floats:
    """Return what a number of a relation comes to on all rows."""
    with np.errstate(all="ignore"):
        return np.asarray(_worked(node, table), np.float64)


def linear(node: Node) -> tuple[dict[str, float], float] | None:
    """Return the factor of each column and what is added; None of what is no such sum."""
    if node.kind == "number":
        return {}, float(node.value)
    if node.kind == "column":
        return {str(node.value): 1.0}, 0.0
    parts = [linear(part) for part in node.parts]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts) or not known:
        return None
    if node.kind == "negative":
        return _scaled(known[0], -1.0)
    if node.value != "chain":
        return None
    out = known[0]
    for sign, part in zip(node.kind, known[1:], strict=True):
        step = _joined(sign, out, part)
        if step is None:
            return None
        out = step
    return out


_Sum: TypeAlias = tuple[dict[str, float], float]


def _scaled(one: _Sum, factor: float) -> _Sum:
    return {name: value * factor for name, value in one[0].items()}, one[1] * factor


def _joined(sign: str, left: _Sum, right: _Sum) -> _Sum | None:
    if sign in "+-":
        right = right if sign == "+" else _scaled(right, -1.0)
        factors = dict(left[0])
        for name, value in right[0].items():
            factors[name] = factors.get(name, 0.0) + value
        return factors, left[1] + right[1]
    if sign == "*" and not left[0]:
        return _scaled(right, left[1])
    if right[0]:
        return None
    if sign == "*":
        return _scaled(left, right[1])
    return _scaled(left, 1 / right[1]) if right[1] else _scaled(left, 0.0)


def _logic(kind: str, parts: list[Mask]) -> Mask:
    out = parts[0]
    if kind == "not":
        return ~out
    for part in parts[1:]:
        out = out & part if kind == "and" else out | part
    return out


def _number(node: Node, parts: list[Floats]) -> Floats:
    out = parts[0]
    if node.kind == "negative":
        return -out
    if node.kind == "abs":
        return np.abs(out)
    if node.kind == "log":
        return np.asarray(np.log(out), np.float64)
    if node.kind in FUNCTIONS:
        for part in parts[1:]:
            out = np.minimum(out, part) if node.kind == "min" else np.maximum(out, part)
        return out
    for sign, part in zip(node.kind, parts[1:], strict=True):
        out = _step(sign, out, part)
    return out


def _step(sign: str, left: Floats, right: Floats) -> Floats:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    zero = right == 0
    return np.where(zero, 0.0, left / np.where(zero, 1.0, right))


def _compared(sign: str, left: Values | Mask, right: Values | Mask) -> Mask:
    words = isinstance(left, str) or isinstance(right, str)
    words = words or np.asarray(left).dtype.kind == "O"
    if words:
        same = np.asarray(np.asarray(left, object) == np.asarray(right, object), np.bool_)
        return same if sign == "==" else ~same
    a, b = np.asarray(left, np.float64), np.asarray(right, np.float64)
    if sign in ("==", "!="):
        near = np.abs(a - b) <= EQUAL * np.maximum(np.abs(a), np.abs(b)) + EQUAL_AT_ZERO
        # Of an infinite number the tolerance is infinite too.
        near = (near & np.isfinite(a) & np.isfinite(b)) | (a == b)
        return np.asarray(near if sign == "==" else ~near & ~np.isnan(a) & ~np.isnan(b))
    compare = {"<=": np.less_equal, "<": np.less, ">=": np.greater_equal, ">": np.greater}
    return np.asarray(compare[sign](a, b), np.bool_)
