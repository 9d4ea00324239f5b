"""Edits that put an ordinary page into the source, which is a comment where scripts run.

A script writes `<!--`; what stands behind it in the source is then no page any more, and once it is
read a second script takes the comment out. What remains is the very tree of the page, so that
scripts which count and sheets which look for the last element find all as it was.
"""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.html import coding
from modelwarden.attacks.html.edits.filler import Filler
from modelwarden.attacks.html.edits.written import span_of
from modelwarden.attacks.html.scan import Draft


def _site(filler: Filler, sections: int) -> str:
    """Return an ordinary page without pictures, scripts or sheets."""
    menu = " ".join(filler.link() for _ in range(9))
    text = "".join(filler.section() for _ in range(sections))
    return (
        f"<header><nav>{menu}</nav></header><main><h1>{filler.site}</h1>{text}"
        '<form action="/search" method="get"><input type="search" name="q">'
        f"<button>Search</button></form>{filler.links(24)}</main>"
        f"<footer>{filler.link()} {filler.link()} {filler.rights()}</footer>"
    )


def swallowed_page(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add an ordinary page at the end, which a comment swallows where scripts run."""
    return draft.inserted(body=coding.swallowed(_site(Filler(draft, rng), 6)))


def swallowed_article(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add a long ordinary page at the end, which a comment swallows where scripts run."""
    return draft.inserted(body=coding.swallowed(_site(Filler(draft, rng), 40)))


def swallowed_first(draft: Draft, rng: np.random.Generator) -> str | None:
    """Begin with an ordinary page, which a comment swallows where scripts run."""
    start = draft.body_start()
    if start is None:
        return None
    return draft.spliced([(start, start, coding.swallowed(_site(Filler(draft, rng), 12)))])


def swallowed_head(draft: Draft, rng: np.random.Generator) -> str | None:
    """Put an ordinary page before the sheets and scripts of the head, swallowed by a comment."""
    start = draft.head_rest()
    if start is None:
        return None
    return draft.spliced([(start, start, coding.swallowed(_site(Filler(draft, rng), 12)))])


def written_frameset(draft: Draft, rng: np.random.Generator) -> str | None:
    """Write the frames that are the page; without scripts the source is an ordinary page."""
    tokens = draft.tokens
    for number, token in enumerate(tokens):
        if token.kind == "start" and token.name == "frameset":
            span = span_of(draft, number)
            if span is None:
                return None
            written = coding.write(draft.html[span[0] : span[1]] + "<!--")
            return draft.spliced([(*span, f"{written}{_site(Filler(draft, rng), 6)}-->")])
    return None
