"""What is told of the trials of abnormal inputs: findings, measurements and the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from modelwarden.assess.abnormal.judging import Judgement, severity
from modelwarden.assess.abnormal.trials import BAD_ROW, Trial
from modelwarden.assess.context import Context
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.brittle_input import Brittle, Outcome, brittle_input
from modelwarden.core import Finding, Location, Measurement, Table, TableKind
from modelwarden.metrics.intervals import Interval, wilson
from modelwarden.metrics.values import measured

STAGE = "abnormal"
FINE = (Outcome.KEPT, Outcome.REFUSED, Outcome.UNSENT)
FINDINGS = 20
"""Of one operator; the table has all."""
_HOW = "Wilson score; rows of one call count as far as they are answered apart"
_COLUMNS = (
    "operator",
    "feature",
    "what is done",
    "outcome",
    "rows",
    "answers hit",
    "share",
    "low",
    "high",
    "share of the data",
    "said",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial and what became of it."""

    trial: Trial
    judgement: Judgement


def found(context: Context, tried: list[Tried]) -> Iterator[Finding]:
    """Yield what breaks, the worst of each operator and column."""
    counts: dict[str, int] = {}
    path = context.model.path or context.model.url
    worst: dict[tuple[str | None, str], Tried] = {}
    for one in tried:
        key = (one.trial.feature, one.trial.operator.name)
        if key not in worst or _rank(one) > _rank(worst[key]):
            worst[key] = one
    for one in worst.values():
        trial, judgement = one.trial, one.judgement
        name = trial.operator.name
        if judgement.outcome in FINE or _told_alone(one, tried):
            continue
        counts[name] = counts.get(name, 0) + 1
        if counts[name] > FINDINGS:
            continue
        seen = Brittle(
            path=path,
            location=Location(
                path=context.model.path, feature=trial.feature, terms={"operator": name}
            ),
            feature=trial.feature,
            operator=name,
            title=trial.operator.title,
            outcome=judgement.outcome,
            hit=judgement.hit,
            n=judgement.n,
            low=judgement.ends.low,
            high=judgement.ends.high,
            seen=None if trial.seen is None else trial.seen.share,
            words=judgement.words,
            example=trial.example,
            severity=severity(trial, judgement),
        )
        for finding in findings(brittle_input, seen, STAGE):
            yield replace(finding, severity=seen.severity)


def _told_alone(one: Tried, tried: list[Tried]) -> bool:
    """Tell whether a batch breaks by one abnormal row just as that row breaks alone."""
    return one.trial.operator is BAD_ROW and any(
        other.trial.operator is not BAD_ROW
        and (other.judgement.outcome, other.judgement.words)
        == (one.judgement.outcome, one.judgement.words)
        for other in tried
    )


def _rank(one: Tried) -> tuple[int, int]:
    return list(Outcome).index(one.judgement.outcome), one.judgement.hit


def _survived(one: Tried) -> int:
    judgement = one.judgement
    if judgement.outcome is Outcome.REFUSED:
        return judgement.n
    if judgement.outcome is Outcome.KEPT:
        return judgement.n
    return judgement.n - judgement.hit


def measurements(context: Context, tried: list[Tried]) -> Iterator[Measurement]:
    """Yield the share of abnormal rows that are survived: of all, and of each operator."""
    tried = [one for one in tried if one.judgement.outcome is not Outcome.UNSENT]
    names = list(dict.fromkeys(one.trial.operator.name for one in tried))
    for name in (None, *names):
        these = [one for one in tried if name in (None, one.trial.operator.name)]
        n, right = sum(o.judgement.n for o in these), sum(map(_survived, these))
        if n:
            yield measured(
                "abnormal_inputs_survived",
                right / n,
                _ends(these),
                n,
                group=None if name is None else {"operator": name},
                conditions={**context.conditions, "trials": len(these), "interval": _HOW},
            )


def _ends(tried: list[Tried]) -> Interval:
    """Return the interval of the share that survives; rows of one call often fail together.

    Of several trials, Wilson's with as many rows as would scatter as the trials do, and no more
    than there are; where all end alike, as many as there are trials.

    Source: Kish 1965, "Survey sampling", on the design effect.
    """
    sizes = np.array([one.judgement.n for one in tried], np.float64)
    right = np.array([_survived(one) for one in tried], np.float64)
    n, trials = float(sizes.sum()), len(tried)
    share = float(right.sum() / n)
    if trials == 1:
        return wilson(int(right[0]), int(n))
    off = (right - share * sizes) ** 2
    scatter = float(off.sum()) / n**2 * trials / (trials - 1)
    alike = share * (1 - share) / scatter if scatter else float(trials)
    rows = round(min(n, max(alike, 2.0)))
    return wilson(round(share * rows), rows).around(share)


def table(tried: list[Tried]) -> Table:
    """Return what became of each trial, what broke first."""
    rows = []
    for one in sorted(tried, key=lambda o: o.judgement.outcome in FINE):
        trial, judged = one.trial, one.judgement
        rows.append(
            (
                trial.operator.name,
                trial.feature,
                trial.operator.title,
                judged.outcome.value,
                judged.n,
                judged.hit,
                judged.hit / judged.n if judged.n else None,
                judged.ends.low,
                judged.ends.high,
                None if trial.seen is None else trial.seen.share,
                judged.words or None,
            )
        )
    return Table(
        name="abnormal",
        title="What became of abnormal inputs",
        stage=STAGE,
        kind=TableKind.PLAIN,
        meaning="Each line is one kind of abnormal input, put into real rows. Answered and refused "
        "are good ends; answers hit are those that broke, or differ from that to the row as it is.",
        columns=_COLUMNS,
        rows=tuple(rows),
    )
