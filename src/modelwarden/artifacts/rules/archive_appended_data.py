"""The rule `archive-appended-data`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "archive-appended-data",
    title="Archive has bytes that belong to none of its records",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-436", "MITRE-ATLAS:AML.T0076"),
    weakness="unsigned_or_altered_artifact",
)
def archive_appended_data(view: ArchiveView) -> Iterator[Hit]:
    """Flag bytes before, between and behind the records of an archive.

    Why: such a file can be two formats at once, one for the check and another
    for the loader. The bytes have been examined by themselves.

    Fix: cut them off, or ask the publisher what they are for.

    Blind spot: padding of zeros is taken as padding.
    """
    return hits(view, Oddity.APPENDED)
