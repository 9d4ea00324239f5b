"""What calling something does: the program's own functions are followed, the others are noted."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, ClassVar

from modelwarden.formats.python import fold
from modelwarden.formats.python.acts import UNKNOWN, Kind, When
from modelwarden.formats.python.expressions import Expressions, constants
from modelwarden.formats.python.implicit import LOOKING
from modelwarden.formats.python.items import any_of
from modelwarden.formats.python.state import CALLS
from modelwarden.formats.python.values import (
    ANYTHING,
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

Args = tuple[Value, ...]
Named = dict[str, Value]
_Special = Callable[[Any, Value, Args, Named, ast.AST], "Value | None"]

_MADE_OF = frozenset(("cls", "action", "factory"))
_TABLES = frozenset(f"sys.modules.{name}" for name in ("get", "pop", "setdefault", "__getitem__"))
_ENDING = ("__del__",)
_VISITS = 4
_HANDED = 3
_MAPPED = 64
_LOOKED_AT = 2  # `type` of three arguments makes a class
# These look at what they are given and never call it.
_LOOKS = frozenset(
    f"builtins.{name}"
    for name in (
        "isinstance issubclass hasattr id repr print callable type len bool str hash property "
        "staticmethod classmethod super getattr"
    ).split()
) | {"functools.wraps", "functools.update_wrapper", "inspect.signature", "typing.cast"}
_OPENS = frozenset(("builtins.open", "io.open", "codecs.open", "pathlib.Path", "os.open"))
_BELOW = ("glob", "joinpath")  # and what they find
_IMPORTS = frozenset(("builtins.__import__", "importlib.import_module", "importlib.__import__"))
_EVALUATES = frozenset(("builtins.exec", "builtins.eval", "builtins.compile"))
_READS = frozenset(("os.getenv", "os.environ.get", "os.environ.pop", "os.environb.get"))
# Methods by which sessions, connections and tasks are told what to run.
_RUNNING = frozenset(
    "run run_always run_install sudo local execute exec_command exec_run execute_command shell cmd "
    "system call popen spawn sh bash command check_output check_call run_command".split()
)
_MERGES = frozenset("get pop setdefault __getitem__".split())


class Calls(Expressions):
    """Follows calls."""

    def call(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value:
        """Call everything that a value may be."""
        found: Value | None = None
        for one in called.each():
            found = merged(found, self._call_one(one, args, named, node))
        if called.made and called.bound is None:
            self.hand((*args, *named.values()), node)
        return found or ANYTHING

    def _call_one(self, one: Value, args: Args, named: Named, node: ast.AST) -> Value:
        if isinstance(one.code, Function):
            me = one.bound[0] if one.bound else None
            return self.invoke(one.code, args, named, me)
        if isinstance(one.code, Class) and one.path is None:
            if one.instance:
                return self.call_method(one, "__call__", args, named, node)
            return self.instantiate(one.code, args, named, node)
        if one.path is not None:
            return self._outside(one, args, named, node)
        if one.bound is not None:
            return self.call_method(*one.bound, args, named, node)
        self.hand((*args, *named.values()), node)
        return _flow(*args, *named.values(), one)

    def invoke(
        self, function: Function, args: Args, named: Named, me: Value | None = None
    ) -> Value:
        """Walk through a function of the program with what it is given."""
        node = function.node
        key = (id(node), self.when)
        visits = self.visits.get(key, 0)
        if visits >= _VISITS or node in self.stack or len(self.stack) >= CALLS:
            return self.results.get(id(node), ANYTHING)
        self.visits[key] = visits + 1
        self.visited.add(id(node))
        self.stack.append(node)
        loose, self.loose = self.loose, 0
        try:
            scope = self._entered(function, args, named, me)
            result = self.body_of(node, scope)
            for wrapper in function.wrappers:
                for inner in wrapper.inner:
                    self.invoke(inner, (), {})
        finally:
            self.stack.pop()
            self.loose = loose
        self.results[id(node)] = result
        return result

    def _entered(self, function: Function, args: Args, named: Named, me: Value | None) -> Scope:
        """Return the names of a call: parameters bound to what is given."""
        up: Scope | None = function.scope
        scope = Scope(up=up, function=function)
        names = scope.names
        parameters = function.node.args
        positional = [*parameters.posonlyargs, *parameters.args]
        if function.owner is not None:
            names["__class__"] = Value(code=function.owner)
            if positional:
                names[positional[0].arg] = me or Value(code=function.owner, instance=True)
                positional = positional[1:]
        for parameter in (*positional, *parameters.kwonlyargs):
            names[parameter.arg] = function.defaults.get(parameter.arg, ANYTHING)
        for parameter, value in zip(positional, args, strict=False):
            names[parameter.arg] = value
        for name, value in named.items():
            if name in names:
                names[name] = value
        rest = args[len(positional) :]
        if parameters.vararg:
            names[parameters.vararg.arg] = (
                Value(items=rest, flows=flowing(*rest)) if rest else ANYTHING
            )
        if parameters.kwarg:
            names[parameters.kwarg.arg] = _flow(*named.values())
        return scope

    def body_of(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> Value:
        """Walk through the body and return what comes back."""
        raise NotImplementedError

    def instantiate(
        self, made: Class, args: Args, named: Named, node: ast.AST | None = None
    ) -> Value:
        """Make an object: what runs for that, and at import what may run on it afterwards."""
        one = Value(code=made, instance=True, flows=flowing(*args, *named.values()))
        for above in made.lineage():
            if above.meta is not None:
                self.run(Value(code=above.meta, instance=True), above.meta, "__call__")
        for name in ("__new__", "__init__", "__post_init__", "_missing_"):
            self.run(one, made, name, args, named)
        if node is not None and made.find("__init__") is None and made.find("__new__") is None:
            for path in dict.fromkeys(p for above in made.lineage() for p in above.outside if p):
                self.act(Kind.CALL, outside(path), node, args, named)
        if self.when is When.IMPORT and any(above.outside for above in made.lineage()):
            for above in made.lineage():
                self._checked(one, above)
        # Nobody can tell how long it lives: it may be gone at once.
        self.implied(one, _ENDING)
        return one

    def _checked(self, one: Value, home: Class) -> None:
        """Run what a library was told of by a decorator, to check or to fill in an object."""
        for found in tuple(home.names.values()):
            if isinstance(found.code, Function) and found.code.registered:
                self.invoke(found.code, (), {}, one)

    def run(
        self, me: Value, home: Class, name: str, args: Args = (), named: Named | None = None
    ) -> Value | None:
        """Run a method of a class, if the program defines it."""
        found = home.find(name)
        if found is None or not isinstance(found.code, Function):
            return None
        return self.invoke(found.code, args, named or {}, me)

    def call_method(self, base: Value, name: str, args: Args, named: Named, node: ast.AST) -> Value:
        """Call a method of something that is not from outside."""
        if isinstance(base.code, Class):
            found = base.code.find(name)
            if found is not None and isinstance(found.code, Function):
                return self.invoke(found.code, args, named, base)
            if found is not None and found.path is not None:
                return self._outside(found, args, named, node)
        if base.is_const:
            return self._of_constant(base, name, args, named)
        if base.table is not None and name in _MERGES and args:
            return merged(any_of(args[1:]), self.item(base, args[0], node))
        if isinstance(base.code, Class) and base.instance:
            self.inherited(base, base.code, name)
        if name in _RUNNING and args and args[0].text is not None and base.path is None:
            self.act(Kind.CALL, outside(f"{UNKNOWN}.{name}"), node, args, named)
        self.hand((*args, *named.values()), node)
        if self.when is When.IMPORT:
            for method in self.methods.get(name, ())[:_HANDED]:
                self.invoke(method, args, named)
        return _flow(base, *args, *named.values())

    def _of_constant(self, base: Value, name: str, args: Args, named: Named) -> Value:
        flows = flowing(base, *args, *named.values())
        if named or not all(a.is_const for a in args):
            return Value(flows=flows)
        consts = [a.const for a in args]
        try:
            result = fold.method(base.const, name, consts)
        except (fold.UnknownError, *fold.FAILURES):
            return Value(flows=flows)
        made = worst(base.made, *(a.made for a in args), "" if name in _KEEPS else "joined")
        return constant(result, "decoded" if fold.undoes(name, consts) else made, flows)

    def hand(self, values: Args, node: ast.AST, depth: int = 0) -> None:
        """Note that values go to something that may call them."""
        for value in values:
            for one in value.each():
                if isinstance(one.code, Function):
                    if (
                        self.when is not When.LATER
                        and self.visits.get((id(one.code.node), self.when), 0) < 1
                    ):
                        me = one.bound[0] if one.bound else None
                        result = self.invoke(one.code, (), {}, me)
                        for given in result.items or ():  # as `copyreg` calls what it is given
                            if given.path is not None and not given.path.endswith(("()", "[]")):
                                self.act(Kind.HANDED, given, node)
                elif one.path is not None and not one.path.endswith(("()", "[]")):
                    self.act(Kind.HANDED, one, node)
                self.anything_of(one)
                if depth < _HANDED:
                    inner = one.items or tuple((one.table or {}).values())
                    self.hand(inner[:_MAPPED], node, depth + 1)

    def _classes(self, named: Named) -> None:
        """Make an object of each class that is handed on for that: an encoder, an action."""
        for name in _MADE_OF & named.keys() if self.when is When.IMPORT else ():
            for one in named[name].each():
                if isinstance(one.code, Class) and not one.instance and one.path is None:
                    self.anything_of(self.instantiate(one.code, (), {}))

    def _outside(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value:
        path = called.path or ""
        everything = (*args, *named.values())
        self._classes(named)
        self.act(Kind.CALL, called, node, args, named)
        if path.endswith(".__getattribute__") and args:
            base = Value(path=path.removesuffix(".__getattribute__"))
            given = args if base.path in {"builtins.object", "builtins.type"} else (base, *args)
            return self._getattr(called, given, {}, node) or ANYTHING
        if path in _TABLES and args and args[0].text:
            return self.item(outside("sys.modules"), args[0], node)
        if path in self.replaced:
            return self.invoke(self.replaced[path], args, named)
        special = self._special.get(path)
        if special is not None:
            result: Value | None = special(self, called, args, named, node)
            if result is not None:
                return result
        if path not in _LOOKS or len(args) > _LOOKED_AT:
            self.hand(everything, node)
        else:
            for one in everything:
                self.implied(one, LOOKING)
        flows = flowing(called, *everything, more=_paths(everything))
        folded = self._folded(path, args, named, flows)
        return (
            folded if folded is not None else outside(f"{path}()", "", flows | _origin(path, args))
        )

    def _folded(self, path: str, args: Args, named: Named, flows: frozenset[str]) -> Value | None:
        if named or not (path in fold.DECODERS or path in fold.JOINERS):
            return None
        if not all(a.is_const for a in args):
            return Value(flows=flows | {path}) if path in fold.DECODERS else Value(flows=flows)
        try:
            result = fold.function(path, [a.const for a in args])
        except (fold.UnknownError, *fold.FAILURES):
            return Value(flows=flows | {path})
        hidden = path in fold.DECODERS or fold.spells(path, [a.const for a in args], result)
        made = "decoded" if hidden else worst("joined", *(a.made for a in args))
        return constant(result, made, flows)

    # Functions that lead to names.

    def _import(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        name = args[0] if args else named.get("name", ANYTHING)
        if name.text is None:
            if "__name__" not in flowing(*args, *named.values()):
                self.act(Kind.COMPUTED, called, node, args)
            return outside("?", "", name.flows)
        text = name.text
        if (called.path or "").endswith("__import__") and len(args) < 4 and "fromlist" not in named:
            text = text.partition(".")[0]
        self.imports.setdefault(name.text, getattr(node, "lineno", 1))
        return outside(text, name.made)

    def _getattr(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        if len(args) < 2:
            return None
        base, name = args[0], args[1]
        if name.text is None:
            for one in base.each():
                if one.path is not None and not one.path.endswith("()"):
                    self.act(Kind.COMPUTED, one, node, args)
            return Value(flows=flowing(*args))
        found = self.attribute(base, name.text, name.made)
        if name.text == "__subclasses__" and name.made:
            self.act(Kind.MACHINERY, outside(f"?.{name.text}"), node)
        return merged(args[2], found) if len(args) > 2 else found

    def _setattr(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        if len(args) == 3 and args[0].path is not None:
            path = f"{args[0].path}.{args[1].text or '?'}"
            self.act(Kind.SET, outside(path), node, args[2:])
        return None

    def _vars(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        if args and args[0].path is not None:
            return outside(f"{args[0].path}.__dict__")
        return outside("builtins.globals()") if not args else None

    def _evaluate(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        code = args[0] if args else named.get("source", ANYTHING)
        text = code.const
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if not isinstance(text, str):
            return Value(flows=flowing(*args)) if called.path != "builtins.compile" else code
        if called.path == "builtins.compile":
            return code
        return self.evaluate(text, code.made)

    def evaluate(self, text: str, made: str) -> Value:
        """Walk through a text that is evaluated as code."""
        raise NotImplementedError

    def _map(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        if len(args) < 2:
            return None
        given = constants(args[1])
        if given is None or len(args) > 2:
            inner = any_of(args[1].items or ())
            one = self.call(args[0], (inner,), {}, node)
            return Value(items=(one,), flows=flowing(one, *args))
        found: list[Constant] = []
        made = "joined"
        for item in given:
            one = self.call(args[0], (Value(const=item),), {}, node)
            if not one.is_const or isinstance(one.const, tuple):
                return Value(items=(one,), flows=flowing(one, *args))
            made = worst(made, one.made)
            found.append(one.const)
        return Value(const=tuple(found), made=made)

    def _partial(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        if not args:
            return None
        self.hand(args, node)
        return args[0]

    def _property(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        one = args[0].code if args else None
        if not isinstance(one, Function):
            return None
        made = Function(one.node, one.scope, one.owner, defaults=one.defaults, is_property=True)
        return Value(code=made)

    def _itself(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        return args[0] if args and (args[0].path or args[0].code) else None

    def _configured(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        """Call what the settings of a log name as factories: `"()"`."""
        waiting, seen = [*args, *named.values()], 0
        while waiting and seen < _MAPPED:
            one, seen = waiting.pop(), seen + 1
            for key, value in (one.table or {}).items():
                if key == "()" and value.text:
                    self.act(Kind.CALL, outside(value.text, value.made), node, (one,))
                waiting.append(value)
        return None

    def _spec(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        return Value(path=f"{called.path}()", items=args[:1])

    def _of_spec(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        name = args[0].items[0].text if args and args[0].items else None
        return outside(name, args[0].made or "joined") if name else None

    def _resolved(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        name = args[0].text if args else None
        return outside(name.replace(":", "."), args[0].made or "joined") if name else None

    def _getter(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        return Value(path=f"{called.path}()", items=args)

    def _got(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        """Apply `operator.attrgetter(...)` or `methodcaller(...)` to an object."""
        names = called.items or ()
        if not names or not args:
            return None
        found = self._getattr(called, (args[0], names[0]), {}, node) or ANYTHING
        if (called.path or "").startswith("operator.methodcaller"):
            return self.call(found, names[1:], {}, node)
        return found

    def _environment(self, called: Value, args: Args, named: Named, node: ast.AST) -> Value | None:
        name = args[0].text if args else None
        default = args[1].flows if len(args) > 1 else frozenset()
        return Value(flows=default | {f"os.environ:{name or ''}"})

    _special: ClassVar[dict[str, _Special]] = {
        **dict.fromkeys(_IMPORTS, _import),
        **dict.fromkeys(_EVALUATES, _evaluate),
        **dict.fromkeys(_READS, _environment),
        "builtins.getattr": _getattr,
        "builtins.setattr": _setattr,
        "builtins.vars": _vars,
        "builtins.property": _property,
        "builtins.staticmethod": _itself,
        "builtins.classmethod": _itself,
        "logging.config.dictConfig": _configured,
        "importlib.util.find_spec": _spec,
        "importlib.machinery.PathFinder.find_spec": _spec,
        "importlib.util.module_from_spec": _of_spec,
        "pkgutil.resolve_name": _resolved,
        "builtins.map": _map,
        "builtins.filter": _map,
        "functools.partial": _partial,
        "operator.attrgetter": _getter,
        "operator.methodcaller": _getter,
        "operator.attrgetter()": _got,
        "operator.methodcaller()": _got,
    }


_KEEPS = frozenset("strip lstrip rstrip lower upper split partition".split())


def _flow(*values: Value) -> Value:
    flows = flowing(*values)
    return Value(flows=flows) if flows else ANYTHING


def _paths(values: Args) -> frozenset[str]:
    return frozenset(value.path for value in values if value.path and not value.path.endswith("()"))


def _origin(path: str, args: Args) -> frozenset[str]:
    """Name where a result comes from; of a file, with its name."""
    name = args[0].text if args else None
    if path in _OPENS and name:
        return frozenset((path, f"{path}:{name[:200]}"))
    if name and path.startswith(("pathlib.Path", "glob.")) and path.endswith(_BELOW):
        return frozenset((path, f"{path}:{name[:200]}"))
    if path in {"os.path.expanduser", "os.path.join", "pathlib.Path.home"} and name:
        return frozenset((path, f"{path}:{name[:200]}"))
    return frozenset((path,))
