"""What is known about a value in a program that nobody runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import field

from modelwarden.core.values import dataclass

Constant = object  # str, bytes, int, float, bool, None, or a tuple of these
TEXT = 1 << 20  # longest constant that is folded
ITEMS = 4096
_PATH = 300
_ALTERNATIVES = 6
_FLOWS = 64


class _Missing:
    __slots__ = ()


MISSING = _Missing()


@dataclass(slots=True, eq=False)
class Scope:
    """Names of a module, a class body or a call.

    Attributes:
        up: where a name is looked for next. stars: modules of `from m import *`.
        outer: names that belong to the module. around: to a function around.
        returned: what the call may give back.
        function: the one that is being called.
    """

    up: Scope | None = None
    names: dict[str, Value] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    outer: set[str] = field(default_factory=set)
    around: set[str] = field(default_factory=set)
    returned: list[Value] = field(default_factory=list)
    is_class: bool = False
    function: Function | None = None


@dataclass(slots=True, eq=False)
class Function:
    """A function or lambda of the program, and where it was defined.

    Attributes:
        owner: the class whose method it is.
        wrappers: functions of the program that decorate it. inner: those defined inside of it.
        defaults: of its parameters.
        registered: something from outside decorates it, and may call it.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    owner: Class | None = None
    wrappers: tuple[Function, ...] = ()
    defaults: dict[str, Value] = field(default_factory=dict)
    inner: list[Function] = field(default_factory=list)
    is_property: bool = False
    registered: bool = False

    @property
    def name(self) -> str:
        """Return its name; empty for a lambda."""
        return getattr(self.node, "name", "")


@dataclass(slots=True, eq=False)
class Class:
    """A class of the program.

    Attributes:
        names: what its body defined, and what is set on its instances.
        bases: those that are of the program. outside: the other ones, as dotted paths.
    """

    node: ast.ClassDef
    names: dict[str, Value]
    bases: tuple[Class, ...] = ()
    outside: tuple[str, ...] = ()
    meta: Class | None = None

    def lineage(self) -> Iterator[Class]:
        """Yield the class and those above it, each once."""
        waiting, seen = [self], set()
        while waiting:
            one = waiting.pop(0)
            if id(one) not in seen:
                seen.add(id(one))
                yield one
                waiting += one.bases

    def find(self, name: str) -> Value | None:
        """Return what `name` is on the class or those above it."""
        return next((c.names[name] for c in self.lineage() if name in c.names), None)


@dataclass(slots=True, eq=False)
class Value:
    """What an expression may be; an empty one is anything.

    Attributes:
        const: the constant, when it is one.
        path: dotted name of something from outside, `()` behind it for a result of calling it.
        code: a function or class of the program. instance: its value is an object of `code`.
        items: of a list, tuple or set that is no constant. table: of a dictionary.
        bound: an object and the name of its method.
        made: how a text was made: empty for as written, `joined` or `decoded`.
        flows: paths of the calls that its content came from.
        also: what else it may be.
    """

    const: Constant = MISSING
    path: str | None = None
    code: Function | Class | None = None
    instance: bool = False
    items: tuple[Value, ...] | None = None
    table: dict[Constant, Value] | None = None
    bound: tuple[Value, str] | None = None
    made: str = ""
    flows: frozenset[str] = frozenset()
    also: tuple[Value, ...] = ()

    @property
    def is_const(self) -> bool:
        """Tell whether the value is a known constant."""
        return self.const is not MISSING

    @property
    def text(self) -> str | None:
        """Return the text, or None."""
        return self.const if isinstance(self.const, str) else None

    def each(self) -> tuple[Value, ...]:
        """Return everything that it may be."""
        return (self, *self.also)


ANYTHING = Value()


def constant(value: Constant, made: str = "", flows: frozenset[str] = frozenset()) -> Value:
    """Return a constant; one that is too long is anything."""
    if isinstance(value, str | bytes | tuple) and len(value) > TEXT:
        return Value(flows=flows)
    return Value(const=value, made=made, flows=flows)


def outside(path: str, made: str = "", flows: frozenset[str] = frozenset()) -> Value:
    """Return something from outside; with a path beyond all bounds it is anything."""
    if len(path) > _PATH:
        return Value(flows=flows)
    return Value(path=path, made=made, flows=flows)


def flowing(*values: Value, more: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return where the content of all of these came from."""
    flows = more
    for value in values:
        if value.flows and not value.flows <= flows:
            flows |= value.flows
    return flows if len(flows) <= _FLOWS else frozenset(sorted(flows)[:_FLOWS])


def merged(first: Value | None, second: Value) -> Value:
    """Return a value that may be either."""
    if first is None or first is second:
        return second
    found: list[Value] = []
    for value in (*second.each(), *first.each()):
        if value is ANYTHING or any(_same(value, other) for other in found):
            continue
        found.append(value)
    if not found:
        return ANYTHING
    head = found[0]
    flows = flowing(*found)
    rest = tuple(v if not v.also else _alone(v) for v in found[1:_ALTERNATIVES])
    return Value(
        head.const, head.path, head.code, head.instance, head.items, head.table, head.bound,
        head.made, flows, rest,
    )  # fmt: skip


def _alone(value: Value) -> Value:
    return Value(
        value.const, value.path, value.code, value.instance, value.items, value.table, value.bound,
        value.made, value.flows,
    )  # fmt: skip


def _same(one: Value, other: Value) -> bool:
    if one is other:
        return True
    if one.code is not None or other.code is not None:
        return one.code is other.code and one.instance == other.instance
    if one.path is not None or other.path is not None:
        return one.path == other.path
    if one.is_const and other.is_const:
        return type(one.const) is type(other.const) and one.const == other.const
    return False


def worst(*made: str) -> str:
    """Return the strongest of several ways in which texts were made."""
    return "decoded" if "decoded" in made else "joined" if "joined" in made else ""
