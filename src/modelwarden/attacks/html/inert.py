"""What may stand in a page and change nothing of what is seen or done: judged by the proof.

An element counts as inert by what it is, never by who put it there: content of templates, text for
browsers without scripts, descriptions in the head, links that nothing follows, and elements that
are hidden where they stand by `display:none!important`, which no sheet can lift, and hold nothing
that acts: no script, no field of a form, no name, nothing that is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from modelwarden.attacks.html.dom import COMMENT, TEXT, Node
from modelwarden.core.values import dataclass

_METAS = frozenset(
    "description keywords author copyright generator application-name publisher subject "
    "classification category language rating revisit-after robots".split()
)
_RELS = frozenset("next prev author help license alternate canonical tag".split())
_DATA_SCRIPTS = frozenset(("application/ld+json", "application/json"))
_HIDEABLE = frozenset(
    "div span p ul ol li a h1 h2 h3 h4 nav footer header section article main aside small b i em "
    "strong img table tbody tr td br dl dt dd figure figcaption label time address".split()
)
_PLAIN = frozenset(("href", "alt", "title", "src", "width", "height", "rel", "lang", "datetime"))
HIDDEN = "display:none!important"
_HIDING_RULE = re.compile(r"\.([a-z][a-z0-9-]{2,40})\{display:none!important\}")
# Where an element at the end shifts nothing that stands before it.
_PLACES = frozenset(("head", "body"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the checker knows of the page in which something was put.

    Attributes:
        source: of the page before. has_icon, has_base: it has one.
        hiding: names of classes that an added sheet hides, and that the page does not know.
        shows_all: its sheets set `display` for everything, for what is never shown, or with
            `!important`.
    """

    source: str
    has_icon: bool
    has_base: bool
    hiding: Collection[str]
    shows_all: bool


def hiding_class(node: Node, source: str) -> str | None:
    """Return the class that a sheet does nothing but hide; None where the page knows its name."""
    if node.tag != "style" or node.attributes:
        return None
    match = _HIDING_RULE.fullmatch(node.content())
    return match[1] if match and match[1] not in source else None


def is_inert(node: Node, around: Around) -> bool:
    """Tell whether a node changes nothing where it stands."""
    if node.tag == COMMENT:
        return True
    judge = _JUDGES.get(node.tag)
    if judge is not None:  # shown by no browser, unless a sheet says so
        return judge(node, around) and not (around.shows_all and node.tag != "iframe")
    return node.tag in _HIDEABLE and _is_hidden(node, around) and _acts_not(node, around)


def in_place(node: Node) -> bool:
    """Tell whether a node stands at the end of head or body, or behind what never shows."""
    parent = node.parent
    if node.tag == COMMENT:
        return True
    return parent is not None and parent.tag in _PLACES


def _template(node: Node, around: Around) -> bool:  # noqa: ARG001 -- one signature
    return not node.attributes


def _noscript(node: Node, around: Around) -> bool:  # noqa: ARG001
    return not node.attributes


def _script(node: Node, around: Around) -> bool:  # noqa: ARG001
    return set(node.attributes) == {"type"} and node.attributes["type"] in _DATA_SCRIPTS


def _meta(node: Node, around: Around) -> bool:  # noqa: ARG001
    given = set(node.attributes)
    if given == {"name", "content"}:
        return node.attributes["name"] in _METAS
    return given == {"property", "content"} and node.attributes["property"].startswith("og:")


def _link(node: Node, around: Around) -> bool:
    if set(node.attributes) != {"rel", "href"}:
        return False
    rel, href = node.attributes["rel"], node.attributes["href"]
    if rel == "icon":  # what a browser asks for anyway; a base would lead it elsewhere
        return href == "/favicon.ico" and not (around.has_icon or around.has_base)
    return rel in _RELS and not href.lower().startswith("javascript:")


def _base(node: Node, around: Around) -> bool:
    return node.attributes == {"target": "_self"} and not around.has_base


def _style(node: Node, around: Around) -> bool:
    return hiding_class(node, around.source) is not None


def _frame(node: Node, around: Around) -> bool:  # noqa: ARG001
    return node.attributes == {
        "src": "about:blank",
        "loading": "lazy",
        "style": HIDDEN,
    } or node.attributes == {"srcdoc": "", "loading": "lazy", "style": HIDDEN}


_JUDGES = {
    "template": _template,
    "noframes": _noscript,
    "script": _script,
    "meta": _meta,
    "link": _link,
    "base": _base,
    "style": _style,
    "iframe": _frame,
}


def _is_hidden(node: Node, around: Around) -> bool:
    if node.attributes.get("style") == HIDDEN:
        return True
    return node.attributes.get("class") in around.hiding and not around.shows_all


def _acts_not(top: Node, around: Around) -> bool:
    """Tell whether nothing within a hidden element acts, is fetched or can be found by name."""
    for node in top.walk():
        if node.tag in (TEXT, COMMENT):
            continue
        if node.tag not in _HIDEABLE:
            return False
        for name, value in node.attributes.items():
            if node is top and name in ("style", "class"):
                continue
            if name == "class" and value not in around.source:
                continue
            if name not in _PLAIN or (name == "href" and _runs(value)):
                return False
            if name == "src" and not value.startswith("data:image/"):
                return False
    return True


def _runs(url: str) -> bool:
    return re.sub(r"[\x00-\x20]", "", url).lower().startswith(("javascript:", "vbscript:"))
