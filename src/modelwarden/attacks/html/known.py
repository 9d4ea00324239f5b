"""What is worked out of a page once: its tree at load, its sheets and its scripts."""

from __future__ import annotations

from functools import lru_cache

from modelwarden.attacks.html import coding
from modelwarden.attacks.html.dom import TEXT, Node
from modelwarden.attacks.html.replay import Loaded, loaded
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """A page.

    Attributes:
        page: at load. css: of its own sheets and attributes. scripts: its own, with handlers.
        handlers: these alone.
        fetches_css, fetches_scripts: it has some from elsewhere. classes: that its elements have.
        moved_scripts: that stand in an address instead of between tags.
    """

    page: Loaded
    css: str
    scripts: str
    handlers: str
    fetches_css: bool
    fetches_scripts: bool
    classes: frozenset[str]
    moved_scripts: int


@lru_cache(maxsize=256)
def known_before(html: str) -> Known:
    """Return what is known of a page that many candidates are held against."""
    return known(html)


def known(html: str) -> Known:
    """Return what is known of a page.

    Raises:
        ReplayError: a script of ours would not do what it is for.
        TooLargeError: it is beyond the bounds.
    """
    page = loaded(html)
    moved = _inline_data_scripts(page.document)
    styles, scripts, handlers, inline, fetches_css, fetches_scripts = [], [], [], [], False, False
    classes: set[str] = set()
    for node in page.document.live():
        if node.tag == "style":
            styles.append(node.content())
        elif node.tag == "script":
            scripts.append(node.content())
            fetches_scripts |= "src" in node.attributes
        elif node.tag == "link":
            fetches_css |= "stylesheet" in node.attributes.get("rel", "").lower()
        for name, value in node.attributes.items():
            if name == "style":
                inline.append(value)
            elif name.startswith("on"):
                handlers.append(value)
            elif name == "class":
                classes.update(value.split())
    return Known(
        page=page,
        css="\n".join(styles + inline),
        scripts="\n".join(scripts + handlers),
        handlers="\n".join(handlers),
        fetches_css=fetches_css or "@import" in "".join(styles),
        fetches_scripts=fetches_scripts,
        classes=frozenset(classes),
        moved_scripts=moved,
    )


def _inline_data_scripts(document: Node) -> int:
    """Read scripts whose address holds their code as the scripts that they are; count them."""
    count = 0
    for node in document.elements("script"):
        if set(node.attributes) <= {"src", "type", "language"} and "src" in node.attributes:
            code = coding.from_data_script(node.attributes["src"])
            if code is not None:
                del node.attributes["src"]
                node.children = [Node(TEXT, {}, code, node)] if code else []
                count += 1
    return count
