"""What a report found, bound to the very files that are signed.

It stands in the same signed statement as the digests, so neither can be had without the other.
Verifiers that do not know it pass over it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.artifacts.signing.errors import NotVerifiedError
from modelwarden.artifacts.signing.statement import SINGLE, Part
from modelwarden.core import AdvisoryData, InputError, Outcome, Policy, Severity, Tool
from modelwarden.core.decode import decode, report_from_json
from modelwarden.core.encode import encode
from modelwarden.core.report import Subject
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import printable

if TYPE_CHECKING:
    from modelwarden.core import Json, Report

SCHEMA = "modelwarden/attestation/1"
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What is bound.

    Attributes:
        report: hex SHA-256 of the report's bytes.
        tool: the program that made it, with its version.
        command: what it ran. started: when, UTC. stages: that were run to the end.
        outcome: of its verdict.
        findings: how many by severity, waived ones left out; `waived` is their number.
        gaps: what was not examined.
        advisories: the index of known vulnerabilities that was used.
        policy: hex SHA-256 of the policy file that the verdict follows, when it was given.
    """

    schema: str = SCHEMA
    report: str
    tool: Tool
    subject: Subject
    command: str
    started: str
    stages: tuple[str, ...] = ()
    outcome: Outcome
    findings: Mapping[str, int] = field(default_factory=dict)
    waived: int = 0
    gaps: int = 0
    advisories: AdvisoryData | None = None
    policy: str | None = None

    def to_json(self) -> Mapping[str, Json]:
        """Return it as JSON."""
        document = encode(self)
        if not isinstance(document, Mapping):
            raise TypeError("an attestation is an object")
        return document


def bind(
    data: bytes,
    digests: Mapping[Part, bytes],
    left_out: Collection[str],
    policy: tuple[Policy, bytes] | None,
) -> Attestation:
    """Return the attestation for the report in `data`.

    Args:
        data: a report in JSON.
        digests: SHA-256 of every file that is signed.
        left_out: files of the model that are not signed; the report may have met them.
        policy: a policy and the bytes of its file, when the verdict is to be bound to it.

    Raises:
        InputError: no report, or not one about these files, or its verdict is another.
    """
    report = report_from_json(data)
    if report.verdict is None:
        raise InputError("the report has no verdict", hint="Give one that `modelwarden scan` made.")
    _same_files(report, digests, left_out)
    if policy is not None:
        from modelwarden.policy import judge

        judged = judge(report, policy[0]).verdict
        if judged is None or judged.outcome is not report.verdict.outcome:
            raise InputError(
                f"under this policy the verdict is not the report's ({report.verdict.outcome})",
                hint="Make the report again with the same --policy.",
            )
    counts = Counter(f.severity for f in report.findings if not f.waived)
    return Attestation(
        report=hashlib.sha256(data).hexdigest(),
        tool=report.tool,
        subject=report.subject,
        command=report.run.command,
        started=report.run.started,
        stages=report.stages,
        outcome=report.verdict.outcome,
        findings={severity.value: counts[severity] for severity in Severity if counts[severity]},
        waived=sum(f.waived for f in report.findings),
        gaps=len(report.gaps),
        advisories=report.run.advisories,
        policy=None if policy is None else hashlib.sha256(policy[1]).hexdigest(),
    )


def _same_files(report: Report, digests: Mapping[Part, bytes], left_out: Collection[str]) -> None:
    signed = {part.path: digest.hex() for part, digest in digests.items()}
    seen = {line.path: line.sha256 for line in report.coverage}
    if signed.keys() == {SINGLE} and len(seen) == 1:
        seen = {SINGLE: next(iter(seen.values()))}
    unhashed = [path for path, digest in seen.items() if digest is None and path in signed]
    other = [path for path in signed if seen.get(path) != signed[path]]
    gone = [path for path in seen if path not in signed and path not in left_out]
    if unhashed:
        raise InputError(
            f"the report has no digest of {_names(unhashed)}",
            hint="Make it again without --no-hash, and mend what could not be read.",
        )
    if other or gone:
        raise InputError(
            f"the report is not about these files: {_names(other or gone)}",
            hint="Scan the path that is to be signed, and sign it unchanged.",
        )


def _names(paths: list[str]) -> str:
    shown = ", ".join(printable(path, 80) for path in paths[:_SHOWN])
    return f"{shown} and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else shown


def read(document: Mapping[str, Json]) -> Attestation:
    """Return the attestation of a statement whose signature holds.

    Raises:
        NotVerifiedError: it is of a version that is not known here, or incomplete.
    """
    if document.get("schema") != SCHEMA:
        schema = repr(document.get("schema"))[:80]
        raise NotVerifiedError(f"an attestation of schema {schema}; this version reads {SCHEMA}")
    try:
        return decode(Attestation, dict(document), "attestation")
    except InputError as error:
        raise NotVerifiedError(error.message) from error
