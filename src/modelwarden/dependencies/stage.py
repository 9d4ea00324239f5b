"""The stage `dependencies`: what there is to audit, with which index, and what when there is none.

It fails closed: without an index every manifest is a gap with the command that mends it. What
costs time to import is imported for scans that met a manifest, or that have an index.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelwarden.core import (
    AdvisoryData,
    Coverage,
    Finding,
    Gap,
    InventoryItem,
    Rule,
    Severity,
)
from modelwarden.core.values import dataclass
from modelwarden.dependencies.manifests.catalog import kind_of
from modelwarden.dependencies.place import MEND, named_place

if TYPE_CHECKING:
    from pathlib import Path

    from modelwarden.dependencies.collect import File
    from modelwarden.dependencies.imports import Imported
    from modelwarden.dependencies.vex import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the user adds to what is scanned; all of it was read already.

    Attributes:
        imported: results of other scanners.
        statements: VEX. resolve: ask pip what ranges would become.
    """

    imported: tuple[Imported, ...] = ()
    statements: tuple[Statement, ...] = ()
    resolve: bool = False


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
    coverage: tuple[Coverage, ...] = ()
    rules: tuple[Rule[Any], ...] = ()
    advisories: AdvisoryData | None = None
    ran: bool = False


class Asked:
    """All that the stage works on.

    Attributes:
        met: the manifests among the files.
        unknown: severity of a vulnerability that nobody rated.
    """

    def __init__(
        self,
        files: Sequence[File],
        roots: Sequence[str],
        inventory: Sequence[InventoryItem],
        unknown: Severity,
        given: Given,
    ) -> None:
        self.files = files
        self.met = [file for file in files if kind_of(file.name)]
        self.roots = roots
        self.inventory = inventory
        self.unknown = unknown
        self.given = given


def audit(
    files: Sequence[File],
    roots: Sequence[str],
    inventory: Sequence[InventoryItem] = (),
    *,
    index: Path | None = None,
    unknown: Severity = Severity.HIGH,
    given: Given | None = None,
) -> Audited:
    """Audit the packages that manifests among `files` name, and those that models reveal.

    Args:
        files: that the scan met.
        roots: real paths that the user named.
        inventory: what the artifact stage saw in model files.
        index: of advisories; by default the one of this user.
        unknown: severity of a vulnerability that nobody rated.
        given: what the user adds.

    Raises:
        AdvisoryIndexError: the index that the user named cannot be used.
    """
    asked = Asked(files, roots, inventory, unknown, given or Given())
    place, named = named_place(index)
    if not named and not os.path.exists(place):  # noqa: PTH110 -- pathlib costs start-up time
        return _without_index(asked, "there is no advisory index")
    if not named and _below(place, roots):
        why = "the advisory index lies below a scanned path, so it is not used"
        return _without_index(asked, why)
    from pathlib import Path

    from modelwarden.dependencies.index import AdvisoryIndexError, Index

    try:
        with Index(Path(place)) as opened:
            if not (asked.met or asked.given.imported or any(i.version for i in inventory)):
                return Audited(advisories=opened.data, ran=True)
            from modelwarden.dependencies.held import held_against

            return held_against(opened, asked)
    except AdvisoryIndexError as error:
        if named:
            raise
        return _without_index(asked, error.message)


def _below(place: str, roots: Sequence[str]) -> bool:
    """Tell whether the index lies in what is scanned, where whoever made that may have put it."""
    real = os.path.realpath(place)
    return any(real == root or real.startswith(f"{root.rstrip('/')}/") for root in roots)


def _without_index(asked: Asked, why: str) -> Audited:
    """Say what was not audited; what other tools report is told all the same."""
    if not (asked.met or asked.given.imported):
        return Audited(notes=(_not_run(why),))
    from modelwarden.dependencies.held import told_without_index

    told = f"its packages were not audited: {why}; run: {MEND}"
    return told_without_index(asked, told, _not_run(why))


def _not_run(why: str) -> str:
    return f"the stage dependencies did not run: {why}; to have it: {MEND}"
