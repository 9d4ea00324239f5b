"""Reader of the zip family: which kind of archive it is follows from the names of its members."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from modelwarden.core import GapKind
from modelwarden.formats.archive import Anomaly, ArchiveView, Oddity
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.view import gap
from modelwarden.formats.zip.archive import open_archive
from modelwarden.formats.zip.directory import directories
from modelwarden.formats.zip.kinds import kind_of
from modelwarden.formats.zip.records import LOCAL

if TYPE_CHECKING:
    from modelwarden.formats.source import Source
    from modelwarden.formats.view import View
    from modelwarden.formats.zip.archive import Archive


class KindReader(Protocol):
    """What the module of a kind of zip archive has, instead of `sniff` and `read`."""

    def read_archive(self, archive: Archive) -> View:
        """Return the view."""


def sniff(source: Source) -> bool:
    """Tell whether some loader would take this for a zip file; a tar that ends in one is not."""
    if source.head.startswith(LOCAL):
        return True
    if source.head[257:262] == b"ustar":
        return False
    try:
        return bool(directories(source, Limits()))
    except LimitExceededError:
        return True


def read(source: Source, limits: Limits) -> View:
    """Return the view of the kind of archive that the names show; else a plain one."""
    try:
        archive = open_archive(source, limits)
    except LimitExceededError as over:
        return _too_much(source, over)
    kind = kind_of([member.name for member in archive.members])
    if kind is not None:
        return cast("KindReader", import_module(kind)).read_archive(archive)
    parts = archive.parts()
    return ArchiveView(
        source=source,
        format="zip",
        gaps=parts.gaps,
        children=parts.children,
        entries=parts.entries,
        anomalies=parts.anomalies,
    )


def _too_much(source: Source, over: LimitExceededError) -> ArchiveView:
    """Return the view of an archive whose records alone are over a limit."""
    return ArchiveView(
        source=source,
        format="zip",
        gaps=(gap(source, str(over), GapKind.OVER_LIMIT),),
        anomalies=(Anomaly(Oddity.BOMB, f"its directory: {over}", at=0),),
    )
