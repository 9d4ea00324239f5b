"""Classifiers: metrics, the trivial answer, a reference model, each class, each threshold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import special

from modelwarden.assess.alike import ends, recall_design, widened
from modelwarden.assess.calibration import calibration
from modelwarden.assess.context import Context
from modelwarden.assess.measures import of_classes, table_of
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.no_better_than_trivial import Telling, no_better_than_trivial
from modelwarden.assess.rules.weak_class import ClassRecall, weak_class
from modelwarden.assess.rules.worse_than_reference import Compared, worse_than_reference
from modelwarden.assess.rules.worse_than_trivial import AgainstTrivial, worse_than_trivial
from modelwarden.assess.slices.features import features_of
from modelwarden.assess.slices.losses import learned_errors
from modelwarden.assess.stage import StageResult
from modelwarden.assess.truth import Judged, same, sizes_of
from modelwarden.core import (
    Finding,
    Gap,
    GapKind,
    Json,
    Location,
    Measurement,
    Severity,
    Table,
    TableKind,
    seed_for,
)
from modelwarden.detectors.leakage import numbers_rows
from modelwarden.metrics import classification, rates
from modelwarden.metrics.counts import Counts, tables_at
from modelwarden.metrics.intervals import Floats, of_share, paired
from modelwarden.metrics.multiple import benjamini_hochberg
from modelwarden.metrics.ranking import Flags, auc_difference, influences
from modelwarden.metrics.values import Difference, measured
from modelwarden.targets.frames import Labels

STAGE = "performance"
_CONFUSION = 30
_EACH = 100
_TELLING = 0.02
_BEYOND = 3.3  # standard errors, of test rows and of as many that the model learned from
_LEAST_LEARNED, _LEARNED_WORSE = (
    200,
    0.05,
)  # rows for a small learner, and errors beyond the model's
_OFF = 0.2  # of the cases of a class, that its scores may be off in sum


def headline(seen: Judged) -> Measurement:
    """Return the accuracy."""
    right = 0 if seen.y is None else int((seen.y == seen.said).sum())
    value = right / seen.n if seen.n else math.nan
    found = measured("accuracy", value, of_share(right, seen.n), seen.n)
    return widened(seen, [found])[0]


def measure(context: Context, seen: Judged) -> StageResult:
    """Return everything about a classifier's answers."""
    counts = table_of(seen)
    metrics = of_classes(seen, counts, context.seed)
    by_name = {m.name: m for m in metrics if m.group is None}
    result = StageResult(
        measurements=(*metrics, *widened(seen, _per_class(counts))),
        tables=tuple(_tables(seen, counts)),
        gaps=tuple(_not_numbers(context, metrics)),
    )
    result += _trivial(context, seen, by_name)
    result += _compared(context, seen)
    result += StageResult(findings=tuple(_weak(context, seen, counts)))
    return result + calibration(context, seen)


def _per_class(counts: Counts) -> tuple[Measurement, ...]:
    """Return the metrics of each class; of very many the table of classes alone has them."""
    return classification.per_class(counts) if len(counts.classes) <= _EACH else ()


def _where(context: Context, **terms: Json) -> Location:
    return Location(path=context.model.path, terms=terms)


def _not_numbers(context: Context, metrics: tuple[Measurement, ...]) -> Iterator[Gap]:
    """Name what could not be measured, in one gap."""
    names = [m.name for m in metrics if math.isnan(m.value) and m.group is None]
    if names:
        why = f"{', '.join(names)}: the rows do not hold what is needed to measure it"
        what = context.data.test or "test"
        yield Gap(what=what, why=why, kind=GapKind.NOT_ASSESSABLE, stage=STAGE)


def _trivial(context: Context, seen: Judged, known: dict[str, Measurement]) -> StageResult:
    """Hold the answers against always saying the most frequent class."""
    if seen.one_class or seen.y is None or seen.said is None:
        return StageResult()
    most, where = _most_frequent(context, seen)
    ours, theirs = seen.said == seen.y, seen.y == most
    gained, lost = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    better = (gained - lost) / seen.n
    interval = ends(seen, paired(gained, lost, seen.n), better, ours * 1.0 - theirs)
    low, high = interval
    kappa = known["cohen_kappa"].value
    auc = known.get("roc_auc")
    turned = auc is not None and auc.high is not None and auc.high < 0.5
    against = AgainstTrivial(
        path=context.model.path,
        location=_where(context),
        answer=repr(seen.classes[most]),
        measure="accuracy",
        ours=known["accuracy"].value,
        theirs=float(theirs.mean()),
        better=better,
        low=low,
        high=high,
        margin=context.assess.performance.margin,
        n=seen.n,
        agreement=0.0 if math.isnan(kappa) else kappa,
        reversed_auc=1 - auc.value if auc is not None and turned else None,
    )
    conditions = {"trivial": seen.classes[most], "trivial_from": where}
    notes: tuple[str, ...] = ()
    if against.worse and against.makes_up:
        notes = (
            f"accuracy {against.ours:.4g} is below the {against.theirs:.4g} of always saying "
            f"{against.answer}, yet the model finds what that never finds (Cohen's kappa "
            f"{kappa:.2f})",
        )
    return StageResult(
        findings=(
            *findings(worse_than_trivial, against, STAGE),
            *_telling(context, seen, known),
        ),
        measurements=(
            measured("accuracy_over_trivial", better, interval, seen.n, conditions=conditions),
        ),
        notes=notes,
    )


def _most_frequent(context: Context, seen: Judged) -> tuple[int, str]:
    """Return the most frequent class: of the training set where there is one, else of the test."""
    if seen.y is None:
        raise TypeError("a regression has no classes")
    train = context.train
    if train is not None and train.y is not None:
        known = sizes_of(train.y)
        sizes = [known.get(same(name), 0) for name in seen.classes]
        if any(sizes):
            return int(np.argmax(sizes)), "train"
    return int(np.bincount(seen.y, minlength=len(seen.classes)).argmax()), "test"


def _telling(context: Context, seen: Judged, known: dict[str, Measurement]) -> Iterator[Finding]:
    """Tell whether the answers say anything at all."""
    if seen.y is None or seen.said is None:
        return
    present = len(np.unique(seen.y))
    said = np.unique(seen.said)
    balanced = known["balanced_accuracy"]
    if present < 2 or balanced.low is None or balanced.high is None:
        return
    constant = repr(seen.classes[int(said[0])]) if len(said) == 1 and seen.n >= 30 else None
    telling = Telling(
        path=context.model.path,
        location=_where(context),
        constant=constant,
        measure="balanced_accuracy",
        value=balanced.value,
        low=balanced.low,
        high=balanced.high,
        chance=1 / present,
        margin=_TELLING,
        n=seen.n,
        beside=_beside(seen),
    )
    yield from findings(no_better_than_trivial, telling, STAGE)


def _beside(seen: Judged) -> str:
    """Return on which side of the threshold all positive scores lie, where they do."""
    threshold = seen.spec.threshold
    if seen.scores is None or threshold is None or seen.positive not in seen.classes:
        return ""
    scores = seen.scores[:, seen.classes.index(seen.positive)]
    low, high = float(scores.min()), float(scores.max())
    side = "below" if high < threshold else "above" if low > threshold else None
    if side is None:
        return ""
    return f": its positive scores, {low:.4g} to {high:.4g}, lie {side} the threshold {threshold:g}"


def _compared(context: Context, seen: Judged) -> StageResult:
    """Hold the answers against those of the reference model, row by row."""
    other = context.judged_reference()
    if other is None or seen.y is None or seen.said is None or other.said is None:
        return StageResult()
    ours, theirs = seen.said == seen.y, other.said == other.y
    gained, lost = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    value = (gained - lost) / seen.n
    interval = ends(seen, paired(gained, lost, seen.n), value, ours * 1.0 - theirs)
    found = [Difference("accuracy", value, interval, seen.n)]
    at = seen.at_positive
    if at is not None and seen.scores is not None and other.scores is not None:
        found.append(_areas(seen, at, seen.scores[:, at], other.scores[:, at]))
    reference = context.model.reference
    conditions = {"reference": (reference.path or reference.url) if reference else None}
    return StageResult(
        findings=tuple(
            finding
            for d in found
            if not math.isnan(d.value)
            for finding in findings(worse_than_reference, _against(context, d), STAGE)
        ),
        measurements=tuple(
            measured(f"{d.name}_difference", d.value, d.interval, d.n, conditions=conditions)
            for d in found
        ),
    )


def _areas(seen: Judged, at: int, scores: Floats, others: Floats) -> Difference:
    """Return the area under the curve less that of the reference model."""
    truth = seen.y == at
    found = auc_difference(truth, scores, others)
    influence = influences(truth, scores)[1] - influences(truth, others)[1]
    return replace(found, interval=ends(seen, found.interval, found.value, influence))


def _against(context: Context, difference: Difference) -> Compared:
    return Compared(
        path=context.model.path,
        location=_where(context, metric=difference.name),
        measure=difference.name,
        better=difference.value,
        low=difference.interval.low,
        high=difference.interval.high,
        margin=context.assess.performance.margin,
        n=difference.n,
    )


def _weak(context: Context, seen: Judged, counts: Counts) -> Iterator[Finding]:
    """Hold each class's recall against that of the others, corrected for their number."""
    table = counts.overall
    found, cases = np.diagonal(table).astype(np.int64), table.sum(axis=1)
    two = int((cases > 0).sum()) == 2
    p = np.ones(len(cases))
    against = np.full(len(cases), 0.5)
    for i in np.flatnonzero(cases):
        rest_right, rest = int(found.sum() - found[i]), int(cases.sum() - cases[i])
        # As many independent rows as these are worth (Rao and Scott 1992, for counts).
        worth = recall_design(seen, int(i))
        if two:
            p[i] = _at_most(round(found[i] / worth), max(1, round(cases[i] / worth)), 0.5)
        elif rest:
            against[i] = rest_right / rest
            four = (int(found[i]), int(cases[i]), rest_right, rest)
            p[i] = _lower(*(round(rows / worth) for rows in four))
    known = np.flatnonzero(cases)
    adjusted = np.ones(len(cases))
    adjusted[known] = benjamini_hochberg(p[known])
    margin = 0.0 if two else context.assess.performance.class_margin
    own = {same(name) for name in seen.spec.classes}
    for i in known:
        name = str(seen.classes[i])
        seen_class = ClassRecall(
            path=context.model.path,
            location=_where(context, **{"class": seen.classes[i]}),
            name=name,
            found=int(found[i]),
            cases=int(cases[i]),
            against=float(against[i]),
            two=two,
            adjusted=float(adjusted[i]),
            margin=margin,
            expected=_expected(seen, int(i)),
            named=same(seen.classes[i]) in own,
        )
        if not _probable(seen) and any(True for _ in weak_class.check(seen_class)):
            seen_class = replace(seen_class, expected=_learned(context, seen, int(i)), learned=True)
        for finding in findings(weak_class, seen_class, STAGE):
            honest = seen_class.as_expected
            yield replace(finding, severity=Severity.INFO) if honest else finding


def _expected(seen: Judged, at: int) -> float | None:
    """Return how often a class is found if its scores hold, None where they do not as a whole.

    A model that gives a class too little has scores that say so too, and they are not believed:
    their sum is not the number of cases.
    """
    if seen.scores is None or seen.y is None or seen.said is None or not _probable(seen):
        return None
    score, cases = seen.scores[:, at], int((seen.y == at).sum())
    whole = float(score.sum())
    chance = _BEYOND * math.sqrt(2 * float((score * (1 - score)).sum()))
    if not whole or abs(whole - cases) > max(_OFF * cases, chance):
        return None
    return float(score[seen.said == at].sum()) / whole


def _probable(seen: Judged) -> bool:
    """Tell whether the model gives scores that may be probabilities, not labels or margins."""
    return seen.scores is not None and bool(((seen.scores >= 0) & (seen.scores <= 1)).all())


def _learned(context: Context, seen: Judged, at: int) -> float | None:
    """Return how often a small learner finds a class, taught on the other half of the rows.

    None where it answers clearly less than the model does: then it tells nothing of what can be.
    """
    if seen.y is None or seen.said is None or seen.n < _LEAST_LEARNED:
        return None
    frame = context.columns().take(seen.rows)
    told = [n for n, c in zip(frame.names, frame.columns, strict=True) if numbers_rows(n, c)]
    features = features_of(frame.without(told))
    if not features:
        return None
    wrong = learned_errors(seen, features, seed_for(context.seed, STAGE, "classes") % 2**32)
    if float(wrong.mean()) > float((seen.y != seen.said).mean()) + _LEARNED_WORSE:
        return None
    return 1 - float(wrong[seen.y == at].mean())


def _at_most(found: int, cases: int, share: float) -> float:
    """Return P(Binomial(cases, share) ≤ found)."""
    return float(special.bdtr(found, cases, share))


def _lower(found: int, cases: int, other: int, rest: int) -> float:
    """Return the one-sided p of Fisher's exact test that a share is not the lower one.

    Source: Fisher 1935, "The logic of inductive inference": the hypergeometric tail.
    """
    right, total = found + other, cases + rest
    ks = np.arange(max(0, right - rest), found + 1)
    logs = (
        _log_choose(cases, ks) + _log_choose(rest, right - ks) - _log_choose(total, np.array(right))
    )
    return float(min(1.0, np.exp(logs).sum()))


def _log_choose(n: int, k: Labels) -> Floats:
    return np.asarray(
        special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1), np.float64
    )


def _tables(seen: Judged, counts: Counts) -> Iterator[Table]:
    names = [str(name) for name in seen.classes]
    if len(names) <= _CONFUSION:
        yield Table(
            name="confusion",
            title="Rows of each true class, by what they were answered",
            stage=STAGE,
            meaning="The right answers stand on the diagonal.",
            columns=("true class", *names),
            rows=tuple(
                (name, *row.tolist()) for name, row in zip(names, counts.overall, strict=True)
            ),
        )
    yield _class_table(names, counts)
    at = seen.at_positive
    if seen.y is not None and seen.scores is not None and at is not None and len(names) == 2:
        yield _threshold_table(seen.y == at, seen.scores[:, at])


def _class_table(names: list[str], counts: Counts) -> Table:
    table = counts.overall
    rows: list[tuple[Json, ...]] = []
    for i, name in enumerate(names):
        precision, recall, f1 = (_shown(m) for m in classification.of_class(table, i, name))
        cases, named = int(table[i].sum()), int(table[:, i].sum())
        rows.append((name, *recall, cases, *precision, named, f1[0]))
    return Table(
        name="classes",
        title="Recall of each class",
        stage=STAGE,
        kind=TableKind.INTERVALS,
        meaning="Of the cases of a class, the share that is found. A short line far from the others"
        " is a class that is served worse; a long line rests on few cases.",
        columns=(
            "label",
            "value",
            "low",
            "high",
            "cases",
            "precision",
            "precision low",
            "precision high",
            "named",
            "f1",
        ),
        rows=tuple(rows),
    )


def _shown(m: Measurement) -> tuple[float | None, float | None, float | None]:
    return (None if math.isnan(m.value) else m.value, m.low, m.high)


def _threshold_table(truth: Flags, scores: Floats) -> Table:
    """Return what each threshold would give, at 0.05 steps or at quantiles of other scores."""
    inside = len(scores) and scores.min() >= 0 and scores.max() <= 1
    at = np.linspace(0.05, 0.95, 19) if inside else np.unique(np.quantile(scores, _QUANTILES))
    rows = []
    for threshold, table in zip(at, tables_at(truth, scores, at), strict=True):
        said, cases = int(table[:, 1].sum()), int(table[1].sum())
        hits, n = int(table[1, 1]), int(table.sum())
        rows.append(
            (
                float(f"{threshold:.6g}"),
                hits / said if said else None,
                hits / cases if cases else None,
                (said - hits) / (n - cases) if n > cases else None,
                float(rates.accuracy(table)),
            )
        )
    return Table(
        name="thresholds",
        title="What each threshold on the positive score would give",
        stage=STAGE,
        kind=TableKind.LINES,
        meaning="A higher threshold calls fewer cases positive: fewer false alarms, more misses.",
        columns=("threshold", "precision", "recall", "false positive rate", "accuracy"),
        rows=tuple(rows),
        notes=("A threshold that is chosen on these rows looks better than it is.",),
    )


_QUANTILES = np.linspace(0.05, 0.95, 19)
