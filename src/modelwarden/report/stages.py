"""A report by its stages: what each asks, what it found, measured, drew and could not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import ReasonKind, Severity
from modelwarden.core.values import dataclass
from modelwarden.report.escape import shown, value_text
from modelwarden.report.summary import plural

if TYPE_CHECKING:
    from modelwarden.core import Finding, Gap, Json, Measurement, Report, Table

# In the order in which they run; what each asks, in the words of somebody who is no expert.
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "artifacts": ("Model files", "Do the files do anything but hold a model?"),
    "dependencies": ("Dependencies", "Does the software it needs have known vulnerabilities?"),
    "data": ("Data", "Can the data that it was trained and tested on be trusted?"),
    "performance": (
        "Performance",
        "Does it answer right on your data, and better than a rule of thumb would?",
    ),
    "claims": ("Claims", "Do the numbers that its maker states hold on your data?"),
    "slices": ("Slices", "Are there kinds of cases on which it fails?"),
    "fairness": ("Fairness", "Does it treat groups of people differently?"),
    "abnormal": ("Abnormal inputs", "What does it do with broken and unusual inputs?"),
    "robustness": ("Robustness", "How easily can somebody who wants to fool it do so?"),
    "backdoor": ("Backdoor", "Does a hidden trigger change its answers?"),
    "privacy": ("Privacy", "Does it give away what it was trained on?"),
    "checks": ("Your own checks", "Does what your project asks of it besides hold?"),
    "redteam": ("Red team", "What can somebody do who can only ask it questions?"),
    "cost": ("Cost", "What does an answer take in time and memory?"),
}
_FILES = ("artifacts", "dependencies")
OWN = "checks"
"""The stage of the user's own rules, which `modelwarden explain` does not know."""


@dataclass(slots=True)
class StageView:
    """One stage of a report.

    Attributes:
        overall: measurements about everything. grouped: those about a group or slice.
        ran: whether it was run to the end.
        failing: names of measurements that the verdict rests on.
    """

    name: str
    title: str
    question: str
    ran: bool = False
    findings: list[Finding] = field(default_factory=list)
    overall: list[Measurement] = field(default_factory=list)
    grouped: list[Measurement] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    failing: frozenset[str] = frozenset()

    @property
    def of_files(self) -> bool:
        """Whether its findings are about files, and listed by file."""
        return self.name in _FILES

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        counts = {s: sum(f.severity is s and not f.waived for f in self.findings) for s in Severity}
        worst = next((s for s, count in counts.items() if count), None)
        parts = [f"{plural(counts[worst], f'{worst} finding')}"] if worst else []
        others = sum(counts.values()) - (counts[worst] if worst else 0)
        parts += [f"{others:,} lesser"] if others else []
        parts += [plural(len(self.gaps), "gap")] if self.gaps else []
        if not parts:
            return "nothing found" if self.ran else "did not run to the end"
        return ", ".join(parts) + ("" if self.ran else "; did not run to the end")

    @property
    def loudest(self) -> str:
        """The severity of its worst finding, `gap` if only gaps speak, else `pass`."""
        ranks = [
            f.severity for f in self.findings if not f.waived and f.severity is not Severity.INFO
        ]
        if ranks:
            return min(ranks, key=lambda s: s.rank)
        return "gap" if self.gaps or not self.ran else "pass"


def stages_of(report: Report) -> list[StageView]:
    """Return the stages that ran or have something to tell, in the order in which they run."""
    views: dict[str, StageView] = {}

    def view(name: str) -> StageView:
        if name not in views:
            title, question = QUESTIONS.get(name, (name, ""))
            views[name] = StageView(name, title, question, ran=name in report.stages)
        return views[name]

    for name in report.stages:
        view(name)
    for finding in report.findings:
        view(finding.stage).findings.append(finding)
    for one in report.measurements:
        (view(one.stage).overall if one.group is None else view(one.stage).grouped).append(one)
    for table in report.tables:
        view(table.stage).tables.append(table)
    for gap in report.gaps:
        view(gap.stage).gaps.append(gap)
    failing = _failing(report)
    for each in views.values():
        each.failing = failing
    order = list(QUESTIONS)
    return sorted(
        views.values(),
        key=lambda v: (order.index(v.name) if v.name in order else len(order), v.name),
    )


def shared_conditions(these: Sequence[Measurement]) -> dict[str, Json]:
    """Return the conditions that all of several measurements have alike."""
    if len(these) < 2:
        return {}
    first = these[0].conditions
    return {
        key: value
        for key, value in first.items()
        if all(key in m.conditions and m.conditions[key] == value for m in these)
    }


def own_conditions(one: Measurement, shared: Mapping[str, Json]) -> dict[str, Json]:
    """Return the conditions of a measurement that are not said for all of them."""
    return {key: value for key, value in one.conditions.items() if key not in shared}


def parts_text(parts: Json | Mapping[str, Json]) -> str:
    """Return conditions, or a group, in one line: `eps 0.1 · seed 0`."""
    if not isinstance(parts, Mapping):
        return value_text(parts, 120)
    return " · ".join(f"{shown(key, 80)} {value_text(value, 120)}" for key, value in parts.items())


def subjects(these: Sequence[Measurement]) -> list[str]:
    """Return what each measurement is of: its group, and what tells it from others of its name.

    Empty where it is of all there is, and the only one.
    """
    alike: dict[tuple[str, str], list[Measurement]] = {}
    named = [(one.name, "" if one.group is None else parts_text(one.group)) for one in these]
    for key, one in zip(named, these, strict=True):
        alike.setdefault(key, []).append(one)
    told = []
    for key, one in zip(named, these, strict=True):
        own = own_conditions(one, shared_conditions(alike[key])) if len(alike[key]) > 1 else {}
        told.append(" · ".join(text for text in (key[1], parts_text(own)) if text))
    return told


def _failing(report: Report) -> frozenset[str]:
    reasons = report.verdict.reasons if report.verdict else ()
    return frozenset(r.name for r in reasons if r.kind is ReasonKind.MEASUREMENT and r.name)
