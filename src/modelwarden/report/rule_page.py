"""A rule's page: as text for a terminal, as Markdown for documentation and SARIF, as data."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from modelwarden.core.pages import page_of
from modelwarden.report.escape import shown
from modelwarden.standards import link_of, title_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelwarden.core import Confidence, Json, RuleInfo

_PART = 4000
_SPECIAL = re.compile(r"[\\`*_\[\]|~#$]")
_OPENING = re.compile(r"^(\s*\d*)([-+=.)])(?=\s|$|[-=])")
_SECTIONS = (("why", "Why it matters"), ("fix", "How to fix it"), ("blind_spot", "Blind spot"))


def as_text(info: RuleInfo, confidence: Confidence, width: int) -> str:
    """Return the page for a terminal of `width` columns."""
    page = page_of(info.help)
    lines = [info.id, info.title, "", f"severity {info.severity} · confidence {confidence}", ""]
    lines += _paragraphs(page.what, width)
    for name, heading in _SECTIONS:
        if text := getattr(page, name):
            lines += [heading, *_paragraphs(text, width)]
    lines += _listed("References", info.references)
    lines += _listed("Controls it serves", info.controls)
    return "\n".join(shown(line, _PART) for line in lines).rstrip() + "\n"


def as_data(info: RuleInfo, confidence: Confidence) -> dict[str, Json]:
    """Return the page as plain JSON values."""
    page = page_of(info.help)
    return {
        "id": info.id,
        "title": info.title,
        "severity": info.severity.value,
        "confidence": confidence.value,
        "what": page.what,
        "why": page.why,
        "fix": page.fix,
        "blind_spot": page.blind_spot,
        "references": [_reference(r) for r in info.references],
        "controls": [_reference(r) for r in info.controls],
    }


def as_markdown(info: RuleInfo) -> str:
    """Return the body of the page, without its title; headings are of the second level.

    Backticks of the page's own text stay; nothing else in it is meant as Markdown.
    """
    page = page_of(info.help)
    parts = [prose(page.what)]
    for name, heading in _SECTIONS:
        if text := getattr(page, name):
            parts.append(f"## {heading}\n\n{prose(text)}")
    for heading, references in (("References", info.references), ("Controls", info.controls)):
        if references:
            items = "\n".join(f"- {_linked(r)}" for r in references)
            parts.append(f"## {heading}\n\n{items}")
    return "\n\n".join(parts) + "\n"


def prose(text: str) -> str:
    """Return a page's text as Markdown: escaped, but for `code` between backticks."""
    paragraphs = (shown(p, _PART) for p in text.split("\n\n"))
    return "\n\n".join(_escaped(p) for p in paragraphs)


def _escaped(text: str) -> str:
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an odd backtick opens nothing
        return escape(text)
    return "".join(f"`{p}`" if i % 2 and p else escape(p) for i, p in enumerate(pieces))


def escape(text: str) -> str:
    r"""Return one line of text with everything that Markdown or HTML might obey escaped.

    >>> escape("a_b <i>")
    'a\\_b &lt;i&gt;'
    >>> escape("- a-b")
    '\\- a-b'
    """
    out = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    out = _SPECIAL.sub(r"\\\g<0>", out)
    out = _OPENING.sub(r"\g<1>\\\g<2>", out)
    # Names and addresses must not become mentions and links.
    return out.replace("@", "&#64;").replace("://", "&#58;//").replace("www.", "www&#46;")


def _paragraphs(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        lines += textwrap.wrap(paragraph, max(width - 2, 20), initial_indent="  ",
                               subsequent_indent="  ")  # fmt: skip
        lines.append("")
    return lines


def _listed(heading: str, references: Iterable[str]) -> list[str]:
    items = [f"  {r}  {title_of(r) or ''}".rstrip() for r in references]
    return [heading, *items, ""] if items else []


def _reference(reference: str) -> dict[str, Json]:
    return {"id": reference, "title": title_of(reference), "link": link_of(reference)}


def _linked(reference: str) -> str:
    name = escape(shown(reference, 200))
    link, title = link_of(reference), title_of(reference)
    named = f"[{name}]({link})" if link else name
    return f"{named} {escape(title)}" if title else named
