"""The stage `dependencies`: what there is to audit, with which index, and what when there is none.

It fails closed: without an index every manifest is a gap with the command that mends it. What
costs time to import is imported for scans that met a manifest, or that have an index.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwarden.core import (
    AdvisoryData,
    Finding,
    Gap,
    GapKind,
    InventoryItem,
    Rule,
    Severity,
)
from modelwarden.dependencies.manifests.catalog import kind_of
from modelwarden.dependencies.place import MEND, place_of

if TYPE_CHECKING:
    from modelwarden.dependencies.collect import Collected, File


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What the stage adds to a report.

    Attributes:
        rules: that ran; none when the stage did not run.
        ran: to the end, so it counts among the stages.
    """

    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    inventory: tuple[InventoryItem, ...] = ()
    notes: tuple[str, ...] = ()
    rules: tuple[Rule[Any], ...] = ()
    advisories: AdvisoryData | None = None
    ran: bool = False


def audit(
    files: Sequence[File],
    roots: Sequence[str],
    inventory: Sequence[InventoryItem] = (),
    *,
    index: Path | None = None,
    unknown: Severity = Severity.HIGH,
) -> Audited:
    """Audit the packages that manifests among `files` name, and those that models reveal.

    Args:
        files: that the scan met.
        roots: real paths that the user named.
        inventory: what the artifact stage saw in model files.
        index: of advisories; by default the one of this user.
        unknown: severity of a vulnerability that nobody rated.

    Raises:
        AdvisoryIndexError: the index that the user named cannot be used.
    """
    place, named = place_of(index)
    met = [file for file in files if kind_of(file.name)]
    if not named and not place.exists():
        return _without_index(met, roots, "there is no advisory index")
    if not named and _below(place, roots):
        why = "the advisory index lies below a scanned path, so it is not used"
        return _without_index(met, roots, why)
    from modelwarden.dependencies.index import AdvisoryIndexError, Index

    try:
        with Index(place) as opened:
            if not met and not any(item.version for item in inventory):
                return Audited(advisories=opened.data, ran=True)
            from modelwarden.dependencies.audit import held_against

            return held_against(opened, met, roots, inventory, unknown)
    except AdvisoryIndexError as error:
        if named:
            raise
        return _without_index(met, roots, error.message)


def _below(place: Path, roots: Sequence[str]) -> bool:
    """Tell whether the index lies in what is scanned, where whoever made that may have put it."""
    real = os.path.realpath(place)
    return any(real == root or real.startswith(f"{root.rstrip('/')}/") for root in roots)


def _without_index(files: Sequence[File], roots: Sequence[str], why: str) -> Audited:
    if not files:
        return Audited(notes=(_not_run(why),))
    from modelwarden.dependencies.audit import listed
    from modelwarden.dependencies.collect import collect

    collected = collect(files, roots)
    return Audited(
        gaps=(*collected.gaps, *_unaudited(collected, why)),
        inventory=listed(collected),
        notes=() if collected.manifests else (_not_run(why),),
    )


def _unaudited(collected: Collected, why: str) -> list[Gap]:
    told = f"its packages were not audited: {why}; run: {MEND}"
    return [
        Gap(what=manifest.path, why=told, kind=GapKind.NOT_ASSESSABLE, stage="dependencies")
        for manifest in collected.manifests
    ]


def _not_run(why: str) -> str:
    return f"the stage dependencies did not run: {why}; to have it: {MEND}"
