"""What a PDF does when it is opened: actions are sought, nothing is rendered."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.view import View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

LONGEST: Final = 64 << 20
"""Bytes of a document that are looked through; a longer one is a gap."""
_PIECE: Final = 1 << 20
_OVERLAP: Final = 1 << 12
_OBJECTS: Final = 500
_UNPACKED: Final = 1 << 20
_PACKED: Final = 1 << 18
_ESCAPED: Final = re.compile(rb"#([0-9a-fA-F]{2})")
_OPENED: Final = re.compile(rb"/(?:OpenAction|AA)\b")
_RUNS: Final = (
    (re.compile(rb"/(?:JavaScript|JS)\b"), "runs script"),
    (re.compile(rb"/Launch\b"), "starts a program"),
)
_STREAM: Final = re.compile(rb"/ObjStm\b.{0,500}?stream\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfDocument(View):
    """A document.

    Attributes:
        opens: it does something when it, or a page of it, is opened.
        acts: what its actions do, in words.
    """

    opens: bool
    acts: tuple[str, ...]


def read(source: Source, limits: Limits) -> PdfDocument:
    """Look for actions, in objects as they stand and in compressed ones."""
    opens = False
    acts: dict[str, None] = {}
    for piece in _parts(source, limits):
        plain = _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), piece)
        opens = opens or _OPENED.search(plain) is not None
        acts.update((what, None) for form, what in _RUNS if form.search(plain))
    gaps: list[Gap] = []
    if source.size > LONGEST:
        why = f"actions were sought in the first {LONGEST:,} bytes"
        gaps.append(gap(source, why, GapKind.OVER_LIMIT, LONGEST))
    return PdfDocument(source=source, format="pdf", opens=opens, acts=tuple(acts), gaps=tuple(gaps))


def _parts(source: Source, limits: Limits) -> Iterator[bytes]:
    """Yield the document piece by piece, and the objects that are compressed in it."""
    left = _OBJECTS
    for at in range(0, min(source.size, LONGEST), _PIECE):
        piece = source.read(at, _PIECE + _OVERLAP)
        limits.spend(operations=1 + len(piece) // 4096)
        # Without its streams, whose bytes may be anything.
        yield piece if b"stream" not in piece else b" ".join(_between(piece))
        if b"/ObjStm" not in piece:
            continue
        for found in _STREAM.finditer(piece):
            left -= 1
            if left < 0:
                return
            try:
                data = source.read(at + found.end(), _PACKED)
                yield zlib.decompressobj().decompress(data, _UNPACKED)
            except zlib.error:
                continue


def _between(piece: bytes) -> Iterator[bytes]:
    """Yield what stands outside of streams."""
    at = 0
    while at >= 0:
        begin = piece.find(b"stream", at)
        if begin < 0:
            yield piece[at:]
            return
        yield piece[at:begin]
        at = piece.find(b"endstream", begin + 6)
        at = at + 9 if at >= 0 else -1
