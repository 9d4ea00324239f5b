"""The report as SARIF 2.1.0, for code-scanning pages and editors.

Results stand worst first and are cut at 5,000, the most that such pages take; what is left out is
said by a notification. Gaps are notifications of the invocation, at level `error`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from modelwarden.core import Confidence, Finding, Gap, Outcome, RuleInfo, Severity
from modelwarden.core.pages import page_of
from modelwarden.report.advice import GAP_ADVICE, GAP_TITLES
from modelwarden.report.escape import json_text, shown, value_text
from modelwarden.report.rule_page import as_markdown
from modelwarden.report.summary import (
    EXIT_CODES,
    infos,
    location_text,
    outcome_meaning,
    path_of,
    worst_first,
)

if TYPE_CHECKING:
    from modelwarden.core import Coverage, Json, Report

    Object = dict[str, Json]

RESULTS = 5_000
_TAGS = 20
_URI = 2_000
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "SCANROOT"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# On the scale of CVSS, as code-scanning pages read it: 9.0 up is critical, 7.0 high, 4.0 medium.
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
_CONFIDENCE = {Confidence.HIGH: 0.0, Confidence.MEDIUM: 5.0, Confidence.LOW: 10.0}
_WAIVED = (("owner", "owner"), ("expires", "expires"), ("status", "VEX status"),
           ("justification", "VEX justification"))  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def render(report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
    """Return the report as a SARIF log of one run."""
    del fail_on, terminal, width  # the same for every reader
    log: Object = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_Run(report).run()]}
    return json_text(log) + "\n"


class _Run:
    """Builds the run; holds what results refer to by number."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.findings = worst_first(report.findings)
        known = infos(report)
        ids = dict.fromkeys([*known, *(f.rule for f in self.findings)])
        self.rules = [known.get(id_) or _unknown(id_) for id_ in ids]
        self.rule_numbers = {info.id: number for number, info in enumerate(self.rules)}
        self.files = report.coverage[:RESULTS]
        self.file_numbers = {c.path: number for number, c in enumerate(self.files)}
        # Either all results say whether they are suppressed, or none does.
        self.waives = any(f.waived for f in self.findings)
        self.seen: Counter[str] = Counter()

    def run(self) -> Object:
        """Return the run object."""
        report = self.report
        return {
            "tool": {"driver": self.driver()},
            "automationDetails": {"id": f"{shown(report.tool.name)}/{shown(report.run.command)}/"},
            "invocations": [self.invocation()],
            "originalUriBaseIds": {_ROOT: {"description": {"text": "What was scanned."}}},
            "artifacts": [_artifact(c) for c in self.files],
            "results": [self.result(f) for f in self.findings[:RESULTS]],
            "columnKind": "unicodeCodePoints",
            "properties": {
                "subject": shown(report.subject.name),
                "digest": report.subject.digest and shown(report.subject.digest),
                "verdict": report.verdict.outcome.value if report.verdict else None,
            },
        }

    def driver(self) -> Object:
        """Return the tool with its rules and the kinds of gaps."""
        return {
            "name": shown(self.report.tool.name),
            "version": shown(self.report.tool.version),
            "rules": [_rule(info) for info in self.rules],
            "notifications": [
                {
                    "id": f"gap/{kind}",
                    "shortDescription": {"text": f"{title}."},
                    "fullDescription": {"text": f"{title}. What it holds is not known."},
                    "help": {"text": GAP_ADVICE[kind]},
                }
                for kind, title in GAP_TITLES.items()
            ],
        }

    def invocation(self) -> Object:
        """Return how the run went: exit code, and every gap as a notification."""
        report = self.report
        passed = report.verdict is not None and report.verdict.outcome is Outcome.PASS
        invocation: Object = {"executionSuccessful": passed or not report.gaps}
        if report.verdict is not None:
            invocation["exitCode"] = EXIT_CODES[report.verdict.outcome]
            invocation["exitCodeDescription"] = outcome_meaning(report)
        if _TIME.fullmatch(report.run.started):
            invocation["startTimeUtc"] = report.run.started
        told = [self.gap(gap) for gap in report.gaps[:RESULTS]]
        told += [_note(shown(note), "note") for note in report.run.notes]
        for what, count in (("findings", len(self.findings)), ("gaps", len(report.gaps)),
                            ("files", len(report.coverage))):  # fmt: skip
            if count > RESULTS:
                left = f"{count - RESULTS:,} of {count:,} {what} are left out here"
                told.append(_note(f"{left}; the JSON report holds all.", "warning"))
        invocation["toolExecutionNotifications"] = told
        return invocation

    def gap(self, gap: Gap) -> Object:
        """Return a gap as a notification."""
        told = _note(f"Not examined ({gap.kind}): {shown(gap.what)}: {shown(gap.why)}", "error")
        told["descriptor"] = {
            "id": f"gap/{gap.kind}",
            "index": list(GAP_TITLES).index(gap.kind),
        }
        path = path_of(gap, self.file_numbers)
        if path is not None:
            told["locations"] = [{"physicalLocation": self.physical(path)}]
        return told

    def result(self, finding: Finding) -> Object:
        """Return a finding as a result."""
        identity = shown(finding.fingerprint or f"{finding.rule}:{finding.location.path}", 200)
        self.seen[identity] += 1
        where = location_text(finding)
        text = shown(finding.message) + (f" ({where})" if where else "")
        rank = 95.0 - 20 * finding.severity.rank - _CONFIDENCE[finding.confidence]
        result: Object = {
            "ruleId": shown(finding.rule, 200),
            "ruleIndex": self.rule_numbers[finding.rule],
            "kind": "fail",
            "level": _LEVELS[finding.severity],
            "rank": rank,
            "message": {"text": _message(text)},
            "locations": [self.location(finding)],
            "partialFingerprints": {
                "modelwarden/v1": identity,
                "primaryLocationLineHash": f"{identity}:{self.seen[identity]}",
            },
        }
        if self.waives:
            result["suppressions"] = [_suppression(finding)] if finding.waived else []
        result["properties"] = {
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "stage": shown(finding.stage),
            "evidence": {shown(k, 80): value_text(v) for k, v in finding.evidence.items()},
            "references": [shown(r, 200) for r in finding.references],
        }
        return result

    def location(self, finding: Finding) -> Object:
        """Return where a finding is: file, region, and the member as a logical location."""
        at = finding.location
        physical = self.physical(at.path or "")
        # Code-scanning pages want a line even in a binary file; offsets in a member are not
        # offsets in the file, so they stand in the message only.
        region: Object = {"startLine": max(at.line or 1, 1)}
        if at.offset is not None and at.offset >= 0 and at.member is None and at.line is None:
            region["byteOffset"] = at.offset
        physical["region"] = region
        location: Object = {"physicalLocation": physical}
        if at.member is not None:
            name = shown(at.member)
            location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
        return location

    def physical(self, path: str) -> Object:
        """Return a file as an address relative to the scanned root."""
        artifact: Object = {"uri": _uri(path), "uriBaseId": _ROOT}
        if path in self.file_numbers:
            artifact["index"] = self.file_numbers[path]
        return {"artifactLocation": artifact}


def _suppression(finding: Finding) -> Object:
    """Return why a finding is waived; without a status it counts as accepted."""
    waiver = finding.evidence.get("waiver")
    told = waiver if isinstance(waiver, Mapping) else {}
    said = {key: value for key, value in told.items() if isinstance(value, str)}
    parts = [shown(said["reason"], 1000)] if "reason" in said else []
    parts += [f"{label}: {shown(said[key], 200)}" for key, label in _WAIVED if key in said]
    suppression: Object = {"kind": "external"}
    if parts:
        suppression["justification"] = "; ".join(parts)
    return suppression


def _rule(info: RuleInfo) -> Object:
    page = page_of(info.help)
    text = "\n\n".join(p for p in (page.what, page.why, page.fix) if p) or info.title
    return {
        "id": shown(info.id, 200),
        "name": "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", info.id[:200])),
        "shortDescription": {"text": _message(shown(info.title))},
        "fullDescription": {"text": _message(shown(page.what or info.title, 1000))},
        "help": {
            "text": _message("\n\n".join(shown(p, 2000) for p in text.split("\n\n"))),
            "markdown": as_markdown(info),
        },
        "defaultConfiguration": {"level": _LEVELS[info.severity]},
        "properties": {
            "tags": _tags(info),
            "security-severity": _SECURITY_SEVERITY[info.severity],
        },
    }


def _tags(info: RuleInfo) -> list[str]:
    tags = ["security"]
    for reference in (*info.references, *info.controls):
        number = re.fullmatch(r"CWE-(\d{1,6})", reference)
        tags.append(f"external/cwe/cwe-{number[1]}" if number else shown(reference, 100))
    return list(dict.fromkeys(tags))[:_TAGS]


def _unknown(id_: str) -> RuleInfo:
    return RuleInfo(id=id_, title=id_, severity=Severity.MEDIUM, help="")


def _artifact(coverage: Coverage) -> Object:
    artifact: Object = {
        "location": {"uri": _uri(coverage.path), "uriBaseId": _ROOT},
        "roles": ["analysisTarget"],
        "properties": {
            "format": coverage.format and shown(coverage.format),
            "status": coverage.status.value,
        },
    }
    if coverage.size is not None:
        artifact["length"] = coverage.size
    if coverage.sha256 is not None and re.fullmatch("[0-9a-f]{64}", coverage.sha256):
        artifact["hashes"] = {"sha-256": coverage.sha256}
    return artifact


def _note(text: str, level: str) -> Object:
    return {"level": level, "message": {"text": _message(text)}}


def _message(text: str) -> str:
    """Return text in which no embedded link and no placeholder is left (SARIF 3.11.5, 3.11.6)."""
    if "](" in text:
        text = text.replace("[", "\\[").replace("]", "\\]")
    return re.sub(r"\{(\d+)\}", r"{{\1}}", text) or "-"


def _uri(path: str) -> str:
    encoded = quote(path[:_URI], safe="/", errors="backslashreplace") or "."
    return f".{encoded}" if encoded.startswith("/") else encoded
