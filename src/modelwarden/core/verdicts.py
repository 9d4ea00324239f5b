"""What a report must show, the exceptions, and the outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from modelwarden.core.findings import Gap, Json, Severity
from modelwarden.core.values import dataclass


class Outcome(StrEnum):
    """How a run ended; the exit codes are 0, 1 and 3."""

    PASS = "pass"  # noqa: S105 -- an outcome, not a password
    FAIL = "fail"
    INCOMPLETE = "incomplete"


class ReasonKind(StrEnum):
    """What a verdict rests on."""

    FINDING = "finding"
    MEASUREMENT = "measurement"
    GAP = "gap"
    STAGE = "stage"
    WAIVER = "waiver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for a verdict, in one line.

    Attributes:
        rule: the rule of a finding; None otherwise.
        name: the measurement, gap, stage or waiver; None for findings.
    """

    kind: ReasonKind
    rule: str | None = None
    name: str | None = None
    detail: str


def reason_of(gap: Gap) -> Reason:
    """Return what a gap that the policy does not accept says against a report."""
    return Reason(kind=ReasonKind.GAP, name=gap.kind, detail=f"{gap.what}: {gap.why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome with its reasons; a pass has none."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Bounds on one measurement, judged at the pessimistic end of its interval.

    Attributes:
        where: conditions that the measurement must have; empty takes the one with group None.
    """

    name: str
    min: float | None = None
    max: float | None = None
    where: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A dated, owned exception for one finding.

    It names either a `fingerprint`, or `rule`, `path` and `digest` of the file together.

    Attributes:
        expires: the last day that it covers; `date.max` for a VEX statement, which has none.
        status: of the VEX statement that it comes from: `not_affected` or `fixed`.
        justification: why the weakness does no harm here, one of `JUSTIFICATIONS`.
    """

    reason: str
    owner: str
    expires: dt.date
    fingerprint: str | None = None
    rule: str | None = None
    path: str | None = None
    digest: str | None = None
    status: str | None = None
    justification: str | None = None


# Source: OpenVEX 0.2.0, "Status Justifications".
JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a report must show in order to pass.

    Attributes:
        fail_on: findings at this severity or worse fail.
        require: stages that must have been run to the end.
        allow_gaps: `kind` or `kind:path-pattern` of gaps that are accepted.
        advisories_max_age: days that the newest advisory may be old; None for any number.
        unknown_severity: what a vulnerability counts as that nobody rated.
        source: the file it came from, for messages; None for the default policy.
    """

    fail_on: Severity = Severity.HIGH
    require: tuple[str, ...] = ()
    allow_gaps: tuple[str, ...] = ()
    measures: tuple[Threshold, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    advisories_max_age: float | None = None
    unknown_severity: Severity = Severity.HIGH
    source: str | None = None
