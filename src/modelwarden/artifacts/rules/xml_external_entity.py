"""`xml-external-entity`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.xmltext import XmlText


@rule(
    "xml-external-entity",
    title="An XML document is read together with another file",
    severity=Severity.HIGH,
    reads=XmlText,
    references=("CWE-611", "CWE-918"),
    weakness="unsigned_or_altered_artifact",
)
def xml_external_entity(document: XmlText) -> Iterator[Hit]:
    """Flag entities, and types of documents, whose text comes from a file or an address.

    Why: a parser that follows them puts a file of the reader's into the model, or asks a server
    of the author's choice, while the model is loaded. Parsers of Java and older ones do so.

    Fix: do not load the file; a model needs no entities.

    Blind spot: the grammars that the makers of PMML and the W3C publish are only names.
    """
    for fault in document.faults:
        if fault.kind == "external":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
