"""What stands on the symbolic machine's stack.

Plain data is itself: `None`, numbers, `str`, `bytes`, tuples and lists. A dict is a Python dict
whose values are flat lists of keys and values in the order in which they were set, because keys
need not be hashable here. Everything that would be an object of some class is one of the classes
below. Values describe; nothing here can run anything that a file names.
"""

from __future__ import annotations

from typing import Final

PLAIN: Final = frozenset({str, bytes, int, float, bool, type(None)})
CHAIN = 48
LONG = 4096


class Summary:
    """Contents that are not kept; only the type is known (`object` when not even that)."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


DROPPED: Final = Summary("more")
MISSING: Final = Summary("missing")
ANY_TUPLE: Final = Summary("tuple")
ANY_LIST: Final = Summary("list")
ANY_DICT: Final = Summary("dict")
ANY_SET: Final = Summary("set")
ANY_FROZENSET: Final = Summary("frozenset")
BUFFER: Final = Summary("buffer")


class Global:
    """Something that would be imported.

    Attributes:
        module: as Python 3 would import it, after the mapping of Python 2 names; empty when the
            name cannot be known before the load.
        name: within the module, dotted from protocol 4 on.
        raw: `module.name` as the file has it, when the mapping changed it.
        at: offset of the opcode that imports it first.
        resolved: False when the name is computed while loading.
    """

    __slots__ = ("at", "module", "name", "raw", "resolved")

    def __init__(
        self, module: str, name: str, at: int, raw: str | None = None, *, resolved: bool = True
    ) -> None:
        self.module = module
        self.name = name
        self.at = at
        self.raw = raw
        self.resolved = resolved


class Call:
    """The result of calling something, or of making an instance (`new`).

    Attributes:
        root: the global that the chain of calls begins with, if any.
        depth: calls in the chain; it is cut at `CHAIN`.
        state: what BUILD restored last.
        built: its state was restored. Picklers fill an object first and restore it last, once.
        identity: what tells results apart: the same for the same callee and arguments.
    """

    __slots__ = (
        "args",
        "at",
        "built",
        "callee",
        "depth",
        "identity",
        "kwargs",
        "new",
        "root",
        "state",
    )

    def __init__(
        self,
        callee: object,
        args: object,
        at: int,
        *,
        new: bool = False,
        kwargs: object = None,
        identity: int = 0,
    ) -> None:
        self.callee = callee
        self.depth = 1
        self.identity = identity
        self.root: Global | None
        if type(callee) is Global:  # nearly always
            self.root = callee
        else:
            self.root = callee if isinstance(callee, Global) else getattr(callee, "root", None)
        if type(callee) is Call:
            self.depth = callee.depth + 1
            if self.depth > CHAIN:
                self.callee, self.depth, self.identity = self.root, CHAIN + 1, 0
        self.args = args
        self.kwargs = kwargs
        self.at = at
        self.new = new
        self.state: object = None
        self.built = False


class Persistent:
    """What the loader's `persistent_load` would return for `pid`."""

    __slots__ = ("at", "pid")

    def __init__(self, pid: object, at: int) -> None:
        self.pid = pid
        self.at = at

    @property
    def root(self) -> Global | None:
        """The class that torch's loader returns for `("module", class, file, source)`."""
        if isinstance(self.pid, tuple) and len(self.pid) > 1 and self.pid[0] == "module":
            return self.pid[1] if isinstance(self.pid[1], Global) else None
        return None


class Items:
    """A set, frozenset or bytearray: `kind` and what is in it."""

    __slots__ = ("items", "kind")

    def __init__(self, kind: str, items: list[object]) -> None:
        self.kind = kind
        self.items = items


class Span:
    """A long constant that stays in the file.

    Attributes:
        kind: `str`, `bytes` or `bytearray`.
        at: offset of its first byte. size: bytes.
        escaped: it is text with escapes (opcodes STRING and UNICODE).
        latin: it stands for the bytes that its text has in Latin-1; `kind` is `bytes`.
    """

    __slots__ = ("at", "escaped", "kind", "latin", "size")

    def __init__(
        self, kind: str, at: int, size: int, *, escaped: bool = False, latin: bool = False
    ) -> None:
        self.kind = kind
        self.at = at
        self.size = size
        self.escaped = escaped
        self.latin = latin


def is_kind(value: object, plain: type, summary: Summary) -> bool:
    """Tell whether `value` is exactly a `plain` container, kept or summed up."""
    return type(value) is plain or value is summary


_CALLABLE = (Global, Call, Persistent)


def is_callable(value: object) -> bool:
    """Tell whether CPython could call this at all; plain data it cannot."""
    return isinstance(value, _CALLABLE) or value is BUFFER


def pairs(value: object) -> list[tuple[object, object]]:
    """Return what was set in a dict, as far as it is kept, in order."""
    found: list[tuple[object, object]] = []
    if type(value) is dict:
        for piece in value.values():
            found += zip(piece[::2], piece[1::2], strict=False)
    return found


def globals_in(args: object, room: int = 64) -> list[Global]:
    """Return imported things among the arguments, also within containers and calls, bounded."""
    found: list[Global] = []
    work = [args]
    while work and room > 0:
        room -= 1
        item = work.pop()
        if type(item) in PLAIN:
            continue
        if isinstance(item, Global):
            found.append(item)
        elif isinstance(item, tuple | list):
            work += item[:16]
        elif isinstance(item, Items):
            work += item.items[:16]
        elif isinstance(item, dict):
            for piece in list(item.values())[:4]:
                work += piece[:32]
        elif isinstance(item, Call):
            work += [item.callee, item.args]
    return found
