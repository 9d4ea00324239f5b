"""What an expression may be, and what happens while it is worked out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.python import fold
from modelwarden.formats.python.acts import Kind
from modelwarden.formats.python.implicit import (
    COMPARING,
    HASHING,
    ITERATING,
    OPERATORS,
    TEXT,
    TRUTH,
    UNARY,
)
from modelwarden.formats.python.items import Items, any_of, hashable
from modelwarden.formats.python.state import DEPTH
from modelwarden.formats.python.values import (
    ANYTHING,
    ITEMS,
    Class,
    Constant,
    Function,
    Scope,
    Value,
    constant,
    flowing,
    merged,
    outside,
    worst,
)

if TYPE_CHECKING:
    Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp

_MACHINERY = frozenset(("__subclasses__", "__globals__", "__builtins__"))
_CLIMBS = frozenset(("__base__", "__bases__", "__mro__", "mro", "__class__"))
# What these give of a function is the function.
_ITSELF = frozenset(("__call__", "__func__", "__wrapped__", "__self__"))
_ANY_ATTRIBUTE = ("__getattribute__",)
_ABSENT = ("__getattr__",)


class Expressions(Items):
    """Works out expressions."""

    def value(self, node: ast.expr, scope: Scope) -> Value:
        """Return what an expression may be."""
        self.step()
        if self.depth >= DEPTH:
            raise LimitExceededError("nesting of Python code", DEPTH)
        work = self._expressions.get(type(node))
        self.depth += 1
        try:
            return work(self, node, scope) if work else self.parts(node, scope)
        finally:
            self.depth -= 1

    def parts(self, node: ast.AST, scope: Scope) -> Value:
        """Work out everything below a node; the value itself is not known."""
        flows: frozenset[str] = frozenset()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                flows = flowing(self.value(child, scope), more=flows)
        return Value(flows=flows) if flows else ANYTHING

    def _constant(self, node: ast.Constant, scope: Scope) -> Value:
        value = node.value
        return (
            Value(const=value)
            if isinstance(value, str | bytes | int | float) or value is None
            else ANYTHING
        )

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        return self.lookup(node.id, scope)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        base = self.value(node.value, scope)
        if node.attr in _MACHINERY:
            self._inside(base, node)
        return self.attribute(base, node.attr)

    def _inside(self, base: Value, node: ast.Attribute) -> None:
        if node.attr == "__subclasses__" and not _climbs(node.value):
            return
        if node.attr != "__globals__":
            path = f"{base.path or '?'}.{node.attr}"
            self.act(Kind.MACHINERY, outside(path), node)

    def attribute(self, base: Value, name: str, made: str = "") -> Value:
        """Return an attribute of a value."""
        found: Value | None = None
        for one in base.each():
            found = merged(found, self._attribute_of(one, name, made))
        return found or ANYTHING

    def _attribute_of(self, one: Value, name: str, made: str) -> Value:
        if one.path == "builtins.super()" and isinstance(one.code, Class):
            above = next((v for c in one.code.bases if (v := c.find(name))), None)
            beyond = next((path for c in one.code.lineage() for path in c.outside if path), None)
            if above is None and name == "__init__" and beyond:
                return outside(beyond)
            return self._of_class(Value(code=one.code, instance=True), above, name)
        if isinstance(one.code, Class):
            return self._of_class(one, one.code.find(name), name)
        if one.path is not None:
            if name in _ITSELF and not one.path.endswith("()"):
                return one
            path = f"{one.path}.{name}"
            return outside(path, made or one.made, one.flows)
        return Value(bound=(one, name), flows=one.flows)

    def _of_class(self, one: Value, found: Value | None, name: str) -> Value:
        self.implied(one, _ANY_ATTRIBUTE)
        if found is None:
            if not name.startswith("__"):
                self.implied(one, _ABSENT)
            return Value(bound=(one, name), flows=one.flows)
        if isinstance(found.code, Function):
            if found.code.is_property and one.instance:
                return self.invoke(found.code, (), {}, one)
            return Value(bound=(one, name), code=found.code)
        return self.described(found, "__get__") or found

    def _binary(self, node: ast.BinOp, scope: Scope) -> Value:
        # Texts are put together out of hundreds of pieces: the left spine is walked in a loop.
        spine: list[ast.BinOp] = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
            self.step()
        left = self.value(spine[-1].left, scope)
        for one in reversed(spine):
            left = self.operate(one.op, left, self.value(one.right, scope))
        return left

    def operate(self, kind: ast.operator, left: Value, right: Value) -> Value:
        """Return the result of an operator."""
        if left is ANYTHING and right is ANYTHING:
            return ANYTHING
        self.implied(left, OPERATORS)
        self.implied(right, OPERATORS)
        flows = flowing(left, right)
        if left.is_const and right.is_const:
            try:
                made = worst("joined", left.made, right.made)
                return constant(fold.binary(kind, left.const, right.const), made, flows)
            except (fold.UnknownError, *fold.FAILURES):
                return Value(flows=flows)
        if isinstance(left.const, str) and _in_package(left.const):
            return Value(flows=flows | {"__name__"})
        if isinstance(kind, ast.Mod) and left.is_const and right.items is not None:
            return Value(flows=flows)
        if isinstance(kind, ast.Add) and left.items is not None and right.items is not None:
            return Value(items=(left.items + right.items)[:ITEMS], flows=flows)
        known = left.path or right.path or left.code or right.code
        return merged(left, right) if isinstance(kind, ast.BitOr) and known else Value(flows=flows)

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.value(node.operand, scope)
        self.implied(value, UNARY)
        if isinstance(node.op, ast.USub) and isinstance(value.const, int):
            return constant(-value.const)
        return Value(flows=value.flows)

    def _either(self, node: ast.BoolOp, scope: Scope) -> Value:
        found: Value | None = None
        for one in node.values:
            found = merged(found, self.tested(one, scope))
        return found or ANYTHING

    def tested(self, node: ast.expr, scope: Scope) -> Value:
        """Work out what is asked whether it is true."""
        value = self.value(node, scope)
        self.implied(value, TRUTH)
        return value

    def _compare(self, node: ast.Compare, scope: Scope) -> Value:
        values = [self.value(one, scope) for one in (node.left, *node.comparators)]
        for one in values:
            self.implied(one, COMPARING)
        flows = flowing(*values)
        return Value(flows=flows) if flows else ANYTHING

    def _choice(self, node: ast.IfExp, scope: Scope) -> Value:
        self.tested(node.test, scope)
        return merged(self.value(node.orelse, scope), self.value(node.body, scope))

    def _formatted(self, node: ast.JoinedStr, scope: Scope) -> Value:
        pieces = [self._piece(one, scope) for one in node.values]
        flows = flowing(*pieces)
        if all(p.is_const for p in pieces):
            made = worst("joined" if len(pieces) > 1 else "", *(p.made for p in pieces))
            return constant("".join(str(p.const) for p in pieces), made, flows)
        begin = pieces[0].text or "" if pieces else ""
        # What it begins with tells whose module an import can reach.
        return Value(flows=flows | {"__name__"} if _in_package(begin) else flows)

    def _piece(self, node: ast.expr, scope: Scope) -> Value:
        if not isinstance(node, ast.FormattedValue):
            return self.value(node, scope)
        value = self.value(node.value, scope)
        self.implied(value, TEXT)
        if node.format_spec is not None:
            self.value(node.format_spec, scope)
            return Value(flows=value.flows)
        if value.is_const and node.conversion == -1:
            return value
        return Value(flows=value.flows)

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set, scope: Scope) -> Value:
        if len(node.elts) > ITEMS:
            return self.parts(node, scope)
        items = tuple(self.value(e, scope) for e in node.elts)
        if isinstance(node, ast.Set):
            for one in items:
                self.implied(one, HASHING)
        flows = flowing(*items)
        if not items or any(isinstance(e, ast.Starred) for e in node.elts):
            return Value(const=()) if not items else Value(flows=flows, items=items)
        if all(i.is_const and not isinstance(i.const, tuple) for i in items):
            made = worst(*(i.made for i in items))
            return Value(const=tuple(i.const for i in items), made=made, flows=flows)
        return Value(items=items, flows=flows)

    def _table(self, node: ast.Dict, scope: Scope) -> Value:
        table: dict[Constant, Value] = {}
        flows: frozenset[str] = frozenset()
        for place, (key, item) in enumerate(zip(node.keys, node.values, strict=True)):
            name = self.value(key, scope) if key is not None else ANYTHING
            self.implied(name, HASHING)
            value = self.value(item, scope)
            flows = flowing(value, more=flows)
            if len(table) < ITEMS:
                table[name.const if hashable(name) else ("?", place)] = value
        return Value(table=table, flows=flows)

    def _comprehension(self, node: Comprehension, scope: Scope) -> Value:
        inner = Scope(up=scope)
        items: tuple[Constant, ...] | None = None
        flows: frozenset[str] = frozenset()
        for place, generator in enumerate(node.generators):
            source = self.value(generator.iter, inner if place else scope)
            self.implied(source, ITERATING)
            flows = flowing(source, more=flows)
            known = _constants(source)
            simple = len(node.generators) == 1 and not generator.ifs
            items = known if simple else None
            first = Value(const=known[0]) if known else any_of(source.items or ())
            self.assign(
                generator.target,
                first if first is not ANYTHING else Value(flows=source.flows),
                inner,
            )
            for test in generator.ifs:
                self.value(test, inner)
        if items and isinstance(node.generators[0].target, ast.Name | ast.Tuple):
            return self._each(node, items, inner, flows)
        one = self.value(node.elt, inner)
        return Value(items=(one,), flows=flowing(one, more=flows))

    def _each(
        self, node: Comprehension, items: tuple[Constant, ...], inner: Scope, flows: frozenset[str]
    ) -> Value:
        found: list[Constant] = []
        made = "joined"
        for item in items:
            self.assign(node.generators[0].target, Value(const=item), inner)
            one = self.value(node.elt, inner)
            if not one.is_const or isinstance(one.const, tuple):
                return Value(items=(one,), flows=flowing(one, more=flows))
            made = worst(made, one.made)
            found.append(one.const)
        return Value(const=tuple(found), made=made, flows=flows)

    def _dictionary(self, node: ast.DictComp, scope: Scope) -> Value:
        inner = Scope(up=scope)
        for generator in node.generators:
            source = self.value(generator.iter, inner)
            self.implied(source, ITERATING)
            self.assign(generator.target, any_of(source.items or ()), inner)
            for test in generator.ifs:
                self.value(test, inner)
        self.value(node.key, inner)
        value = self.value(node.value, inner)
        return Value(table={("?", 0): value}, flows=value.flows)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return Value(code=self.define(node, scope))

    def _walrus(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        self.assign(node.target, value, scope)
        return value

    def _inner(self, node: ast.Await | ast.Starred | ast.FormattedValue, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        if isinstance(node, ast.Starred):
            self.implied(value, ITERATING)
        return value

    def _yield(self, node: ast.Yield | ast.YieldFrom, scope: Scope) -> Value:
        if node.value is not None:
            scope.returned.append(self.value(node.value, scope))
        return ANYTHING

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        called = self.value(node.func, scope)
        args = tuple(self.value(one, scope) for one in node.args)
        named = {k.arg or "**": self.value(k.value, scope) for k in node.keywords}
        if called.path == "builtins.super" and not args:
            mine = self.lookup("__class__", scope)
            return Value(path="builtins.super()", code=mine.code)
        return self.call(called, args, named, node)

    # What the classes below this one do.

    def call(
        self, called: Value, args: tuple[Value, ...], named: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call a value."""
        raise NotImplementedError

    def invoke(
        self,
        function: Function,
        args: tuple[Value, ...],
        named: dict[str, Value],
        me: Value | None = None,
    ) -> Value:
        """Walk through a function of the program."""
        raise NotImplementedError

    def define(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> Function:
        """Make a function of the program."""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assign to a name, an attribute, an item, or several of them."""
        raise NotImplementedError

    _expressions: ClassVar[dict[type[ast.AST], Callable[[Any, Any, Scope], Value]]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: Items.subscript,
        ast.BinOp: _binary,
        ast.UnaryOp: _unary,
        ast.BoolOp: _either,
        ast.Compare: _compare,
        ast.IfExp: _choice,
        ast.JoinedStr: _formatted,
        ast.Tuple: _sequence,
        ast.List: _sequence,
        ast.Set: _sequence,
        ast.Dict: _table,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _dictionary,
        ast.Lambda: _lambda,
        ast.NamedExpr: _walrus,
        ast.Await: _inner,
        ast.Starred: _inner,
        ast.FormattedValue: _inner,
        ast.Yield: _yield,
        ast.YieldFrom: _yield,
        ast.Call: _call,
    }


def _in_package(begin: str) -> bool:
    """Tell whether a name that begins so stays below one package: `.x`, `sklearn.`."""
    head, dot, _ = begin.partition(".")
    return bool(dot) and (not head or head.isidentifier())


def _climbs(node: ast.expr) -> bool:
    """Tell whether an expression goes up the classes of something, to that of everything."""
    while True:
        if isinstance(node, ast.Attribute):
            if node.attr in _CLIMBS and node.attr != "__class__":
                return True
            node = node.value
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return isinstance(node, ast.Name) and node.id == "object"


def _constants(value: Value) -> tuple[Constant, ...] | None:
    """Return what iterating over a constant gives."""
    const = value.const
    if isinstance(const, tuple):
        return const
    if isinstance(const, str | bytes) and len(const) <= ITEMS:
        return tuple(const)
    return None


constants = _constants
