"""The state of one walk through a program, and the bounds on it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.python.acts import Act, Kind, When
from modelwarden.formats.python.values import (
    ANYTHING,
    Class,
    Function,
    Scope,
    Value,
    merged,
    outside,
)

STEPS = 600_000
DEPTH = 120
CALLS = 10
_ACTS = 40_000
_BATCH = 2048
_BUILTINS = frozenset(dir(builtins))
_OWN = {
    name: Value(flows=frozenset(("__name__",)))
    for name in ("__name__", "__package__", "__file__", "__path__", "__spec__", "__doc__")
}


class State:
    """What a walk knows and has seen.

    Attributes:
        acts: what was seen, in the order in which it would happen.
        when: when the code runs that is being walked through.
        loose: above 0 in code that may not run: what it assigns does not replace what was.
        nested: how the text was made that is being evaluated; None in the file's own code.
        stack: functions that are being called.
    """

    def __init__(self, spend: Callable[[int], None]) -> None:
        """Start at the top of a module; `spend` is told of steps and may refuse them."""
        self.spend = spend
        self.acts: list[Act] = []
        self.when = When.IMPORT
        self.module = Scope()
        self.loose = 0
        self.nested: str | None = None
        self.line = 0  # of the text that is being evaluated
        self.depth = 0
        self.steps = 0
        self.iterations = 0
        self.stack: list[ast.AST] = []
        self.visits: dict[tuple[int, When], int] = {}
        self.visited: set[int] = set()
        self.results: dict[int, Value] = {}
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.methods: dict[str, list[Function]] = {}
        self.imports: dict[str, int] = {}
        self.replaced: dict[str, Function] = {}

    def step(self) -> None:
        """Count one node."""
        self.steps += 1
        if self.steps % _BATCH == 0:
            self.spend(_BATCH)
            if self.steps > STEPS:
                raise LimitExceededError("steps of following Python code", STEPS)

    def act(
        self,
        kind: Kind,
        value: Value,
        node: ast.AST,
        args: tuple[Value, ...] = (),
        named: dict[str, Value] | None = None,
        made: str = "",
    ) -> None:
        """Note that something is done with a name from outside."""
        if value.path is None:
            return
        if len(self.acts) >= _ACTS:
            raise LimitExceededError("uses of names in Python code", _ACTS)
        line = self.line or getattr(node, "lineno", 1)
        self.acts.append(
            Act(
                kind,
                value.path,
                self.when,
                line,
                args,
                named or {},
                value.made or made,
                self.nested,
            )
        )

    def lookup(self, name: str, scope: Scope) -> Value:
        """Return what a name stands for."""
        place: Scope | None = scope
        stars: list[str] = []
        while place is not None:
            if name in place.names and (place is scope or not place.is_class):
                return place.names[name]
            stars += place.stars
            place = place.up
        if name == "__builtins__":
            return outside("builtins")
        if name == "get_ipython":
            return outside("IPython.get_ipython")
        if name in _OWN:
            return _OWN[name]
        if name in _BUILTINS:
            return outside(f"builtins.{name}")
        found = ANYTHING
        for module in stars[:6]:
            found = merged(found, outside(f"{module}.{name}"))
        return found

    def bind(self, scope: Scope, name: str, value: Value) -> None:
        """Let a name stand for a value, besides what it was where the code may not run."""
        home = self.module if name in scope.outer else scope
        while home.up is not None and name in home.around:
            home = home.up
        home.names[name] = merged(home.names.get(name), value) if self.loose else value
