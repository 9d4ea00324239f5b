"""`xml-include`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.xmltext import XmlText


@rule(
    "xml-include",
    title="An XML document asks for another to be put in or applied",
    severity=Severity.MEDIUM,
    reads=XmlText,
    references=("CWE-829", "CWE-611"),
    weakness="unsigned_or_altered_artifact",
)
def xml_include(document: XmlText) -> Iterator[Hit]:
    """Flag XInclude elements and style sheets.

    Why: a parser that follows them reads a file of the reader's or asks a server, and a style
    sheet can hold code. No exporter of models writes either.

    Fix: ask the publisher for the file again; a model needs no part from elsewhere.

    Blind spot: vocabularies of other makers that do the same are not known.
    """
    for fault in document.faults:
        if fault.kind == "include":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
