"""Nested objects and arrays, handed out while they are read: JSON and UBJSON are fed to the same.

Whoever reads a model written as JSON gives a tree of `Node`s: each takes what stands directly in
one object or array, and answers who takes what is nested in it. Nothing is kept that no node keeps,
so a file of any size is read in the memory of its longest run of scalars.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelwarden.formats.jsontext import SCALAR, Scan
from modelwarden.formats.limits import LimitExceededError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

Scalar = str | int | float | bool | None
_RUN = 1 << 21  # bytes of scalars that are decoded at once
_LONG = 1 << 16  # bytes of one string that are kept
_VALUES_OF = json.JSONDecoder().raw_decode
_PAIRS_OF = json.JSONDecoder(object_pairs_hook=list).raw_decode
_VALUES = re.compile(rb"(" + SCALAR + rb")[ \t\n\r]*+(?:[,:]|$)")


class Node:
    """Takes what stands in one object or array; the base takes nothing."""

    __slots__ = ()

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        """Return who takes the object or array `name` that opens at `at`; None skips it."""

    def pairs(self, pairs: Sequence[tuple[str, Scalar]], at: int) -> None:
        """Take scalar members of the object, in file order; the first stands near `at`."""

    def items(self, items: Sequence[Scalar], at: int) -> None:
        """Take scalar items of the array, in file order; the first stands near `at`."""

    def closed(self, at: int) -> None:
        """Take the end of the object or array; `at` is the first byte behind it."""


class Members(Node):
    """An object of which the scalars are kept, and some nested values are handed on.

    Attributes:
        at: offset at which it opened.
        values: the first thousand scalars, by name; the last of one name wins, as in loaders.
        parts: makes the node for a nested value, by name.
    """

    __slots__ = ("at", "parts", "values")
    _MOST = 1000

    def __init__(self, at: int = 0, **parts: Callable[[int], Node]) -> None:
        """Hand nested values on to what `parts` makes of the offset at which they open."""
        self.at = at
        self.values: dict[str, Scalar] = {}
        self.parts = parts

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        """Look the name up."""
        del array
        make = self.parts.get(name)
        return make(at) if make else None

    def pairs(self, pairs: Sequence[tuple[str, Scalar]], at: int) -> None:
        """Keep them."""
        del at
        for name, value in pairs:
            if len(self.values) < self._MOST or name in self.values:
                self.values[name] = value

    def number(self, name: str) -> int | None:
        """Return a value that is a whole number, or the text of one; None otherwise."""
        return whole(self.values.get(name))

    def text(self, name: str) -> str:
        """Return a text, or an empty one."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


class Each(Node):
    """An array whose objects, or arrays, are all taken by nodes of one making."""

    __slots__ = ("count", "make")

    def __init__(self, make: Callable[[int], Node]) -> None:
        """Remember what makes a node from the offset at which an item opens."""
        self.make = make
        self.count = 0

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        """Make a node."""
        self.count += 1
        return self.make(at)


class Numbers(Node):
    """An array of whole numbers of 32 bits, kept as such.

    Attributes:
        at: offset at which it opened. values: the numbers, as long as they are whole and fit.
        bad: offset near which something else stands, or None.
    """

    __slots__ = ("at", "bad", "values")
    _MOST = 1 << 22

    def __init__(self, at: int = 0) -> None:
        """Begin with none."""
        self.at = at
        self.values = array("i")
        self.bad: int | None = None

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        """Only numbers belong here."""
        self.bad = at if self.bad is None else self.bad
        return None

    def items(self, items: Sequence[Scalar], at: int) -> None:
        """Keep them."""
        if len(self.values) + len(items) > self._MOST:
            raise LimitExceededError("numbers of one array", self._MOST)
        whole = items.tolist() if isinstance(items, array) else items
        try:
            self.values.extend(whole)  # type: ignore[arg-type]  # what does not fit is told below
        except (TypeError, OverflowError):
            self.bad = at if self.bad is None else self.bad


class Counted(Node):
    """An array of which only the length matters."""

    __slots__ = ("at", "count")

    def __init__(self, at: int = 0) -> None:
        """Begin with none."""
        self.at = at
        self.count = 0

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        """Count it."""
        self.count += 1
        return None

    def items(self, items: Sequence[Scalar], at: int) -> None:
        """Count them."""
        self.count += len(items)


def whole(value: Scalar) -> int | None:
    """Return a whole number of 64 bits, or the one that a text is; None for anything else."""
    if isinstance(value, int):
        return int(value) if -(1 << 63) <= value < 1 << 64 else None
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value, re.ASCII):
        return int(value)
    return None


def feed_json(source: Source, root: Node, limits: Limits) -> int:
    """Hand every value of a JSON text to `root`; return how many stand at the top.

    Raises:
        DamagedError: the grammar breaks; what stood before it was handed out.
        LimitExceededError: a bound of `limits` was reached.
    """
    scan = _Feed(source, root, limits)
    scan.run()
    return scan.seen.values


class _Feed(Scan):
    """Hands out what the scan meets."""

    named = 1 << 30

    def __init__(self, source: Source, root: Node, limits: Limits) -> None:
        super().__init__(source, frozenset(), limits, None)
        self.nodes: list[Node | None] = [root]

    def run_of(self, start: int, end: int, *, array: bool) -> None:
        """Decode a run of scalars."""
        node = self.nodes[-1]
        if node is None:
            return
        at = self.base + start
        values = _decoded(self.window[start:end], array=array)
        if array:
            node.items(values, at)
        else:
            node.pairs(list(zip(values[::2], values[1::2], strict=True)), at)  # type: ignore[arg-type]

    def scalar(self, name: str, token: bytes) -> None:
        """Decode the last scalar before a bracket."""
        node = self.nodes[-1]
        if node is None:
            return
        at, value = self.base + self.at - len(token), _scalar(token)
        if self.stack and self.stack[-1] == 0x5B:
            node.items((value,), at)
        elif self.stack:
            node.pairs(((name, value),), at)

    def opened(self, name: str, token: bytes) -> None:
        """Ask the node for the next one."""
        node = self.nodes[-1]
        at = self.base + self.at - 1
        self.nodes.append(node and node.opened(name, at, array=token == b"["))

    def closed(self) -> None:
        """Go back to the node before."""
        node = self.nodes.pop()
        if node is not None:
            node.closed(self.base + self.at)


def _decoded(run: bytes, *, array: bool) -> list[Scalar]:
    """Return the scalars of a run; of an object, names and values in turn."""
    if len(run) <= _RUN:
        try:
            return _at_once(run, array=array)
        except (ValueError, RecursionError):  # an integer of thousands of digits
            pass
    return [_scalar(found[1]) for found in _VALUES.finditer(run)]


def _at_once(run: bytes, *, array: bool) -> list[Scalar]:
    text = run.decode("utf-8", "replace").rstrip(" \t\r\n").removesuffix(",")
    # The grammar of a run is proved: what `json.loads` does around this would find nothing.
    if array:
        items: list[Scalar] = _VALUES_OF(f"[{text}]")[0]
        return items
    pairs: list[tuple[str, Scalar]] = _PAIRS_OF("{" + text + "}")[0]
    return [part for pair in pairs for part in pair]


def _scalar(token: bytes) -> Scalar:
    if len(token) > _LONG:
        token = token[:_LONG]
        return token[1:].decode("utf-8", "replace") if token[:1] == b'"' else float("inf")
    try:
        value: Scalar = json.loads(token.decode("utf-8", "replace"))
    except ValueError:
        return float("inf")
    return value


def feed_ubjson(source: Source, root: Node, limits: Limits) -> int:
    """Hand the one value of a UBJSON file to `root`; return where it ends.

    Raises:
        DamagedError: the bytes break the format; what stood before was handed out.
        LimitExceededError: a bound of `limits` was reached.
    """
    from modelwarden.formats.ubjson import Walk

    walk = Walk(source, root, limits)
    walk.run()
    return walk.cursor.at
