"""Edits that write something else into the source, and set what belongs there while it loads.

The script that sets an attribute stands in the element, or right behind it: it acts before any
other script of the page, before anything is shown, and is gone by then.
"""

from __future__ import annotations

import html

import numpy as np

from modelwarden.attacks.html import coding
from modelwarden.attacks.html.scan import Attribute, Draft, Token
from modelwarden.attacks.urls.parts import absolute, address_of

_MOST = 120
_WORDS = ("about", "news", "help", "products", "team", "contact", "blog", "events", "press", "faq")


def _late(
    draft: Draft, chosen: list[tuple[Token, Attribute, str]], *, at_load: bool = False
) -> str | None:
    """Return the source with other values, each set to what it was where it stands."""
    cuts = []
    for token, one, decoy in chosen[:_MOST]:
        value = html.unescape(one.value)
        if at_load:
            script = coding.set_at_load(one.name, value)
        elif token.name in ("input", "img"):
            script = coding.set_previous(one.name, value)
        else:
            script = coding.set_parent(one.name, value)
        cuts.append((one.start, one.end, f'{one.name}="{decoy}"'))
        cuts.append((token.end, token.end, script))
    return draft.spliced(cuts) if cuts else None


def _actions(draft: Draft) -> list[tuple[Token, Attribute, str]]:
    out = []
    for token in draft.starts("form"):
        one = token.get("action")
        if one is not None and one.value not in ("/search", "/session"):
            out.append((token, one, "/session"))
    return out


def late_action(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Set the targets of forms where they begin."""
    return _late(draft, _actions(draft))


def action_at_load(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Set the targets of forms by a listener, once the page has loaded."""
    return _late(draft, _actions(draft), at_load=True)


def late_links(draft: Draft, rng: np.random.Generator) -> str | None:
    """Let links seem to lead to pages of the site; each is set to where it leads as it is read."""
    home = address_of(draft.url).domain
    chosen = []
    for token in draft.starts("a"):
        one = token.get("href")
        if one is None:
            continue
        value = one.value.strip().lower()
        host = address_of(absolute(draft.url, value)).domain
        away = bool(home) and bool(host) and host != home
        if away or value in ("", "#") or value.startswith(("javascript:", "http", "//")):
            chosen.append((token, one, "/" + _WORDS[int(rng.integers(len(_WORDS)))]))
    return _late(draft, chosen)


def late_password(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Let fields for passwords seem to be for text."""
    chosen = []
    for token in draft.starts("input"):
        one = token.get("type")
        if one is not None and one.value.lower() in ("password", "email", "tel", "hidden"):
            chosen.append((token, one, "search"))
    return _late(draft, chosen)


def late_names(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Give fields other names and hints until they are read."""
    chosen = []
    for token in draft.starts("input"):
        for name, decoy in (("name", "q"), ("placeholder", "Search")):
            one = token.get(name)
            if one is not None:
                chosen.append((token, one, decoy))
                break
    return _late(draft, chosen)


def late_handlers(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Set handlers of events where their elements stand."""
    chosen = []
    for token in draft.starts("form", "a", "button", "input", "body"):
        for one in token.attributes:
            if one.name in ("onsubmit", "onclick", "onchange", "onkeyup") and token.name != "body":
                chosen.append((token, one, ""))
                break
    return _late(draft, chosen)


def late_alt(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Give pictures another text until they are read."""
    chosen = []
    for token in draft.starts("img"):
        one = token.get("alt")
        if one is not None and one.value.strip():
            chosen.append((token, one, ""))
    return _late(draft, chosen)


def late_title(draft: Draft, rng: np.random.Generator) -> str | None:
    """Give the source another title; the true one is set in the head."""
    for number, token in enumerate(draft.tokens[:-2]):
        if token.kind == "start" and token.name == "title":
            text, end = draft.tokens[number + 1 : number + 3]
            if text.kind != "raw" or end.kind != "end":
                return None
            decoy = _title(draft, rng)
            title = html.unescape(draft.html[text.start : text.end]).replace("\r\n", "\n")
            return draft.spliced(
                [(text.start, text.end, decoy), (end.end, end.end, coding.set_title(title))]
            )
    return None


def _title(draft: Draft, rng: np.random.Generator) -> str:
    """Return a calm title that goes with the address."""
    host = address_of(draft.url).domain.split(".")[0].replace("-", " ").title() or "Home"
    topic = _WORDS[int(rng.integers(len(_WORDS)))].title()
    return f"{host} | {topic}"
