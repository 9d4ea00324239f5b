"""Edits that write a piece of the source by a script, at its place, while the page is read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modelwarden.attacks.html import coding
from modelwarden.attacks.html.edits.source import texts
from modelwarden.attacks.html.scan import Draft, Token

_MOST = 100


def span_of(draft: Draft, number: int) -> tuple[int, int] | None:
    """Return where the element that begins at a token stands; None where its end is not found."""
    tokens = draft.tokens
    first = tokens[number]
    deep = 0
    for token in tokens[number:]:
        if token.name == first.name and token.kind in ("start", "end"):
            deep += 1 if token.kind == "start" else -1
            if deep == 0:
                return first.start, token.end
    return None


def _elements(draft: Draft, *names: str) -> list[tuple[int, int]]:
    """Return where elements of these names stand, those within others left out."""
    out: list[tuple[int, int]] = []
    for number, token in enumerate(draft.tokens):
        if token.kind != "start" or token.name not in names or (out and token.start < out[-1][1]):
            continue
        span = span_of(draft, number)
        if span is not None and not _fetches_scripts(draft, *span):
            out.append(span)
    return out


def _fetches_scripts(draft: Draft, start: int, end: int) -> bool:
    """Tell whether a piece has scripts from elsewhere, which browsers may refuse to write."""
    return any(
        t.name == "script" and t.get("src") is not None
        for t in draft.tokens
        if t.kind == "start" and start <= t.start < end
    )


def _all_written(
    draft: Draft, spans: list[tuple[int, int]], how: Callable[[str], str] = coding.write
) -> str | None:
    cuts = [(a, b, how(draft.html[a:b])) for a, b in spans[:_MOST] if b > a]
    return draft.spliced(cuts) if cuts else None


def written_forms(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write forms with all that is in them."""
    return _all_written(draft, _elements(draft, "form"))


def written_texts(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write the texts that a person reads, each at its place."""
    spans = [(t.start, t.end) for t in texts(draft) if not _in_table(draft, t)]
    return _all_written(draft, spans)


def _in_table(draft: Draft, token: Token) -> bool:
    """Tell whether what stands right before is a part of a table that holds no text."""
    before = draft.html[max(0, token.start - 40) : token.start].lower()
    return before.endswith((">",)) and any(
        before.rstrip().rsplit("<", 1)[-1].startswith(name)
        for name in ("table", "tr", "tbody", "thead", "/td", "/th", "/tr", "select", "/option")
    )


def written_scripts(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write the page's own scripts."""
    return _all_written(draft, _own_scripts(draft))


def _own_scripts(draft: Draft) -> list[tuple[int, int]]:
    return [
        (a, b)
        for a, b in _elements(draft, "script")
        if "currentScript" not in draft.html[a:b] and draft.html[a : a + 8] == "<script>"
    ]


def written_frames(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write frames."""
    return _all_written(draft, _elements(draft, "iframe"))


def written_images(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write pictures."""
    return _all_written(draft, [(t.start, t.end) for t in draft.starts("img")])


def written_links(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write links with their words."""
    return _all_written(draft, _elements(draft, "a"))


def written_icon(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write the icon and other links of the head, but for style sheets."""
    chosen = []
    for token in draft.starts("link"):
        rel = token.get("rel")
        if rel is not None and "stylesheet" not in rel.value.lower():
            chosen.append((token.start, token.end))
    return _all_written(draft, chosen)


def written_metas(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write descriptions and refreshes of the head; never the encoding."""
    chosen = []
    for token in draft.starts("meta"):
        if "charset" in draft.html[token.start : token.end].lower():
            continue
        kind = token.get("http-equiv")
        if token.get("name") is not None or (kind and kind.value.lower() == "refresh"):
            chosen.append((token.start, token.end))
    return _all_written(draft, chosen)


def written_styles(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write the page's own sheets."""
    return _all_written(draft, _elements(draft, "style"))


def _body(draft: Draft) -> list[tuple[int, int]]:
    """Return the pieces of the body between scripts that come from elsewhere."""
    start, end = draft.body_start(), draft.body_end()
    if start is None or start >= end:
        return []
    spans, at = [], start
    for number, token in enumerate(draft.tokens):
        if token.kind == "start" and token.name == "script" and start <= token.start < end:
            span = span_of(draft, number)
            if span is None or token.get("src") is None:
                continue
            spans.append((at, span[0]))
            at = span[1]
    spans.append((at, end))
    return [(a, b) for a, b in spans if draft.html[a:b].strip()]


def written_body(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write all that the body holds."""
    return _all_written(draft, _body(draft))


def percent_body(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Write all that the body holds, in percent form: the best-known way to do it."""
    return _all_written(draft, _body(draft), coding.write_percent)


def data_scripts(draft: Draft, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    """Move the code of scripts into their addresses."""
    cuts = []
    for start, end in _own_scripts(draft)[:_MOST]:
        source = draft.html[start:end]
        code = source[len("<script>") : source.lower().rfind("</script")].replace("\r\n", "\n")
        if code.strip() and code.isascii():
            address = coding.data_script(code)
            cuts.append((start, end, f'<script src="{address}"></script>'))
    return draft.spliced(cuts) if cuts else None
