"""`xml-entity-expansion`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.xmltext import XmlText


@rule(
    "xml-entity-expansion",
    title="The entities of an XML document stand for very much text",
    severity=Severity.MEDIUM,
    reads=XmlText,
    references=("CWE-400",),
    weakness="unsigned_or_altered_artifact",
)
def xml_entity_expansion(document: XmlText) -> Iterator[Hit]:
    """Flag entities that stand for more than a megabyte, and entities of declarations.

    Why: a few lines expand to gigabytes, and the program that loads the model stops.

    Fix: do not load the file; a model needs no entities.

    Blind spot: how often an entity is used is not counted.
    """
    for fault in document.faults:
        if fault.kind == "expansion":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
