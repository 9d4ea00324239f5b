"""What an assessment adds to a model card: measures, and what to consider before using it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from modelwarden.core import Finding, InputError, Json, Measurement, Report
from modelwarden.core.decode import report_from_json
from modelwarden.core.pages import page_of
from modelwarden.gate.bom.bills import Card
from modelwarden.report.escape import shown, value_text

_LARGEST = 256 << 20
_MOST = 1_000
_FAIRNESS = {"group-gap", "identity-term-bias"}
_LIMITS = {
    "weak-slice", "weak-class", "miscalibrated", "brittle-input", "inconsistent-predictions",
    "worse-than-trivial", "claim-refuted", "not-robust", "masked-gradients", "backdoor",
    "natural-trigger", "poisoned-rows", "membership-leak", "label-errors", "label-conflict",
    "duplicate-rows", "target-leakage", "version-rot",
}  # fmt: skip


class ForeignReportError(InputError):
    """An assessment of another model."""

    hint = "Give the report of an assessment of the very files that the document is about."


def read(path: Path) -> Report:
    """Return the report at `path`.

    Raises:
        InputError: it cannot be read or is no report.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read the report {path}: {why}", hint="Check --report.") from error
    if len(data) > _LARGEST:
        raise InputError(f"{path}: larger than {_LARGEST} bytes, this is no report")
    return report_from_json(data)


def check_same(assessment: Report, scanned: Report, path: Path) -> None:
    """Refuse an assessment that is not about the files of this scan.

    Raises:
        ForeignReportError: none of its digests is one of theirs.
    """
    theirs = {line.sha256 for line in scanned.coverage if line.sha256}
    known = {line.sha256 for line in assessment.coverage if line.sha256}
    whole = scanned.subject.digest
    if not (theirs & known or (whole is not None and assessment.subject.digest == whole)):
        raise ForeignReportError(f"{path} tells of no file that is described here")


def with_assessment(card: Card, report: Report) -> Card:
    """Return the card with what was measured, and what was found that limits the model's use."""
    found = [f for f in report.findings if not f.waived]
    limits = [_said(f) for f in found if f.rule in _LIMITS]
    return replace(
        card,
        measurements=report.measurements[:_MOST],
        limitations=(*card.limitations, *dict.fromkeys(limits[:_MOST])),
        fairness=tuple(dict.fromkeys(_fairness(found, report)))[:_MOST],
        tradeoffs=tuple(_tradeoff(report.measurements)),
    )


def _said(finding: Finding) -> str:
    return f"{shown(finding.message)} ({finding.rule}, {finding.severity})"


def _fairness(found: list[Finding], report: Report) -> Iterator[tuple[str, str, str]]:
    pages = {info.id: page_of(info.help) for info in report.rules}
    for finding in found:
        if finding.rule in _FAIRNESS:
            terms = finding.location.terms
            group: Json = terms.get("group") or terms.get("term") or terms.get("protected")
            at_risk = value_text(group) if group is not None else "not named"
            fix = shown(pages[finding.rule].fix, 1_000) if finding.rule in pages else ""
            yield at_risk, shown(finding.message), fix


def _tradeoff(measurements: tuple[Measurement, ...]) -> Iterator[str]:
    """Say what an attack costs, where both sides were measured on all samples."""
    whole = {m.name: m for m in measurements if m.group is None}
    clean, robust = whole.get("clean_accuracy"), whole.get("robust_accuracy")
    if clean and robust:
        yield f"accuracy falls from {clean.value:.3f} to {robust.value:.3f} under attack"
