"""Many reports, sorted into models with their history; plain values that a page shows."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Sequence

from modelwarden.core import Measurement, Outcome, Report, Severity, Waiver, encode
from modelwarden.core.values import dataclass

_SOON = 30  # days before its end in which a waiver is about to expire
# Measures that a model is known by, the first ones that it has; all others stand in its report.
KEY_MEASURES = (
    "accuracy",
    "balanced_accuracy",
    "roc_auc",
    "f1_macro",
    "rmse",
    "r2",
    "expected_calibration_error",
    "robust_accuracy",
    "demographic_parity_difference",
    "equalized_odds_difference",
    "membership_tpr_at_1pct_fpr",
)


@dataclass(frozen=True, slots=True)
class Model:
    """One subject with its reports, the newest first."""

    kind: str
    name: str
    reports: tuple[Report, ...]

    @property
    def newest(self) -> Report:
        """What counts now."""
        return self.reports[0]

    @property
    def outcome(self) -> str:
        """The newest verdict; `not judged` where there is none."""
        verdict = self.newest.verdict
        return verdict.outcome if verdict else "not judged"

    @property
    def open_findings(self) -> dict[Severity, int]:
        """How many findings that no waiver covers, by severity, worst first."""
        counts = Counter(f.severity for f in self.newest.findings if not f.waived)
        return {severity: counts[severity] for severity in Severity}

    @property
    def change(self) -> str:
        """What its verdict did since the report before; empty where there is none before."""
        before = self.reports[1].verdict if len(self.reports) > 1 else None
        if before is None or before.outcome == self.outcome:
            return ""
        return f"was {before.outcome}"

    def measure(self, name: str) -> Measurement | None:
        """Return the newest measurement of this name over all cases, the worst if several."""
        found = [m for m in self.newest.measurements if m.name == name and m.group is None]
        key = (lambda m: m.pessimistic) if found and found[0].higher_is_better else _lowest
        return min(found, key=key, default=None)

    @property
    def key_measures(self) -> list[Measurement]:
        """The measures that it is known by, at most four."""
        found = [self.measure(name) for name in KEY_MEASURES]
        return [m for m in found if m is not None][:4]


def _lowest(m: Measurement) -> float:
    return -m.pessimistic


@dataclass(frozen=True, slots=True)
class Course:
    """One measure of one model over time.

    Attributes:
        points: when, and what was measured; only those whose conditions compare with the newest.
        left_out: how many of the name were measured under other conditions.
    """

    model: str
    name: str
    points: tuple[tuple[str, Measurement], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Ending:
    """A waiver with how it stands: `expired`, `soon` (within 30 days) or `running`."""

    model: str
    waiver: Waiver
    state: str
    days: int

    @property
    def aim(self) -> str:
        """What it covers."""
        w = self.waiver
        return w.fingerprint or f"{w.rule} in {w.path}"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All models, by name; `reports` counts the files that were read, without exact repeats."""

    models: tuple[Model, ...]
    reports: int
    today: dt.date

    @property
    def outcomes(self) -> dict[str, int]:
        """How many models stand at each verdict."""
        counts = Counter(model.outcome for model in self.models)
        return {
            o: counts[o] for o in (Outcome.FAIL, Outcome.INCOMPLETE, "not judged", Outcome.PASS)
        }

    @property
    def severities(self) -> dict[Severity, int]:
        """Open findings of all models, by severity."""
        return {s: sum(m.open_findings[s] for m in self.models) for s in Severity}

    @property
    def rules(self) -> list[tuple[str, Severity, int, int]]:
        """Rules with open findings: id, worst severity, findings, models; the worst first."""
        worst: dict[str, Severity] = {}
        count: Counter[str] = Counter()
        where: dict[str, set[str]] = {}
        for model in self.models:
            for f in model.newest.findings:
                if f.waived or f.severity is Severity.INFO:
                    continue
                worst[f.rule] = min(worst.get(f.rule, f.severity), f.severity, key=lambda s: s.rank)
                count[f.rule] += 1
                where.setdefault(f.rule, set()).add(f"{model.kind} {model.name}")
        rows = [(rule, worst[rule], count[rule], len(where[rule])) for rule in worst]
        return sorted(rows, key=lambda row: (row[1].rank, -row[3], -row[2], row[0]))

    @property
    def gaps(self) -> list[tuple[str, int, int]]:
        """Kinds of gaps: kind, places, models; the widest first."""
        places = Counter(g.kind.value for m in self.models for g in m.newest.gaps)
        models = Counter(k for m in self.models for k in {g.kind.value for g in m.newest.gaps})
        return sorted(((k, n, models[k]) for k, n in places.items()), key=lambda r: (-r[2], r[0]))

    @property
    def software(self) -> list[tuple[str, str, int]]:
        """Packages that models name: name, versions, models; the most used first."""
        versions: dict[str, set[str]] = {}
        models: dict[str, set[str]] = {}
        for model in self.models:
            for item in model.newest.inventory:
                if item.kind == "import":
                    continue
                versions.setdefault(item.name, set()).update([item.version] if item.version else [])
                models.setdefault(item.name, set()).add(f"{model.kind} {model.name}")
        rows = [(n, ", ".join(sorted(versions[n])[:8]), len(models[n])) for n in versions]
        return sorted(rows, key=lambda row: (-row[2], row[0]))

    @property
    def endings(self) -> list[Ending]:
        """Waivers of the newest reports, those that end first in front."""
        found = {
            (model.name, waiver): Ending(model.name, waiver, *self._state(waiver))
            for model in self.models
            for waiver in model.newest.waivers
        }
        return sorted(found.values(), key=lambda e: (e.days, e.model, e.aim))

    def _state(self, waiver: Waiver) -> tuple[str, int]:
        days = (waiver.expires - self.today).days
        return ("expired" if days < 0 else "soon" if days <= _SOON else "running"), days

    @property
    def courses(self) -> list[Course]:
        """Key measures over time, of models with more than one report."""
        many = [model for model in self.models if len(model.reports) > 1]
        courses = (_course(m, newest) for m in many for newest in m.key_measures)
        return [course for course in courses if len(course.points) > 1 or course.left_out]


def collect(reports: Iterable[Report], today: dt.date) -> Portfolio:
    """Sort reports into models; the same report given twice counts once.

    Args:
        reports: in any order; those of one subject's kind and name are of one model.
        today: the day on which waivers are judged.
    """
    seen: dict[str, Report] = {}
    for report in reports:
        seen.setdefault(json.dumps(encode(report), sort_keys=True), report)
    models: dict[tuple[str, str], list[tuple[str, Report]]] = {}
    for text, report in seen.items():
        key = (_family(report.subject.kind), report.subject.name)
        models.setdefault(key, []).append((text, report))
    return Portfolio(
        tuple(
            Model(kind, name, tuple(r for _, r in sorted(group, key=_age, reverse=True)))
            for (kind, name), group in sorted(models.items(), key=lambda item: item[0][::-1])
        ),
        len(seen),
        today,
    )


def _family(kind: str) -> str:
    """Return what tells subjects of one name apart: scans of files, checks of models."""
    return "files" if kind in ("artifact", "folder") else kind


def _age(entry: tuple[str, Report]) -> tuple[str, str]:
    # Reports of one second are told apart by their content, so that any order gives one page.
    return entry[1].run.started, entry[0]


def _course(model: Model, newest: Measurement) -> Course:
    points: list[tuple[str, Measurement]] = []
    left_out = 0
    for report in reversed(model.reports):
        for one in report.measurements:
            if one.name != newest.name or one.group is not None or one.stage != newest.stage:
                continue
            if comparable(one, newest):
                points.append((report.run.started, one))
            else:
                left_out += 1
    return Course(model.name, newest.name, tuple(points), left_out)


def comparable(one: Measurement, other: Measurement) -> bool:
    """Tell whether two measurements were taken under the same conditions, chance apart."""
    return (one.unit, one.level) == (other.unit, other.level) and _conditions(one) == _conditions(
        other
    )


def _conditions(one: Measurement) -> str:
    kept = {key: value for key, value in one.conditions.items() if key not in _CHANCE}
    return json.dumps(encode(kept), sort_keys=True)


_CHANCE: Sequence[str] = ("seed", "draws")
