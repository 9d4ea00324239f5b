"""Requests of a server of one's own: which value stands where, said by JSONPaths.

Of JSONPath (RFC 9535) only what leads to one place, or to the same place of every row: `$`,
`.name`, `['name']`, `[0]` and one `[*]`, the rows. All paths of a request together are a
`Template`, and a document is read by it strictly: what no path leads to may not be there, so
nothing goes on to the server that nobody looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any

from modelwarden.core import InputError
from modelwarden.protocols.tensors import WireError

_SEGMENT = re.compile(
    r"\.(?P<name>[^\W\d][\w-]*)"
    r"|\[(?:'(?P<single>(?:[^'\\]|\\[\\'])*)'|\"(?P<double>(?:[^\"\\]|\\[\\\"])*)\"|(?P<each>\*)"
    r"|(?P<at>0|[1-9][0-9]{0,2}))\]"
)
_LONGEST = 1000
_LONGEST_VALUE = 256  # characters of a value that is passed on without being an input


class PathError(InputError):
    """A JSONPath that does not lead to one place, or paths that contradict each other."""

    hint = "Write $, .name, ['name'], [0], and [*] once, for the rows."


class _Step(Enum):
    ROWS = "[*]"


Step = str | int | _Step
"""A key, a position, or all rows."""


def steps_of(path: str) -> list[Step]:
    """Return the steps of a JSONPath: keys, positions, and one for all rows.

    Raises:
        PathError: it is none of those that are read here.
    """
    if not path.startswith("$") or len(path) > _LONGEST:
        raise PathError(f"{path[:100]!r} is no JSONPath that begins with $")
    steps: list[Step] = []
    at = 1
    while at < len(path):
        found = _SEGMENT.match(path, at)
        if found is None:
            raise PathError(
                f"the JSONPath {path[:100]!r} is not understood from {path[at:][:40]!r}"
            )
        kind, text = str(found.lastgroup), str(found[str(found.lastgroup)])
        if kind == "each":
            steps.append(_Step.ROWS)
        elif kind == "at":
            steps.append(int(text))
        else:
            steps.append(re.sub(r"\\(.)", r"\1", text))
        at = found.end()
    if sum(step is _Step.ROWS for step in steps) > 1:
        raise PathError(f"the JSONPath {path[:100]!r} has more than one [*]")
    return steps


class _Node:
    """A place of a document.

    Attributes:
        name: of the input that stands there; None where none does.
        plain: whether a value that is no input may stand there.
        optional: whether it may be absent.
        keys: what is inside of an object.
        items: what is inside of a list, by position.
        each: what every part of a list is.
    """

    __slots__ = ("each", "items", "keys", "name", "optional", "plain")

    def __init__(self) -> None:
        self.name: str | None = None
        self.plain = self.optional = False
        self.keys: dict[str, _Node] = {}
        self.items: dict[int, _Node] = {}
        self.each: _Node | None = None

    @property
    def taken(self) -> bool:
        """Whether a value is to stand there, and nothing inside of it."""
        return self.name is not None or self.plain

    def step(self, step: Step) -> _Node | None:
        """Return the place one step on; None where that contradicts what is known."""
        kinds = (bool(self.keys), bool(self.items), self.each is not None)
        if isinstance(step, str):
            return None if kinds[1] or kinds[2] else self.keys.setdefault(step, _Node())
        if isinstance(step, int):
            return None if kinds[0] or kinds[2] else self.items.setdefault(step, _Node())
        if kinds[0] or kinds[1]:
            return None
        self.each = self.each or _Node()
        return self.each


class Template:
    """All paths of a request.

    Attributes:
        listed: whether the whole document is a list.
        key: of the only member of the object, whose parts are the rows of the only input; "" where
            a request looks otherwise.
    """

    def __init__(
        self, inputs: Mapping[str, str], others: Sequence[str] = (), missing: Collection[str] = ()
    ) -> None:
        """Put paths together.

        Args:
            inputs: path of each input, by its name.
            others: of plain values that may be there as well.
            missing: inputs that may be absent.

        Raises:
            PathError: paths are not understood, or contradict each other.
        """
        self._root = _Node()
        self._names = tuple(inputs)
        many = {name: _Step.ROWS in steps_of(path) for name, path in inputs.items()}
        if len(set(many.values())) > 1:
            one = next(name for name, rows in many.items() if not rows)
            raise PathError(f"the path of {one!r} has no [*], and others have: which are the rows?")
        for name, path in inputs.items():
            node = self._place(path)
            node.name, node.optional = name, name in missing
        for path in others:
            node = self._place(path)
            node.plain = node.optional = True
        _settle(self._root)
        root = self._root
        self.listed = root.each is not None or root.name is not None or bool(root.items)
        self.key = self._only_key()

    def _place(self, path: str) -> _Node:
        node = self._root
        for step in steps_of(path):
            inner = None if node.taken else node.step(step)
            if inner is None:
                raise PathError(f"the JSONPath {path!r} contradicts another one")
            node = inner
        if node.taken or node.keys or node.items or node.each is not None:
            raise PathError(f"the JSONPath {path!r} contradicts another one")
        return node

    def _only_key(self) -> str:
        if len(self._names) != 1 or len(self._root.keys) != 1:
            return ""
        ((key, node),) = self._root.keys.items()
        return key if node.each is not None and node.each.name is not None else ""

    def read(self, document: object) -> dict[str, list[Any]]:
        """Return what stands at each input's place, a value for each row.

        Raises:
            WireError: something is not there, or something is there that no path leads to.
        """
        found: dict[str, list[Any]] = {name: [] for name in self._names}
        _read(self._root, document, found)
        return found


def _settle(node: _Node) -> bool:
    """Let a place be absent that holds no input; tell whether this one does."""
    each = [] if node.each is None else [node.each]
    inner = [_settle(part) for part in (*node.keys.values(), *node.items.values(), *each)]
    holds = node.name is not None or any(inner)
    node.optional |= not holds
    return holds


def _read(node: _Node, value: object, found: dict[str, list[Any]]) -> None:
    if node.name is not None:
        found[node.name].append(value)
    elif node.plain:
        _check_plain(value)
    elif node.each is not None:
        if not isinstance(value, list):
            raise WireError("rows are no list")
        for part in value:
            _read(node.each, part, found)
    elif node.items:
        if not isinstance(value, list) or sorted(node.items) != list(range(len(value))):
            raise WireError("a list that has other positions than the paths name")
        for position, inner in node.items.items():
            _read(inner, value[position], found)
    else:
        _read_object(node, value, found)


def _read_object(node: _Node, value: object, found: dict[str, list[Any]]) -> None:
    if not isinstance(value, dict):
        raise WireError("no object where the paths have one")
    if not value.keys() <= node.keys.keys():
        raise WireError("a key that no path leads to")
    for key, inner in node.keys.items():
        if key in value:
            _read(inner, value[key], found)
        elif not inner.optional:
            raise WireError("what a path leads to is not there")
        elif inner.name is not None:
            found[inner.name].append(None)


def _check_plain(value: object) -> None:
    if isinstance(value, list | dict):
        raise WireError("a list or an object where a plain value may be")
    if isinstance(value, float) and not math.isfinite(value):
        raise WireError("a number that JSON does not have")
    if isinstance(value, str) and not (len(value) <= _LONGEST_VALUE and value.isprintable()):
        raise WireError("a plain value that is no short text")
