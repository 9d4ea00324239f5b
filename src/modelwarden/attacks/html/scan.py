"""The tokens of a page's source, with their places: where edits may cut.

A browser's tokenizer in what edits need of it. It may be wrong about odd pages without harm: what
an edit makes of a page is held against the page by an HTML5 parser (`proof`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.core.values import dataclass

RAW = frozenset("script style textarea title xmp iframe noembed noframes noscript".split())
_OF_HEAD = frozenset("html head title meta link base style script noscript template".split())
_FIRST_OF_HEAD = frozenset("html head title meta base".split())
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_NAME = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*)))?")
_END = re.compile(r"[\s/]*>")
_OTHER = re.compile(r"<!--(?:>|->|.*?(?:--!?>|\Z))|<[!?/][^>]*(?:>|\Z)", re.DOTALL)


_HELD = re.compile(r"[A-Za-z0-9+/%=_.~-]{400,}")


def held(html: str) -> int:
    """Return how many characters of a page are what it holds itself: pictures, sheets, fonts.

    These are long runs without a word's end, also where a script writes them backwards.
    """
    return sum(len(match[0]) for match in _HELD.finditer(html))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute as written: its name in lower case, its raw value, where it stands."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of the source.

    Attributes:
        kind: `start`, `end`, `text`, `raw` (text of a script, style, title …) or `other`.
        start, end: where it stands.
        name: of the element; of a `raw` text that of the element around it.
        attributes: of a start tag, as written.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()

    def get(self, name: str) -> Attribute | None:
        """Return the first attribute of a name."""
        return next((one for one in self.attributes if one.name == name), None)


def tokens(html: str) -> list[Token]:
    """Return the tokens of a page, without gaps between them."""
    return list(_tokens(html))


def _tokens(html: str) -> Iterator[Token]:
    at, text = 0, 0
    while True:
        found = html.find("<", at)
        if found < 0:
            break
        token = _tag(html, found) or _other(html, found)
        if token is None:
            at = found + 1
            continue
        if text < found:
            yield Token(kind="text", start=text, end=found)
        yield token
        at = text = token.end
        if token.kind == "start" and token.name in RAW:
            end = _raw_end(html, token.end, token.name)
            if end > token.end:
                yield Token(kind="raw", start=token.end, end=end, name=token.name)
            at = text = end
    if text < len(html):
        yield Token(kind="text", start=text, end=len(html))


def _tag(html: str, start: int) -> Token | None:
    match = _NAME.match(html, start)
    if match is None:
        return None
    at, attributes = match.end(), []
    while (end := _END.match(html, at)) is None:
        one = _ATTRIBUTE.match(html, at)
        if one is None or one.end() == at:
            return None
        value = one[2] or one[3] or one[4] or ""
        attributes.append(
            Attribute(name=one[1].lower(), value=value, start=one.start(1), end=one.end())
        )
        at = one.end()
    kind = "end" if match[1] else "start"
    return Token(
        kind=kind,
        start=start,
        end=end.end(),
        name=match[2].lower(),
        attributes=tuple(attributes) if kind == "start" else (),
    )


def _other(html: str, start: int) -> Token | None:
    match = _OTHER.match(html, start)
    return None if match is None else Token(kind="other", start=start, end=match.end())


# Within a script a comment begins what another `<script` keeps from ending at `</script`.
_SCRIPT_STEPS = re.compile(r"<!--|-->|<(/?)script(?=[\s/>])", re.IGNORECASE)


def _script_end(html: str, start: int) -> int:
    at, escaped, double = start, False, False
    while (match := _SCRIPT_STEPS.search(html, at)) is not None:
        at = match.end()
        if match[0] == "<!--":
            escaped, at = True, match.start() + 2  # its dashes may end it
        elif match[0] == "-->":
            escaped = double = False
        elif not match[1]:
            double = escaped
        elif not double:
            return match.start()
        else:
            double = False
    return len(html)


def _raw_end(html: str, start: int, name: str) -> int:
    if name == "script":
        return _script_end(html, start)
    match = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(html, start)
    return len(html) if match is None else match.start()


class Draft:
    """A page that is being edited.

    Attributes:
        html: its source. url: its address.
    """

    def __init__(self, html: str, url: str = "") -> None:
        """Take a page."""
        self.html, self.url = html, url
        self._tokens: list[Token] | None = None
        self._head, self._body = "", ""
        self._ends: tuple[int | None, int] | None = None

    @property
    def tokens(self) -> list[Token]:
        """The tokens, found once."""
        if self._tokens is None:
            self._tokens = tokens(self.html)
        return self._tokens

    def blank(self, token: Token) -> bool:
        """Tell whether a token is white space."""
        return not self.html[token.start : token.end].strip()

    def starts(self, *names: str) -> list[Token]:
        """Return the start tags of these elements."""
        return [t for t in self.tokens if t.kind == "start" and t.name in names]

    def body_end(self) -> int:
        """Return where the last thing that counts ends: behind it come end tags and white space."""
        for token in reversed(self.tokens):
            blank = token.kind == "text" and self.blank(token)
            ends = token.kind == "end" and token.name in ("body", "html")
            if not blank and not ends and token.kind != "other":
                return token.end
        return len(self.html)

    def head_end(self) -> int | None:
        """Return where the head ends, or where what it holds does; None where it has nothing."""
        ends = [t.start for t in self.tokens if t.kind == "end" and t.name == "head"]
        if ends:
            return ends[0]
        first = self._first_of_body()
        return None if first is None else self._behind_head(first)

    def body_start(self) -> int | None:
        """Return where what the body holds begins; None where it is a frameset, or not there."""
        bodies = self.starts("body")
        if bodies:
            return bodies[0].end
        first = self._first_of_body()
        return None if first is None else self.tokens[first].start

    def head_rest(self) -> int | None:
        """Return where a head goes on behind its first metas, its title and its encoding."""
        head = [t for t in self.tokens[: self._first_of_body()] if t.kind == "start"]
        rest = [t.start for t in head if t.name in _OF_HEAD - _FIRST_OF_HEAD]
        if not rest:
            return None
        told = [
            t.end for t in head if t.name == "meta" and (t.get("charset") or t.get("http-equiv"))
        ]
        return max(rest[0], *told) if told else rest[0]

    def _first_of_body(self) -> int | None:
        """Return the first token that makes a browser begin the body."""
        for number, token in enumerate(self.tokens):
            if token.name == "frameset":
                return None
            text = token.kind == "text" and not self.blank(token)
            if text or (token.kind == "start" and token.name not in _OF_HEAD):
                return number
        return None

    def _behind_head(self, first: int) -> int | None:
        """Return where the last thing of the head ends before a token of the body."""
        for token in reversed(self.tokens[:first]):
            if token.name in _OF_HEAD and token.kind in ("start", "end"):
                return token.end
        return None

    def inserted(self, *, head: str = "", body: str = "") -> str | None:
        """Return the source with pieces at the end of head and body, behind those put in before.

        None where the source does not say where its head ends and a piece is for it.
        """
        if self._ends is None:
            self._ends = (self.head_end(), self.body_end())
        head_end, body_end = self._ends
        if head and (head_end is None or head_end > body_end):
            return None
        self._head += head
        self._body += body
        cuts = [(body_end, body_end, self._body)]
        if head_end is not None and self._head:
            cuts.append((head_end, head_end, self._head))
        return self.spliced(cuts)

    def spliced(self, cuts: list[tuple[int, int, str]]) -> str:
        """Return the source with pieces replaced; they do not overlap."""
        out, at = [], 0
        for start, end, text in sorted(cuts, key=lambda cut: cut[:2]):
            out += [self.html[at:start], text]
            at = end
        return "".join(out) + self.html[at:]
