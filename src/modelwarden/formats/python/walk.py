"""A program walked through from its top, then from what loaders call, then the rest of it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, ClassVar

from modelwarden.formats.python.acts import Kind, When
from modelwarden.formats.python.calls import Calls
from modelwarden.formats.python.expressions import constants
from modelwarden.formats.python.hooks import FUNCTIONS, is_model, on_load
from modelwarden.formats.python.implicit import COMPARING, CONTEXT, ITERATING
from modelwarden.formats.python.items import any_of
from modelwarden.formats.python.parse import parse
from modelwarden.formats.python.values import (
    ANYTHING,
    Class,
    Function,
    Scope,
    Value,
    merged,
    outside,
)
from modelwarden.formats.view import DamagedError

_ITERATIONS = 20_000
_NESTED = 4
_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign)
_CASES = 8
# What Python calls by itself, when somebody puts a function there.
_HOOKS = frozenset(
    "warnings.showwarning warnings.formatwarning sys.excepthook sys.displayhook sys.unraisablehook "
    "threading.excepthook sys.breakpointhook builtins.__import__ builtins.__build_class__ "
    "builtins.print builtins.open logging.raiseExceptions".split()
)
_ENUMERATIONS = frozenset("Enum Flag IntEnum IntFlag StrEnum".split())
_BASE = ("__mro_entries__",)
_SETTING = ("__setattr__",)
_ITEMS = ("__setitem__",)
_DELETING = ("__delattr__", "__delitem__", "__delete__")


class Walk(Calls):
    """Follows statements."""

    def program(self, tree: ast.Module, hubconf: bool = False) -> None:
        """Walk through a module: its import, what loading calls, what is left.

        Args:
            tree: its syntax tree.
            hubconf: every public function of it is an entry point of `torch.hub`.
        """
        self.block(tree.body, self.module)
        at_import = self.module.names.get("__getattr__")
        if at_import is not None and isinstance(at_import.code, Function):
            self.invoke(at_import.code, (), {})
        self.when = When.LOAD
        for function in tuple(self.functions):
            if _is_hook(function, hubconf):
                self.invoke(function, (), {})
        self.when = When.LATER
        at = 0
        while at < len(self.functions):
            function = self.functions[at]
            at += 1
            if id(function.node) not in self.visited:
                self.invoke(function, (), {})

    def block(self, statements: list[ast.stmt], scope: Scope) -> None:
        """Walk through statements."""
        for node in statements:
            self.step()
            work = self._statements.get(type(node))
            if work is not None:
                work(self, node, scope)
            else:
                self._below(node, scope)

    def maybe(self, statements: list[ast.stmt], scope: Scope) -> None:
        """Walk through statements that may not run."""
        self.loose += 1
        try:
            self.block(statements, scope)
        finally:
            self.loose -= 1

    def _below(self, node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, scope)
            elif isinstance(child, ast.stmt):
                self.maybe([child], scope)
            else:
                self._below(child, scope)

    def body_of(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> Value:
        """Walk through the body of a function."""
        if isinstance(node, ast.Lambda):
            return self.value(node.body, scope)
        self.block(node.body, scope)
        if not scope.returned:
            return ANYTHING
        result = any_of(tuple(scope.returned))
        if node.name in {"__reduce__", "__reduce_ex__"}:
            self.hand((result,), node)
        return result

    def evaluate(self, text: str, made: str) -> Value:
        """Walk through a text that is evaluated as code."""
        if len(self.stack) >= _NESTED * 2:
            return ANYTHING
        try:
            tree = parse(text.strip())
        except DamagedError:
            return ANYTHING  # it would not run either
        before, self.nested = self.nested, made or self.nested or "written"
        above, self.line = self.line, self.line or (self.acts[-1].line if self.acts else 1)
        self.stack.append(tree)
        try:
            if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
                return self.value(tree.body[0].value, self.module)
            self.block(tree.body, self.module)
        finally:
            self.stack.pop()
            self.nested, self.line = before, above
        return ANYTHING

    # Definitions.

    def define(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> Function:
        """Make a function; its defaults are worked out now."""
        defaults: dict[str, Value] = {}
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        for parameter, default in zip(
            reversed(positional), reversed(arguments.defaults), strict=False
        ):
            defaults[parameter.arg] = self.value(default, scope)
        for parameter, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if value is not None:
                defaults[parameter.arg] = self.value(value, scope)
        function = Function(node, scope, defaults=defaults)
        self.functions.append(function)
        place: Scope | None = scope
        while place is not None and place.function is None:
            place = place.up
        if place is not None and place.function is not None:
            place.function.inner.append(function)
        return function

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        decorators = [(one, self.value(one, scope)) for one in node.decorator_list]
        arguments = node.args
        extra = [a for a in (arguments.vararg, arguments.kwarg) if a]
        for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra):
            if one.annotation is not None:
                self.value(one.annotation, scope)
        if node.returns is not None:
            self.value(node.returns, scope)
        function = self.define(node, scope)
        value = Value(code=function)
        static = False
        for place, decorator in reversed(decorators):
            static = static or decorator.path == "builtins.staticmethod"
            function.is_property |= decorator.path in _PROPERTIES
            self._decorate(decorator, function, value, place)
        if scope.is_class and not static:
            mine = scope.names.get("__class__")
            function.owner = mine.code if mine and isinstance(mine.code, Class) else None
            self.methods.setdefault(node.name, []).append(function)
        self.bind(scope, node.name, value)

    def _decorate(
        self, decorator: Value, function: Function, value: Value, place: ast.expr
    ) -> None:
        for one in decorator.each():
            if isinstance(one.code, Function) and not one.instance:
                if len(function.wrappers) < _NESTED:
                    function.wrappers += (one.code,)
                self.call(one, (value,), {}, place)
            elif one.path in _RUNNERS:
                self.hand((value,), place)
                self.act(Kind.CALL, one, place)
            elif one.path is not None:
                function.registered |= one.path.endswith("()")
                self.act(Kind.CALL, one, place)
            elif isinstance(one.code, Class):
                self.call(one, (value,), {}, place)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        for decorator in node.decorator_list:
            self.call(self.value(decorator, scope), (), {}, decorator)
        bases = [self.value(one, scope) for one in node.bases]
        for base in bases:
            self.implied(base, _BASE)
        inside = tuple(b.code for b in bases if isinstance(b.code, Class) and not b.instance)
        outer = tuple(b.path or _last_name(n) for b, n in zip(bases, node.bases, strict=True))
        inner = Scope(up=scope, is_class=True)
        made = Class(node, inner.names, inside, outer)
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            if keyword.arg == "metaclass" and isinstance(value.code, Class):
                made.meta = value.code
            elif keyword.arg == "metaclass":
                self.hand((value,), node)
        inner.names["__class__"] = Value(code=made)
        self.classes.append(made)
        loose, self.loose = self.loose, 0
        self.block(node.body, inner)
        self.loose = loose
        self._made(made, inside)
        handed = [v for name, v in inner.names.items() if name.startswith("__") and v.path]
        self.hand(tuple(v for v in handed if v.path not in _PLAIN), node)
        self.bind(scope, node.name, Value(code=made))

    def _made(self, made: Class, inside: tuple[Class, ...]) -> None:
        """Run what making a class runs."""
        metas = [c.meta for c in made.lineage() if c.meta is not None]
        for meta in metas[:1]:
            for name in ("__prepare__", "__new__", "__init__"):
                self.run(Value(code=meta, instance=True), meta, name)
        for base in inside:
            self.run(Value(code=made), base, "__init_subclass__")
        for value in tuple(made.names.values()):
            if isinstance(value.code, Class) and value.instance:
                self.run(value, value.code, "__set_name__")
        if any(above.rpartition(".")[2] in _ENUMERATIONS for above in made.outside):
            self.instantiate(made, (), {})  # each of its members

    # Assignments.

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assign to a name, an attribute, an item, or several of them."""
        if isinstance(target, ast.Name):
            self.bind(scope, target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, scope)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, scope)
        elif isinstance(target, ast.Attribute):
            self._set_attribute(target, value, scope)
        elif isinstance(target, ast.Subscript):
            self._set_item(target, value, scope)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
        known = constants(value) if value.is_const else None
        self.implied(value, ITERATING)
        for place, part in enumerate(target.elts):
            one = Value(flows=value.flows) if value.flows else ANYTHING
            if known is not None and place < len(known):
                item = known[place]
                one = Value(const=item, made=value.made, flows=value.flows)
            elif value.items is not None and place < len(value.items):
                one = value.items[place]
            self.assign(part, one, scope)

    def _set_attribute(self, target: ast.Attribute, value: Value, scope: Scope) -> None:
        base = self.value(target.value, scope)
        if isinstance(base.code, Class):
            names = base.code.names
            self.implied(base, _SETTING)
            if base.instance and (found := base.code.find(target.attr)) is not None:
                self.described(found, "__set__")
            names[target.attr] = merged(names.get(target.attr), value)
        elif base.path is not None:
            path = f"{base.path}.{target.attr}"
            self.act(Kind.SET, outside(path), target, (value,))
            if path in _HOOKS:
                self.hand((value,), target)
            if isinstance(value.code, Function):
                self.replaced[path] = value.code
        if value.path or value.also:
            self._handed(value, target)

    def _set_item(self, target: ast.Subscript, value: Value, scope: Scope) -> None:
        base = self.value(target.value, scope)
        index = ANYTHING
        if not isinstance(target.slice, ast.Slice):
            index = self.value(target.slice, scope)
        if base.table is not None and len(base.table) < _ITERATIONS:
            key = index.const if isinstance(index.const, str | int) else ("?", len(base.table))
            base.table[key] = merged(base.table.get(key), value)
        elif base.path in {"builtins.globals()", "builtins.locals()"} and index.text:
            self.bind(self.module, index.text, value)
        elif base.path is not None:
            self.act(Kind.SET, outside(f"{base.path}[{index.text or '?'}]"), target, (value,))
        self.implied(base, _ITEMS)
        if value.path:
            self._handed(value, target)

    def _handed(self, value: Value, node: ast.AST) -> None:
        for one in value.each():
            if one.path is not None and not one.path.endswith(("()", "[]")):
                self.act(Kind.HANDED, one, node)

    def _assignment(self, node: ast.Assign, scope: Scope) -> None:
        value = self.value(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        self.value(node.annotation, scope)
        if node.value is not None:
            self.assign(node.target, self.value(node.value, scope), scope)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        right = self.value(node.value, scope)
        if isinstance(node.target, ast.Name):
            left = self.lookup(node.target.id, scope)
            self.assign(node.target, self.operate(node.op, left, right), scope)
        else:
            self.assign(node.target, right, scope)

    # Imports.

    def _import_names(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            self.imports.setdefault(alias.name, node.lineno)
            if alias.asname:
                self.bind(scope, alias.asname, outside(alias.name))
            else:
                top = alias.name.partition(".")[0]
                self.bind(scope, top, outside(top))

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        module = "." * node.level + (node.module or "")
        self.imports.setdefault(module, node.lineno)
        for alias in node.names:
            if alias.name == "*":
                scope.stars.append(module)
            else:
                joint = "" if module.endswith(".") else "."
                self.bind(
                    scope, alias.asname or alias.name, outside(f"{module}{joint}{alias.name}")
                )

    # Control.

    def _if(self, node: ast.If, scope: Scope) -> None:
        # A chain of `elif` is walked in a loop: it may be hundreds long.
        while True:
            self.tested(node.test, scope)
            self._branch(node, scope)
            rest = node.orelse
            if len(rest) == 1 and isinstance(rest[0], ast.If):
                node = rest[0]
                continue
            self.maybe(rest, scope)
            return

    def _branch(self, node: ast.If, scope: Scope) -> None:
        if not _is_main(node.test) or self.when is not When.IMPORT:
            self.maybe(node.body, scope)
            return
        self.when = When.SCRIPT
        self.maybe(node.body, scope)
        self.when = When.IMPORT

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        source = self.value(node.iter, scope)
        self.implied(source, ITERATING)
        known = constants(source)
        simple = len(node.body) <= _NESTED and all(isinstance(s, _SIMPLE) for s in node.body)
        if known and simple and self.iterations + len(known) <= _ITERATIONS:
            self.iterations += len(known)
            for item in known:
                self.assign(node.target, Value(const=item), scope)
                self.block(node.body, scope)
        else:
            items = source.items or tuple(Value(const=item) for item in (known or ())[:_CASES])
            inner = any_of(items)
            if inner is ANYTHING and source.flows:
                inner = Value(flows=source.flows)
            self.assign(node.target, inner, scope)
            self.maybe(node.body, scope)
        self.maybe(node.orelse, scope)

    def _while(self, node: ast.While, scope: Scope) -> None:
        self.tested(node.test, scope)
        self.maybe(node.body, scope)
        self.maybe(node.orelse, scope)

    def _delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                self.implied(self.value(target.value, scope), _DELETING)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        for item in node.items:
            value = self.value(item.context_expr, scope)
            self._within(value)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, scope)
        self.block(node.body, scope)

    def _within(self, value: Value) -> None:
        if isinstance(value.code, Class) and value.instance:
            for name in CONTEXT:
                self.run(value, value.code, name)

    def _try(self, node: ast.Try, scope: Scope) -> None:
        self.block(node.body, scope)
        for handler in node.handlers:
            if handler.type is not None:
                self.value(handler.type, scope)
            self.maybe(handler.body, scope)
        self.maybe(node.orelse, scope)
        self.block(node.finalbody, scope)

    def _match(self, node: ast.Match, scope: Scope) -> None:
        subject = self.value(node.subject, scope)
        self.implied(subject, COMPARING)
        for case in node.cases:
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) if isinstance(part, ast.MatchAs) else None
                if name:
                    self.bind(scope, name, Value(flows=subject.flows))
            if case.guard is not None:
                self.value(case.guard, scope)
            self.maybe(case.body, scope)

    def _return(self, node: ast.Return, scope: Scope) -> None:
        if node.value is not None:
            scope.returned.append(self.value(node.value, scope))

    def _global(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        if isinstance(node, ast.Global):
            scope.outer.update(node.names)
        else:
            scope.around.update(node.names)

    _statements: ClassVar[dict[type[ast.AST], Callable[[Any, Any, Scope], None]]] = {
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.ClassDef: _class,
        ast.Assign: _assignment,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Import: _import_names,
        ast.ImportFrom: _import_from,
        ast.If: _if,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.While: _while,
        ast.With: _with,
        ast.AsyncWith: _with,
        ast.Try: _try,
        ast.TryStar: _try,
        ast.Match: _match,
        ast.Delete: _delete,
        ast.Return: _return,
        ast.Global: _global,
        ast.Nonlocal: _global,
    }


def _is_hook(function: Function, hubconf: bool) -> bool:
    owner, name = function.owner, function.name
    if owner is not None:
        bases = tuple(b for c in owner.lineage() for b in (*c.outside, c.node.name))
        return on_load(name, model=is_model(owner.node.name, bases))
    if function.scope.up is not None:
        return False
    return name in FUNCTIONS or (hubconf and bool(name) and not name.startswith("_"))


def _last_name(node: ast.expr) -> str:
    """Return the last name of a base class that is known by its name alone."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_main(test: ast.expr) -> bool:
    """Tell whether a condition needs `__name__ == "__main__"`, which no import meets."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_is_main(one) for one in test.values)
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False
    if not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, test.comparators[0])
    names = {s.id for s in sides if isinstance(s, ast.Name)}
    texts = {s.value for s in sides if isinstance(s, ast.Constant)}
    return names == {"__name__"} and texts == {"__main__"}


_PROPERTIES = frozenset(("builtins.property", "functools.cached_property"))
_RUNNERS = frozenset(("atexit.register",))
_PLAIN = frozenset(("builtins.object.__hash__",))
