"""`office-macro`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.archive import ArchiveView


@rule(
    "office-macro",
    title="An office document holds macros",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-506", "CWE-94"),
    weakness="custom_code_in_model",
)
def office_macro(view: ArchiveView) -> Iterator[Hit]:
    """Flag office documents with a project of macros in them.

    Why: the program that opens the document runs them, once the reader agrees or by its settings.

    Fix: ask for the document without macros; nothing about a model needs them.

    Blind spot: what the macros do is not looked at.
    """
    if view.format != "office-document":
        return
    for entry in view.entries:
        if entry.name.lower().rpartition("/")[2] == "vbaproject.bin":
            yield Hit("holds a project of macros", Evidence(facts={"holds": entry.name[:200]}))
            return
