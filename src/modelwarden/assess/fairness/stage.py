"""The stage `fairness`: groups of people, alone and crossed, and the words for them in texts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from modelwarden.assess import calibration
from modelwarden.assess.context import Context
from modelwarden.assess.fairness import terms
from modelwarden.assess.fairness.changed import Proxy, changed, proxies
from modelwarden.assess.fairness.compare import Compared, Gap, compare, group_of
from modelwarden.assess.fairness.explained import borne_out
from modelwarden.assess.fairness.grouping import LEAST_ROWS, Grouping, crossed, grouping_of
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.group_gap import GroupGap, group_gap
from modelwarden.assess.rules.miscalibrated import miscalibrated
from modelwarden.assess.slicing import column_of
from modelwarden.assess.stage import StageResult
from modelwarden.assess.truth import Judged, NothingToJudgeError
from modelwarden.core import (
    Finding,
    GapKind,
    Json,
    Location,
    Measurement,
    Severity,
    Table,
    TableKind,
)
from modelwarden.core import Gap as ReportGap
from modelwarden.metrics.groups import LEAST_ROWS as LEAST_CASES
from modelwarden.metrics.multiple import benjamini_hochberg

NAME = "fairness"
_MOST_CROSSED = 12
_SHOWN = 30
_MANY_CHANGE = 0.25  # of the answers with the attribute alone, that is no small matter
_WIDE = 2.0  # margins that an interval may leave open


def run(context: Context) -> StageResult:
    """Compare groups of people, and ask a text classifier about them.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
        NothingToJudgeError: no row has a label.
        InputError: a protected column is not in the data.
    """
    result = StageResult(done=False)
    if context.data.protected:
        result = _groups(context)
    if terms.fits(context):
        told = terms.probe(context)
        result = replace(told, done=True) + replace(result, done=True)
    if not result.done:
        why = "no column is named as protected in [data], so groups of people are not compared"
        result = replace(result, notes=(why,))
    return result


def _groups(context: Context) -> StageResult:
    """Compare the groups of every protected column, and of columns crossed."""
    protected = context.data.protected
    singles = [grouping_of(name, column_of(context.test, name)) for name in protected]
    try:
        seen = context.judged()
    except NothingToJudgeError:
        why = "no row has a label: whether groups are treated alike cannot be told"
        return StageResult(gaps=tuple(_gap(name, why) for name in protected), done=False)
    own = [compare(context, seen, g.take(seen.rows)) for g in singles]
    both = [compare(context, seen, g.take(seen.rows)) for g in _crossings(singles)]
    tested = [gap for one in (*own, *both) for gap in one.gaps]
    p_values = benjamini_hochberg([gap.apart.p_value for gap in tested]).tolist()
    views = [_view(context, gap, p) for gap, p in zip(tested, p_values, strict=True)]
    asked = [(m, g) for g in singles if (m := changed(context, g)) is not None]
    told = [p for g in singles for p in proxies(context, g, protected)]
    return StageResult(
        findings=(
            *(f for view in _merged(_most_general(views)) for f in _told(view)),
            *(f for m, g in asked for f in _counterfactual(context, m, seen, g)),
            *_calibration(context, seen, singles),
        ),
        measurements=(
            *(m for one in own for m in _measurements(context, one, crossed=False)),
            *(m for one in both for m in _measurements(context, one, crossed=True)),
            *(m for m, _ in asked),
            *(proxy.auc for proxy in told),
        ),
        gaps=tuple(g for one, whole in zip(own, singles, strict=True) for g in _gaps(one, whole)),
        tables=(*(t for one in (*own, *both) for t in _tables(one)), *_proxy_table(told)),
        notes=tuple(_notes(both)),
    )


def _crossings(singles: Sequence[Grouping]) -> Iterator[Grouping]:
    """Yield pairs of columns, and all three where there are three."""
    some = [g for g in singles if len(g.names) > 1]
    for pair in list(combinations(some, 2))[:_MOST_CROSSED]:
        yield crossed(pair)
    if len(some) == 3:
        yield crossed(some)


def _view(context: Context, gap: Gap, p: float) -> GroupGap:
    worse, better = gap.worse
    names = gap.grouping.names
    known = worse >= 0 and better >= 0
    _, low, high = _ends(gap.measurement)
    return GroupGap(
        path=context.model.path,
        location=Location(
            path=context.model.path,
            terms={
                "protected": list(gap.grouping.protected),
                "group": names[worse] if known else None,
                "metric": gap.metric,
            },
        ),
        protected=gap.grouping.protected,
        metric=gap.metric,
        group=names[worse] if known else "",
        other=names[better] if known else "",
        here=gap.values[worse] if known else math.nan,
        there=gap.values[better] if known else math.nan,
        gap=gap.apart.value,
        low=low,
        high=high,
        shrunken=gap.apart.shrunken if known else 0.0,
        adjusted=p if known else 1.0,
        margin=gap.margin,
        n=gap.measurement.n,
        share=gap.share,
        rate=gap.rate,
        in_labels=gap.in_labels,
        answer=gap.answer,
        explained=gap.explained,
        labels=(gap.cases[worse], gap.cases[better]) if known and gap.cases else None,
    )


def _ends(m: Measurement) -> tuple[float, float, float]:
    """Return a gap with its interval as the table of measurements tells them."""
    return m.value, 0.0 if m.low is None else m.low, math.inf if m.high is None else m.high


def _most_general(views: Sequence[GroupGap]) -> list[GroupGap]:
    """Leave out crossed groups whose gap one of their columns alone shows nearly as large."""
    kept: list[GroupGap] = []
    for view in sorted((v for v in views if v.apart), key=lambda v: len(v.protected)):
        parts = [
            k
            for k in kept
            if (k.metric, k.answer) == (view.metric, view.answer)
            and set(k.protected) < set(view.protected)
        ]
        if all(view.low > k.gap + view.margin / 2 for k in parts):
            kept.append(view)
    return kept


def _merged(views: Sequence[GroupGap]) -> Iterator[GroupGap]:
    """Yield one view of each set of columns: the gap that is most margins wide, with the others.

    What the labels explain does not lead where something else can; equalized odds is one of two
    other gaps and leads only where neither stands by itself.
    """
    by_columns: dict[tuple[str, ...], list[GroupGap]] = {}
    for view in views:
        by_columns.setdefault(view.protected, []).append(view)
    for some in by_columns.values():
        first, *rest = sorted(
            some,
            key=lambda v: (
                v.explained,
                v.metric == "equalized_odds_difference",
                -v.shrunken / v.margin,
            ),
        )
        metrics: list[Json] = [*dict.fromkeys(v.metric for v in (first, *rest))]
        terms = {**first.location.terms, "metrics": metrics}
        yield replace(first, also=tuple(rest), location=replace(first.location, terms=terms))


def _told(view: GroupGap) -> Iterator[Finding]:
    """Yield the finding; what the labels explain is milder, mildest where no group is left out."""
    for finding in findings(group_gap, view, NAME):
        if not view.all_explained:
            yield finding
            continue
        unlike = any(gap.lopsided for gap in (view, *view.also))
        yield replace(finding, severity=Severity.MEDIUM if unlike else Severity.INFO)


def _counterfactual(
    context: Context, m: Measurement, seen: Judged, grouping: Grouping
) -> Iterator[Finding]:
    """Yield the finding; what the labels of the groups bear out is milder."""
    low = m.low or 0.0
    margin = context.assess.fairness.change_margin
    protected = grouping.protected
    explained = borne_out(seen, grouping.code[seen.rows], len(grouping.names), context)
    view = GroupGap(
        path=context.model.path,
        location=Location(
            path=context.model.path,
            terms={"protected": list(protected), "group": None, "metric": m.name},
        ),
        protected=protected,
        metric=m.name,
        group="",
        other="",
        here=m.value,
        there=0.0,
        gap=m.value,
        low=low,
        high=1.0 if m.high is None else m.high,
        shrunken=m.value,
        adjusted=0.0 if low >= margin / 2 else 1.0,
        margin=margin,
        n=m.n,
        explained=explained,
    )
    for finding in findings(group_gap, view, NAME):
        if explained:
            # All numbers that a regression says move when it takes the attribute in at all.
            many = low >= _MANY_CHANGE and seen.truth is None
            severity = Severity.MEDIUM if many else Severity.INFO
            finding = replace(finding, severity=severity)
        yield finding


def _calibration(context: Context, seen: Judged, singles: Sequence[Grouping]) -> Iterator[Finding]:
    """Yield groups whose stated probabilities do not come true, where those of all do."""
    whole = calibration.view_of(context, seen, None, NAME)
    if whole is None:
        return
    views = []
    for grouping in singles:
        code = grouping.code[seen.rows]
        for at in range(len(grouping.names)):
            some = seen.take(np.flatnonzero(code == at))
            if some.one_class or not some.n:
                continue
            group: dict[str, Json] = group_of(grouping, at)
            view = calibration.view_of(context, some, group, NAME)
            if view is not None:
                views.append(view)
    together = benjamini_hochberg([v.p_value for v in views]).tolist()
    for view, p in zip(views, together, strict=True):
        if view.beyond_chance >= whole.beyond_chance + view.margin / 2:
            yield from findings(miscalibrated, replace(view, p_value=p), NAME)


def _measurements(context: Context, one: Compared, *, crossed: bool) -> Iterator[Measurement]:
    """Yield the gaps and the rates behind them.

    Gaps of a single column have no group, so that a line of a policy judges each of them.
    """
    names: list[Json] = list(one.grouping.protected)
    group: Json = {"protected": names} if crossed else None
    for gap in one.gaps:
        if math.isnan(gap.measurement.value) and (crossed or len(one.grouping.names) > 1):
            continue
        shrunken = gap.apart.shrunken
        conditions: dict[str, Json] = {
            **context.conditions,
            **gap.measurement.conditions,
            "protected": names,
            "shrunken": None if math.isnan(shrunken) else shrunken,
        }
        if not math.isnan(gap.measurement.value):
            yield replace(gap.measurement, group=group, conditions=conditions)
    if not crossed:
        yield from one.each


def _gaps(one: Compared, whole: Grouping) -> Iterator[ReportGap]:
    """Yield what cannot be told of one column: too few groups, too small ones, wide intervals."""
    name = whole.protected[0]
    if len(one.grouping.names) < 2:
        many = len(whole.small)
        small = [f"{many:,} groups are too small" if many > 1 else "a group is too small"]
        other = "other " if many else ""
        only = [f"all {other}rows are of {group!r}" for group in one.grouping.names]
        told = " and ".join((small if many else []) + only) or "no row has a value"
        yield _gap(name, f"{told}: there is nothing to compare, which is not fairness")
        return
    thin = {g for gap in one.gaps for g in gap.thin}
    small = [*whole.small, *sorted(thin - set(whole.small))]
    if small:
        shown = ", ".join(small[:8]) + (f" and {len(small) - 8} more" if len(small) > 8 else "")
        least = f"a group needs {LEAST_ROWS} rows, and a rate {LEAST_CASES} cases to rest on"
        told = f"not estimable, which is not the same as fair: too few rows of {shown} ({least})"
        yield _gap(name, told)
    wide = []
    for gap in one.gaps:
        value, low, high = _ends(gap.measurement)
        if not math.isfinite(gap.margin) or math.isnan(value):
            continue
        if low < gap.margin and high > _WIDE * gap.margin and gap.apart.p_value > 0.01:
            what = gap.metric if gap.answer is None else f"{gap.metric} of {gap.answer}"
            wide.append(f"{what} {value:.3g} ({low:.3g} to {high:.3g})")
    if wide:
        why = (
            "the intervals are too wide to tell whether groups are treated alike, more rows are "
            f"needed: {'; '.join(wide[:8])}"
        )
        yield _gap(name, why)


def _gap(name: str, why: str) -> ReportGap:
    return ReportGap(what=name, why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME)


def _tables(one: Compared) -> Iterator[Table]:
    """Yield the rates of the groups with their intervals."""
    by_name: dict[str, list[tuple[Json, ...]]] = {}
    for m in one.each:
        group = m.group
        label = list(group.values())[-1] if isinstance(group, dict) else str(group)
        if m.n:
            value = None if math.isnan(m.value) else m.value
            by_name.setdefault(m.name, []).append((label, value, m.low, m.high, m.n))
    title = " and ".join(one.grouping.protected)
    for name, rows in by_name.items():
        if len(rows) > 1:
            yield Table(
                name="groups",
                title=f"{name} by {title}",
                stage=NAME,
                kind=TableKind.INTERVALS,
                meaning="Each group with its own 95 % interval. Whether groups differ is told by"
                " the gap, not by whether two of these overlap.",
                columns=("label", "value", "low", "high", "n"),
                rows=tuple(sorted(rows, key=lambda r: -int(str(r[4])))[:_SHOWN]),
            )


def _proxy_table(told: Sequence[Proxy]) -> Iterator[Table]:
    if told:
        yield Table(
            name="proxies",
            title="How well the other columns tell a protected attribute",
            stage=NAME,
            kind=TableKind.INTERVALS,
            meaning="ROC AUC of a small learner that is given the other columns. At 0.5 they tell"
            " nothing; near 1 leaving the attribute out changes little, because they stand for it.",
            columns=("label", "value", "low", "high", "n", "told by"),
            rows=tuple(
                (
                    f"{p.protected}: {p.value}",
                    p.auc.value,
                    p.auc.low,
                    p.auc.high,
                    p.auc.n,
                    ", ".join(f"{name} {gain:.0%}" for name, gain in p.columns),
                )
                for p in told
            ),
        )


def _notes(both: Sequence[Compared]) -> Iterator[str]:
    for one in both:
        small = one.grouping.small
        if small:
            yield (
                f"{' and '.join(one.grouping.protected)}: {len(small)} crossed groups have too few "
                "rows to be compared, which does not make them fair"
            )
