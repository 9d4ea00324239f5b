"""The rule `zip-duplicate-name`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "zip-duplicate-name",
    title="Zip archive holds two members of one name",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-436", "MITRE-ATLAS:AML.T0076"),
    weakness="unsigned_or_altered_artifact",
)
def zip_duplicate_name(view: ArchiveView) -> Iterator[Hit]:
    """Flag a name that the central directory lists more than once.

    Why: some loaders take the first member of that name and some the last, so
    that what was checked need not be what is loaded. Both have been examined.

    Fix: remove one of them, and find out which one the publisher meant.

    Blind spot: names that differ only in case count as different.
    """
    return hits(view, Oddity.DUPLICATE)
