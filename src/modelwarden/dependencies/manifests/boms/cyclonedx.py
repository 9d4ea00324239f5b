"""CycloneDX as JSON and as XML: the addresses of its components.

Source: CycloneDX 1.2 to 1.7, https://cyclonedx.org/docs/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.text import tables

_DEPTH = 100
# Not a set: what a document has in a place may be a list.
# A component of another type without an address is no package: a file, a model, a container, data.
_PACKAGES = ("library", "framework", "operating-system")
_NAMESPACE = "http://cyclonedx.org/schema/bom/"


def from_json(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the addresses of a JSON document's components, nested ones too."""
    waiting = [document]
    while waiting:
        for component in tables(waiting.pop().get("components")):
            if "components" in component:
                waiting.append(component)
            if isinstance(purl := component.get("purl"), str):
                yield purl
            elif component.get("type") in _PACKAGES:
                yield ""


def from_xml(text: str) -> list[str]:
    """Return the addresses of an XML document's components, nested ones too.

    Nothing is expanded: a document type, with the entities that it may declare, is refused.

    Raises:
        InputError: it is no CycloneDX document, or not well-formed.
    """
    from xml.parsers.expat import ExpatError, ParserCreate

    reader = _Xml()
    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(text, True)
    except ExpatError as error:
        raise InputError(f"no XML: {str(error)[:200]}") from error
    except UnicodeEncodeError as error:
        raise InputError("no XML: halves of characters") from error
    return reader.found


class _Xml:
    """The elements that are open, and what the components so far gave."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.components: list[list[str]] = []  # of the open ones: type, address
        self.found: list[str] = []

    def doctype(self, *_: object) -> None:
        raise InputError("the document declares a document type, which is not read")

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if not self.open and (local != "bom" or not space.startswith(_NAMESPACE)):
            raise InputError("neither a CycloneDX nor an SPDX document")
        if len(self.open) >= _DEPTH:
            raise InputError(f"XML nested deeper than {_DEPTH}")
        self.open.append(local)
        if self._in_component:
            self.components.append([attributes.get("type", ""), ""])

    def text(self, data: str) -> None:
        if self.open[-1] == "purl" and self._holds(self.open[:-1]):
            self.components[-1][1] += data

    def end(self, _: str) -> None:
        if self._in_component:
            kind, address = self.components.pop()
            if address.strip():
                self.found.append(address.strip())
            elif kind in _PACKAGES:
                self.found.append("")
        self.open.pop()

    @property
    def _in_component(self) -> bool:
        return self.open[-1] == "component" and self._holds(self.open)

    @staticmethod
    def _holds(path: list[str]) -> bool:
        """Tell whether a path is that of a component, and of no ancestor in its pedigree."""
        inner = path[1:]
        return (
            len(inner) > 1
            and len(inner) % 2 == 0
            and set(inner[::2]) == {"components"}
            and set(inner[1::2]) == {"component"}
        )
