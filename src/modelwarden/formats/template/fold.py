"""Which values an expression can have, as far as the template itself fixes them.

Every node gets the few constants that it may evaluate to; nothing means unknown. Variables hold
whatever any assignment, loop, macro call or default gives them, whichever comes first in the
text, so that a name put together out of pieces is found wherever the pieces stand. The walk is
iterative: no nesting of the input can exhaust our stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice, product
from typing import TypeAlias

from jinja2 import nodes

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.template.values import (
    BINARY,
    Constant,
    UnknownError,
    bounded,
    braces,
    filtered,
    item,
    method,
    multiply,
    text_of,
)

Values: TypeAlias = tuple[Constant, ...]

ALTERNATIVES = 24
_PASSES = 4
_EFFORT = 4_000_000
_FAILURES = (
    UnknownError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    UnicodeError,
)


def in_order(root: nodes.Node) -> list[nodes.Node]:
    """Return every node after its children, in the order of the text."""
    order: list[nodes.Node] = []
    stack: list[nodes.Node] = [root]
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(node.iter_child_nodes())
    order.reverse()
    return order


class Folded:
    """The possible constants of every node of one template.

    Attributes:
        order: the nodes, children first.
        names: for each variable (`ns.attr` for namespaces) what it may hold.
        bound: names that the template itself defines.
        macros: the macros, by their names.
        set_to: for each variable, the expressions and blocks that it is set to.
    """

    def __init__(self, root: nodes.Node) -> None:
        """Fold the whole tree; variables are carried over until nothing new is learnt."""
        self.order = in_order(root)
        self.names: dict[str, Values] = {}
        self.bound = {
            *(n.name for n in self.order if isinstance(n, nodes.Name) and n.ctx != "load"),
            *(n.name for n in self.order if isinstance(n, nodes.Macro)),
        }
        self.macros = {n.name: n for n in self.order if isinstance(n, nodes.Macro)}
        self.set_to: dict[str, list[nodes.Node]] = {}
        for node in self.order:
            if isinstance(node, nodes.Assign | nodes.AssignBlock):
                self._note(node.target, node.node if isinstance(node, nodes.Assign) else node)
        self._values: dict[int, Values] = {}
        self._spent = 0
        for _ in range(_PASSES):
            before = dict(self.names)
            for node in self.order:
                self._learn(node)
                if isinstance(node, nodes.Expr):
                    self._values[id(node)] = self._fold(node)
            if self.names == before:
                break

    def of(self, node: nodes.Node | None) -> Values:
        """Return what `node` may evaluate to; empty when unknown."""
        return () if node is None else self._values.get(id(node), ())

    def strings(self, node: nodes.Node | None) -> tuple[str, ...]:
        """Return the strings among the values of `node`."""
        return tuple(v for v in self.of(node) if isinstance(v, str))

    def block(self, node: nodes.AssignBlock) -> Values:
        """Return what a block of plain output gives; nothing where it branches or is filtered."""
        if node.filter is not None or not all(isinstance(n, nodes.Output) for n in node.body):
            return ()
        return self._joined([n for out in node.body for n in out.iter_child_nodes()])

    def _bind(self, target: nodes.Node, values: Values) -> None:
        if isinstance(target, nodes.Name):
            self._keep(target.name, values)
        elif isinstance(target, nodes.NSRef):
            self._keep(f"{target.name}.{target.attr}", values)
        elif isinstance(target, nodes.Tuple):
            for position, part in enumerate(target.items):
                self._bind(part, self._each(lambda v, at=position: item(v, at), values))  # type: ignore[misc]

    def _note(self, target: nodes.Node, made: nodes.Node) -> None:
        if isinstance(target, nodes.Name):
            self.set_to.setdefault(target.name, []).append(made)

    def _keep(self, name: str, values: Values) -> None:
        known = self.names.get(name, ())
        self.names[name] = _distinct((*known, *values))

    def _learn(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Assign):
            self._bind(node.target, self.of(node.node))
            self._learn_namespace(node)
        elif isinstance(node, nodes.AssignBlock):
            self._bind(node.target, self.block(node))
        elif isinstance(node, nodes.For):
            items = (v for each in self.of(node.iter) for v in _elements(each))
            self._bind(node.target, tuple(islice(items, ALTERNATIVES)))
        elif isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=True):
                self._bind(target, self.of(value))
        elif isinstance(node, nodes.Macro | nodes.CallBlock):
            defaults = node.defaults
            for argument, value in zip(node.args[-len(defaults) :], defaults, strict=False):
                self._bind(argument, self.of(value))
        elif isinstance(node, nodes.Call):
            self._learn_call(node)

    def _learn_namespace(self, node: nodes.Assign) -> None:
        made = node.node
        if isinstance(made, nodes.Call) and isinstance(node.target, nodes.Name):
            for keyword in made.kwargs:
                self._keep(f"{node.target.name}.{keyword.key}", self.of(keyword.value))

    def _learn_call(self, node: nodes.Call) -> None:
        macro = self.macros.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        if macro is None:
            return
        for argument, value in zip(macro.args, node.args, strict=False):
            self._bind(argument, self.of(value))
        for keyword in node.kwargs:
            self._keep(keyword.key, self.of(keyword.value))

    def _fold(self, node: nodes.Expr) -> Values:
        name = type(node).__name__
        fold: Callable[[nodes.Expr], Values] | None = getattr(self, f"_fold_{name.lower()}", None)
        if fold is not None:
            return fold(node)
        if name in BINARY and isinstance(node, nodes.BinExpr):
            return self._combined(BINARY[name], node.left, node.right)
        return ()

    def _combined(self, work: Callable[..., Constant], *operands: nodes.Node) -> Values:
        """Apply `work` to every choice of the operands' values, up to the bound."""
        return self._choices(lambda parts: work(*parts), [self.of(n) for n in operands])

    def _choices(
        self, work: Callable[[tuple[Constant, ...]], Constant], operands: Sequence[Values]
    ) -> Values:
        if not all(operands):
            return ()
        made: list[Constant] = []
        for parts in islice(product(*operands), ALTERNATIVES):
            try:
                value = bounded(work(parts))
            except _FAILURES:
                continue
            self._spent += 8 + (len(value) if isinstance(value, str | tuple | dict) else 0)
            made.append(value)
        if self._spent > _EFFORT:
            raise LimitExceededError("constants in one template", _EFFORT)
        return _distinct(made)

    def _each(self, work: Callable[[Constant], Constant], values: Values) -> Values:
        return self._choices(lambda parts: work(parts[0]), [values])

    def _joined(self, parts: Sequence[nodes.Node]) -> Values:
        return self._choices(
            lambda values: "".join(text_of(v) for v in values), [self.of(n) for n in parts]
        )

    def _fold_const(self, node: nodes.Const) -> Values:
        return self._each(_same, (node.value,))

    def _fold_templatedata(self, node: nodes.TemplateData) -> Values:
        return self._each(_same, (node.data,))

    def _fold_name(self, node: nodes.Name) -> Values:
        return self.names.get(node.name, ())

    def _fold_list(self, node: nodes.List | nodes.Tuple) -> Values:
        return self._choices(tuple, [self.of(n) for n in node.items])

    _fold_tuple = _fold_list

    def _fold_dict(self, node: nodes.Dict) -> Values:
        flat = [self.of(n) for pair in node.items for n in (pair.key, pair.value)]
        return self._choices(lambda v: dict(zip(v[::2], v[1::2], strict=True)), flat)

    def _fold_concat(self, node: nodes.Concat) -> Values:
        return self._joined(node.nodes)

    def _fold_neg(self, node: nodes.Neg) -> Values:
        return self._each(lambda v: multiply(v, -1), self.of(node.node))

    def _fold_condexpr(self, node: nodes.CondExpr) -> Values:
        return _distinct((*self.of(node.expr1), *self.of(node.expr2)))

    def _fold_or(self, node: nodes.BinExpr) -> Values:
        return _distinct((*self.of(node.left), *self.of(node.right)))

    _fold_and = _fold_or

    def _fold_getitem(self, node: nodes.Getitem) -> Values:
        cut = node.arg
        if not isinstance(cut, nodes.Slice):
            return self._combined(item, node.node, cut)
        ends = [self.of(n) if n is not None else (None,) for n in (cut.start, cut.stop, cut.step)]
        return self._choices(
            lambda v: item(v[0], slice(*v[1:])),
            [self.of(node.node), *ends],
        )

    def _fold_getattr(self, node: nodes.Getattr) -> Values:
        if isinstance(node.node, nodes.Name):
            known = self.names.get(f"{node.node.name}.{node.attr}")
            if known:
                return known
        return self._each(lambda v: item(v, node.attr), self.of(node.node))

    def _fold_call(self, node: nodes.Call) -> Values:
        callee = node.node
        if isinstance(callee, nodes.Name):
            return self._fold_function(callee.name, node)
        if not isinstance(callee, nodes.Getattr):
            return ()
        operands = [self.of(n) for n in (callee.node, *node.args)]
        if callee.attr != "format":
            return self._choices(lambda v: method(v[0], callee.attr, v[1:]), operands)
        keys = [k.key for k in node.kwargs]
        many = len(operands)
        operands += [self.of(k.value) for k in node.kwargs]
        return self._choices(
            lambda v: braces(text_of(v[0]), v[1:many], dict(zip(keys, v[many:], strict=True))),
            operands,
        )

    def _fold_function(self, name: str, node: nodes.Call) -> Values:
        if name == "dict" and node.kwargs:
            # The keys matter: `dict(__cla=x, ss__=x)|join` spells an attribute.
            return ({keyword.key: None for keyword in node.kwargs},)
        if name in {"chr", "unichr"}:
            return self._choices(lambda v: chr(*v), [self.of(a) for a in node.args])  # type: ignore[arg-type]
        if name == "range":
            return self._choices(
                lambda v: tuple(range(*v)[:64]),  # type: ignore[call-overload]
                [self.of(a) for a in node.args],
            )
        return ()

    def _fold_filter(self, node: nodes.Filter) -> Values:
        operands = [self.of(n) for n in (node.node, *node.args)] if node.node is not None else []
        if node.name != "map":
            return self._choices(lambda v: filtered(node.name, v[0], v[1:]), operands)
        inner = self.strings(node.args[0]) if node.args else ()
        return self._each(
            lambda v: tuple(filtered(inner[0], part, ()) for part in _elements(v)),
            operands[0] if inner and operands else (),
        )


def _same(value: Constant) -> Constant:
    return value


def _elements(value: Constant) -> tuple[Constant, ...]:
    return tuple(value) if isinstance(value, str | tuple | dict) else ()


def _distinct(values: Iterable[Constant]) -> Values:
    kept: list[Constant] = []
    for value in values:
        if value not in kept:
            kept.append(value)
        if len(kept) == ALTERNATIVES:
            break
    return tuple(kept)
