"""What a template reaches for: attributes, calls, other files, and how long it would run.

Facts only; `artifacts` judges them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from jinja2 import nodes

from modelwarden.core.values import dataclass
from modelwarden.formats.template.fold import Folded
from modelwarden.formats.template.switches import switch

_ATTRIBUTE_FILTERS = frozenset(("attr",))
_FIRST_ARGUMENT = frozenset(("selectattr", "rejectattr", "groupby"))
_BUILDERS = frozenset("join reverse replace format string b64decode list first last".split())
_TEXT_BUILDERS = frozenset(("Concat", "Mod"))
_LETTERS = re.compile(r"[^\W_]")
_DIRECTIVE = re.compile(r"%(?:\(\w*\))?[-0-9.]*[a-zA-Z]|\{[^{}]*\}")
_FIELD = re.compile(r"\{[^{}]*[.\[][^{}]*\}")
# Names of the interpreter without their underscores, which may be all that is put in later.
_BARE = re.compile(
    r"(?:base|bases|builtins|class|getattribute|getitem|globals|import|init|mro|subclasses)\Z"
)
_LONG = 1_000_000
_SHOWN = 80


class Reach(StrEnum):
    """How a template reaches for something."""

    ATTRIBUTE = "attribute"
    DYNAMIC = "dynamic"
    CALL = "call"
    FILE = "file"
    TEXT = "text"
    WORK = "work"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a template reaches for.

    Attributes:
        name: the attribute, function, path or text; `?` when the template computes it.
        line: 1-based, in the template.
        root: the global that the attribute is taken from directly, when it is one that the
            template does not define itself.
        amount: for `WORK`, how many rounds or characters are asked for.
    """

    reach: Reach
    name: str
    line: int
    root: str | None = None
    amount: int = 0


def uses_of(root: nodes.Template) -> tuple[Use, ...]:
    """Return what the template reaches for, each thing once a line, in the order of the text."""
    folded = Folded(root)
    found: dict[Use, None] = {}
    for node in folded.order:
        for use in _uses(folded, node):
            found[use] = None
        if word := switch(folded, node):
            found[Use(Reach.SWITCH, word[:_SHOWN], node.lineno)] = None
    for use in _work(folded, root):
        found[use] = None
    named = {(u.name, u.line) for u in found if u.reach is Reach.ATTRIBUTE}
    kept = [u for u in found if u.reach is not Reach.TEXT or (u.name, u.line) not in named]
    return tuple(sorted(kept, key=lambda u: u.line))


def _uses(folded: Folded, node: nodes.Node) -> Iterator[Use]:
    if isinstance(node, nodes.Getattr):
        yield Use(Reach.ATTRIBUTE, node.attr, node.lineno, _global(folded, node.node))
    elif isinstance(node, nodes.Getitem):
        yield from _items(folded, node)
    elif isinstance(node, nodes.Filter):
        yield from _filter(folded, node)
    elif isinstance(node, nodes.Call):
        yield from _call(folded, node)
    elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
        for name in folded.strings(node.template) or _listed(folded, node.template) or ("?",):
            yield Use(Reach.FILE, name[:_SHOWN], node.lineno)
    if isinstance(node, nodes.Expr):
        for text in folded.strings(node):
            if "__" in text and len(text) <= _SHOWN:
                yield Use(Reach.TEXT, text, node.lineno)


def _listed(folded: Folded, node: nodes.Node) -> tuple[str, ...]:
    return tuple(
        part
        for value in folded.of(node)
        if isinstance(value, tuple)
        for part in value
        if isinstance(part, str)
    )


def _items(folded: Folded, node: nodes.Getitem) -> Iterator[Use]:
    # Jinja falls back from an item to the attribute of the same name.
    known = folded.strings(node.arg)
    for name in known:
        yield Use(Reach.ATTRIBUTE, name[:_SHOWN], node.lineno, _global(folded, node.node))
    if _assembled(folded, node.arg):
        yield Use(Reach.DYNAMIC, "item", node.lineno, _global(folded, node.node))


def _filter(folded: Folded, node: nodes.Filter) -> Iterator[Use]:
    named: list[nodes.Node] = [k.value for k in node.kwargs if k.key in {"attribute", "name"}]
    if node.name in _FIRST_ARGUMENT or node.name in _ATTRIBUTE_FILTERS:
        named += node.args[:1]
    elif node.name in {"sum", "unique", "min", "max", "sort", "join", "map"}:
        named += node.args[1:]
    for argument in named:
        known = folded.strings(argument)
        for path in known:
            for name in [path] if node.name in _ATTRIBUTE_FILTERS else path.split("."):
                yield Use(Reach.ATTRIBUTE, name[:_SHOWN], node.lineno)
        named_late = node.name in _ATTRIBUTE_FILTERS and not known
        if named_late or _assembled(folded, argument):
            yield Use(Reach.DYNAMIC, node.name, node.lineno)
    if node.name == "map" and node.args:
        yield from _mapped(folded, node)


def _mapped(folded: Folded, node: nodes.Filter) -> Iterator[Use]:
    """Find `map(filter, …)` where the filter is computed, or is `attr` with a computed name."""
    filters = folded.strings(node.args[0])
    if not filters:
        yield Use(Reach.DYNAMIC, "map", node.lineno)
    if "attr" in filters and not all(map(folded.strings, node.args[1:])):
        yield Use(Reach.DYNAMIC, "map", node.lineno)


def _call(folded: Folded, node: nodes.Call) -> Iterator[Use]:
    callee = node.node
    if isinstance(callee, nodes.Name):
        if callee.name not in folded.bound:
            yield Use(Reach.CALL, callee.name, node.lineno)
        return
    if isinstance(callee, nodes.Getattr):
        yield Use(Reach.CALL, f".{callee.attr}", node.lineno)
        if callee.attr in {"format", "format_map"}:
            yield from _format_fields(folded, callee)
    elif isinstance(callee, nodes.Getitem):
        for name in folded.strings(callee.arg):
            yield Use(Reach.CALL, f".{name[:_SHOWN]}", node.lineno)


def _format_fields(folded: Folded, callee: nodes.Getattr) -> Iterator[Use]:
    """Find `'{0.__class__}'.format(x)`: fields of a format string reach attributes too."""
    for text in folded.strings(callee.node):
        for field in _FIELD.findall(text):
            for name in re.split(r"[.\[\]{}!:]+", field):
                if name:
                    yield Use(Reach.ATTRIBUTE, name[:_SHOWN], callee.lineno)


def _global(folded: Folded, node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Name) and node.name not in folded.bound:
        return node.name
    return None


def _assembled(folded: Folded, node: nodes.Node) -> bool:
    """Tell whether a key is text that is put together from parts that could spell anything.

    A key with letters of its own (`'tool_' ~ name`) is an ordinary one.
    """
    origins = folded.set_to.get(node.name, ()) if isinstance(node, nodes.Name) else (node,)
    return any(_obscure(folded, origin) for origin in origins)


def _obscure(folded: Folded, node: nodes.Node) -> bool:
    """Tell whether an expression or block makes text that may name the interpreter's own."""
    if isinstance(node, nodes.AssignBlock):
        return not folded.block(node)
    if folded.of(node):
        return False
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        return node.node.name == "caller" or node.node.name in folded.macros
    if not _builds_text(node):
        return False
    parts = [_DIRECTIVE.sub("", part) for part in _parts(folded, node)]
    if _BARE.match("".join(parts).strip("_")):
        return True
    return not any(map(_ordinary, parts))


def _parts(folded: Folded, node: nodes.Node) -> list[str]:
    """Return the constants that a text is put together from, in their order."""
    found: list[str] = list(folded.strings(node))
    pending = [] if found else [node]
    while pending:
        part = pending.pop()
        known = folded.strings(part)
        found += known[:1]
        if not known and (part is node or isinstance(part, nodes.List) or _builds_text(part)):
            pending += reversed(list(part.iter_child_nodes()))
    return found


def _ordinary(part: str) -> bool:
    return _LETTERS.search(part) is not None and "__" not in part and not part.startswith("_")


def _builds_text(node: nodes.Node) -> bool:
    if type(node).__name__ in _TEXT_BUILDERS:
        return True
    if isinstance(node, nodes.Add):
        return not _counts(node)
    if isinstance(node, nodes.Filter):
        return node.name in _BUILDERS
    if isinstance(node, nodes.Call):
        return isinstance(node.node, nodes.Getattr) and node.node.attr in _BUILDERS
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Slice) or _builds_text(node.node)
    return False


def _counts(node: nodes.Add) -> bool:
    """Tell whether a sum looks like arithmetic: an integer, or `loop.index`, stands in it."""
    for side in (node.left, node.right):
        if isinstance(side, nodes.Const) and isinstance(side.value, int):
            return True
        if isinstance(side, nodes.Getattr) and side.attr.startswith(("index", "length")):
            return True
        if isinstance(side, nodes.Filter) and side.name in {"int", "length", "count", "abs"}:
            return True
    return False


def _work(folded: Folded, root: nodes.Template) -> Iterator[Use]:
    """Find loops over more than a million rounds and texts of more than a million characters."""
    pending: list[tuple[nodes.Node, int]] = [(root, 1)]
    while pending:
        node, rounds = pending.pop()
        if isinstance(node, nodes.For):
            rounds *= _rounds(folded, node.iter)
            if rounds > _LONG:
                yield Use(Reach.WORK, "loop", node.lineno, amount=min(rounds, 10**30))
                rounds = 1
        elif amount := _amount(folded, node):
            yield Use(Reach.WORK, "text", node.lineno, amount=min(amount, 10**30))
        pending += [(child, rounds) for child in node.iter_child_nodes()]


def _rounds(folded: Folded, node: nodes.Node) -> int:
    """Return how often a loop over `node` runs, 1 when the template does not fix it."""
    if isinstance(node, nodes.Call) and _named(node) == "range":
        ends = [_largest(folded, a) for a in node.args]
        if not ends or None in ends:
            return 1
        try:
            return max(1, len(range(*(e for e in ends if e is not None))))
        except (OverflowError, TypeError, ValueError):
            return _LONG + 1
    sizes = [len(v) for v in folded.of(node) if isinstance(v, str | tuple | dict)]
    return max([1, *sizes])


def _amount(folded: Folded, node: nodes.Node) -> int:
    """Return how long a text or number an operator would make, 0 unless it is far too long."""
    if isinstance(node, nodes.Mul):
        for thing, times in ((node.left, node.right), (node.right, node.left)):
            size = max((len(v) for v in folded.of(thing) if isinstance(v, str | tuple)), default=0)
            count = _largest(folded, times)
            if count is not None and size * count > _LONG:
                return size * count
    elif isinstance(node, nodes.Pow):
        base, exponent = _largest(folded, node.left), _largest(folded, node.right)
        if exponent is None:
            # A power of powers is not folded when it is too large to be worth it.
            return _LONG + 1 if isinstance(node.right, nodes.Pow) and base != 1 else 0
        if abs(base or 2) > 1 and exponent > _LONG:
            return exponent
    elif isinstance(node, nodes.Filter) and node.name in {"center", "indent", "wordwrap"}:
        return _over(max((_largest(folded, a) or 0 for a in node.args), default=0))
    elif isinstance(node, nodes.Call) and _named(node) in {"lipsum", "range"}:
        return _over(_asked(folded, node))
    return 0


def _named(node: nodes.Call) -> str | None:
    return node.node.name if isinstance(node.node, nodes.Name) else None


def _asked(folded: Folded, node: nodes.Call) -> int:
    arguments: Iterable[nodes.Node] = (*node.args, *(k.value for k in node.kwargs))
    return max((abs(_largest(folded, a) or 0) for a in arguments), default=0)


def _over(amount: int) -> int:
    return amount if amount > _LONG else 0


def _largest(folded: Folded, node: nodes.Node) -> int | None:
    numbers = [v for v in folded.of(node) if isinstance(v, int)]
    if not numbers and isinstance(node, nodes.Pow):
        return _power(folded, node)
    return max(numbers, default=None)


def _power(folded: Folded, node: nodes.Pow) -> int | None:
    base, exponent = folded.of(node.left), folded.of(node.right)
    for b, e in zip(base, exponent, strict=False):
        if isinstance(b, int) and isinstance(e, int) and abs(b) > 1 and e > 0:
            return 10**18
    return None
