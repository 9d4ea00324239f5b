"""A bounded walk over an XML document: elements are handed out, nothing is fetched.

The standard library's expat proves the grammar, piece by piece. It follows no external entity;
entities that would expand to much are not expanded, but told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol
from xml.parsers import expat

from modelwarden.core import GapKind
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.places import escapes
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.described import Notes
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_PIECE = 1 << 16
_DEPTH = 1000
_TOKEN = 1 << 24  # bytes of one tag or comment
_EXPANDED = 1 << 20  # characters that all entities of a model may stand for
_ENTITY = re.compile(r"&(\w[\w.:-]*);")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")
_ENCODINGS = frozenset({"utf-8", "utf-16", "iso-8859-1", "us-ascii"})
_ALIASES = {"utf8": "utf-8", "latin1": "iso-8859-1", "latin-1": "iso-8859-1", "ascii": "us-ascii"}
# Where the grammars of documents are published; they are only ever names.
_PUBLISHED = re.compile(r"https?://(?:www\.)?(?:dmg|w3)\.org/[\w./-]*")
# A style sheet beside a document that is no model is part of it.
_ELSEWHERE = re.compile(r"://|href\s*=\s*[\"'](?:[/\\]|[^\"']*\.\.)")
_WEB = re.compile(r"https?://\S*")
# A grammar of the machine, by its path: no other machine is asked, and what it declares is no text
# of the document. What redefines parts of it stands in the document, and is told.
_GRAMMAR = re.compile(
    r"(?:file:(?:/|///)(?=[\w.]))?(?!//|\\)[^:?#\\]{1,300}\.(?:dtd|mod|ent|elt)", re.I
)
_INCLUDES = "http://www.w3.org/2001/XInclude"
_SHOWN = 200
# Hyperlinks are followed by the reader, and pictures only show: these are opened with the document.
_TAKEN = frozenset("attachedTemplate oleObject frame subDocument".split())


class Handler(Protocol):
    """Takes what stands in a document, in its order."""

    def start(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Take the opening of an element; `name` has no prefix."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take some of the text in the element that is open."""


class Walk:
    """One walk.

    Attributes:
        notes: faults of the kinds `external`, `expansion` and `include` are written there.
        elements: how many were met. deepest: how deep they stood in each other.
    """

    def __init__(
        self,
        source: Source,
        limits: Limits,
        notes: Notes,
        handler: Handler,
        *,
        model: bool = True,
    ) -> None:
        """Hand what is met to `handler`.

        Documents that are no `model` may name a grammar on the web, and have parts beside them.
        """
        self.model = model
        self.source = source
        self.limits = limits
        self.notes = notes
        self.handler = handler
        self.depth = self.deepest = self.elements = 0
        self.sizes: dict[str, int] = {}
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = _PIECE
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = handler.text
        parser.EntityDeclHandler = self.entity
        parser.StartDoctypeDeclHandler = self.doctype
        parser.ProcessingInstructionHandler = self.instruction

    def run(self) -> None:
        """Read to the end.

        Raises:
            DamagedError: it is not well-formed; what stood before was handed out.
            LimitExceededError: a bound was reached.
        """
        if (encoding := self.encoding()) not in _ENCODINGS:
            why = f"the encoding {encoding[:40]!r} is not read"
            return self.notes.note(why, GapKind.UNSUPPORTED)
        at = 0
        try:
            while piece := self.source.read(at, _PIECE):
                at += len(piece)
                self.limits.spend(operations=1 + len(piece) // 64)
                self.parser.Parse(piece, False)
                if at - self.parser.CurrentByteIndex > _TOKEN:
                    raise LimitExceededError("bytes of one tag", _TOKEN)
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            why = f"not well-formed XML: {expat.ErrorString(error.code) or error}"
            raise DamagedError(why, self.parser.ErrorByteIndex) from None
        return None

    def encoding(self) -> str:
        """Return the encoding that the document declares."""
        head = self.source.head
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:2] in (b"<\0", b"\0<"):
            return "utf-16"
        found = _ENCODING.match(head.removeprefix(b"\xef\xbb\xbf"))
        named = found[1].decode().lower() if found else "utf-8"
        return _ALIASES.get(named, named)

    # --- what expat calls -------------------------------------------------------------------------

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        self.depth += 1
        self.elements += 1
        self.deepest = max(self.deepest, self.depth)
        if self.depth > _DEPTH:
            raise LimitExceededError("elements in one another", _DEPTH)
        at = max(0, self.parser.CurrentByteIndex)
        space, _, local = name.rpartition(" ")
        if space == _INCLUDES and local == "include":
            self.include(attributes.get("href", ""), at)
        self.handler.start(local, attributes, at)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self.depth -= 1
        self.handler.end(name.rpartition(" ")[2])

    def entity(
        self,
        name: str,
        parameter: bool,
        value: str | None,
        base: str | None,
        system: str | None,
        public: str | None,
        notation: str | None,
    ) -> None:
        """Take the declaration of an entity."""
        del base, notation
        at = max(0, self.parser.CurrentByteIndex)
        if value is None:
            place = system or public or ""
            if not self.model and not escapes(place):
                return None
            why = f"the entity {name[:80]!r} is read from {place[:_SHOWN]!r}"
            return self.notes.fault("external", name, why, at)
        size = len(value) + sum(self.sizes.get(one, 0) for one in _ENTITY.findall(value))
        self.sizes[name] = size
        if parameter or size > _EXPANDED:
            why = f"the entity {name[:80]!r} stands for {size} characters"
            if parameter:
                why = f"the entity {name[:80]!r} is one of declarations"
            self.notes.fault("expansion", name, why, at)
        if size > _EXPANDED:
            raise LimitExceededError("characters of entities", _EXPANDED)
        return None

    def doctype(
        self,
        name: str,
        system: str | None,
        public: str | None,
        internal: bool,
    ) -> None:
        """Take the type of the document."""
        del public, internal
        if not system or not escapes(system):
            return
        known = _PUBLISHED if self.model else _WEB
        if not known.fullmatch(system) and (self.model or not _GRAMMAR.fullmatch(system)):
            why = f"the type of the document is read from {system[:_SHOWN]!r}"
            self.notes.fault("external", name, why, max(0, self.parser.CurrentByteIndex))

    def include(self, place: str, at: int) -> None:
        """Note that another document is to be put in."""
        self.notes.fault("include", "", f"{place[:_SHOWN]!r} is to be put into the document", at)

    def instruction(self, target: str, data: str) -> None:
        """Take an instruction to a program."""
        if target == "xml-stylesheet" and (self.model or _ELSEWHERE.search(data)):
            at = max(0, self.parser.CurrentByteIndex)
            self.notes.fault("include", target, f"a style sheet is to be applied: {data[:80]}", at)


class Nothing:
    """Takes nothing."""

    def start(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Take nothing."""

    def end(self, name: str) -> None:
        """Take nothing."""

    def text(self, text: str) -> None:
        """Take nothing."""


class Relations(Nothing):
    """Tells which parts of an office document are taken from elsewhere when it is opened."""

    def __init__(self, notes: Notes) -> None:
        """Write them into `notes`."""
        self.notes = notes

    def start(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Take one relation."""
        kind = attributes.get("Type", "").rpartition("/")[2]
        if name == "Relationship" and attributes.get("TargetMode") == "External" and kind in _TAKEN:
            place = attributes.get("Target", "")
            why = f"{place[:_SHOWN]!r} is to be put into the document ({kind})"
            self.notes.fault("include", kind, why, at)
