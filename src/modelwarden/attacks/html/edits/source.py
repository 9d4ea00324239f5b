"""Edits of the source that leave the very same tree: other spellings of the same page."""

from __future__ import annotations

import html
import re

import numpy as np

from modelwarden.attacks.html.scan import Draft, Token

_URLS = ("href", "src", "action", "content")
_LETTER = re.compile(r"[A-Za-z]")
_REFERENCE = re.compile(r"&[#\w]+;?")
# Texts of these may not show what a text elsewhere shows.
VERBATIM = frozenset("script style title textarea option pre noscript svg math".split())
MOST_TEXTS = 400


def texts(draft: Draft) -> list[Token]:
    """Return the texts of the body that a person reads, as far as the source tells."""
    out: list[Token] = []
    inside = 0
    begun = not draft.starts("body")
    for token in draft.tokens:
        if token.name == "body" and token.kind == "start":
            begun = True
        elif token.kind in ("start", "end") and token.name in ("pre", "svg", "math", "select"):
            inside = max(0, inside + (1 if token.kind == "start" else -1))
        elif token.kind == "text" and begun and not inside and not draft.blank(token):
            out.append(token)
    return out[:MOST_TEXTS]


def _numbered(text: str) -> str:
    """Return a text with its letters as character references, those that are there kept."""
    out, at = [], 0
    for match in _REFERENCE.finditer(text):
        out += [_LETTER.sub(_reference, text[at : match.start()]), match[0]]
        at = match.end()
    return "".join(out) + _LETTER.sub(_reference, text[at:])


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def text_references(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write the letters of texts as numbers."""
    cuts = [(t.start, t.end, _numbered(draft.html[t.start : t.end])) for t in texts(draft)]
    return draft.spliced(cuts) if cuts else None


def url_references(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write the letters of addresses in attributes as numbers."""
    cuts = []
    for token in draft.tokens:
        for one in token.attributes:
            if one.name in _URLS and one.value and "charset" not in one.value.lower():
                value = _numbered(html.escape(html.unescape(one.value), quote=True))
                cuts.append((one.start, one.end, f'{one.name}="{value}"'))
    return draft.spliced(cuts) if cuts else None


def _tags(draft: Draft) -> list[Token]:
    return [t for t in draft.tokens if t.kind == "start" and t.name not in ("svg", "math", "meta")]


def attribute_case(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write the names of elements and attributes in capitals."""
    if draft.starts("svg", "math"):  # names there have a case of their own
        return None
    cuts = []
    for token in _tags(draft):
        name = draft.html[token.start + 1 : token.start + 1 + len(token.name)]
        cuts.append((token.start + 1, token.start + 1 + len(token.name), name.upper()))
        cuts += [(a.start, a.start + len(a.name), a.name.upper()) for a in token.attributes]
    return draft.spliced(cuts) if cuts else None


def attribute_space(draft: Draft, rng: np.random.Generator) -> str | None:
    """Put lines and tabs between attributes and around their signs."""
    cuts = []
    for token in _tags(draft):
        for one in token.attributes:
            room = "\n\t"[: 1 + int(rng.integers(2))] + " " * int(rng.integers(1, 4))
            cuts.append((one.start, one.start, room))
    return draft.spliced(cuts) if cuts else None


def quotes(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Quote attributes with the other mark."""
    cuts = []
    for token in _tags(draft):
        for one in token.attributes:
            source = draft.html[one.start : one.end]
            if source.endswith('"') and "'" not in one.value:
                cuts.append((one.start, one.end, f"{one.name} = '{one.value}'"))
            elif source.endswith("'") and '"' not in one.value:
                cuts.append((one.start, one.end, f'{one.name} = "{one.value}"'))
    return draft.spliced(cuts) if cuts and not draft.starts("svg", "math") else None


def repeated_attributes(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Say attributes a second time with another value: a browser keeps the first."""
    decoy = {"action": "/search", "href": "/", "type": "search", "name": "q", "src": "/logo.png"}
    cuts = []
    for token in _tags(draft):
        if token.name not in ("form", "a", "input", "img", "iframe"):
            continue
        seen = {one.name for one in token.attributes}
        more = "".join(f' {name}="{decoy[name]}"' for name in decoy if name in seen)
        if more:
            last = token.attributes[-1]
            cuts.append((last.end, last.end, more))
    return draft.spliced(cuts) if cuts else None
