"""The rule `archive-path-escape`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "archive-path-escape",
    title="Archive writes outside the folder that it is unpacked to",
    severity=Severity.HIGH,
    reads=ArchiveView,
    references=("CWE-22", "CWE-59"),
    weakness="archive_path_escape",
)
def archive_path_escape(view: ArchiveView) -> Iterator[Hit]:
    """Flag absolute names, names with `..`, drives, and links that lead outside.

    Why: a tool that unpacks the archive without care overwrites files of the
    user, such as start-up scripts or keys.

    Fix: do not unpack it; take single members by name where they are needed.

    Blind spot: links through other links of the archive are judged one by one.
    """
    return hits(view, Oddity.ESCAPE)
