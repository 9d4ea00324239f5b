"""`page-script-attack`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.pages import harm_of
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.pages import Page


@rule(
    "page-script-attack",
    title="A page, a drawing or a text brings script that reaches beyond it",
    severity=Severity.HIGH,
    reads=Page,
    references=("CWE-79", "CWE-506"),
    weakness="custom_code_in_model",
)
def page_script_attack(page: Page) -> Iterator[Hit]:
    """Flag script that sends cookies or tokens away, drives Jupyter, or hands over a program.

    Why: whoever opens the page, or a site that shows the picture or the card, runs it with what
    the browser keeps for that site, or with the files that Jupyter serves.

    Fix: do not open the file in a browser; remove the script, and ask where it came from.

    Blind spot: script that is loaded from elsewhere is not seen, nor is script that is put
    together while it runs. Pages may fetch from other hosts: documents do.
    """
    for one in page.active:
        harm = harm_of(one, page.kind)
        if harm is not None:
            facts = {"what": one.what, "text": one.text.strip()[:120]}
            yield Hit(
                f"a {one.what} in line {one.line} {harm}", Evidence(facts=facts, line=one.line)
            )
