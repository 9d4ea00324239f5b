"""What stands under an index: of the program's own values, and of Python's tables of names."""

from __future__ import annotations

import ast

from modelwarden.formats.python import fold
from modelwarden.formats.python.acts import Kind
from modelwarden.formats.python.implicit import Implicit
from modelwarden.formats.python.values import (
    ANYTHING,
    Class,
    Scope,
    Value,
    constant,
    flowing,
    merged,
    outside,
)

_MISSING_KEY = ("__missing__",)
_ITEM = ("__getitem__",)
_OF_FRAMES = ("f_globals", "f_locals", "f_builtins")
_LOOKUPS = frozenset(("builtins.globals()", "builtins.locals()"))


class Items(Implicit):
    """Looks items up."""

    def subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        """Return an item of a value, or a part of it."""
        base = self.value(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            self.implied(base, _ITEM)
            return self._slice(base, node.slice, scope)
        index = self.value(node.slice, scope)
        found: Value | None = None
        for one in base.each():
            found = merged(found, self.item(one, index, node))
        return found or ANYTHING

    def _slice(self, base: Value, part: ast.Slice, scope: Scope) -> Value:
        ends = [
            self.value(e, scope) if e else Value(const=None)
            for e in (part.lower, part.upper, part.step)
        ]
        if base.is_const and all(e.is_const for e in ends):
            try:
                index = slice(*(e.const for e in ends))
                back = isinstance(index.step, int) and index.step < 0
                made = "decoded" if back else base.made or "joined"
                return constant(fold.subscript(base.const, index), made, base.flows)
            except (fold.UnknownError, *fold.FAILURES):
                pass
        return Value(flows=base.flows, items=base.items)

    def item(self, base: Value, index: Value, node: ast.AST) -> Value:
        """Return what stands under an index."""
        if base.path is not None:
            return self._looked_up(base, index, node)
        if base.table is not None:
            found = base.table.get(index.const) if hashable(index) else None
            if found is not None:
                return found
            return any_of(tuple(base.table.values()))
        if base.items is not None:
            return self._of_items(base.items, index)
        if base.bound is not None and base.bound[1] == "__globals__" and index.text:
            return self._of_globals(index, node)
        if isinstance(base.code, Class):
            if not base.instance:
                self.run(base, base.code, "__class_getitem__", (index,))
            self.implied(base, _MISSING_KEY)
            return self.call_method(base, "__getitem__", (index,), {}, node)
        try:
            if base.is_const and index.is_const:
                return constant(
                    fold.subscript(base.const, index.const), base.made or "joined", base.flows
                )
        except (fold.UnknownError, *fold.FAILURES):
            pass
        return Value(flows=base.flows) if base.flows else ANYTHING

    def _of_items(self, items: tuple[Value, ...], index: Value) -> Value:
        at = index.const
        if isinstance(at, int) and -len(items) <= at < len(items):
            return items[at]
        return any_of(items)

    def _of_globals(self, index: Value, node: ast.AST) -> Value:
        name = index.text or ""
        found = outside("builtins" if name == "__builtins__" else name, "joined")
        self.act(Kind.MACHINERY, outside(f"__globals__.{name}"), node)
        return found

    def _looked_up(self, base: Value, index: Value, node: ast.AST) -> Value:
        """Return an item of one of Python's own tables of names."""
        path, name = base.path or "", index.text
        if path.endswith(".__globals__") and name:
            return self._of_globals(index, node)
        frame = path.endswith(_OF_FRAMES) and name is not None
        table = path == "sys.modules" or path.endswith(".__dict__") or path in _LOOKUPS or frame
        if not table and path not in {"builtins", "os.environ"}:
            return outside(f"{path}[]", base.made, base.flows)
        if path == "os.environ":
            return Value(flows=base.flows | {f"os.environ:{name or ''}"})
        if name is None:
            own = "__name__" in index.flows or (index.bound and index.bound[1] == "__module__")
            if not own and path not in _LOOKUPS and not (index.path or "").endswith("__module__"):
                self.act(Kind.COMPUTED, Value(path=path.removesuffix(".__dict__")), node, (index,))
            return Value(flows=flowing(base, index))
        if path in _LOOKUPS or frame:
            return self.lookup(name, self.module)
        if path == "sys.modules":
            return outside(name, index.made)
        return outside(
            f"{path.removesuffix('.__dict__')}.{name}", index.made or "joined", base.flows
        )

    # What the classes below this one do.

    def value(self, node: ast.expr, scope: Scope) -> Value:
        """Return what an expression may be."""
        raise NotImplementedError

    def call_method(
        self,
        base: Value,
        name: str,
        args: tuple[Value, ...],
        named: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call a method of a value."""
        raise NotImplementedError


def hashable(value: Value) -> bool:
    """Tell whether a value is a constant that a table can have as a key."""
    return value.is_const and isinstance(value.const, str | bytes | int | float | tuple | None)


def any_of(values: tuple[Value, ...]) -> Value:
    """Return a value that may be any of the first few."""
    found: Value | None = None
    for value in values[:8]:
        found = merged(found, value)
    return found or ANYTHING
