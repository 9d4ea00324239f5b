"""The rule `zip-name-mismatch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "zip-name-mismatch",
    title="A zip member goes by two names",
    severity=Severity.HIGH,
    reads=ArchiveView,
    references=("CWE-436", "MITRE-ATLAS:AML.T0076"),
    weakness="unsigned_or_altered_artifact",
)
def zip_name_mismatch(view: ArchiveView) -> Iterator[Hit]:
    """Flag members whose name depends on who reads the archive.

    Why: torch opens a member by the name in the directory and never looks at the one before its
    bytes; Python refuses such an archive, so that many scanners give up; tools that read from the
    front see only the other name. Loaders load what a check has not seen under that name. No tool
    writes two names for one member. Its bytes have been examined under the name that loaders use.

    Fix: do not load the file. Ask the publisher for a fresh copy.

    Blind spot: names that differ only in their slashes or their code page are
    `zip-header-mismatch`'s.
    """
    return hits(view, Oddity.NAMES)
