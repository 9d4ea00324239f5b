"""`page-active-content`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.pages import harm_of
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.findings import Json
from modelwarden.formats.pages import Page

_IN = {"drawing": "a drawing", "text": "a text"}


@rule(
    "page-active-content",
    title="A drawing or a text holds script for the browser",
    severity=Severity.MEDIUM,
    reads=Page,
    references=("CWE-79",),
    weakness="custom_code_in_model",
)
def page_active_content(page: Page) -> Iterator[Hit]:
    """Flag SVG and Markdown with scripts, event handlers, frames or links that run script.

    Why: a site or a notebook that shows the file as it is lets the script act as its own.

    Fix: remove it; a drawing and a model card need none.

    Blind spot: examples between code marks are left out, and so are pages of HTML, which have
    script for good reasons: of them only what `page-script-attack` looks for is told.
    """
    if page.kind not in _IN:
        return
    left = [one for one in page.active if harm_of(one, page.kind) is None]
    if left:
        lines = list(dict.fromkeys(one.line for one in left))
        facts: dict[str, Json] = {"lines": lines[:50], "text": left[0].text.strip()[:120]}
        where = ", ".join(str(line) for line in lines[:10])
        message = f"{left[0].what} for the browser in {_IN[page.kind]}, line {where}"
        yield Hit(message, Evidence(facts=facts, line=lines[0]))
