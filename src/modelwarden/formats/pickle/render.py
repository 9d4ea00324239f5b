"""Symbolic values as text for people, and as a digest for fingerprints; both bounded.

Neither walks by recursion: values nest as deep as a hostile file likes, and lists may hold
themselves.
"""

from __future__ import annotations

import hashlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeGuard

from modelwarden.formats.pickle.values import (
    PLAIN,
    Call,
    Global,
    Items,
    Persistent,
    Span,
    Summary,
    pairs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelwarden.formats.source import Source

ROOM = 400
CONSTANT = 120
NODES = 2000
MANY = 64
_CHUNK: Final = 1 << 20
_SPAN: Final = 64 << 20
# The stream that was digested last.
_newest: list[tuple[Source, int, int, bytes]] = []


class _Text(str):
    """Ready text among the values that are still to be rendered."""

    __slots__ = ()


_COMMA: Final = _Text(", ")
_COLON: Final = _Text(": ")
_OPEN: Final = _Text("(")
_CLOSE: Final = _Text(")")


def is_plain(args: object) -> TypeGuard[tuple[object, ...]]:
    """Tell whether arguments are a few numbers and strings, as those of nearly every call are."""
    return type(args) is tuple and len(args) <= MANY and PLAIN.issuperset(map(type, args))


def is_plain_call(made: Call) -> bool:
    """Tell whether the text of a call stays the same, whatever is done with its result."""
    return made.kwargs is None and isinstance(made.callee, Global) and is_plain(made.args)


def render(value: object, room: int = ROOM) -> str:
    """Return one line of printable ASCII, cut to about `room` characters."""
    return _render([value], room)


def render_call(callee: object, args: object, kwargs: object = None, room: int = ROOM) -> str:
    """Return a call as it would stand in Python source."""
    if kwargs is None and is_plain(args) and isinstance(callee, Global):
        texts = [_SHOWN[type(item)](item) for item in args]
        name = _expand(callee, [])
        size = len(name) + sum(map(len, texts)) + 2 * max(len(texts), 1)
        if size <= room:
            return f"{name}({', '.join(texts)})"
    return _render([*_arguments(args, kwargs), callee], room)


def _render(work: list[object], room: int) -> str:
    parts: list[str] = []
    left = room
    while work:
        value = work.pop()
        kind = type(value)
        if kind is _Text:
            text: str = value  # type: ignore[assignment]
        else:
            shown = _SHOWN.get(kind)
            text = _expand(value, work) if shown is None else shown(value)
        parts.append(text)
        left -= len(text)
        if left < 0:
            parts.append("…")
            break
    return "".join(parts)[: room + CONSTANT]


def _expand(value: object, work: list[object]) -> str:
    """Return the text of a leaf; of anything else, queue the parts and return nothing."""
    if isinstance(value, Global):
        return _printable(f"{value.module}.{value.name}" if value.module else value.name)
    if isinstance(value, Call):
        work += _arguments(value.args, value.kwargs)
        work.append(value.callee)
    elif isinstance(value, Persistent):
        work += [_Text(")"), value.pid, _Text("persistent_load(")]
    elif isinstance(value, Span):
        return f"<{value.size} bytes of {value.kind}>"
    elif isinstance(value, Summary):
        return "…" if value.kind == "more" else f"<{value.kind}>"
    else:
        return _plain(value, work)
    return ""


def _plain(value: object, work: list[object]) -> str:
    if isinstance(value, tuple):
        _sequence(value, "(", ",)" if len(value) == 1 else ")", work)
    elif isinstance(value, list):
        _sequence(value, "[", "]", work)
    elif isinstance(value, Items):
        _sequence(value.items, f"{value.kind}([", "])", work)
    elif isinstance(value, dict):
        work.append(_Text("}" if len(value) <= MANY else "…}"))
        for key, item in reversed(pairs(value)[:MANY]):
            work += [_COMMA, item, _COLON, key]
        work.append(_Text("{"))
    elif isinstance(value, str | bytes):
        return _constant(value)
    elif isinstance(value, int):
        return _integer(value)
    else:
        return repr(value)
    return ""


def _constant(value: str | bytes) -> str:
    cut = value[:CONSTANT]
    return ascii(cut) + ("…" if len(cut) < len(value) else "")


def _integer(value: int) -> str:
    size = value.bit_length()
    return f"<integer of {size} bits>" if size > 256 else repr(value)


_SHOWN: Final[Mapping[type, Callable[[Any], str]]] = {
    str: _constant,
    bytes: _constant,
    int: _integer,
    float: repr,
    bool: repr,
    type(None): repr,
}


def _sequence(items: object, begin: str, end: str, work: list[object]) -> None:
    assert isinstance(items, tuple | list)  # noqa: S101 -- only a bug of ours could break it
    work.append(_Text(end if len(items) <= MANY else f", …{end}"))
    for index, item in enumerate(reversed(items[:MANY])):
        if index:
            work.append(_COMMA)
        work.append(item)
    work.append(_Text(begin))


def _arguments(args: object, kwargs: object) -> list[object]:
    work: list[object] = [_CLOSE]
    if kwargs is not None and not (isinstance(kwargs, dict) and not kwargs):
        work += [kwargs, _Text(", **")]
    if isinstance(args, tuple):
        for index, item in enumerate(reversed(args[:MANY])):
            if index:
                work.append(_COMMA)
            work.append(item)
    else:
        work += [args, _Text("*")]
    work.append(_OPEN)
    return work


def _printable(text: str) -> str:
    return ascii(text)[1:-1][: CONSTANT * 2]


class Canonical(NamedTuple):
    """Arguments in one fixed form: what was at hand, and what has to be read to finish it.

    Attributes:
        digest: SHA-256 over the form.
        spans: long constants in it, as (offset, size), not yet digested.
        whole: parts of the arguments were not kept, so the stream itself must be digested.
    """

    digest: bytes
    spans: tuple[tuple[int, int], ...] = ()
    whole: bool = False

    def finish(self, source: Source, start: int, end: int) -> str:
        """Return the hex SHA-256 of all of it; `start` to `end` is the stream."""
        total = hashlib.sha256(self.digest)
        if self.whole or sum(size for _, size in self.spans) > _SPAN:
            total.update(_digest_of(source, start, end))
            return total.hexdigest()
        for at, size in self.spans:
            _feed(total, source, at, size)
            total.update(b"%d" % size)
        return total.hexdigest()


def _feed(total: hashlib._Hash, source: Source, at: int, size: int) -> None:
    stop = at + size
    while at < stop and (part := source.read(at, min(_CHUNK, stop - at))):
        total.update(part)
        at += len(part)


def _digest_of(source: Source, start: int, end: int) -> bytes:
    """Return the SHA-256 of a stream, which is read once for all the uses that need it."""
    if not _newest or _newest[0][0] is not source or _newest[0][1:3] != (start, end):
        total = hashlib.sha256()
        _feed(total, source, start, end - start)
        _newest[:] = [(source, start, end, total.digest())]
    return _newest[0][3]


def canonical_call(args: object, kwargs: object) -> Canonical:
    """Return the canonical form of the arguments of a call."""
    if kwargs is None and is_plain(args):
        form = b"tuple 2;tuple %d;%bNone;" % (len(args), b"".join(map(_leaf, args)))
        return Canonical(hashlib.sha256(form).digest())
    return canonical((args, kwargs))


def canonical(value: object, nodes: int = NODES) -> Canonical:
    """Return the canonical form of a value; independent of offsets, protocol and memo."""
    form: list[bytes] = []
    spans: list[tuple[int, int]] = []
    seen: dict[int, int] = {}
    work: list[object] = [value]
    add, pop = form.append, work.pop
    whole = False
    while work:
        nodes -= 1
        item = pop()
        kind = type(item)
        if nodes < 0:
            whole = True
            break
        if kind in PLAIN:
            add(_leaf(item))
        elif kind is Call and id(item) not in seen:  # the most of all, so without a list of its own
            seen[id(item)] = len(seen)
            add(b"new 4;" if item.new else b"call 4;")  # type: ignore[attr-defined]
            work += _backwards(item)
        elif kind is Span:
            spans.append((item.at, item.size))  # type: ignore[attr-defined]
            add(b"span;")
        elif kind is Summary:
            whole = True
            break
        elif id(item) in seen:
            add(b"seen %d;" % seen[id(item)])
        else:
            seen[id(item)] = len(seen)
            head, inner = _inside(item)
            add(b"%s %d;" % (head, len(inner)))
            kinds = set(map(type, inner))
            if len(inner) > nodes or not kinds <= PLAIN:
                work += inner[::-1]
                continue
            nodes -= len(inner)
            if kinds == _INTEGERS:
                add(b"int %x;" * len(inner) % tuple(inner))
            else:
                form += map(_leaf, inner)
    digest = hashlib.sha256(b"".join(form)).digest()
    return Canonical(digest, (), whole=True) if whole else Canonical(digest, tuple(spans))


_INTEGERS: Final = {int}
_backwards = attrgetter("state", "kwargs", "args", "callee")  # what is in a call, the last first


def _leaf(value: object) -> bytes:
    kind = type(value)
    if kind is str:
        text = value.encode("utf-8", "surrogatepass")  # type: ignore[attr-defined]
        return b"str %d:%s;" % (len(text), text)
    if kind is int:
        return b"int %x;" % value  # type: ignore[str-format]
    if kind is bytes:
        return b"bytes %d:%s;" % (len(value), value)  # type: ignore[arg-type]
    if value is None:
        return b"None;"
    return repr(value).encode() + b";"


def _inside(value: object) -> tuple[bytes, Sequence[object]]:
    """Return what a value is, and what is in it."""
    if isinstance(value, tuple):
        return b"tuple", value
    if isinstance(value, list):
        return b"list", value
    if isinstance(value, dict):
        return b"dict", [part for pair in pairs(value) for part in pair]
    if isinstance(value, Global):
        return f"global {value.module} {value.name}".encode("utf-8", "surrogatepass"), ()
    if isinstance(value, Persistent):
        return b"persistent", (value.pid,)
    if isinstance(value, Items):
        return value.kind.encode(), value.items
    return b"object", ()
