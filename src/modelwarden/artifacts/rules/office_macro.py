"""`office-macro`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.archive import ArchiveView

_MACROS = frozenset(("vbaproject.bin", "_vba_project", "_vba_project_cur"))
_PACKED = "ole10native"


@rule(
    "office-macro",
    title="An office document holds macros",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-506", "CWE-94"),
    weakness="custom_code_in_model",
)
def office_macro(view: ArchiveView) -> Iterator[Hit]:
    """Flag office documents, new and old, with a project of macros or a packed file in them.

    Why: the program that opens the document runs them, once the reader agrees or by its settings;
    a file that is packed into a document starts with a click on its picture.

    Fix: ask for the document without macros; nothing about a model needs them.

    Blind spot: what the macros do is not looked at, and macros in the cells of old tables (Excel 4)
    are not sought.
    """
    if view.format not in ("office-document", "compound-document"):
        return
    for entry in view.entries:
        name = entry.name.lower().rpartition("/")[2]
        if name in _MACROS or name.endswith(_PACKED):
            what = "a file packed into it" if name.endswith(_PACKED) else "a project of macros"
            yield Hit(f"holds {what}", Evidence(facts={"holds": entry.name[:200]}))
            return
