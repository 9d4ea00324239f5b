"""`notebook-active-content`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.browser import is_active, reaches_out
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.findings import Json
from modelwarden.formats.notebook import Notebook


@rule(
    "notebook-active-content",
    title="A notebook brings script for the browser",
    severity=Severity.LOW,
    reads=Notebook,
    references=("CWE-79",),
    weakness="custom_code_in_model",
)
def notebook_active_content(one: Notebook) -> Iterator[Hit]:
    """Name cells whose output or text holds JavaScript, frames or event handlers.

    Why: a browser runs it when the notebook is opened as trusted, or rendered elsewhere.

    Fix: clear the outputs before the notebook is passed on.

    Blind spot: plotting libraries leave such script, too; what is made to reach further than its
    own cell is `notebook-script-attack`'s job.
    """
    cells = [shown for shown in one.shown if is_active(shown) and not reaches_out(shown)]
    if cells:
        numbers = list(dict.fromkeys(shown.cell for shown in cells))
        facts: dict[str, Json] = {"cells": numbers[:50], "trusted": one.trusted}
        where = ", ".join(str(number) for number in numbers[:10])
        yield Hit(f"script for the browser in cell {where}", Evidence(facts=facts))
