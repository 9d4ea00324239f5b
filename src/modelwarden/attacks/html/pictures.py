"""Pictures in place of texts: made by a browser, and proven by it, for one size of window.

    twin = pictured(browser, html, url)        # None: nothing of this page could be replaced

Texts that fill a block are photographed where they stand, and the block holds the picture instead,
with the text as its `alt`. What is proven of a twin is less than of other edits, and of two kinds:

- from the sources: with each `alt` put back in place of its picture it is the page, letter by
  letter. So forms, targets and links are the same, and a screen reader hears the same.
- by Chromium, with a window of 1024 × 1400: pixels, title, forms, fields and links are the same.

In other windows a picture does not wrap; nowhere can it be marked, found or enlarged as a text can.
A page whose own scripts look at texts has no twin; of scripts from elsewhere nothing is known.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from modelwarden.attacks.html.browser import Browser, Shown
from modelwarden.attacks.html.proof import NOTHING, prove
from modelwarden.attacks.html.scan import Draft, Token
from modelwarden.core import Json
from modelwarden.core.values import dataclass

NAME = "image-for-text"
TITLE = "Show texts as pictures, with the text as their alternative"
WEAKER = (
    "texts shown as pictures look alike for one size of window (Chromium, 1024 × 1400); how they "
    "look elsewhere is not proven"
)

_BLOCKS = frozenset("h1 h2 h3 h4 h5 h6 p li td th div dt dd figcaption label footer".split())
_MARK = "data-picture-of"
_MOST, _SHOWS, _LARGEST = 60, 24, 400_000
_WIDTH, _HEIGHT = 1024, 1400  # of the browser's window
_LOOKS = re.compile(
    r"innerText|textContent|innerHTML|outerHTML|nodeValue|(?:first|last)(?:Element)?Child"
    r"|childNodes|children|\.images\b|getElementsBy|querySelector|getSelection|MutationObserver"
)
_PICTURE = re.compile(
    r'<img src="data:image/png;base64,[A-Za-z0-9+/=]+" alt="([^"<>]*)" '
    r'style="display:block;width:[0-9.]+px;height:[0-9.]+px">'
)
# Where the contents of blocks stand that hold one text alone; −1 of what is no block, or unseen.
_PLACES = """JSON.stringify([...document.querySelectorAll('[MARK]')].map(e => {
 const s = getComputedStyle(e), r = e.getBoundingClientRect(), n = x => parseFloat(x) || 0;
 const left = r.left + n(s.borderLeftWidth) + n(s.paddingLeft);
 const top = r.top + n(s.borderTopWidth) + n(s.paddingTop);
 const width = r.right - n(s.borderRightWidth) - n(s.paddingRight) - left;
 const height = r.bottom - n(s.borderBottomWidth) - n(s.paddingBottom) - top;
 const plain = s.display !== 'inline' && s.display !== 'none' && s.visibility === 'visible';
 return [+e.getAttribute('MARK'), plain ? left : -1, top, width, height];
}))""".replace("MARK", _MARK)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A text that may become a picture: its token, and that of the block around it."""

    block: Token
    token: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A text, and what takes its place."""

    text: _Text
    picture: str


def pictured(browser: Browser, html: str, url: str) -> str | None:
    """Return a page with pictures in place of texts, proven; None where none can be.

    Raises:
        BrowserError: the browser ended, or did not answer in time.
    """
    draft = Draft(html, url)
    found = _texts(draft)
    if not found or not _leaves_texts_alone(draft) or _PICTURE.search(html):
        return None
    cuts = _photographed(browser, draft, found)
    before = browser.show(html, url)
    kept = _Trial(browser, draft, before).good(cuts)
    if not kept:
        return None
    twin = _with(draft, kept)
    return None if wrong_with(before, browser.show(twin, url), html, twin) else twin


def restored(twin: str) -> str:
    """Return a page with each picture's `alt` in its place."""
    return _PICTURE.sub(lambda match: match[1], twin)


def wrong_with(before: Shown, after: Shown, html: str, twin: str) -> tuple[str, ...]:
    """Return what does not hold of a twin."""
    return (*prove(html, restored(twin), NOTHING), *seen_otherwise(before, after))


def seen_otherwise(before: Shown, after: Shown) -> tuple[str, ...]:
    """Return what a browser shows or does otherwise, but that texts are pictures."""
    wrong = [] if before.pixels == after.pixels else ["pixels"]
    names = ("title", "forms", "fields")
    wrong += [name for name in names if before.state[name] != after.state.get(name)]
    if _targets(before) != _targets(after):
        wrong.append("links")
    return tuple(wrong)


def _targets(shown: Shown) -> list[Json]:
    links = shown.state["links"]
    pairs = links if isinstance(links, list) else []
    return [pair[1] for pair in pairs if isinstance(pair, list)]


def _texts(draft: Draft) -> list[_Text]:
    """Return the texts that a block holds alone."""
    out = []
    tokens = draft.tokens
    start = draft.body_start() or 0
    for block, token, end in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if block.kind != "start" or block.name not in _BLOCKS or block.start < start:
            continue
        if token.kind != "text" or end.kind != "end" or end.name != block.name:
            continue
        if len(draft.html[token.start : token.end].split()) and '"' not in _text(draft, token):
            out.append(_Text(block=block, token=token))
    return out[:_MOST]


def _text(draft: Draft, token: Token) -> str:
    return draft.html[token.start : token.end]


def _leaves_texts_alone(draft: Draft) -> bool:
    """Tell whether the page's own scripts look at no texts."""
    code = [draft.html[t.start : t.end] for t in draft.tokens if t.kind == "raw"]
    code += [a.value for t in draft.tokens for a in t.attributes if a.name.startswith("on")]
    return not any(_LOOKS.search(one) for one in code)


def _photographed(browser: Browser, draft: Draft, found: Sequence[_Text]) -> list[_Cut]:
    """Return the texts that the window shows, with pictures of the pixels that they take."""
    marks = []
    for number, one in enumerate(found):
        at = one.block.start + 1 + len(one.block.name)
        marks.append((at, at, f' {_MARK}="{number}"'))
    browser.show(draft.spliced(marks), draft.url)
    cuts: list[_Cut] = []
    size = 0
    for place, left, top, width, height in browser.told(_PLACES):
        x, right = _pixel(left), _pixel(left + width)
        y, end = _pixel(top), _pixel(top + height)
        if left < 0 or top < 0 or right > _WIDTH or end > _HEIGHT or x >= right or y >= end:
            continue
        data = browser.photograph(x, y, right - x, end - y)
        size += len(data)
        if size > _LARGEST:
            break
        text = found[int(place)]
        alt = _text(draft, text.token)
        cuts.append(_Cut(text=text, picture=_picture(data, alt, width, height)))
    return cuts


def _pixel(place: float) -> int:
    """Return where a browser begins to paint what stands at a place between two pixels."""
    return int(place + 0.5)


def _picture(data: bytes, alt: str, width: float, height: float) -> str:
    return (
        f'<img src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}" alt="{alt}" '
        f'style="display:block;width:{width:.6f}px;height:{height:.6f}px">'
    )


def _with(draft: Draft, cuts: Sequence[_Cut]) -> str:
    return draft.spliced([(c.text.token.start, c.text.token.end, c.picture) for c in cuts])


class _Trial:
    """Finds the pictures that together change nothing of what is seen, within a number of shows."""

    def __init__(self, browser: Browser, draft: Draft, before: Shown) -> None:
        self.browser, self.draft, self.before = browser, draft, before
        self.left = _SHOWS

    def good(self, cuts: Sequence[_Cut]) -> list[_Cut]:
        """Return those, halving where all of them are too much."""
        if not cuts or self.left < 1:
            return []
        self.left -= 1
        after = self.browser.show(_with(self.draft, cuts), self.draft.url)
        if not seen_otherwise(self.before, after):
            return list(cuts)
        if len(cuts) == 1:
            return []
        half = len(cuts) // 2
        return self.good(cuts[:half]) + self.good(cuts[half:])


def twins(pages: Sequence[str], urls: Sequence[str]) -> tuple[str | None, ...]:
    """Return the twin of each page, made by one browser; those made before are not made again.

    Raises:
        BrowserError: no Chromium is installed, or it ended.
    """
    wanted = list(zip(pages, urls, strict=True))
    missing = [one for one in dict.fromkeys(wanted) if one not in _KNOWN]
    with Browser() as browser:
        for one in missing:
            _KNOWN[one] = pictured(browser, *one)
    while len(_KNOWN) > _REMEMBERED + len(wanted):
        del _KNOWN[next(iter(_KNOWN))]
    return tuple(_KNOWN[one] for one in wanted)


_REMEMBERED = 500
_KNOWN: dict[tuple[str, str], str | None] = {}


__all__ = ["NAME", "TITLE", "WEAKER", "pictured", "restored", "seen_otherwise", "twins"]
