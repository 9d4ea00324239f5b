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
from modelwarden.attacks.html.scan import Draft, held


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


# What a page holds of its pictures and fonts is outweighed so many times, where it is more than a
# little: a request that is larger for nothing may be refused for its size.
_TIMES, _LITTLE, _LARGEST = 4, 4_000, 1_000_000
_PIECES = 48


def _length(draft: Draft) -> int:
    """Return how much outweighs what a page holds; 0 where there is nothing to outweigh."""
    size = held(draft.html)
    return max(0, min(_TIMES * size, _LARGEST - len(draft.html))) if size > _LITTLE else 0


def _repeated(pieces: list[str], length: int, rng: np.random.Generator) -> str:
    """Return about so many characters of some pieces, in ever another order."""
    rounds = 1 + length // max(1, sum(map(len, pieces)))
    order = [i for _ in range(rounds) for i in rng.permutation(len(pieces)).tolist()]
    out, size = [], 0
    for i in order:
        if size >= length:
            break
        out.append(pieces[i])
        size += len(pieces[i])
    return "".join(out)


def _volume(draft: Draft, rng: np.random.Generator) -> str | None:
    """Return ordinary texts that outweigh what the page holds."""
    length = _length(draft)
    if not length:
        return None
    filler = Filler(draft, rng)
    sections = [filler.section() + "\n" for _ in range(_PIECES)]
    menu = " ".join(filler.link() for _ in range(9))
    text = _repeated(sections, length, rng)
    return f"<header><nav>{menu}</nav></header>\n<main>\n{text}</main>\n"


def _index(draft: Draft, rng: np.random.Generator) -> str | None:
    """Return lists of links with short texts, as shops and news pages have them."""
    length = _length(draft)
    if not length:
        return None
    filler = Filler(draft, rng)
    entries = [
        f'<li class="item {filler.word()}" id="{filler.word()}-{int(rng.integers(900))}">\n'
        f"  {filler.link()}\n  <p>{filler.sentence()}</p>\n"
        f"  <time datetime='20{rng.integers(10, 27)}-0{rng.integers(1, 10)}-1{rng.integers(10)}'>"
        f'{filler.word()} {rng.integers(1, 29)}</time> <a href="{filler.home}{filler.path()}">'
        f"{filler.word().capitalize()} &raquo;</a>\n</li>\n"
        for _ in range(_PIECES)
    ]
    text = _repeated(entries, length, rng)
    return f'<div class="page">\n<ul class="list">\n{text}</ul>\n</div>\n'


def swallowed_volume(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add more ordinary text than a page holds of pictures, which a comment swallows."""
    text = _volume(draft, rng)
    return None if text is None else draft.inserted(body=coding.swallowed(text))


def swallowed_index(draft: Draft, rng: np.random.Generator) -> str | None:
    """Add more lists of links than a page holds of pictures, which a comment swallows."""
    text = _index(draft, rng)
    return None if text is None else draft.inserted(body=coding.swallowed(text))


def swallowed_ahead(draft: Draft, rng: np.random.Generator) -> str | None:
    """Put more ordinary text than a page holds of pictures before its sheets or first element."""
    start = draft.head_rest() or draft.body_start()
    text = _volume(draft, rng)
    if start is None or text is None:
        return None
    return draft.spliced([(start, start, coding.swallowed(text))])


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
