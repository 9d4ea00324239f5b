"""The stage `performance`: may the numbers be believed, what are they, and are they good enough?

First come the two checks that decide what the numbers are worth: whether the answers are the rows'
own (`invariance`), and whether test rows stand in the training set (`duplicates`). Then the
measurements, and the rules that judge them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from modelwarden.assess import classes, numbers, unlabelled
from modelwarden.assess.alike import note
from modelwarden.assess.context import Context
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.stage import RowMark, StageResult
from modelwarden.assess.truth import Judged, NothingToJudgeError, missing, names_in, same
from modelwarden.core import Gap, GapKind, Location, Measurement
from modelwarden.detectors.duplicates import Overlap
from modelwarden.detectors.rules.duplicate_rows import Repeated, duplicate_rows
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.values import measured
from modelwarden.targets.spec import Task

NAME = "performance"
# Below this many rows every interval is so wide that nothing is shown.
LEAST_ROWS = 10
_PAIRS = 20
_SHOWN = 5  # classes that are named
_LONGEST = 400  # characters


def run(context: Context) -> StageResult:
    """Measure the model on the test set.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    unsteady = context.unsteady()
    try:
        seen = context.judged()
    except NothingToJudgeError as error:
        return _unlabelled(context, error)
    if seen.spec.task is Task.REGRESSION:
        result = numbers.measure(context, seen)
    else:
        result = classes.measure(context, seen)
    result += _duplicates(context, seen)
    result += unlabelled.estimates(context, seen)
    conditions = dict(context.conditions)
    if unsteady:
        conditions["repeatable"] = False
    return replace(
        result,
        findings=unsteady + result.findings,
        measurements=tuple(
            replace(m, conditions={**conditions, **m.conditions}) for m in result.measurements
        ),
        gaps=(*_gaps(context, seen), *result.gaps),
        notes=(*_notes(context, seen), *result.notes),
    )


def _unlabelled(context: Context, error: NothingToJudgeError) -> StageResult:
    """Return what scores alone tell: an estimate, and the gap that it does not close."""
    what = context.data.test or "test"
    gap = Gap(what=what, why=error.message, kind=GapKind.NOT_ASSESSABLE, stage=NAME)
    return replace(unlabelled.estimates(context, None), gaps=(gap,), done=False)


def _gaps(context: Context, seen: Judged) -> Iterator[Gap]:
    what = context.data.test or "test"
    if seen.n < LEAST_ROWS:
        rows = "row has" if seen.n == 1 else "rows have"
        why = f"{seen.n} {rows} a label: too few to show anything about the model"
        yield Gap(what=what, why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME)
    if seen.n and sum(rows for _, rows in seen.strangers) == seen.n:
        lacking = {name for name, _ in seen.strangers}
        known = ", ".join(repr(name) for name in seen.classes if name not in lacking)
        theirs = ", ".join(repr(name) for name, _ in seen.strangers[:_SHOWN])
        why = (
            f"no label is a class of the model: it knows {known}, the labels are {theirs}; write "
            "the labels as the model knows them, or have [model] entry answer as the labels do"
        )
        yield Gap(what=what, why=why[:_LONGEST], kind=GapKind.NOT_ASSESSABLE, stage=NAME)
    if seen.y is not None:
        present = np.unique(seen.y)
        if len(present) == 1:
            only = seen.classes[int(present[0])]
            all_rows = f"all {seen.n} rows are" if seen.n > 1 else "the only row is"
            why = f"{all_rows} of class {only!r}: how others are answered is not known"
            yield Gap(what=what, why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME)


def _notes(context: Context, seen: Judged) -> Iterator[str]:
    yield from note(seen, context.test.clustered_by)
    if seen.unlabelled:
        yield f"{seen.unlabelled} of {len(context.test)} test rows have no label and are left out"
    for name, rows in seen.strangers:
        yield (
            f"the model has no class {name!r}; the {rows} test rows of that class count as wrong"
        )
    train = context.train
    if seen.y is not None and train is not None and train.y is not None:
        known = {same(name) for name in names_in(train.y)}
        counts = np.bincount(seen.y, minlength=len(seen.classes))
        for name, rows in zip(seen.classes, counts.tolist(), strict=True):
            if rows and same(name) not in known:
                yield f"class {name!r} ({rows} test rows) does not occur in the training set"


def _duplicates(context: Context, seen: Judged) -> StageResult:
    """Return what the test set shares with the training set, and the headline without it."""
    shared = context.shared()
    if shared is None:
        return StageResult(
            notes=("no training set was given, so it is not known whether test rows stand in it",)
        )
    new = np.flatnonzero(~np.isin(seen.rows, shared.test))
    headline = _headline(seen)
    fresh = _headline(seen.take(new)) if len(new) and len(new) < seen.n else None
    repeated = Repeated(
        path=context.data.test,
        location=Location(
            path=context.data.test,
            terms={"frame": "test", "rows": shared.test[:_PAIRS].tolist(), **_cut(shared)},
        ),
        n=shared.n,
        count=len(shared.test),
        expected=shared.expected,
        beyond=context.leaked(),
        pairs=tuple(
            (int(a), int(b))
            for a, b in zip(shared.test[:_PAIRS], shared.train[:_PAIRS], strict=True)
        ),
        measure=headline.name,
        with_all=headline.value if fresh else None,
        without=fresh.value if fresh else None,
    )
    found = tuple(findings(duplicate_rows, repeated, NAME))
    return StageResult(
        findings=found,
        measurements=tuple(_shares(shared, fresh)),
        notes=() if found or not len(shared.test) else (_coincidence(repeated),),
        rows=tuple(
            RowMark(
                frame="test",
                row=int(row),
                rule=duplicate_rows.id,
                detail=f"equal to row {int(other)} of the training set",
            )
            for row, other in zip(shared.test, shared.train, strict=True)
        )
        if found
        else (),
    )


def _cut(shared: Overlap) -> dict[str, int]:
    return {"rows_in_all": len(shared.test)} if len(shared.test) > _PAIRS else {}


def _headline(seen: Judged) -> Measurement:
    if seen.spec.task is Task.REGRESSION:
        return numbers.headline(seen)
    return classes.headline(seen)


def _shares(shared: Overlap, fresh: Measurement | None) -> Iterator[Measurement]:
    count = len(shared.test)
    yield measured(
        "duplicate_share",
        count / shared.n if shared.n else 0.0,
        of_share(count, shared.n),
        shared.n,
        conditions={"expected_by_coincidence": shared.expected},
    )
    if fresh is not None:
        yield replace(fresh, group={"rows": "not in training"})


def _coincidence(seen: Repeated) -> str:
    about = round(seen.expected * seen.n)
    told = f"{seen.count} of {seen.n} test rows also stand in the training set"
    if about:
        told += f", about as many as the {about} that coincide where rows repeat as these do"
    return told


def has_labels(context: Context) -> bool:
    """Tell whether the test set has any label."""
    return context.test.y is not None and not bool(missing(context.test.y).all())
