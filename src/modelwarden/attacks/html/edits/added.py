"""Edits that add what is never seen and does nothing: at the end of the body or of the head."""

from __future__ import annotations

import json

import numpy as np

from modelwarden.attacks.html.edits.filler import Filler
from modelwarden.attacks.html.inert import HIDDEN
from modelwarden.attacks.html.scan import Draft

_STYLE = f'style="{HIDDEN}"'
_DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def _at_end(draft: Draft, html: str) -> str | None:
    return draft.inserted(body=html)


def _in_head(draft: Draft, html: str) -> str | None:
    return draft.inserted(head=html)


def hidden_links(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add a hidden list of links to pages of the site."""
    filler = Filler(draft, rng)
    return _at_end(draft, f"<div {_STYLE}>{filler.links(24)}</div>")


def many_links(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add hidden links to pages of the site: as many as outweigh those that are there."""
    filler = Filler(draft, rng)
    count = 40 + 6 * min(len(draft.starts("a")), 60)
    return _at_end(draft, f"<div {_STYLE}>{filler.links(count)}</div>")


def other_links(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add hidden links to pages elsewhere, as news pages have them."""
    filler = Filler(draft, rng)
    names = ("wikipedia.org/wiki", "openstreetmap.org/about", "w3.org/standards")
    links = "".join(
        f'<a href="https://www.{names[int(rng.integers(3))]}{filler.path()}">more</a> '
        for _ in range(16)
    )
    return _at_end(draft, f"<div {_STYLE}>{links}</div>")


def hidden_words(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add hidden paragraphs on an ordinary topic."""
    filler = Filler(draft, rng)
    text = "".join(filler.section() for _ in range(6))
    return _at_end(draft, f"<div {_STYLE}>{text}</div>")


def many_words(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add a long hidden article on an ordinary topic."""
    filler = Filler(draft, rng)
    text = "".join(filler.section() for _ in range(30))
    return _at_end(draft, f"<article {_STYLE}>{text}</article>")


def hidden_frame_of_site(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add the hidden frame of an ordinary site: menu, headings, list, foot."""
    filler = Filler(draft, rng)
    menu = " ".join(filler.link() for _ in range(9))
    body = "".join(filler.section() for _ in range(3))
    return _at_end(
        draft,
        f"<header {_STYLE}><nav>{menu}</nav></header><main {_STYLE}>{body}{filler.links(8)}</main>"
        f"<footer {_STYLE}>{filler.link()} {filler.link()} {filler.rights()}</footer>",
    )


def hidden_copyright(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add a hidden line of rights that names the domain."""
    return _at_end(draft, f"<small {_STYLE}>{Filler(draft, rng).rights()}</small>")


def hidden_pictures(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add hidden pictures that hold themselves."""
    filler = Filler(draft, rng)
    images = "".join(f'<img src="{_DOT}" alt="{filler.sentence()}">' for _ in range(8))
    return _at_end(draft, f"<section {_STYLE}>{images}</section>")


def classed_words(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add paragraphs and links that a small sheet hides, by a class of its own."""
    filler = Filler(draft, rng)
    name = "m" + "".join(chr(97 + int(i)) for i in rng.integers(0, 26, 6))
    if name in draft.html:
        return None
    text = "".join(filler.section() for _ in range(4)) + filler.links(16)
    sheet = f"<style>.{name}{{{HIDDEN}}}</style>"
    return draft.inserted(head=sheet, body=f'<div class="{name}">{text}</div>')


def template(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add a template that is never used: menus, texts, links."""
    filler = Filler(draft, rng)
    text = "".join(filler.section() for _ in range(4))
    form = '<form action="/search"><input type="search" name="q"><button>Search</button></form>'
    return _at_end(draft, f"<template><nav>{filler.links(20)}</nav>{form}{text}</template>")


def noscript(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add a text for browsers without scripts."""
    filler = Filler(draft, rng)
    text = "".join(filler.section() for _ in range(4))
    return _at_end(draft, f"<noscript><div>{text}{filler.links(20)}</div></noscript>")


def comments(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add comments as tools that make pages leave them, with ordinary words."""
    filler = Filler(draft, rng)
    lines = "".join(f"<!-- {filler.paragraph()} -->" for _ in range(6))
    return _at_end(draft, lines)


def descriptions(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add descriptions for search engines and for sharing."""
    filler = Filler(draft, rng)
    return _in_head(
        draft,
        f'<meta name="description" content="{filler.paragraph()}">'
        f'<meta name="keywords" content="{", ".join(filler.words)}">'
        f'<meta name="author" content="{filler.site}">'
        '<meta name="robots" content="index, follow">'
        f'<meta property="og:title" content="{filler.site}">'
        f'<meta property="og:description" content="{filler.sentence()}">'
        '<meta property="og:type" content="website">',
    )


def head_links(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add links of the head to pages of the site, which nothing follows."""
    filler = Filler(draft, rng)
    rels = ("next", "prev", "author", "help", "license", "alternate")
    lines = "".join(f'<link rel="{rel}" href="{filler.path()}">' for rel in rels * 2)
    return _in_head(draft, lines)


def own_icon(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Name the icon that a browser asks for anyway."""
    for token in draft.starts("link"):
        rel = token.get("rel")
        if rel is not None and "icon" in rel.value.lower():
            return None
    return _in_head(draft, '<link rel="icon" href="/favicon.ico">')


def structured_data(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add a description of the site for machines."""
    filler = Filler(draft, rng)
    data = {
        "@context": "https://schema.org",
        "@type": "Organization",
        "name": filler.site,
        "url": filler.home or "/",
        "description": filler.paragraph(),
    }
    text = json.dumps(data).replace("<", "\\u003c")
    return _in_head(draft, f'<script type="application/ld+json">{text}</script>')


def base_target(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Say where links open: where they do anyway."""
    if draft.starts("base"):
        return None
    return _in_head(draft, '<base target="_self">')


def empty_frames(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Add hidden frames that hold nothing."""
    return _at_end(draft, f'<iframe srcdoc="" loading="lazy" {_STYLE}></iframe>' * 2)
