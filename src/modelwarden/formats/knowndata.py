"""Data that no model loader runs; of tables 128 MiB are searched for pickles, packed pages not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.formats.view import View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MAGICS: tuple[tuple[str, bytes, int], ...] = (
    ("pdf", b"%PDF-", 0),
    ("mp3", b"ID3", 0),
    ("flac", b"fLaC", 0),
    ("ogg", b"OggS\x00", 0),
    ("wav", b"WAVE", 8),
    ("avi", b"AVI ", 8),
    ("mp4", b"ftyp", 4),
    ("matroska", b"\x1a\x45\xdf\xa3", 0),
    ("truetype", b"\x00\x01\x00\x00\x00", 0),
    ("opentype", b"OTTO", 0),
    ("font-collection", b"ttcf", 0),
    ("woff", b"wOFF", 0),
    ("woff2", b"wOF2", 0),
    ("parquet", b"PAR1", 0),
    ("arrow", b"ARROW1", 0),
    ("feather", b"FEA1", 0),
    ("sqlite", b"SQLite format 3\x00", 0),
    ("orc", b"ORC", 0),
    ("avro", b"Obj\x01", 0),
    ("lmdb", b"\xde\xc0\xef\xbe", 16),
    ("compound-document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0),
)
# Behind the mark: a number of tables, three numbers to search them by, and the first table's name.
_TRUETYPE = re.compile(rb"\x00\x01\x00\x00\x00[\x01-\x7f].{6}[A-Za-z0-9/ ]{4}", re.DOTALL)
# Programs keep pickles in their rows.
_TABLES = frozenset("parquet arrow feather sqlite orc avro lmdb".split())
_ENDS = {"parquet": b"PAR1", "arrow": b"ARROW1", "feather": b"FEA1"}


def sniff(source: Source) -> bool:
    """Tell whether the first bytes, and for tables the last ones, are of such data."""
    return _kind(source) is not None


def read(source: Source, limits: Limits) -> View:
    """Name the kind of data; in tables and databases, find pickles that would run commands."""
    limits.check_time()
    kind = _kind(source) or "data"
    if kind == "pdf":
        from modelwarden.formats.pdf import read as read_pdf

        return read_pdf(source, limits)
    if kind == "compound-document":
        from modelwarden.formats.compound import read as read_compound

        return read_compound(source, limits)
    if kind not in _TABLES:
        return View(source=source, format=kind)
    from modelwarden.formats.pickle.within import LONGEST, pickles_within  # few folders hold tables

    gaps: tuple[Gap, ...] = ()
    if source.size > LONGEST:
        why = f"pickles were sought in the first {LONGEST:,} bytes"
        gaps = (gap(source, why, GapKind.OVER_LIMIT, LONGEST),)
    return View(source=source, format=kind, gaps=gaps, children=pickles_within(source, limits))


def _kind(source: Source) -> str | None:
    head = source.head
    for kind, magic, at in _MAGICS:
        if not head.startswith(magic, at):
            continue
        if kind in ("wav", "avi") and head[:4] != b"RIFF":
            continue
        if kind == "orc" and source.read(source.size - 4, 3) != b"ORC":
            continue
        if kind == "truetype" and not _TRUETYPE.match(head):
            continue
        if not source.tail.endswith(_ENDS.get(kind, b"")):
            continue
        return kind
    return None
