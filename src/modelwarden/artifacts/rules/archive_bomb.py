"""The rule `archive-bomb`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "archive-bomb",
    title="Archive expands beyond all measure",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-409",),
    weakness="availability_attack",
)
def archive_bomb(view: ArchiveView) -> Iterator[Hit]:
    """Flag members that expand beyond the limits or that share their bytes.

    Why: unpacking fills memory or disk. Overlapping members make a small file
    expand without end.

    Fix: do not unpack it. If the contents really are that regular, raise the
    limits and scan again.

    Blind spot: what is not opened because it is proven to be numbers.
    """
    return hits(view, Oddity.BOMB)
