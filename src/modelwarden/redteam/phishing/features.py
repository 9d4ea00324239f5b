"""Numbers of a page and its address: what published detectors look at, without the network.

Those of SpacePhish (Apruzzese et al. 2022) that need no other server, with more on text, hiding
and decoding. A page is read by an HTML5 parser: what stands in comments, templates and `noscript`
is not counted as part of the page.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from modelwarden.attacks.html.dom import TEXT, Node, Page, TooLargeError, parse
from modelwarden.attacks.urls.parts import Address, absolute, address_of
from modelwarden.redteam.phishing.addresses import address_features
from modelwarden.targets.frames import Floats

# Words hash to so many columns.
BUCKETS = 2048

ALARM_WORDS = (
    "account bank billing confirm credential expire identity immediately limited locked login "
    "password payment pin restore secure security signin social ssn suspended unauthorized unlock "
    "unusual update urgent validate verify wallet"
).split()
_DECODING = re.compile(
    r"document\.write|unescape\(|fromcharcode|atob\(|eval\(|decodeuricomponent", re.IGNORECASE
)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])")
_WORD = re.compile(r"[a-z0-9]{2,}")
_UNSEEN = frozenset(("script", "style", "noframes", "template", "head", "datalist"))
_NULL = ("", "#", "#!", "#content", "#skip")
_ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060\u00ad\ufeff]")
_COPYRIGHT = re.compile(r"©|&copy;|\(c\)|copyright", re.IGNORECASE)
_LONGEST = 400_000


class _Links:
    """Where links and sources of a page lead."""

    def __init__(self, base: str, home: Address) -> None:
        self.base, self.home = base, home
        self.own = self.other = self.null = 0

    def add(self, url: str) -> bool:
        """Count one; tell whether it leads elsewhere."""
        text = url.strip().lower()
        if text in _NULL or text.startswith(("javascript:", "#")):
            self.null += 1
            return False
        if text.startswith(("data:", "mailto:", "tel:")):
            return False
        host = address_of(absolute(self.base, text))
        elsewhere = bool(host.host) and host.domain != self.home.domain
        self.other += elsewhere
        self.own += not elsewhere
        return elsewhere

    @property
    def total(self) -> int:
        return self.own + self.other + self.null


def _hidden(node: Node) -> bool:
    return "hidden" in node.attributes or bool(
        _HIDING.search(node.attributes.get("style", "").lower())
    )


def seen_text(document: Node) -> str:
    """Return what a person may read, without what is hidden where it stands."""
    out: list[str] = []
    stack = [document]
    while stack:
        node = stack.pop()
        if node.tag == TEXT:
            out.append(node.text)
        elif node.tag not in _UNSEEN and not _hidden(node):
            stack.extend(reversed(node.children))
    return " ".join(" ".join(out).split())[:_LONGEST]


def features_of(page: Page) -> dict[str, float]:
    """Return the numbers of a page, by name, in a fixed order.

    What cannot be read, because it is beyond the bounds, is an empty page: a detector must answer.
    """
    try:
        document = parse(page.html)
    except TooLargeError:
        document = parse("")
    return {
        **_structure(document, page),
        **_words(document, page),
        **address_features(page.url),
    }


def _structure(document: Node, page: Page) -> dict[str, float]:
    nodes = list(document.live())
    tags: dict[str, list[Node]] = {}
    for node in nodes:
        tags.setdefault(node.tag, []).append(node)
    home = address_of(page.url)
    anchors, sources, forms = (_Links(page.url, home) for _ in range(3))
    for node in tags.get("a", ()):
        anchors.add(node.attributes.get("href", ""))
    for name in ("img", "script", "iframe", "link", "source"):
        for node in tags.get(name, ()):
            url = node.attributes.get("src") or node.attributes.get("href")
            if url:
                sources.add(url)
    away = sum(forms.add(node.attributes.get("action", "")) for node in tags.get("form", ()))
    inputs = tags.get("input", [])
    kinds = [node.attributes.get("type", "text").lower() for node in inputs]
    scripts = " ".join(node.content() for node in tags.get("script", ()))
    icons = [n for n in tags.get("link", ()) if "icon" in n.attributes.get("rel", "").lower()]
    size = max(len(page.html), 1)
    return {
        "nodes": math.log1p(len(nodes)),
        "length": math.log1p(size),
        "links": math.log1p(anchors.total),
        "links_own": anchors.own / max(anchors.total, 1),
        "links_other": anchors.other / max(anchors.total, 1),
        "links_null": anchors.null / max(anchors.total, 1),
        "links_own_count": math.log1p(anchors.own),
        "links_other_count": math.log1p(anchors.other),
        "sources": math.log1p(sources.total),
        "sources_other": sources.other / max(sources.total, 1),
        "forms": float(min(len(tags.get("form", ())), 5)),
        "forms_away": float(min(away, 3)),
        "forms_null": float(min(forms.null, 3)),
        "forms_script": float(
            sum(".php" in n.attributes.get("action", "").lower() for n in tags.get("form", ())) > 0
        ),
        "inputs": math.log1p(len(inputs)),
        "inputs_password": float(min(kinds.count("password"), 3)),
        "inputs_hidden": math.log1p(kinds.count("hidden")),
        "inputs_text": math.log1p(sum(k in ("text", "email", "tel") for k in kinds)),
        "images": math.log1p(len(tags.get("img", ()))),
        "scripts": math.log1p(len(tags.get("script", ()))),
        "scripts_length": math.log1p(len(scripts)),
        "scripts_share": len(scripts) / size,
        "decoding": math.log1p(len(_DECODING.findall(scripts))),
        "no_right_click": float("contextmenu" in page.html.lower()),
        "frames": float(min(len(tags.get("iframe", ())), 4)),
        "styles": math.log1p(len(tags.get("style", ()))),
        "hidden": math.log1p(sum(_hidden(node) for node in nodes if node.attributes)),
        "metas": math.log1p(len(tags.get("meta", ()))),
        "refresh": float(
            any(
                n.attributes.get("http-equiv", "").lower() == "refresh"
                for n in tags.get("meta", ())
            )
        ),
        "icon": float(bool(icons)),
        "icon_other": float(
            any(_Links(page.url, home).add(n.attributes.get("href", "")) for n in icons)
        ),
        "headings": math.log1p(sum(len(tags.get(h, ())) for h in ("h1", "h2", "h3"))),
        "paragraphs": math.log1p(len(tags.get("p", ()))),
        "items": math.log1p(len(tags.get("li", ()))),
        "nav": float(bool(tags.get("nav"))),
        "footer": float(bool(tags.get("footer"))),
        "comments": math.log1p(len(tags.get("#comment", ()))),
        "inline_data": math.log1p(page.html.count("data:image")),
        "handlers": math.log1p(
            sum(name.startswith("on") for node in nodes for name in node.attributes)
        ),
        "ids": math.log1p(sum("id" in node.attributes for node in nodes)),
        "classes": math.log1p(sum("class" in node.attributes for node in nodes)),
    }


def _refreshes(node: Node) -> bool:
    return node.attributes.get("http-equiv", "").lower() == "refresh"


def title_of(document: Node) -> str:
    """Return the title of a page."""
    titles = document.elements("title")
    return " ".join(titles[0].content().split()) if titles else ""


def _words(document: Node, page: Page) -> dict[str, float]:
    text, title = seen_text(document), title_of(document)
    low, home = text.lower(), address_of(page.url)
    names = [part for part in re.split(r"[.-]", home.domain.split(".")[0]) if len(part) > 2]
    words = _WORD.findall(low)
    rights = [m.start() for m in _COPYRIGHT.finditer(text)]
    near = low[rights[0] : rights[0] + 80] if rights else ""
    compact = re.sub(r"[^a-z0-9]", "", title.lower())
    return {
        "text_length": math.log1p(len(text)),
        "text_share": len(text) / max(len(page.html), 1),
        "text_words": math.log1p(len(words)),
        "text_alarm": math.log1p(sum(w in low for w in ALARM_WORDS)),
        "text_alarm_share": sum(w in ALARM_WORDS for w in words) / max(len(words), 1),
        "text_not_ascii": sum(ord(c) > 127 for c in text) / max(len(text), 1),
        "text_zero_width": math.log1p(len(_ZERO_WIDTH.findall(text))),
        "text_domain": math.log1p(sum(low.count(name) for name in names)),
        "title_length": math.log1p(len(title)),
        "title_empty": float(not title),
        "title_domain": float(any(name in compact for name in names)),
        "title_alarm": float(any(word in title.lower() for word in ALARM_WORDS)),
        "title_login": float(bool(re.search(r"log.?in|sign.?in", title.lower()))),
        "copyright": float(bool(rights)),
        "copyright_domain": float(any(name in near for name in names)),
    }


def bags_of(texts: Iterable[str], buckets: int = BUCKETS) -> Floats:
    """Return counts of hashed words and pairs of words, (n, buckets), damped and of length 1."""
    out = [_bag(text, buckets) for text in texts]
    return np.array(out, np.float64).reshape(len(out), buckets)


def _bag(text: str, buckets: int) -> Floats:
    words = _WORD.findall(text.lower())
    grams = words + [f"{a} {b}" for a, b in pairwise(words)]
    at = [zlib.crc32(gram.encode()) % buckets for gram in grams]
    counts = np.log1p(np.bincount(at, minlength=buckets).astype(np.float64))
    size = float(np.linalg.norm(counts))
    return counts / size if size else counts


NAMES: tuple[str, ...] = tuple(features_of(Page(html="", url="")))


def matrix_of(pages: Iterable[Page]) -> Floats:
    """Return the numbers of pages, (n, len(NAMES)) in the order of `NAMES`."""
    rows = [[*features_of(page).values()] for page in pages]
    return np.array(rows, np.float64).reshape(len(rows), len(NAMES))
