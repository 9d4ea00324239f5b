"""This report beside an earlier one: new and gone findings, measurements that moved.

Measurements compare only when they were taken under the same conditions: the same data by digest,
the same settings and seed. Times and memory say more about the machine and are left out. An
earlier interval that is missing, or too wide for these rows, cannot tell a loss from chance: it
leaves a gap, for whoever writes a baseline must not be able to make every change unclear.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.worse_than_baseline import Changed, worse_than_baseline
from modelwarden.core import (
    Change,
    Comparison,
    Finding,
    Gap,
    GapKind,
    InputError,
    Json,
    Location,
    Measurement,
    Report,
    encode,
)
from modelwarden.core.decode import report_from_json
from modelwarden.gate.walk import printable
from modelwarden.standards import describe

CHANGE = "_change"
"""What the name of a measurement ends in that was taken sample by sample beside the earlier run."""
_LARGEST = 256 << 20
# What a run found, not what it was run with.
_RESULTS = frozenset(
    "beyond_chance calls expected_by_coincidence not_estimable p_value positives reference"
    " looks only_before only_now repeatable trivial trivial_from".split()
)
_LEFT_OUT = frozenset({"cost"})
_STAGE = "performance"  # of a gap where the measurement names none
_NAMED = 50
_OTHER = "the earlier report does not have it"
_WIDER = 10.0
"""Times this run's interval, or one over the root of n where that is more: two intervals of the
same measure on the same rows that overlap are about as wide as one another."""


def load(path: Path) -> tuple[Report, str]:
    """Return an earlier report and the digest of its file.

    Raises:
        InputError: it cannot be read, is no report, or not one of a check.
    """
    shown = printable(str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read the baseline {shown}: {reason}", hint=_HINT) from error
    if len(data) > _LARGEST:
        raise InputError(f"{shown}: larger than {_LARGEST} bytes", hint=_HINT)
    try:
        report = report_from_json(data)
    except InputError as error:
        raise InputError(f"{shown}: {error.message}", hint=_HINT) from error
    if report.run.command != "check":
        told = printable(report.run.command)
        raise InputError(f"{shown} is a report of `{told}`, not of `check`", hint=_HINT)
    return report, f"sha256:{hashlib.sha256(data).hexdigest()}"


_HINT = "Give the report.json of an earlier `modelwarden check`."


def compared(
    report: Report,
    earlier: Report,
    digest: str,
    closer: Callable[[Report], Report] = lambda report: report,
) -> Report:
    """Return the report with its comparison, and a finding for each measurement that got worse.

    `closer` may judge a change by more than the two intervals.
    """
    before = {f.fingerprint for f in earlier.findings}
    now = {f.fingerprint for f in report.findings}
    changes = list(_changes(report, earlier))
    comparison = Comparison(
        name=earlier.subject.name,
        digest=digest,
        new=tuple(f.fingerprint for f in report.findings if f.fingerprint not in before),
        gone=tuple(f.fingerprint for f in earlier.findings if f.fingerprint not in now),
        changes=tuple(changes),
        not_compared=tuple(_apart(report, earlier)),
    )
    report = closer(replace(report, comparison=comparison))
    comparison = report.comparison or comparison
    found = tuple(_worse(report, list(comparison.changes)))
    return replace(
        report,
        findings=report.findings + found,
        gaps=(*report.gaps, *_nothing(report, comparison), *_untold(report, earlier)),
        rules=(*report.rules, describe(worse_than_baseline)),
        run=replace(report.run, notes=(*report.run.notes, *_told(report, comparison))),
    )


def _nothing(report: Report, comparison: Comparison) -> Iterator[Gap]:
    """Yield a gap where a comparison was asked for and not one measurement could be compared."""
    stages = [m.stage for m in report.measurements if m.stage not in _LEFT_OUT]
    if not stages or comparison.changes:
        return
    yield Gap(
        what="baseline",
        why=(
            f"nothing measured here compares with the earlier report of {comparison.name}: "
            + "; ".join(comparison.not_compared)
        ),
        kind=GapKind.NOT_ASSESSABLE,
        stage=stages[0],
    )


def _untold(report: Report, earlier: Report) -> Iterator[Gap]:
    """Yield a gap for each stage of which the earlier report says too little of a measurement."""
    named: dict[str, dict[str, list[str]]] = {}
    for now, before in _pairs(report, earlier):
        why = None if before is None else _unusable(now, before)
        if why is not None:
            named.setdefault(now.stage or _STAGE, {}).setdefault(why, []).append(now.name)
    for stage, reasons in named.items():
        told = "; ".join(f"{_some(names)}: {why}" for why, names in reasons.items())
        why = f"not compared with the earlier report of {earlier.subject.name}: {told}"
        yield Gap(what="baseline", why=why, kind=GapKind.NOT_ASSESSABLE, stage=stage)


def same_settings(now: Measurement, before: Measurement) -> bool:
    """Tell whether two measurements were taken under the same conditions."""
    return _settings(now) == _settings(before)


def _key(measurement: Measurement) -> str:
    named = [measurement.stage, measurement.name, encode(measurement.group)]
    return json.dumps(named, sort_keys=True)


def _settings(measurement: Measurement) -> Mapping[str, Json]:
    whole = encode(measurement.conditions)
    known = whole if isinstance(whole, Mapping) else {}
    return {k: v for k, v in known.items() if k not in _RESULTS}


def _groups(report: Report) -> dict[str, list[Measurement]]:
    groups: dict[str, list[Measurement]] = {}
    for m in report.measurements:
        if m.stage not in _LEFT_OUT:
            groups.setdefault(_key(m), []).append(m)
    return groups


def _pairs(report: Report, earlier: Report) -> Iterator[tuple[Measurement, Measurement | None]]:
    """Yield each measurement with the earlier one under the same conditions."""
    before = _groups(earlier)
    for key, here in _groups(report).items():
        for m in here:
            settings = _settings(m)
            same = [b for b in before.get(key, ()) if _settings(b) == settings]
            yield m, same[0] if same else None


def _changes(report: Report, earlier: Report) -> Iterator[Change]:
    for now, before in _pairs(report, earlier):
        if before is None or math.isnan(now.value) or _unusable(now, before) is not None:
            continue
        yield Change(
            name=now.name,
            group=now.group,
            stage=now.stage,
            before=before.value,
            before_low=before.low,
            before_high=before.high,
            after=now.value,
            after_low=now.low,
            after_high=now.high,
            how=_how(before, now),
        )


def _unusable(now: Measurement, before: Measurement) -> str | None:
    """Say why an earlier measurement tells nothing of this one; None if it does."""
    if math.isnan(now.value):
        return None
    if not math.isfinite(before.value):
        return "the earlier report has no value of it"
    if now.low is None or now.high is None:
        return None  # a number without an interval in either run
    if before.low is None or before.high is None:
        return "the earlier report has no interval of it"
    width = before.high - before.low
    usual = max(now.high - now.low, max(1.0, abs(now.value)) / math.sqrt(max(now.n, 1)))
    wide = not width <= _WIDER * usual and _how(before, now) == "unclear"
    if width < 0 or wide:
        return "the earlier interval is no interval of these rows"
    return None


def _how(before: Measurement, now: Measurement) -> str:
    """Say whether the intervals lie apart, and on which side."""
    below = now.high is not None and before.low is not None and now.high < before.low
    above = now.low is not None and before.high is not None and now.low > before.high
    if below or above:
        return "better" if above == now.higher_is_better else "worse"
    return "unclear"


def _apart(report: Report, earlier: Report) -> Iterator[str]:
    """Say once for each reason which measurements were not compared."""
    before = _groups(earlier)
    reasons: dict[str, list[str]] = {}
    for now, same in _pairs(report, earlier):
        others = before.get(_key(now))
        why: str | None = _OTHER
        if same is not None:
            why = _unusable(now, same)
        elif others:
            why = _difference(now, others[0])
        if why is not None:
            reasons.setdefault(why, []).append(now.name)
    for why, names in reasons.items():
        yield f"{_some(names)}: {why}"


def _some(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _NAMED} more" if len(distinct) > _NAMED else ""
    return f"{', '.join(distinct[:_NAMED])}{more}"


def _difference(now: Measurement, before: Measurement) -> str:
    here, there = _settings(now), _settings(before)
    keys = [k for k in {**here, **there} if here.get(k) != there.get(k)]
    return f"measured under other conditions ({', '.join(sorted(keys)[:5])})"


def _worse(report: Report, changes: list[Change]) -> Iterator[Finding]:
    rows = {(_key(m), m.value): m.n for m in report.measurements}
    pairs = {m.name: m for m in report.measurements if m.name.endswith(CHANGE)}
    for change in changes:
        named = json.dumps([change.stage, change.name, encode(change.group)], sort_keys=True)
        terms = {"metric": change.name}
        if change.group is not None:
            terms["group"] = change.group  # type: ignore[assignment]
        seen = Changed(
            location=Location(terms=terms),
            change=change,
            n=rows.get((named, change.after), 0),
            paired=pairs.get(change.name + CHANGE) if change.group is None else None,
        )
        yield from findings(worse_than_baseline, seen, change.stage)


def _told(report: Report, comparison: Comparison) -> Iterator[str]:
    if comparison.name != report.subject.name:
        yield (
            f"the earlier report is of {comparison.name}, and this one of {report.subject.name}: "
            "what differs tells two models apart, not a change of one"
        )
    worse = sum(c.how == "worse" for c in comparison.changes)
    better = sum(c.how == "better" for c in comparison.changes)
    told = (
        f"beside the earlier report of {comparison.name}: {len(comparison.new)} new findings, "
        f"{len(comparison.gone)} gone, {worse} measurements clearly worse, {better} clearly better"
    )
    if comparison.not_compared:
        told += "; not compared: " + "; ".join(comparison.not_compared)
    yield told
