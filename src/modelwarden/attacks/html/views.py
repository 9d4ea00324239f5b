"""What of a tree is seen and what its forms do, read apart from the walk that compares trees."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from modelwarden.attacks.html.dom import TEXT, Node

_UNSEEN = frozenset("head script style template noframes title datalist".split())
_ZERO_WIDTH = re.compile("[\u200b\u200c\u200d\u2060]")
_FIELDS = ("input", "select", "textarea", "button", "output", "object", "fieldset")
_BLOCKS = frozenset(
    "address article aside blockquote body br dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table td th tr ul".split()
)


def _is_hidden(node: Node, hiding: Collection[str]) -> bool:
    style = re.sub(r"\s", "", node.attributes.get("style", "").lower())
    if "display:none" in style or "hidden" in node.attributes:
        return True
    return any(name in hiding for name in node.attributes.get("class", "").split())


def visible_text(document: Node, hiding: Collection[str] = ()) -> str:
    """Return the text that a page shows, as far as the page itself hides nothing by its sheets.

    Args:
        document: the tree.
        hiding: classes that are known to hide.
    """
    out: list[str] = []
    stack: list[Node | None] = [document]
    while stack:
        node = stack.pop()
        if node is None:
            out.append(" ")
        elif node.tag == TEXT:
            out.append(node.text)
        elif node.tag not in _UNSEEN and not _is_hidden(node, hiding):
            if node.tag in _BLOCKS:
                out.append(" ")
                stack.append(None)
            stack.extend(reversed(node.children))
    return " ".join(_ZERO_WIDTH.sub("", "".join(out)).split())


def forms(document: Node) -> list[tuple[object, ...]]:
    """Return, for each form, where it sends what, and its fields in order; then fields of none."""
    found: dict[int, tuple[Node | None, list[tuple[object, ...]]]] = {0: (None, [])}
    named: dict[str, int] = {}
    for form in document.elements("form"):
        found[id(form)] = (form, [])
        named.setdefault(form.attributes.get("id", ""), id(form))
    stack: list[tuple[Node, int]] = [(document, 0)]
    while stack:
        node, owner = stack.pop()
        if node.tag == "form":
            owner = id(node)
        elif node.tag in _FIELDS:
            found[named.get(node.attributes.get("form", "-"), owner)][1].append(_field(node))
        if node.tag != "template":
            stack.extend((child, owner) for child in reversed(node.children))
    return [
        (() if form is None else _kept(form, ()), tuple(fields)) for form, fields in found.values()
    ]


def _field(node: Node) -> tuple[object, ...]:
    return (node.tag, _kept(node, ("class", "style")))


def _kept(node: Node, without: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return what counts of the attributes; classes may have been renamed, one for one."""
    left_out = (*without, "class")
    return tuple(
        sorted(
            (k, v)
            for k, v in node.attributes.items()
            if k not in left_out and not k.startswith("data-")
        )
    )


def title(document: Node) -> str:
    """Return the title that a tab shows."""
    found = [n for n in document.elements("title") if n.parent and n.parent.tag == "head"]
    return " ".join(found[0].content().split()) if found else ""


@lru_cache(maxsize=256)
def _of_page(document: Node) -> tuple[str, list[tuple[object, ...]], str]:
    """Return what a page shows and does, once for all that is held against it."""
    return visible_text(document), forms(document), title(document)


def differences(before: Node, after: Node, hiding: Collection[str] = ()) -> list[str]:
    """Return what differs in what two trees show and do."""
    wrong = []
    text, sent, named = _of_page(before)
    if text != visible_text(after, hiding):
        wrong.append("the text that is seen is another")
    if sent != forms(after):
        wrong.append("a form has another target or other fields")
    if named != title(after):
        wrong.append("the title is another")
    return wrong
