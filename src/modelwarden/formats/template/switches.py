"""Branches of a template that are taken when somebody writes a certain word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jinja2 import nodes

if TYPE_CHECKING:
    from modelwarden.formats.template.fold import Folded

# Words of a language: the marks that honest templates look for have brackets, slashes or bars.
_WORDS = re.compile(r"[^\W\d_][\w ,.'?!-]{3,}")
_SAID = re.compile(r"(?:\w+_)?(?:content|prompt|query|question|text)")
_METHODS = frozenset("startswith endswith find count index".split())
_SAME = frozenset("lower upper casefold strip title trim string".split())
_LONG = 6
_LOOKED = 2000


def switch(folded: Folded, node: nodes.Node) -> str | None:
    """Return the word that a branch waits for in what was said, if it then adds a sentence."""
    if isinstance(node, nodes.If):
        test, body = node.test, node.body
    elif isinstance(node, nodes.CondExpr):
        test, body = node.test, [node.expr1]
    else:
        return None
    word = next(_waited(folded, test), None)
    return word if word is not None and _adds(folded, body) else None


def _waited(folded: Folded, test: nodes.Node) -> Iterator[str]:
    """Yield plain words that are looked for in the content of a message."""
    todo = [test]
    for _ in range(_LOOKED):
        if not todo:
            return
        node = todo.pop()
        if isinstance(node, nodes.And | nodes.Or):
            todo += [node.left, node.right]
        elif isinstance(node, nodes.Compare):
            if any(one.op == "in" and _said(folded, one.expr) for one in node.ops):
                yield from filter(_WORDS.fullmatch, folded.strings(node.expr))
        elif (
            isinstance(node, nodes.Call)
            and isinstance(node.node, nodes.Getattr)
            and node.node.attr in _METHODS
            and node.args
            and _said(folded, node.node.node)
        ):
            yield from filter(_WORDS.fullmatch, folded.strings(node.args[0]))


def _said(folded: Folded, node: nodes.Node | None) -> bool:
    """Tell whether this is what somebody wrote, in any case of letters."""
    for _ in range(_LOOKED):
        if isinstance(node, nodes.Filter) and node.name in _SAME:
            node = node.node
        elif (
            isinstance(node, nodes.Call)
            and isinstance(node.node, nodes.Getattr)
            and node.node.attr in _SAME
        ):
            node = node.node.node
        else:
            break
    if isinstance(node, nodes.Getattr):
        return _SAID.fullmatch(node.attr) is not None
    if isinstance(node, nodes.Getitem):
        return "content" in folded.strings(node.arg)
    return isinstance(node, nodes.Name) and _SAID.fullmatch(node.name) is not None


def _adds(folded: Folded, body: list[nodes.Node]) -> bool:
    """Tell whether text of the template's own is put out: a sentence, an address, or a script."""
    todo, words = list(body), 0
    for _ in range(_LOOKED):
        if not todo:
            break
        node = todo.pop()
        texts = folded.strings(node) if isinstance(node, nodes.Const) else ()
        if isinstance(node, nodes.TemplateData):
            texts = (node.data,)
        for text in texts:
            if "://" in text or "<script" in text:
                return True
            words += len(text.split())
        if not isinstance(node, nodes.Call):  # what `raise_exception` says goes nowhere
            todo += node.iter_child_nodes()
    return words >= _LONG
