"""The lines of a policy, each of them a policy of its own, so that each can be a test.

The reasons of all lines together are the reasons of the verdict: what no line accounts for falls
to the last one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum

from modelwarden.core import (
    Gap,
    Measurement,
    Policy,
    Reason,
    ReasonKind,
    Report,
    Threshold,
)
from modelwarden.core.values import dataclass
from modelwarden.gate import stages
from modelwarden.gate.check import SCANNED
from modelwarden.policy import judge
from modelwarden.policy.judge import allowed
from modelwarden.policy.load import STAGES
from modelwarden.policy.thresholds import apply
from modelwarden.report.escape import value_text

REST = "no other gaps"
_FAILING = {ReasonKind.FINDING, ReasonKind.MEASUREMENT, ReasonKind.WAIVER}


class LineKind(Enum):
    """What a line is about."""

    STAGE = "stage"
    FINDINGS = "findings"
    WAIVERS = "waivers"
    MEASURE = "measure"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a policy.

    Attributes:
        name: as a test shows it.
        policy: all that the line asks.
        stage: that a line of kind `STAGE` is about.
    """

    name: str
    kind: LineKind
    policy: Policy
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a report says to one line.

    Attributes:
        fails: reasons against it.
        open: reasons for which it is not settled: a gap, a bound within the interval, something
            that was not measured.
        idle: why there was nothing to do; None where something was done.
        accepted: gaps that the policy allows.
    """

    fails: tuple[Reason, ...] = ()
    open: tuple[Reason, ...] = ()
    idle: str | None = None
    accepted: tuple[Gap, ...] = ()


def lines_of(policy: Policy) -> tuple[Line, ...]:
    """Return the lines of a policy, in the order in which tests run."""
    found = [*_stages(policy), _findings(policy), *_waivers(policy)]
    found += [measure_line(threshold) for threshold in policy.measures]
    found.append(Line(name=REST, kind=LineKind.REST, policy=policy))
    return tuple(_unlike(found))


def measure_line(threshold: Threshold) -> Line:
    """Return the line of one threshold."""
    where = ", ".join(f"{key} = {value_text(value)}" for key, value in threshold.where.items())
    low = None if threshold.min is None else number(threshold.min)
    high = None if threshold.max is None else number(threshold.max)
    name = value_text(threshold.name, 80)
    if low is not None and high is not None:
        name = f"{low} <= {name} <= {high}"
    else:
        name += f" >= {low}" if low is not None else f" <= {high}"
    name += f" ({where})" if where else ""
    return Line(name=name, kind=LineKind.MEASURE, policy=Policy(measures=(threshold,)))


def stage_line(stage: str, policy: Policy, *, required: bool) -> Line:
    """Return the line of one stage: run to the end where it is required, no gap in any case."""
    one = Policy(
        require=(stage,) if required else (),
        allow_gaps=policy.allow_gaps,
        advisories_max_age=policy.advisories_max_age if stage == "dependencies" else None,
    )
    return Line(name=stage, kind=LineKind.STAGE, policy=one, stage=stage)


def said(line: Line, report: Report, policy: Policy, today: dt.date) -> Said:
    """Return what `report` says to a line of `policy`, as it is judged on `today`."""
    match line.kind:
        case LineKind.STAGE:
            return _of_stage(line, report, today)
        case LineKind.MEASURE:
            measured = apply(line.policy.measures, report.measurements)
            fails = tuple(r for r in measured.fails if r not in measured.unsettled)
            return Said(fails=fails, open=(*measured.unsettled, *measured.lacks))
        case LineKind.REST:
            left = _left(report, policy, today)
            return Said(
                fails=tuple(r for r in left if r.kind in _FAILING),
                open=tuple(r for r in left if r.kind not in _FAILING),
            )
        case _:
            kind = ReasonKind.FINDING if line.kind is LineKind.FINDINGS else ReasonKind.WAIVER
            reasons = _judged(replace(report, gaps=()), line.policy, today)
            return Said(fails=tuple(r for r in reasons if r.kind is kind))


def about(line: Line, report: Report) -> tuple[Measurement, ...]:
    """Return the measurements that a test of the line shows: those that it judges, or its stage's.

    Of a stage those of no group, for classes and slices are many.
    """
    if line.kind is LineKind.STAGE:
        whole = [m for m in report.measurements if m.stage == line.stage and m.group is None]
        return tuple(whole)
    names = {threshold.name for threshold in line.policy.measures}
    if line.kind is not LineKind.MEASURE:
        return ()
    grouped = any(threshold.where for threshold in line.policy.measures)
    found = [m for m in report.measurements if m.name in names]
    return tuple(m for m in found if grouped or m.group is None)


def number(value: float) -> str:
    """Return a bound as people write it.

    >>> [number(v) for v in (0.8, 0.955, 12.0, 0.001)]
    ['0.80', '0.955', '12', '0.001']
    """
    if float(value).is_integer() and abs(value) > 1:
        return f"{value:g}" if abs(value) >= 1e6 else str(int(value))
    return f"{value:.2f}" if round(value, 2) == value else f"{value:g}"


def _of_stage(line: Line, report: Report, today: dt.date) -> Said:
    gaps = tuple(gap for gap in report.gaps if gap.stage == line.stage)
    own = replace(report, findings=(), measurements=(), gaps=gaps)
    reasons = _judged(own, line.policy, today)
    paths = {one.path for one in report.coverage}
    accepted = tuple(gap for gap in gaps if allowed(gap, line.policy, paths))
    idle = None
    if not reasons and line.stage not in report.stages:
        idle = "there was nothing to do"
        if accepted:
            idle = f"the policy accepts that it did not run: {accepted[0].what}: {accepted[0].why}"
    return Said(open=reasons, idle=idle, accepted=accepted)


def _left(report: Report, policy: Policy, today: dt.date) -> tuple[Reason, ...]:
    """Return the reasons of the verdict that no other line gives."""
    left = Counter(_judged(report, policy, today))
    for line in lines_of(policy):
        if line.kind is not LineKind.REST:
            spoken = said(line, report, policy, today)
            left -= Counter((*spoken.fails, *spoken.open))
    return tuple(left.elements())


def _judged(report: Report, policy: Policy, today: dt.date) -> tuple[Reason, ...]:
    verdict = judge(report, policy, today).verdict
    return () if verdict is None else verdict.reasons


def _stages(policy: Policy) -> Iterator[Line]:
    built = {*SCANNED, *(stage.name for stage in stages.built())}
    for name in STAGES:
        if name in built or name in policy.require:
            yield stage_line(name, policy, required=name in policy.require)


def _findings(policy: Policy) -> Line:
    one = Policy(fail_on=policy.fail_on, waivers=policy.waivers)
    return Line(name=f"no findings at {policy.fail_on}", kind=LineKind.FINDINGS, policy=one)


def _waivers(policy: Policy) -> Iterator[Line]:
    if policy.waivers:
        one = Policy(waivers=policy.waivers)
        yield Line(name="no expired waivers", kind=LineKind.WAIVERS, policy=one)


def _unlike(lines: Sequence[Line]) -> Iterator[Line]:
    """Give lines of one name a number, and none the mark with which pytest parts names."""
    met: Counter[str] = Counter()
    for line in lines:
        name = plain(line.name)
        met[name] += 1
        again = f" ({met[name]})" if met[name] > 1 else ""
        yield replace(line, name=name + again)


def plain(name: str) -> str:
    """Return a name that may be part of a test's: `::` parts them, `[` opens parameters."""
    return name.replace("::", ":").replace("[", "(").replace("]", ")")
