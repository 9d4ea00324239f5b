"""What to do first about a report: the few steps that change its verdict most."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from modelwarden.core import GapKind, ReasonKind, Severity, reason_of
from modelwarden.core.values import dataclass
from modelwarden.report.stages import OWN, QUESTIONS
from modelwarden.report.summary import pages, plural, worst_first
from modelwarden.report.upgrades import newest_fix, package_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelwarden.core import Finding, Gap, Report

GAP_TITLES = {
    GapKind.UNREADABLE: "The bytes could not be read to the end",
    GapKind.UNSUPPORTED: "The format is not examined yet",
    GapKind.UNEXAMINED_CODE: "Code was found that was not examined",
    GapKind.OVER_LIMIT: "A limit was reached before the end",
    GapKind.BUDGET: "The budget ran out before the end",
    GapKind.FAILED: "Examining it failed through a fault of the tool",
    GapKind.NOT_ASSESSABLE: "What the measure needs was not there",
    GapKind.PARTIAL_ISOLATION: "The model could not be confined fully",
}
GAP_ADVICE = {
    GapKind.UNREADABLE: "Give whoever scans the right to read it, or fetch it again where it is "
    "damaged; a loader may still run what stands before the damage.",
    GapKind.UNSUPPORTED: "Fetch it again if it should be of a known format: it may be cut short. "
    "Else ask for one that can be examined (safetensors for weights), remove it, or accept this "
    "gap in a policy (allow_gaps).",
    GapKind.UNEXAMINED_CODE: "Have someone read the code that it brings or calls, or ask for "
    "weights that need none.",
    GapKind.OVER_LIMIT: "Raise the limit that the reason names, where a model honestly needs more; "
    "unpack an archive and scan its parts. A file that swells when it is opened is a warning.",
    GapKind.BUDGET: "Give the run a larger budget, or look at fewer inputs.",
    GapKind.FAILED: "Treat it as not examined and report the fault to the maintainers.",
    GapKind.NOT_ASSESSABLE: "Provide what the measure needs, which the reason names; where that "
    "cannot be had, accept this gap in a policy (allow_gaps).",
    GapKind.PARTIAL_ISOLATION: "Run it on a machine whose kernel can confine the model fully.",
}
_STAGE_ADVICE = (
    "Leave the stage out of --stage and of `require`, or accept this gap in a policy (allow_gaps)."
)
_OWN_ADVICE = "Mend what this check of your project speaks against; a `Fix:` in it would say how."
_NOT_TAKEN = (
    "Run what takes it: `modelwarden check` measures a model on your data, `scan` reads its files "
    "only; or take the line out of [policy.measure]."
)
_MEASURE_ADVICE = (
    "Improve the model on such cases, or choose another; where the interval straddles the bound, "
    "more rows settle it."
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        what: what was found, in short. do: the step. rule: whose page tells more, if any.
    """

    what: str
    do: str
    rule: str | None = None


def first_steps(report: Report, fail_on: Severity, count: int = 3) -> list[Step]:
    """Return at most `count` steps: what fails the policy, then the gaps, then what is left.

    Among what fails, findings in the model come before numbers: a number of a model that runs
    foreign code is not worth much.
    """
    groups = _by_rule(f for f in report.findings if not f.waived)
    failing = [g for g in groups if g[0].severity.rank <= fail_on.rank]
    lesser = [g for g in groups if fail_on.rank < g[0].severity.rank < Severity.INFO.rank]
    texts = pages(report)
    fixes = {rule: page.fix for rule, page in texts.items()}
    return [
        *(_rule_step(group, fixes) for group in failing),
        *_measure_steps(report),
        *(_gap_step(group) for group in _by_kind(_open_gaps(report))),
        *(_rule_step(group, fixes) for group in lesser),
    ][:count]


def _by_rule(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return the findings that one step mends: of one rule and severity, or of one package."""
    groups: dict[tuple[str | None, ...], list[Finding]] = defaultdict(list)
    for finding in worst_first(findings):
        package = package_of(finding)
        alike = (finding.rule, finding.severity)
        key = alike if package is None else (finding.location.path, *package)
        groups[key].append(finding)
    return list(groups.values())


def _by_kind(gaps: Iterable[Gap]) -> list[list[Gap]]:
    groups: dict[GapKind, list[Gap]] = defaultdict(list)
    for gap in gaps:
        groups[gap.kind].append(gap)
    return sorted(groups.values(), key=lambda group: -len(group))


def _rule_step(group: list[Finding], fixes: dict[str, str]) -> Step:
    first = group[0]
    path = first.location.path or first.location.route or "the subject"
    more = f" and {plural(len(group) - 1, 'more place')}" if len(group) > 1 else ""
    own = first.stage == OWN
    fix = fixes.get(first.rule) or (_OWN_ADVICE if own else "Read the rule's page.")
    package = package_of(first)
    fixed = None if package is None else newest_fix(group)
    if package is not None and fixed is not None:
        name, version = package
        more = f", {len(group):,} known weaknesses" if len(group) > 1 else ""
        fix = f"Move {name} from {version} to {fixed} or later, pin it, and lock again."
        return Step(f"{first.severity} {first.rule} in {path}: {name}{more}", fix, first.rule)
    page = None if own else first.rule
    return Step(f"{first.severity} {first.rule} in {path}{more}", fix, page)


def _measure_steps(report: Report) -> list[Step]:
    """Return a step for each measurement that the policy is not met by, or that was not taken."""
    reasons = report.verdict.reasons if report.verdict else ()
    meant = {info.name: info.meaning for info in report.measures}
    taken = {one.name for one in report.measurements}
    steps = []
    for reason in reasons:
        if reason.kind is ReasonKind.MEASUREMENT and reason.name:
            means = f" ({meant[reason.name]})" if reason.name in meant else ""
            lacks = reason.name not in taken
            what = (
                f"{reason.name}{means} {'was not taken' if lacks else 'does not meet the policy'}"
            )
            advice = _NOT_TAKEN if lacks else _MEASURE_ADVICE
            steps.append(Step(what, f"{reason.detail}. {advice}"))
    return steps


def _open_gaps(report: Report) -> list[Gap]:
    """Return the gaps that the policy does not accept; all where nobody has judged."""
    if report.verdict is None:
        return list(report.gaps)
    standing = {reason for reason in report.verdict.reasons if reason.kind is ReasonKind.GAP}
    return [gap for gap in report.gaps if reason_of(gap) in standing]


def _gap_step(group: list[Gap]) -> Step:
    first = group[0]
    places = len({gap.what for gap in group})
    more = f" and {places - 1:,} more" if places > 1 else ""
    stage = first.kind is GapKind.UNSUPPORTED and first.what in QUESTIONS
    advice = _STAGE_ADVICE if stage else GAP_ADVICE[first.kind]
    return Step(f"not examined ({first.kind}): {first.what}{more}", advice)
