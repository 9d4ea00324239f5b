"""What the user lays beside a scan: results of other scanners, VEX statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Evidence from elsewhere, for the stage `dependencies`.

    Attributes:
        imports: results of osv-scanner, Trivy, Grype or pip-audit; they only ever add.
        vex: OpenVEX documents, whose statements waive findings.
        resolve: ask pip, and so the network, what the ranges would become.
    """

    imports: tuple[Path, ...] = ()
    vex: tuple[Path, ...] = ()
    resolve: bool = False
