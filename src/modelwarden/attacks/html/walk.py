"""Two trees walked side by side: what the page had, what the changed one has at load."""

from __future__ import annotations

import re
from functools import lru_cache

from modelwarden.attacks.html.dom import COMMENT, DOCTYPE, TEXT, Node
from modelwarden.attacks.html.inert import Around, hiding_class, in_place, is_inert
from modelwarden.attacks.html.known import Known
from modelwarden.attacks.html.selects import may_find
from modelwarden.attacks.html.sheets import rules_for_the_last, same_declarations, shows_all
from modelwarden.core.values import dataclass

_ZERO_WIDTH = re.compile("[\u200b\u200c\u200d\u2060]")
# Those that part no letters: U+200C breaks ligatures (fi, ff), a line may end at U+200B.
_JOINING = re.compile("(?<=[A-Za-z0-9])[\u200d\u2060](?=[A-Za-z0-9])")
_OF_CLASS = re.compile(r"\[\s*class|\\", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\n\f\r]+")
_VERBATIM = frozenset("script style title textarea pre option noframes xmp".split())
WRAP = re.compile(r"x-[a-z]{1,12}")
_WRAP_STYLE = {"style": "all:unset"}
_BOXES = re.compile(r"flex|grid", re.IGNORECASE)
_WHITE_SPACE = re.compile(r"white-space|\bpre\b", re.IGNORECASE)
_ORDER = re.compile(r":(?:first|last|only|nth|empty|has)\b", re.IGNORECASE)
# Where letters stand apart, or a line may end within a word, a character of no width may be seen.
_BREAKS = re.compile(
    r"word-break|overflow-wrap|word-wrap|hyphens|line-break|letter-spacing|text-justify"
    r"|:first-letter|anywhere",
    re.IGNORECASE,
)
_HAS = re.compile(r":has\(", re.IGNORECASE)
# What a script reads that an element, an attribute or a letter more would change.
_COUNTS = re.compile(
    r"(?:links|images|scripts|forms|anchors|frames|all|children|childNodes|embeds)\s*\.\s*length"
    r"|(?:getElementsBy\w+|querySelectorAll)\([^)]*\)\s*\.\s*length|childElementCount"
    r"|MutationObserver|TreeWalker|NodeIterator|DOMNode|outerHTML|last(?:Element)?Child"
    r"|(?:body|documentElement|head)\s*\.\s*(?:innerHTML|textContent|innerText|children|childNodes)"
    r"|\.\.\.\s*document|Array\.from\(\s*document|(?:window|self|top|parent)\s*\.\s*length"
    r"|styleSheets|\.evaluate\(|XMLSerializer|selectNodeContents|\.attributes\b"
    r"|\.dataset\b(?!\s*(?:\.\s*\w|\[\s*[\"'`]))|getAttributeNames|\.data\(\s*\)"
)
_WALKS = re.compile(r"childNodes|firstChild|lastChild|nextSibling|previousSibling|nodeValue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may differ.

    Attributes:
        inert: inert nodes may be added. comments: comments may be added within texts.
        zero_width: characters without width may stand in texts.
        spaces: runs of white space may be longer or shorter where they collapse.
        wraps: parts of texts may stand in elements of no name and no style.
        data: attributes `data-…` that the page does not know may be added.
        classes: classes may have other names, one for one, in the tree and in its sheets.
    """

    inert: bool = False
    comments: bool = False
    zero_width: bool = False
    spaces: bool = False
    wraps: bool = False
    data: bool = False
    classes: bool = False


NOTHING = Allowance()
ALL = Allowance(
    inert=True, comments=True, zero_width=True, spaces=True, wraps=True, data=True, classes=True
)


# What is asked of a page again and again, as its candidates are held against it.
_PAGES = 512


@lru_cache(maxsize=_PAGES)
def holds(pattern: re.Pattern[str], text: str) -> bool:
    """Tell whether a pattern is found in a sheet or script of a page."""
    return pattern.search(text) is not None


@lru_cache(maxsize=_PAGES)
def _head_of(known: Known) -> tuple[bool, bool]:
    """Tell whether a page has an icon, and a base."""
    rels = [n.attributes.get("rel", "").lower() for n in known.page.document.elements("link")]
    return any("icon" in rel for rel in rels), bool(known.page.document.elements("base"))


class Walk:
    """One walk.

    Attributes:
        hidden: classes that an added sheet hides.
    """

    def __init__(self, before: str, old: Known, new: Known, allowed: Allowance) -> None:
        """Take two pages."""
        self.before, self.old, self.new, self.allowed = before, old, new, allowed
        self.classes: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.put: set[str] = set()  # names of elements that were added
        if allowed.inert:
            sheets = new.page.document.elements("style")
            names = (hiding_class(node, before) for node in sheets)
            self.hidden = {name for name in names if name is not None}
        has_icon, has_base = _head_of(old)
        self.around = Around(
            source=before,
            has_icon=has_icon,
            has_base=has_base,
            hiding=self.hidden,
            shows_all=shows_all(old.css),
        )
        self.added = self.wrapped = self.spaced = self.commented = self.altered = self.zeroed = (
            False
        )

    def difference(self) -> str | None:
        """Return the first difference that is not allowed."""
        stack = [(self.old.page.document, self.new.page.document)]
        while stack:
            first, second = stack.pop()
            wrong = self._pair(first, second)
            if wrong:
                return wrong
            pairs = self._matched(first, second)
            if isinstance(pairs, str):
                return pairs
            stack += pairs
        return self._conditions()

    def _conditions(self) -> str | None:
        """Return what forbids what was found to be added."""
        css, unknown = self.old.css, self.old.fetches_css
        if self.added and self._counts_from_the_end(css):
            return "a sheet of the page looks for the last of its elements"
        if self.altered and holds(_HAS, css):
            return "a sheet of the page looks for what an element holds"
        if self._moved and self.around.shows_all:
            return "a sheet of the page may show its scripts"
        if self.wrapped and (unknown or holds(_BOXES, css) or holds(_ORDER, css)):
            return "a sheet of the page may lay out parts of a text apart"
        if self.zeroed and holds(_BREAKS, css):
            return "a sheet of the page may break or space a word by its characters"
        if self.spaced and (unknown or holds(_WHITE_SPACE, css)):
            return "white space may show in this page"
        if self.classes and not self._classes_kept():
            return "classes are known outside of the page"
        return self._read_by_scripts()

    @property
    def _moved(self) -> bool:
        return self.new.moved_scripts > self.old.moved_scripts

    def _read_by_scripts(self) -> str | None:
        if may_find(self.old.scripts, self.put):
            return "a script of the page looks for elements like those that were added"
        if (self.altered or self._moved) and holds(_COUNTS, self.old.scripts):
            return "a script of the page counts or reads what is there"
        if self.commented and holds(_WALKS, self.old.scripts):
            return "a script of the page walks from node to node"
        return None

    def _counts_from_the_end(self, css: str) -> bool:
        """Tell whether a rule for the last of its kind may mean a child of the body."""
        rules = rules_for_the_last(css)
        if not rules:
            return False
        for body in self.old.page.document.elements("body"):
            for node in body.children:
                if node.tag.startswith("#"):
                    continue
                # In lower case: a page without a doctype does not tell .Last from .last.
                names = {f".{name}" for name in node.attributes.get("class", "").lower().split()}
                names.add("#" + node.attributes.get("id", "").lower())
                if any(tag in ("", node.tag) and rest <= names for tag, rest in rules):
                    return True
        return False

    def _classes_kept(self) -> bool:
        if self.old.fetches_css or self.old.fetches_scripts or self.old.scripts.strip():
            return False
        if self.around.shows_all:  # the sheet itself may be shown
            return False
        if _OF_CLASS.search(self.old.css) or not same_declarations(self.old.css, self.new.css):
            return False
        # In lower case: a page without a doctype does not tell .Last from .last.
        before, after = (
            {name.lower() for name in names} for names in (self.classes, self.classes.values())
        )
        if len(before) < len(self.classes) or len(after) < len(self.classes):
            return False
        return not after & {name.lower() for name in self.old.classes}

    def _pair(self, first: Node, second: Node) -> str | None:
        if first.tag != second.tag:
            return f"{_named(second)} stands for {_named(first)}"
        if first.tag in (COMMENT, DOCTYPE) or first.tag.startswith("#o"):
            return None if first.text == second.text else f"another {first.tag[1:]}"
        if first.tag == TEXT:
            return self._text(first, second)
        return self._attributes(first, second)

    def _text(self, first: Node, second: Node) -> str | None:
        if first.text == second.text:
            return None
        inside = "" if first.parent is None else first.parent.tag
        a, b = first.text, second.text
        if inside == "style" and self.allowed.classes:
            b = self._sheet(a, b)
        elif inside not in _VERBATIM and not _in_pre(first):
            self.altered = True
            if self.allowed.zero_width:
                b = _without_zero_width(a, b)
                self.zeroed |= a == b
            if self.allowed.spaces and a != b:
                self.spaced = True
                a, b = _SPACES.sub(" ", a), _SPACES.sub(" ", b)
        return None if a == b else f"another text in {inside}: {_short(a, b)}"

    def _sheet(self, a: str, b: str) -> str:
        """Return a sheet with the names of its classes as they were."""
        names = re.findall(r"\.(-?[A-Za-z_][\w-]*)", a)
        others = re.findall(r"\.(-?[A-Za-z_][\w-]*)", b)
        if len(names) != len(others):
            return b
        for old, new in zip(names, others, strict=True):
            if old != new and self.classes.setdefault(old, new) != new:
                return b
        back = {new: old for old, new in self.classes.items()}
        return re.sub(r"\.(-?[A-Za-z_][\w-]*)", lambda m: "." + back.get(m[1], m[1]), b)

    def _attributes(self, first: Node, second: Node) -> str | None:
        a, b = first.attributes, second.attributes
        if a == b:
            return None
        self.altered = True
        if self.allowed.data:
            b = {k: v for k, v in b.items() if k in a or not self._is_data(k)}
        if self.allowed.classes and a.get("class") != b.get("class"):
            b = self._with_classes(a, b)
        if a == b:
            return None
        names = [k for k in {**a, **b} if a.get(k) != b.get(k)]
        return f"attribute {names[0]} of {first.tag} is another"

    def _is_data(self, name: str) -> bool:
        return name.startswith("data-") and name not in self.before.lower()

    def _with_classes(self, a: dict[str, str], b: dict[str, str]) -> dict[str, str]:
        old, new = a.get("class", "").split(), b.get("class", "").split()
        if len(old) != len(new):
            return b
        for one, other in zip(old, new, strict=True):
            if self.classes.setdefault(one, other) != other:
                return b
        return {**b, "class": a["class"]}

    def _matched(self, first: Node, second: Node) -> list[tuple[Node, Node]] | str:
        """Return the children that belong together, or what is wrong with them."""
        olds, news = first.children, self._plain(first, second)
        if len(olds) == len(news) and all(a.tag == b.tag for a, b in zip(olds, news, strict=True)):
            return list(zip(olds, news, strict=True))
        if self.allowed.inert and second.tag in ("body", "head"):
            return self._with_tail(olds, news)
        return self._in_order(olds, news)

    def _in_order(self, olds: list[Node], news: list[Node]) -> list[tuple[Node, Node]] | str:
        """Match nodes one after another; what is left over must be allowed to stand there."""
        pairs, i, added = [], 0, ""
        for node in news:
            if i < len(olds) and self._same_start(olds[i], node):
                if added and node.tag != COMMENT and not _is_blank(node):
                    return f"{added} was added before what the page has{_within(node)}"
                pairs.append((olds[i], node))
                i += 1
            elif not (self.allowed.inert and self._may_stand(node)):
                return f"{_named(node)} was added{_within(node)}"
            elif node.tag != COMMENT:
                added = _named(node)
        return pairs if i == len(olds) else f"{_named(olds[i])} is missing{_within(olds[i])}"

    def _same_start(self, old: Node, new: Node) -> bool:
        if old.tag != new.tag:
            return False
        if old.tag in (TEXT, COMMENT):
            return old.tag == TEXT or old.text == new.text
        return set(old.attributes) <= set(new.attributes) and (
            old.attributes.get("style") == new.attributes.get("style")
        )

    def _may_stand(self, node: Node) -> bool:
        if not is_inert(node, self.around) or not in_place(node):
            return False
        self.altered = True
        self.put.update(inner.tag for inner in node.live() if not inner.tag.startswith("#"))
        self.added |= node.tag != COMMENT and node.parent is not None and node.parent.tag == "body"
        return True

    def _with_tail(self, olds: list[Node], news: list[Node]) -> list[tuple[Node, Node]] | str:
        """Match the children of a body or head, to whose end inert nodes may have been added."""
        old, old_space, old_tail = self._cut(olds)
        new, new_space, new_tail = self._cut(news)
        if len(old) != len(new) or old_space != new_space:
            return self._in_order(olds, news)
        pairs = list(zip(old, new, strict=True))
        rest = self._in_order(old_tail, new_tail)
        return rest if isinstance(rest, str) else pairs + rest

    def _cut(self, nodes: list[Node]) -> tuple[list[Node], str, list[Node]]:
        """Return nodes, the white space of the tail behind them, and its other nodes."""
        end = len(nodes)
        while end and (_is_blank(nodes[end - 1]) or is_inert(nodes[end - 1], self.around)):
            end -= 1
        front, tail = nodes[:end], nodes[end:]
        space = "".join(node.text for node in tail if node.tag == TEXT)
        if front and front[-1].tag == TEXT:
            text = front[-1].text
            bare = text.rstrip(" \t\n\f\r")
            space = text[len(bare) :] + space
            front[-1] = Node(TEXT, {}, bare, front[-1].parent)
        return front, space, [node for node in tail if node.tag != TEXT]

    def _plain(self, first: Node, second: Node) -> list[Node]:
        """Return children without the wraps and comments that may be added, texts joined."""
        nodes = second.children
        if self.allowed.wraps and any(self._is_wrap(node) for node in nodes):
            self.wrapped = self.altered = True
            nodes = [
                inner
                for node in nodes
                for inner in (node.children if self._is_wrap(node) else [node])
            ]
        here = sum(node.tag == COMMENT for node in first.children)
        if self.allowed.comments and sum(node.tag == COMMENT for node in nodes) > here:
            self.commented = self.altered = True
            kept = [node.text for node in first.children if node.tag == COMMENT]
            nodes = [n for n in nodes if n.tag != COMMENT or n.text in kept]
        if nodes is second.children:
            return nodes
        return _joined(nodes)

    def _is_wrap(self, node: Node) -> bool:
        return (
            bool(WRAP.fullmatch(node.tag))
            and node.attributes == _WRAP_STYLE
            and f"<{node.tag}" not in self.before.lower()
            and all(child.tag == TEXT for child in node.children)
        )


def _is_blank(node: Node) -> bool:
    return node.tag == TEXT and not node.text.strip(" \t\n\f\r")


def _within(node: Node) -> str:
    return "" if node.parent is None else f" in {node.parent.tag}"


def _joined(nodes: list[Node]) -> list[Node]:
    out: list[Node] = []
    for node in nodes:
        if node.tag == TEXT and out and out[-1].tag == TEXT:
            out[-1] = Node(TEXT, {}, out[-1].text + node.text, node.parent)
        else:
            out.append(node)
    return out


def _in_pre(node: Node) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag in ("pre", "textarea", "listing"):
            return True
        parent = parent.parent
    return False


def _without_zero_width(before: str, after: str) -> str:
    """Return a text without the characters of no width that were added between letters."""
    if len(_ZERO_WIDTH.findall(after)) <= len(_ZERO_WIDTH.findall(before)):
        return after
    if _ZERO_WIDTH.search(before):
        return after
    bare = _JOINING.sub("", after)
    return after if _ZERO_WIDTH.search(bare) else bare


def _named(node: Node) -> str:
    return f"a {node.tag.lstrip('#')}"


def _short(a: str, b: str) -> str:
    at = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    return f"{a[at : at + 20]!r} became {b[at : at + 20]!r}"
