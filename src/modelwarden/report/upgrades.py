"""Vulnerable packages as what to do about them: one step a package, with the version to move to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.core import Finding

_STAGE = "dependencies"


def package_of(finding: Finding) -> tuple[str, str] | None:
    """Return name and version of the package that a newer version would mend, if it is about one.

    Other tools' results may be in a report too: what is not as it should be is no package.
    """
    facts = finding.evidence
    name, version = facts.get("package"), facts.get("version")
    if finding.stage != _STAGE or not isinstance(name, str) or not isinstance(version, str):
        return None
    return (name, version) if _fixes_of(finding) else None


def newest_fix(findings: Sequence[Finding]) -> str | None:
    """Return the version that has the fixes of all of these; None where versions are odd.

    A weakness may be fixed in several lines: the lowest of its fixes may lie below a later version
    that has it still, so the highest counts.
    """
    from packaging.version import Version

    try:
        return str(max(Version(fix) for finding in findings for fix in _fixes_of(finding)))
    except ValueError:  # none, no version, or more digits than Python turns into a number
        return None


def _fixes_of(finding: Finding) -> list[str]:
    fixed = finding.evidence.get("fixed_in")
    return [fix for fix in fixed if isinstance(fix, str)] if isinstance(fixed, list) else []
