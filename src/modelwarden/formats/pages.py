"""What a browser would run of a page, a drawing (SVG) or a text with HTML in it.

The reader of the text hands it on to here when some word in it tells of script: pictures and model
cards are shown by web sites and notebooks, and what is active in them acts there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from modelwarden.core import Gap, GapKind
from modelwarden.core.patterns import lazily
from modelwarden.core.values import dataclass
from modelwarden.formats.markup import LONGEST
from modelwarden.formats.view import View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MOST: Final = 2000
_CUT: Final = 1 << 20
_DRAWN: Final = lazily(r"<(?:\w+:)?svg[\s>]", re.IGNORECASE)
_WHOLE: Final = lazily(
    r"\s*+(?:(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_SCRIPT: Final = lazily(
    r"<(?:\w+:)?script\b([^>]*+)(?:>(.*?)(?:</(?:\w+:)?script|\Z)|\Z)", re.IGNORECASE | re.DOTALL
)
_CLOSED: Final = lazily(r"</(?:\w+:)?script\Z", re.IGNORECASE)
_TAG: Final = lazily(r"<[a-zA-Z][^<>]{0,65536}>")
_QUOTED: Final = lazily(r"<[a-zA-Z](?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE: Final = lazily(r"[\s\"'/]([\w:-]{2,40})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_FRAME: Final = lazily(r"<(?:\w+:)?(?:iframe|object|embed)\b", re.IGNORECASE)
_HOSTED: Final = lazily(r"\bsrc\s*=\s*[\"']?(?:https?:)?//|\bsrc\s*=\s*[\"']?[\w./-]+[\"'\s>]")
_SCHEME: Final = lazily(r"[\x00-\x20]*(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.I)
_PAGE_LINK: Final = lazily(r"[\x00-\x20]*data:\s*(?:text/html|image/svg)", re.IGNORECASE)
_LINK: Final = lazily(r"\]\(\s*+<?\s*+([^)\s]+)")
_HTML: Final = (".html!page", ".htm!page")
# A picture that is not there is put away, or another one shown in its place.
_OWN_LOOKS: Final = lazily(
    r"(?:\s*this\.(?:style\.\w+|src|onerror|hidden|alt|className)\s*=\s*"
    r"(?:'[^'\"()]*'|\"[^'\"()]*\"|null|true|none)\s*(?:;|$))+\s*"
)
# Lines that are set in are code where an empty line is before them; else they go on with the text.
_CODE: Final = lazily(
    r"^[ \t]*+(```+|~~~+)|(`+)|(?:(?<=\n\n)|(?<=\n\r\n)|\A)(?:(?: {4}|\t)[^\n]*+(?:\n|\Z))++",
    re.MULTILINE,
)
_TICKS: Final = lazily(r"`+")
_BLANK: Final = lazily(r"\n[ \t\r]*+\n|\Z")


class Active(NamedTuple):
    """One thing that a browser would run.

    Attributes:
        what: `script`, `handler`, `link` or `frame`. text: its code, or where it leads, cut.
        line: 1-based.
    """

    what: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(View):
    """What is active in a text that is shown by a browser.

    Attributes:
        kind: `page` (HTML), `drawing` (SVG) or `text` (Markdown).
        active: in the order of the text, by its kinds.
    """

    kind: str
    active: tuple[Active, ...]


def sniff(source: Source) -> bool:
    """Claim nothing: the readers of texts and of XML hand on what they find active."""
    del source
    return False


def read(source: Source, limits: Limits) -> Page:
    """Collect what is active; what stands behind the limit is a gap."""
    data = source.read(0, LONGEST)
    limits.spend(operations=1 + len(data) // 256)
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace")
    kind = "text"
    named = source.label.lower().endswith(_HTML)
    if _DRAWN.search(text[: 1 << 16]) and not _WHOLE.match(text) and not named:
        kind = "drawing" if source.label.rpartition("!")[0].lower().endswith(".svg") else "text"
        kind = "drawing" if text.lstrip().startswith("<") else kind
    elif _WHOLE.match(text) or named:
        kind = "page"
    gaps: list[Gap] = []
    if source.size > LONGEST:
        why = f"script was sought in the first {LONGEST:,} bytes"
        gaps.append(gap(source, why, GapKind.OVER_LIMIT, LONGEST))
    if kind == "text":
        text = _without_code(text)
    found = tuple(islice(_active(text, kind), _MOST))
    return Page(source=source, format="page", kind=kind, active=found, gaps=tuple(gaps))


def _active(text: str, kind: str) -> Iterator[Active]:
    lines = _Lines(text)
    for found in _SCRIPT.finditer(text):
        if found[2] is None:
            continue  # a tag that never ends
        if kind == "text" and not _CLOSED.search(found[0], len(found[0]) - 40):
            continue  # browsers run no script that is not closed: here a word is meant
        yield Active("script", f"{found[1][:500]} {found[2][:_CUT]}", lines.at(found.start()))
    lines = _Lines(text)
    plain = _SCRIPT.sub(_blank, text)
    # A quoted value may hold brackets, and a quote too many hides none.
    tags = {(tag.start(), tag[0]) for form in (_TAG, _QUOTED) for tag in form.finditer(plain)}
    for start, tag in sorted(tags):
        yield from dict.fromkeys(_in_tag(tag, kind, lines.at(start)))
    lines = _Lines(text)
    for link in _LINK.finditer(text) if kind == "text" else ():
        place = unescape(link[1])
        if _SCHEME.match(place) or _PAGE_LINK.match(place):
            yield Active("link", place[:_CUT], lines.at(link.start()))


def _in_tag(tag: str, kind: str, line: int) -> Iterator[Active]:
    # A video is shown in a frame of its host; a drawing has no place for one.
    if kind != "page" and _FRAME.match(tag) and (kind == "drawing" or not _HOSTED.search(tag)):
        yield Active("frame", unescape(tag)[:_CUT], line)
    for name, *values in _ATTRIBUTE.findall(tag):
        value = unescape("".join(values))
        if name[:2].lower() == "on" and name.isalpha() and not _OWN_LOOKS.fullmatch(value):
            yield Active("handler", f"{name.lower()}={value[:_CUT]}", line)
        elif name.lower() == "srcdoc":
            yield Active("frame", value[:_CUT], line)
        elif _SCHEME.match(value) or (kind != "page" and _PAGE_LINK.match(value)):
            yield Active("link", value[:_CUT], line)


def _without_code(text: str) -> str:
    """Return a text of Markdown with nothing but the line ends of its code, block or span.

    A span ends with as many backticks as it begins with, in the same paragraph.
    """
    ends: dict[int, list[int]] = {}
    for ticks in reversed(tuple(_TICKS.finditer(text))):
        ends.setdefault(len(ticks[0]), []).append(ticks.end())
    kept: list[str] = []
    done = blank = 0
    while code := _CODE.search(text, done):
        end = code.end()
        if code[1]:
            end = _end_of_block(text, code)
        elif code[2]:
            if blank < end and (paragraph := _BLANK.search(text, end)):
                blank = paragraph.start()
            same = ends[len(code[2])]
            while same and same[-1] <= end:
                same.pop()
            if not same or same[-1] > blank:
                kept.append(text[done:end])
                done = end
                continue
            end = same[-1]
        kept += (text[done : code.start()], "\n" * text.count("\n", code.start(), end))
        done = end
    return "".join((*kept, text[done:]))


def _end_of_block(text: str, fence: re.Match[str]) -> int:
    closing = re.compile(rf"^[ \t]*+{fence[1]}[`~]*+[ \t]*+$", re.MULTILINE).search(
        text, fence.end()
    )
    return closing.end() if closing else len(text)


def _blank(found: re.Match[str]) -> str:
    """Leave the place of a script empty, at the same length."""
    return re.sub(r"[^\n]", " ", found[0])


class _Lines:
    """Counts lines on the way through a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place, self.line = 0, 1

    def at(self, place: int) -> int:
        self.line += self.text.count("\n", self.place, place)
        self.place = place
        return self.line
