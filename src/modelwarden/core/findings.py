"""What a run saw and what it could not see: findings, gaps and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import TypeAlias

from modelwarden.core.values import dataclass

# Written as a string so that the recursive alias costs nothing at run time.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


class Severity(StrEnum):
    """How bad it is if the finding is true; says nothing about how sure we are."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for `critical` up to 4 for `info`: sort by it to have the worst first."""
        return _SEVERITIES.index(self)


_SEVERITIES = list(Severity)


class Confidence(StrEnum):
    """How sure we are that the finding is true; says nothing about how bad it would be."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class GapKind(StrEnum):
    """Why something was not examined."""

    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"
    UNEXAMINED_CODE = "unexamined-code"
    OVER_LIMIT = "over-limit"
    BUDGET = "budget"
    FAILED = "failed"
    NOT_ASSESSABLE = "not-assessable"
    PARTIAL_ISOLATION = "partial-isolation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a finding is; only the parts that apply are set.

    Attributes:
        path: of the file, relative to the scanned root, with `/` between parts.
        member: inside the file; members of nested containers are joined with `!`.
        offset: byte offset in the member, or in the file when there is no member.
        line: 1-based line of a text.
        feature: column of a table. slice: conditions that select rows. row: its number.
        route: of a served model.
        terms: any further words of the rule's own (`group`, `class`, `operator`, …).
    """

    path: str | None = None
    member: str | None = None
    offset: int | None = None
    line: int | None = None
    feature: str | None = None
    slice: Sequence[Mapping[str, Json]] | None = None
    row: int | None = None
    route: str | None = None
    terms: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that one rule saw.

    Attributes:
        rule: id of the rule.
        message: the fact in one line; why it matters and how to fix it stand on the rule's page.
        evidence: bounded facts with which a sceptic can look for themselves; never a secret.
        references: ids in outside catalogues (`CWE-502`, `MITRE-ATLAS:AML.T0011`, an advisory).
        fingerprint: stable over re-runs, moves of the root, re-packing; not over another payload.
        stage: the stage that ran the rule.
        waived: a waiver of the policy covers it: shown, not judged.
    """

    fingerprint: str = ""
    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    evidence: Mapping[str, Json] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    stage: str = "artifacts"
    waived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that was not examined, and why. A report with gaps is incomplete, not clean.

    Attributes:
        what: the file, member or measure; `path!member@offset` where it applies.
        why: the reason in one line.
    """

    what: str
    why: str
    kind: GapKind
    stage: str = "artifacts"
