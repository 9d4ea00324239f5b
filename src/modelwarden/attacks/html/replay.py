"""What our scripts make of a page by the time it has loaded, worked out without running them.

Only the exact scripts of `coding` are understood; every other script is left as it stands, on both
sides of a comparison. A script of ours counts only where the parser finds it as a live script: in a
comment, a template or a string of another script it would do nothing, and is then a text like any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from modelwarden.attacks.html import coding
from modelwarden.attacks.html.dom import COMMENT, TEXT, Node, parse
from modelwarden.core.values import dataclass

_ROUNDS, _MOST, _LARGEST = 6, 400, 8_000_000
# Elements in which a script is no plain child, or ends something else.
_NOT_IN = frozenset("colgroup frameset svg math title textarea style noframes".split())
# What may be set late: nothing that is fetched, or acts, before it is set.
_SETTABLE = {
    "a": frozenset(("href", "title", "rel", "target")),
    "form": frozenset(("action", "method", "name", "target", "enctype")),
    "input": frozenset(("type", "name", "placeholder", "value", "autocomplete")),
    "button": frozenset(("type", "name", "value", "formaction")),
    "img": frozenset(("alt", "title")),
}
# What a browser may fetch, looking ahead, before it knows that a comment has begun.
_FETCHED = ("src", "srcset", "poster", "data", "background")
_FETCHING = ("<link", "<script", "<style", "<meta", "<base", "<object", "<svg")
_VALUE = re.compile(r"\s*=")
_WORD = re.compile(r"\w")
WATCHES = re.compile(r"MutationObserver|DOMNode\w+|DOMSubtreeModified|DOMAttrModified")
_COMMENT_ENDS = re.compile(r"--!?>")
_HANDLERS = frozenset(("onsubmit", "onclick", "onchange", "onkeyup", "oncontextmenu"))


class ReplayError(Exception):
    """A page whose scripts of ours would not do what they are for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """A page once it has loaded.

    Attributes:
        document: the tree. scripts: how many scripts of ours acted. late: those that act at load.
        wide: they hold characters beyond ASCII, which do not hang on the encoding of the page.
        watched: one acts behind a script of the page that may watch what changes.
    """

    document: Node
    scripts: int
    late: int
    wide: bool
    watched: bool


def loaded(html: str) -> Loaded:
    """Return the tree of a page once it has loaded.

    Raises:
        ReplayError: a script of ours stands where it would do something else, or nothing.
        TooLargeError: the page, or what is written into it, is beyond the bounds.
    """
    mark = "/*w*/"
    while mark in html:
        mark = mark.replace("w", "ww", 1)
    source, written = _written(html, f"<script>{mark}</script>")
    document = parse(source)
    found = [n for n in document.elements("script") if not n.attributes and n.content() == mark]
    if len(found) != written:
        raise ReplayError("a script that writes stands where no script is run")
    watched = _is_watched(document, mark)
    for node in found:
        _check_place(node)
        _remove(node)
    acted, late = _acted(document)
    wide = bool(written + acted) and _WIDE.search(html) is not None
    return Loaded(
        document=document,
        scripts=written + acted,
        late=late,
        wide=wide,
        watched=watched or (late > 0 and _watches(document)),
    )


def _watches(document: Node) -> bool:
    return any(WATCHES.search(node.content()) for node in document.elements("script"))


def _is_watched(document: Node, mark: str) -> bool:
    """Tell whether a script of ours stands behind one that may watch what changes."""
    watched = False
    for node in document.elements("script"):
        code = coding.from_data_script(node.attributes.get("src", "")) or node.content()
        if watched and (code == mark or _is_ours(code)):
            return True
        watched = watched or WATCHES.search(code) is not None
    return False


def _is_ours(code: str) -> bool:
    known = (coding.SET, coding.SET_AT_LOAD, coding.TITLE, coding.UNCOMMENT)
    return any(one.fullmatch(code) for one in known)


def _written(html: str, mark: str) -> tuple[str, int]:
    """Return the source with what is written in its place, behind a mark."""
    count = 0
    for _ in range(_ROUNDS):
        html, one = coding.WRITE.subn(lambda m: mark + _placed(coding.forwards(m[1]), m), html)
        try:
            html, two = coding.WRITE_PERCENT.subn(
                lambda m: mark + _placed(coding.from_percent(m[1]), m), html
            )
        except UnicodeDecodeError as error:
            raise ReplayError("a script writes what is no text") from error
        count += one + two
        if not one + two:
            return html, count
        if count > _MOST or len(html) > _LARGEST:
            break
    raise ReplayError("scripts write scripts that write, without end")


def _placed(text: str, match: re.Match[str]) -> str:
    """Return what a script writes; where it begins a comment, that must swallow nothing fetched."""
    if text.rfind("<!--") > text.rfind("-->"):
        end = _COMMENT_ENDS.search(match.string, match.end())
        if _fetches(match.string[match.end() : end.start() if end else None].lower()):
            raise ReplayError("what a comment swallows would be fetched")
    return text


def _fetches(source: str) -> bool:
    """Tell whether a piece of a page, in lower case, names what would be fetched."""
    if "url(" in source:
        return True
    for name in _FETCHED:
        for at, end in _places(source, name):
            if _VALUE.match(source, end) and not (at and _WORD.match(source, at - 1)):
                return True
    return any(not _WORD.match(source, end) for tag in _FETCHING for _, end in _places(source, tag))


def _places(source: str, word: str) -> Iterator[tuple[int, int]]:
    at = source.find(word)
    while at >= 0:
        yield at, at + len(word)
        at = source.find(word, at + 1)


def _check_place(node: Node) -> None:
    if node.parent is None or node.parent.tag in _NOT_IN:
        raise ReplayError("a script of ours stands where the page is read otherwise")


def _acted(document: Node) -> tuple[int, int]:
    """Let the scripts that set something act, in the order of the page; return how many did."""
    acted = late = 0
    at_load: list[tuple[Node, str, str]] = []
    for node in document.elements("script"):
        if node.attributes:
            continue
        code = node.content()
        if match := coding.SET.fullmatch(code):
            _check_place(node)
            _set(_owner(node, match[1]), match[2], coding.forwards(match[3]))
        elif match := coding.SET_AT_LOAD.fullmatch(code):
            _check_place(node)
            at_load.append((_owner(node, "parentNode"), match[1], coding.forwards(match[2])))
            late += 1
        elif match := coding.TITLE.fullmatch(code):
            _check_place(node)
            _set_title(document, node, coding.forwards(match[1]))
        elif coding.UNCOMMENT.fullmatch(code):
            _check_place(node)
            _uncomment(node)
        else:
            continue
        acted += 1
        if acted > _MOST:
            raise ReplayError(f"more than {_MOST} scripts set something")
        _remove(node)
    for owner, name, value in at_load:
        _set(owner, name, value)
    return acted, late


def _set(owner: Node, name: str, value: str) -> None:
    if name not in _SETTABLE.get(owner.tag, ()) and name not in _HANDLERS:
        raise ReplayError(f"a script of ours sets {name} of {owner.tag}")
    owner.attributes[name] = value


def _owner(node: Node, whose: str) -> Node:
    parent = node.parent
    if parent is None:
        raise ReplayError("a script of ours stands nowhere")
    if whose == "parentNode":
        return parent
    before = parent.children[: parent.children.index(node)]
    elements = [n for n in before if not n.tag.startswith("#")]
    if not elements:
        raise ReplayError("a script of ours has no element before it")
    return elements[-1]


def _uncomment(node: Node) -> None:
    """Take out the comment that stands right before a script."""
    siblings = [] if node.parent is None else node.parent.children
    at = siblings.index(node)
    if not at or siblings[at - 1].tag != COMMENT:
        raise ReplayError("a script of ours takes out what is no comment")
    _remove(siblings[at - 1])


def _set_title(document: Node, script: Node, title: str) -> None:
    """Set the text of the first title; it must stand before the script, in the head."""
    for node in document.elements("title", "script"):
        if node is script:
            break
        if node.tag == "title" and node.parent is not None and node.parent.tag == "head":
            node.children = [Node(TEXT, {}, title, node)] if title else []
            return
    raise ReplayError("a script sets a title that is not there yet")


def _remove(node: Node) -> None:
    """Take a node out; texts that come together become one, as a parser would write them."""
    parent = node.parent
    if parent is None:
        return
    at = parent.children.index(node)
    del parent.children[at]
    around = parent.children[max(at - 1, 0) : at + 1]
    if len(around) == 2 and around[0].tag == around[1].tag == TEXT and at > 0:
        around[0].text += around[1].text
        del parent.children[at]


# An escape of a character beyond ASCII, as scripts of ours write them.
_WIDE = re.compile(r"\\x[89a-f][0-9a-f]|\\u[0-9a-f]{4}|%[89A-F][0-9A-F]")
_ENCODING = re.compile(r"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_POLICY = re.compile(r"<meta[^>]*content-security-policy", re.IGNORECASE)
_TAKEN_OVER = re.compile(
    r"document\.write(?:ln)?\s*=[^=]|currentScript\s*=[^=]|document\s*\[[^\]]*\]\s*=[^=]"
    r"|\.prototype\s*(?:\.\s*\w+|\[[^\]]*\])\s*=[^=]|\b__proto__\b|defineProperty"
    r"|\b(?:decodeURIComponent|unescape)\s*=[^=]"
)


def encoding_of(html: str) -> str | None:
    """Return the encoding that a browser finds in the first 1024 bytes."""
    start = html[:1024].encode("utf-8", "replace")[:1024].decode("utf-8", "replace")
    match = _ENCODING.search(start)
    return match[1].lower() if match else None


@lru_cache(maxsize=256)
def forbids_scripts(html: str) -> bool:
    """Tell whether a page may refuse scripts of ours, or changes what they call."""
    return bool(_POLICY.search(html)) or bool(_TAKEN_OVER.search(html))
