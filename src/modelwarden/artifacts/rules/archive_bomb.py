"""The rule `archive-bomb`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats import Limits
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(
    "archive-bomb",
    title="Archive expands beyond all measure",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-409",),
    weakness="availability_attack",
)
def archive_bomb(view: ArchiveView) -> Iterator[Hit]:
    """Flag what expands beyond the limits, shares its bytes, or is nested without end.

    Why: unpacking fills memory or disk. Overlapping members make a small file
    expand without end.

    Fix: do not unpack it. If the contents really are that regular, raise the
    limits and scan again.

    Blind spot: what is not opened because it is proven to be numbers.
    """
    yield from hits(view, Oddity.BOMB)
    if view.children and view.source.depth >= Limits().depth:
        text = f"containers stand in each other, more than {view.source.depth} deep"
        yield Hit(text, Evidence(facts={"depth": view.source.depth}))
