"""Edits within texts and names that no eye can tell."""

from __future__ import annotations

import re

import numpy as np

from modelwarden.attacks.html.edits.source import texts
from modelwarden.attacks.html.scan import Draft, Token

_WORD = re.compile(r"(?<![&#\w;])[A-Za-z]{3,}(?![;\w])")
_RUN = re.compile(r"[ \n\t]+")
_MOST = 300
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")


def _in_words(draft: Draft, cut: str) -> str | None:
    """Return the source with something put into each word, after a third of its letters."""
    cuts = []
    for token in texts(draft):
        text = draft.html[token.start : token.end]
        for match in _WORD.finditer(text):
            at = token.start + match.start() + max(1, len(match[0]) // 3)
            cuts.append((at, at, cut))
    return draft.spliced(cuts[:_MOST]) if cuts else None


def split_by_comments(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Part words by empty comments."""
    return _in_words(draft, "<!---->")


def zero_width(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Put characters without width into words."""
    return _in_words(draft, "&#8205;")


def wrapped(draft: Draft, rng: np.random.Generator) -> str | None:
    """Put parts of words into elements of no name and no style."""
    name = "x-" + "".join(chr(97 + int(i)) for i in rng.integers(0, 26, 4))
    cuts = []
    for token in texts(draft):
        text = draft.html[token.start : token.end]
        for match in _WORD.finditer(text):
            a = token.start + match.start() + 1
            b = token.start + match.end() - 1
            cuts += [(a, a, f'<{name} style="all:unset">'), (b, b, f"</{name}>")]
    return draft.spliced(cuts[: 2 * _MOST]) if cuts else None


def spaces(draft: Draft, rng: np.random.Generator) -> str | None:
    """Make white space between words longer where it shows as one space."""
    cuts = []
    for token in texts(draft):
        text = draft.html[token.start : token.end]
        for match in _RUN.finditer(text):
            room = "\n" + " " * int(rng.integers(1, 6)) + "\t" * int(rng.integers(3))
            cuts.append((token.start + match.start(), token.start + match.end(), room))
    return draft.spliced(cuts[:_MOST]) if cuts else None


def data_attributes(draft: Draft, rng: np.random.Generator) -> str | None:
    """Give elements attributes of data that nothing reads."""
    name = "data-" + "".join(chr(97 + int(i)) for i in rng.integers(0, 26, 6))
    if name in draft.html.lower():
        return None
    cuts = []
    for token in draft.tokens:
        if token.kind == "start" and token.name not in ("html", "head", "meta", "script", "style"):
            at = token.start + 1 + len(token.name)
            cuts.append((at, at, f' {name}="{int(rng.integers(100))}"'))
    return draft.spliced(cuts[:_MOST]) if cuts else None


def renamed_classes(draft: Draft, rng: np.random.Generator) -> str | None:
    """Give classes other names, in the page and in its sheets alike."""
    if draft.starts("script") or any(_is_sheet(t) for t in draft.starts("link")):
        return None
    if any(a.name.startswith("on") for t in draft.tokens for a in t.attributes):
        return None
    names: dict[str, str] = {}
    cuts = []
    for token in draft.tokens:
        one = token.get("class")
        if one is not None and not re.search(r"[&\"'<>]", one.value):
            new = " ".join(_renamed(name, names, rng) for name in one.value.split())
            cuts.append((one.start, one.end, f'class="{new}"'))
    if not names:
        return None
    for token in draft.tokens:
        if token.kind == "raw" and token.name == "style":
            sheet = draft.html[token.start : token.end]
            new = _CLASS.sub(lambda m: "." + names.get(m[1], m[1]), sheet)
            cuts.append((token.start, token.end, new))
    return draft.spliced(cuts)


def _is_sheet(token: Token) -> bool:
    rel = token.get("rel")
    return rel is not None and "stylesheet" in rel.value.lower()


_ORDINARY = "post entry widget content main side menu nav column item title meta article header"


def _renamed(name: str, names: dict[str, str], rng: np.random.Generator) -> str:
    if name not in names:
        word = _ORDINARY.split()[int(rng.integers(14))]
        names[name] = f"{word}-{len(names)}{chr(97 + int(rng.integers(26)))}"
    return names[name]
