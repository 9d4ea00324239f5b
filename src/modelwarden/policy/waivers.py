"""Waivers: which findings they cover, which have run out, which cover nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from modelwarden.core import Finding, Json, Reason, ReasonKind, Report, Waiver
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Waived:
    """A report's findings after the waivers.

    Attributes:
        findings: all of them, those that are covered marked.
        expired: a reason to fail for each waiver that has run out.
        notes: what the user should know about waivers that cover nothing.
    """

    findings: tuple[Finding, ...]
    expired: tuple[Reason, ...]
    notes: tuple[str, ...]


def apply(waivers: Sequence[Waiver], report: Report, today: dt.date) -> Waived:
    """Mark the findings that a waiver covers.

    A waiver covers up to and including the day it expires. By rule, path and digest it covers
    only while the file has that very digest, so it lapses when the file changes, and it covers
    nothing when the digest was not taken.
    """
    digests = _digests(report)
    running = [waiver for waiver in waivers if waiver.expires >= today]
    used: set[int] = set()
    findings: list[Finding] = []
    for finding in report.findings:
        covering = [n for n, w in enumerate(running) if _covers(w, finding, digests)]
        used.update(covering)
        findings.append(_marked(finding, running[covering[0]] if covering else None))
    notes = [_unused(w, digests) for n, w in enumerate(running) if n not in used]
    expired = [_expired(w) for w in waivers if w.expires < today]
    return Waived(tuple(findings), tuple(expired), tuple(notes))


def _marked(finding: Finding, waiver: Waiver | None) -> Finding:
    """Say of a finding that it is waived, by whom and why; nothing of an earlier verdict stays."""
    if waiver is None and not finding.waived and "waiver" not in finding.evidence:
        return finding
    evidence = {key: value for key, value in finding.evidence.items() if key != "waiver"}
    if waiver is not None:
        told: dict[str, Json] = {"owner": waiver.owner, "reason": waiver.reason}
        if waiver.expires != dt.date.max:
            told["expires"] = waiver.expires.isoformat()
        vex = {"status": waiver.status, "justification": waiver.justification}
        told |= {key: value for key, value in vex.items() if value is not None}
        evidence["waiver"] = told
    return replace(finding, waived=waiver is not None, evidence=evidence)


def _digests(report: Report) -> dict[str, str | None]:
    """Return the digest of each path; none where two files of a report share their path."""
    digests: dict[str, str | None] = {}
    for line in report.coverage:
        known = digests.setdefault(line.path, line.sha256)
        digests[line.path] = line.sha256 if known == line.sha256 else None
    return digests


def _covers(waiver: Waiver, finding: Finding, digests: Mapping[str, str | None]) -> bool:
    if waiver.fingerprint is not None:
        return waiver.fingerprint == finding.fingerprint
    path = finding.location.path
    if waiver.rule != finding.rule or path is None or waiver.path != path:
        return False
    digest = digests.get(path)
    return digest is not None and waiver.digest == f"sha256:{digest}"


def _aim(waiver: Waiver) -> str:
    if waiver.fingerprint is not None:
        return waiver.fingerprint
    return f"{waiver.rule} in {waiver.path}"


def _expired(waiver: Waiver) -> Reason:
    detail = f"the waiver of {waiver.owner} for {_aim(waiver)} expired on {waiver.expires}"
    return Reason(kind=ReasonKind.WAIVER, name=_aim(waiver), detail=detail)


def _unused(waiver: Waiver, digests: Mapping[str, str | None]) -> str:
    opening = f"the waiver of {waiver.owner} for {_aim(waiver)}"
    if waiver.path in digests and waiver.path is not None:
        digest = digests[waiver.path]
        if digest is None:
            return f"{opening} covers nothing: it needs the file's digest, and none was taken"
        if waiver.digest != f"sha256:{digest}":
            return f"{opening} has lapsed: the file is not the one that was waived"
    return f"{opening} covers nothing in this report"
