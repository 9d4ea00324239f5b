"""From what a pickle makes to named tensors, without making it.

Names follow the way to a value: keys of dicts, places in lists, attributes of objects, joined by
dots. In a module of torch the parts that only torch's own bookkeeping has (`_parameters`,
`_buffers`, `_modules`) are left out, so that the names are those of its `state_dict()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from modelwarden.convert.errors import ConvertError
from modelwarden.formats.pickle.values import (
    Call,
    Global,
    Items,
    Persistent,
    Span,
    Summary,
    pairs,
)

if TYPE_CHECKING:
    from modelwarden.convert.contents import Contents
    from modelwarden.convert.exact import Ran
    from modelwarden.convert.tensor import Tensor

VISITS = 4_000_000
_DEPTH = 500
_KEPT_TEXT = 200
_KEPT = 64 << 10
_KEPT_VALUES = 256
_MODULE = {"_parameters", "_buffers", "_modules"}
# Where torch's recurrent layers list their own parameters once more.
_AGAIN = "_flat_weights"
_DICTS = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "Counter"),
}


class UnprovenError(Exception):
    """A tensor is made in a way that is not known to be plain data; says how."""


class NoNumbersError(Exception):
    """An array whose elements are text or dates: no tensor, and said so."""


class Takes(Protocol):
    """Knows how one family of libraries makes tensors."""

    def tensors_of(self, name: str, made: Call | Persistent) -> list[Tensor]:
        """Return the tensor that `made` stands for (one for each field of records), or none.

        Raises:
            UnprovenError: it stands for one that cannot be taken.
            NoNumbersError: it stands for an array that is no tensor.
        """


class Collector:
    """One walk over the result of a stream."""

    def __init__(self, ran: Ran, contents: Contents, families: tuple[Takes, ...]) -> None:
        """Take tensors as `families` know them, into `contents`."""
        self.ran = ran
        self.contents = contents
        self.families = families
        self._visits = 0
        self._held = 0
        self._classes: dict[str, int] = {}

    def run(self) -> None:
        """Visit everything.

        Raises:
            ConvertError: it is nested or shared beyond all bounds.
        """
        # Depth first in the order of the file; a generator per level remembers the way back.
        path: list[int] = []
        stack: list[tuple[Iterator[tuple[str, object]], int]] = [(iter([("", self.ran.result)]), 0)]
        while stack:
            level, mark = stack[-1]
            entry = next(level, None)
            if entry is None:
                stack.pop()
                del path[mark:]
                continue
            name, value = entry
            self._visits += 1
            if self._visits > VISITS or len(stack) > _DEPTH:
                raise ConvertError("values are nested or shared beyond what is followed")
            if id(value) in path:
                continue  # a cycle leads to nothing new
            inner = self._visit(name, value)
            if inner is not None:
                stack.append((inner, len(path)))
                path.append(id(value))
        if len(self.contents.kept) > _KEPT_VALUES:
            first = next(iter(self.contents.kept))
            self.contents.lose("", f"{len(self.contents.kept)} plain values, {first!r} and others")
            self.contents.kept.clear()
        for class_, count in self._classes.items():
            self.contents.lose("", f"{class_} ({count} object{'s' * (count > 1)}, its code)")

    def _visit(self, name: str, value: object) -> Iterator[tuple[str, object]] | None:
        """Take one value; return what is in it when it holds others."""
        if isinstance(value, Call | Persistent):
            try:
                found = [t for family in self.families for t in family.tensors_of(name, value)]
            except UnprovenError as error:
                self.contents.refuse(name, str(error))
                return None
            except NoNumbersError as error:
                self.contents.lose(name, str(error))
                return None
            for tensor in found:
                self.contents.add(tensor)
            if found:
                return None
        if isinstance(value, Call):
            return self._object(name, value)
        if type(value) is dict:
            return iter(_entries(name, pairs(value)))
        if isinstance(value, list | tuple):
            return self._sequence(name, value)
        self._leaf(name, value)
        return None

    def _sequence(
        self, name: str, value: list[object] | tuple[object, ...]
    ) -> Iterator[tuple[str, object]] | None:
        if not value:
            return None
        if all(_is_plain(item) for item in value):
            self.contents.lose(name, f"{len(value)} plain value{'s' * (len(value) > 1)}")
            return None
        return iter([(_inside(name, str(place)), item) for place, item in enumerate(value)])

    def _object(self, name: str, value: Call) -> Iterator[tuple[str, object]]:
        root = value.callee if isinstance(value.callee, Global) else value.root
        known = root is not None and (root.module, root.name) in _DICTS
        if id(value) in self.ran.objects:
            return iter([(name, self.ran.objects[id(value)])])
        if root is not None and root.name == "_reconstruct" and root.module.startswith("numpy."):
            return self._objects(name, value)
        if root is not None and not known:
            full = f"{root.module}.{root.name}"
            if len(self._classes) < 1000 or full in self._classes:
                self._classes[full] = self._classes.get(full, 0) + 1
        found: list[tuple[str, object]] = []
        items = self.ran.items.get(id(value), [])
        found += _entries(name, list(zip(items[::2], items[1::2], strict=True)))
        listed = self.ran.listed.get(id(value), [])
        found += [(_inside(name, str(place)), item) for place, item in enumerate(listed)]
        if known:
            given = _given(value.args)
            found = _entries(name, given) + found
            # What hangs on a dict besides its items is bookkeeping of torch (`_metadata`).
            if value.state is not None:
                self.contents.lose(name, "attributes of a dict")
            return iter(found)
        found += _entries(name, pairs(value.kwargs))
        if isinstance(value.callee, Call):
            found.append((_inside(name, "callee"), value.callee))
        found += self._state(name, value.state)
        if isinstance(value.args, tuple):
            found += [
                (_inside(name, f"args.{place}"), item)
                for place, item in enumerate(value.args)
                if isinstance(item, Call | Persistent | list | tuple | dict)
            ]
        return iter(found)

    def _objects(self, name: str, value: Call) -> Iterator[tuple[str, object]]:
        """Return what stands in an array of objects."""
        data = value.state[-1] if isinstance(value.state, tuple) and value.state else None
        items = data if isinstance(data, list) else []
        return iter([(_inside(name, str(place)), item) for place, item in enumerate(items)])

    def _state(self, name: str, state: object) -> list[tuple[str, object]]:
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
        found: list[tuple[str, object]] = []
        for part in parts:
            if type(part) is not dict:
                if part is not None:
                    found.append((_inside(name, "state"), part))
                continue
            entries = pairs(part)
            module = {key for key, _ in entries if isinstance(key, str)} >= _MODULE
            for key, item in entries:
                if module and key == _AGAIN:
                    continue
                hidden = module and isinstance(key, str) and key in _MODULE
                found.append((name if hidden else _inside(name, key), item))
        return found

    def _leaf(self, name: str, value: object) -> None:
        """Keep a small plain value as metadata; list anything else that is lost."""
        if value is None:
            return
        text = _text(value)
        if text is None or not name or not name.isprintable():
            self.contents.lose(name, _kind(value))
            return
        self._held += len(name) + len(text)
        if self._held > _KEPT or name in self.contents.kept:
            self.contents.lose(name, _kind(value))
        else:
            self.contents.kept[name] = text


def _entries(name: str, items: list[tuple[object, object]]) -> list[tuple[str, object]]:
    """Return the items of a dict by name; keys that are no plain values get a number."""
    return [
        (_inside(name, key if isinstance(key, str) or _text(key) else f"<key {place}>"), item)
        for place, (key, item) in enumerate(items)
    ]


def _inside(name: str, key: object) -> str:
    text = key if isinstance(key, str) else str(_text(key))
    return f"{name}.{text}" if name else text


def _given(args: object) -> list[tuple[object, object]]:
    """Return the pairs that a dict is made from, as Python 2 pickled an `OrderedDict`."""
    if not isinstance(args, tuple) or not args:
        return []
    if type(args[0]) is dict:
        return pairs(args[0])
    entries = args[0] if isinstance(args[0], list) else []
    return [(e[0], e[1]) for e in entries if isinstance(e, list | tuple) and len(e) == 2]


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | bytes)


def _text(value: object) -> str | None:
    """Return a small plain value as text, or None when it is neither."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 256 else None
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str) and len(value) <= _KEPT_TEXT and value.isprintable():
        return value
    return None


def _kind(value: object) -> str:
    if isinstance(value, Global):
        return f"reference to {value.module}.{value.name}"
    if isinstance(value, Span | Summary | Items):
        return value.kind
    if isinstance(value, Persistent):
        return "reference to something outside"
    return type(value).__name__
