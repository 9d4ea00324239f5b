"""The rule `zip-hidden-member`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "zip-hidden-member",
    title="Zip archive holds members that its directory does not list",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-436", "MITRE-ATLAS:AML.T0076"),
    weakness="unsigned_or_altered_artifact",
)
def zip_hidden_member(view: ArchiveView) -> Iterator[Hit]:
    """Flag members that only a walk over the file finds.

    Why: tools that read a zip from the front, as streams do, unpack members
    that tools that use the central directory never see. The hidden ones have
    been examined like the others.

    Fix: pack the archive again from what you need, or ask for a fresh copy.

    Blind spot: a header further than 4 MiB into unclaimed bytes is not looked
    for; the bytes themselves are then reported as appended data.
    """
    return hits(view, Oddity.HIDDEN)
