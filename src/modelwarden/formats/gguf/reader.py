"""GGUF models: metadata and chat templates, and every count, length and offset held to its bounds.

What llama.cpp refuses is a fault here, and so is what older versions of it computed with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Described, Notes
from modelwarden.formats.gguf.fields import (
    ARRAY,
    BOOL,
    STRING,
    U32,
    Header,
    OverflowedError,
    Text,
    is_utf8,
)
from modelwarden.formats.gguf.tensors import GgufTensor, Span, spans, tensor_of
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import Child, DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MAGIC = b"GGUF"
_TEMPLATE = "tokenizer.chat_template"
_ALIGNMENT = "general.alignment"
_VERSIONS = (1, 2, 3)
_LONGEST_KEY = 65_535
_MOST_TENSORS = 1_000_000
_MOST_KEYS = 100_000
_ZEROS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufModel(Described):
    """One model.

    Attributes:
        version: of the format. big_endian: numbers are in that byte order.
        tensors: as described, in file order.
        spans: bytes that belong to no tensor, the zeros between two left out.
    """

    version: int = 0
    big_endian: bool = False
    tensors: tuple[GgufTensor, ...] = ()
    spans: tuple[Span, ...] = ()


def sniff(source: Source) -> bool:
    """Tell whether the file begins as GGUF."""
    return source.head.startswith(_MAGIC)


def read(source: Source, limits: Limits) -> GgufModel:
    """Read the header and place the tensors; what cannot be read is a fault and a gap."""
    walk = _Walk(source, limits, Notes(source))
    try:
        walk.run()
    except LimitExceededError as over:
        walk.notes.note(str(over), GapKind.OVER_LIMIT)
    except DamagedError as damage:
        kind = "overflow" if isinstance(damage, OverflowedError) else "damaged"
        walk.notes.fault(kind, "", damage.why, damage.offset)
        walk.notes.note(damage.why, at=damage.offset)
    return GgufModel(
        source=source,
        format="gguf",
        gaps=tuple(walk.notes.gaps),
        children=tuple(walk.children()),
        metadata=tuple(walk.notes.metadata),
        faults=tuple(walk.notes.faults),
        version=walk.version,
        big_endian=walk.order == ">",
        tensors=tuple(walk.tensors),
        spans=tuple(walk.spans),
    )


@dataclass(slots=True)
class _Walk:
    """One walk over a file; what it found stands in its attributes."""

    source: Source
    limits: Limits
    notes: Notes
    version: int = 0
    order: str = "<"
    alignment: int = 32
    keys: set[bytes] = field(default_factory=set)
    templates: list[tuple[str, Text]] = field(default_factory=list)
    tensors: list[GgufTensor] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def run(self) -> None:
        """Read all of it."""
        raw = self.source.read(4, 4)
        self.order = ">" if raw[:2] == b"\0\0" and raw != bytes(4) else "<"
        self.version = int.from_bytes(raw, "big" if self.order == ">" else "little")
        if len(raw) < 4 or self.version not in _VERSIONS:
            raise DamagedError(f"version {self.version} of GGUF, which is not known", 4)
        header = Header(self.source, 8, self.version, self.order, self.limits)
        wide = 4 if self.version == 1 else 8
        tensors = header.count("tensors", 2 * wide + 8)
        keys = header.count("keys", wide + 5)
        self._bound("keys", keys, _MOST_KEYS)
        for _ in range(keys):
            self._pair(header)
        self._bound("tensors", tensors, _MOST_TENSORS)
        names: set[str] = set()
        for _ in range(tensors):
            self.limits.spend(operations=1)
            self._tensor(header, names)
        self._place(header.cursor.at)

    def _bound(self, what: str, count: int, most: int) -> None:
        if count > most:
            raise LimitExceededError(what, most)

    def _pair(self, header: Header) -> None:
        at = header.cursor.at
        raw = header.string("a key")
        key = header.read(raw)
        shown = key[:200].decode("utf-8", "replace")
        if key in self.keys:
            self.notes.fault("key", shown, f"the key {shown[:80]!r} comes twice", at)
        elif not key or raw.size > _LONGEST_KEY or b"\0" in key or not is_utf8(key):
            self.notes.fault("key", shown, f"{shown[:80]!r} is no key", at)
        self.keys.add(key)
        kind = header.u32()
        value = header.value(kind)
        if value.text is not None:
            self._text(header, shown, value.text)
        for number, text in enumerate(value.texts):
            self._text(header, f"{shown}[{number}]", text)
        if kind == BOOL and value.number not in (0, 1):
            self.notes.fault("value", shown, f"{shown[:80]!r} is true or false as {value.number}")
        if shown == _ALIGNMENT:
            self._align(kind, value.number, at)
        if shown == _TEMPLATE and kind not in (STRING, ARRAY):
            self.notes.fault("value", shown, f"{_TEMPLATE!r} is no text", at)

    def _text(self, header: Header, key: str, text: Text) -> None:
        if key.startswith(_TEMPLATE):
            if text.size:
                self.templates.append((key, text))
            return
        value = header.read(text).decode("utf-8", "replace")
        self.notes.describe(key, value, text.at)

    def _align(self, kind: int, value: float | None, at: int) -> None:
        number = int(value or 0) if kind == U32 else 0
        if number <= 0 or number & (number - 1):
            why = f"the alignment is {value} of type {kind}: no power of two in 32 bits"
            self.notes.fault("alignment", _ALIGNMENT, why, at)
        else:
            self.alignment = number

    def _tensor(self, header: Header, names: set[str]) -> None:
        one = tensor_of(header, self.notes)
        if one.name in names:
            why = f"two tensors are called {one.name[:80]!r}"
            self.notes.fault("name", one.name, why, one.at)
        names.add(one.name)
        self.tensors.append(one)

    def _place(self, at: int) -> None:
        """Hold the places of the tensors against the file; keep what belongs to none."""
        begin = at + -at % self.alignment
        found = spans(self.tensors, begin, self.alignment, self.notes, self.source.size)
        if begin > at and self.source.size > at:
            found.insert(0, Span("padding", at, min(begin, self.source.size) - at))
        for span in found:
            if span.kind == "padding" and self._zeros(span):
                continue
            self.spans.append(span)
            why = f"{span.size} bytes that belong to no tensor ({span.kind})"
            self.notes.fault(span.kind, "", why, span.at)

    def _zeros(self, span: Span) -> bool:
        data = self.source.read(span.at, min(span.size, _ZEROS))
        return len(data) == span.size and not data.strip(b"\0")

    def children(self) -> Iterator[Child]:
        """Yield the chat templates, and what belongs to no tensor."""
        part = self.source.part
        for key, text in self.templates:
            yield Child(key, partial(part, text.at, text.size, key, expect="jinja"))
        for span in self.spans:
            name = f"{span.kind}@{span.at}"
            yield Child(name, partial(part, span.at, span.size, name))
