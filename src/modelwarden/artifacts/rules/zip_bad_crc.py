"""The rule `zip-bad-crc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "zip-bad-crc",
    title="Member of a zip archive does not match its checksum",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-354", "MITRE-ATLAS:AML.T0076"),
    weakness="unsigned_or_altered_artifact",
)
def zip_bad_crc(view: ArchiveView) -> Iterator[Hit]:
    """Flag members whose bytes do not have the CRC that the archive states.

    Why: strict tools refuse such a member while torch loads it without a word,
    which keeps scanners away from it. Otherwise the file is damaged.

    Fix: fetch the file again and compare its digest with the published one.

    Blind spot: with `--no-hash`, members that are proven to be numbers, and
    those over 16 MiB that do not look like code, are not compared. Where the
    limits on bytes or time are reached, checksums of numbers stay open.
    """
    return hits(view, Oddity.CHECKSUM)
