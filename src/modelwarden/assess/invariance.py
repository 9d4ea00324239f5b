"""The same rows asked again, in another order, and alone: are the answers the row's own?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from modelwarden.assess.asking import Answers, ask
from modelwarden.assess.context import Context
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.inconsistent_predictions import Asked, inconsistent_predictions
from modelwarden.core import Finding, Location, seed_for
from modelwarden.metrics.intervals import unit_of
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Labels, take
from modelwarden.targets.tiled import in_tiles_of

STAGE = "performance"
ROWS = 256
ALONE = 16


def check(context: Context) -> tuple[Finding, ...]:
    """Return what differs; a model that changes its mind at random is not tried further.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    n = len(context.test)
    rng = np.random.default_rng(seed_for(context.seed, "invariance"))
    rows = np.sort(rng.choice(n, min(n, ROWS), replace=False)) if n else np.empty(0, np.int64)
    found: list[Finding] = []
    for seen in _tried(context, rows, rng):
        here = list(findings(inconsistent_predictions, seen, STAGE))
        found += here
        if here and seen.how == "repeat":
            break
    return tuple(found)


def _tried(context: Context, rows: Labels, rng: np.random.Generator) -> Iterator[Asked]:
    """Yield how the answers compare, the cheapest trial first."""

    def asked(chosen: Labels) -> Answers:
        return ask(context.target, take(context.test.inputs, chosen))

    if not len(rows):
        return
    first = asked(rows)
    yield _compared(context, "repeat", first, asked(rows))
    if len(rows) < 2:
        return
    order = rng.permutation(len(rows))
    yield _compared(context, "order", first.take(order), asked(rows[order]))
    few = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), ALONE)).astype(np.int64))
    alone = Answers.joined([asked(rows[i : i + 1]) for i in few])
    beside = _compared(context, "batch", first.take(few), alone)
    differs = any(inconsistent_predictions.check(beside))
    yield beside if differs else _in_ones(context, rows[few], first.take(few))


def _in_ones(context: Context, rows: Labels, first: Answers) -> Asked:
    """Compare with answers to batches of a single row, which a tile never is."""
    single = in_tiles_of(context.target, 1)
    try:
        return _compared(context, "batch", first, ask(single, take(context.test.inputs, rows)))
    except TargetError as error:
        if error.lost:
            raise
        return replace(_compared(context, "batch", first, first), refused=error.message)


def _compared(context: Context, how: str, first: Answers, second: Answers) -> Asked:
    changed, largest = _difference(first, second)
    return Asked(
        path=context.model.path or context.model.url,
        location=Location(path=context.model.path, terms={"how": how, how: True}),
        how=how,
        n=len(first),
        changed=changed,
        largest=largest,
    )


def _difference(first: Answers, second: Answers) -> tuple[int, float]:
    """Return how many answers differ, and by how much scores or values do at most.

    Scores are told in units of 1, or of their spread where they are no probabilities; values in
    units of their spread.
    """
    if first.labels is not None and second.labels is not None:
        changed = int((first.labels != second.labels).sum())
        mine, other = first.scores, second.scores
    else:
        mine, other = first.values, second.values
        changed = 0
    if mine is None or other is None:
        return changed, 0.0
    # Divided first, so that the square of what values spread by is a number.
    scale = unit_of(mine, other) if first.labels is None else 1.0
    mine, other = mine / scale, other / scale
    unit = max(1.0, float(np.ptp(mine))) if first.labels is not None else float(mine.std())
    apart = np.abs(mine - other) / (unit or max(1.0 / scale, float(np.abs(mine).max())))
    if first.labels is None:
        changed = int((apart > 1e-3).sum())
    return changed, float(apart.max(initial=0.0))
