"""What attacks came to, as measurements and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from modelwarden.assess.robustness import advice, changes
from modelwarden.core import Json, Measurement, Table, TableKind
from modelwarden.metrics.intervals import of_share, quantile_ends
from modelwarden.metrics.values import measured

if TYPE_CHECKING:
    from modelwarden.assess.robustness.attacked import Attacked
    from modelwarden.assess.robustness.plan import Plan
    from modelwarden.attacks.problem import Mask
    from modelwarden.targets.frames import Labels

_POINTS = 11


def measurements(
    made: Plan, attacked: Attacked, conditions: Mapping[str, Json]
) -> tuple[Measurement, ...]:
    """Return clean accuracy, the worst case over all attacks, then each attack by itself."""
    n, right = len(made.rows), int(made.right.sum())
    names: list[Json] = [entry.name for entry in attacked.entries]
    level = attacked.look.level
    share = of_share(right, n, level=level)
    found = [measured("clean_accuracy", right / n, share, n, conditions=conditions)]
    best = attacked.winners()
    queries = np.zeros(len(best), np.int64)
    for number, outcome in enumerate(attacked.outcomes):
        queries[best == number] = outcome.queries[best == number]
    found += _of(attacked.beaten, queries, n, {**conditions, "attacks": names}, level=level)
    for entry, outcome, each in zip(
        attacked.entries, attacked.outcomes, attacked.queries, strict=True
    ):
        mine = {**conditions, "attack": entry.name, "queries": each, "floor": entry.floor}
        part = {"attack": entry.name}
        found += _of(outcome.success, outcome.queries, n, mine, part, level=level)
    found += _changes(made, attacked, {**conditions, "attacks": names})
    return tuple(found)


def _of(
    beaten: Mask,
    queries: Labels,
    n: int,
    conditions: Mapping[str, Json],
    group: Mapping[str, Json] | None = None,
    *,
    level: float,
) -> Iterator[Measurement]:
    """Yield robust accuracy over all samples, and success and rows over those that were right.

    One attack is a group of its own: a bound in a policy is about the worst case, unless it names
    the attack.
    """
    right, fell = len(beaten), int(beaten.sum())
    held = right - fell
    part = None if group is None else dict(group)
    share = of_share(held, n, level=level)
    yield measured("robust_accuracy", held / n, share, n, group=part, conditions=conditions)
    share = of_share(fell, right, level=level)
    yield measured(
        "attack_success_rate", fell / right, share, right, group=part, conditions=conditions
    )
    if fell:
        ranked = np.sort(queries[beaten]).astype(np.float64)
        middle, ends = float(np.median(ranked)), quantile_ends(ranked, 0.5)
        yield measured("median_queries", middle, ends, fell, group=part, conditions=conditions)


def _changes(
    made: Plan, attacked: Attacked, conditions: Mapping[str, Json]
) -> Iterator[Measurement]:
    """Yield how many features or words the smallest wins changed."""
    counts = changes.counts(made, attacked)
    if counts is None or not len(counts):
        return
    ranked = np.sort(counts)
    middle, ends = float(np.median(ranked)), quantile_ends(ranked, 0.5)
    yield measured("median_changes", middle, ends, len(ranked), conditions=conditions)


def of_nothing(n: int, conditions: Mapping[str, Json]) -> tuple[Measurement, ...]:
    """Return the measurements of a model that is wrong everywhere."""
    return tuple(
        measured(name, 0.0, of_share(0, n), n, conditions=conditions)
        for name in ("clean_accuracy", "robust_accuracy")
    )


def tables(made: Plan, attacked: Attacked) -> tuple[Table, ...]:
    """Return the attacks beside each other, and what smaller changes would have done."""
    return (
        _attacks(made, attacked),
        *_curve(made, attacked),
        *changes.tables(made, attacked),
        *advice.table(made, attacked),
    )


def _attacks(made: Plan, attacked: Attacked) -> Table:
    n, level = len(made.rows), attacked.look.level
    rows: list[tuple[Json, ...]] = [_line("no attack", int(made.right.sum()), n, None, level)]
    for entry, outcome in zip(attacked.entries, attacked.outcomes, strict=True):
        won = outcome.queries[outcome.success]
        label = f"{entry.name} (floor)" if entry.floor else entry.name
        rows.append(_line(label, int((~outcome.success).sum()), n, won, level))
    if len(attacked.entries) > 1:
        rows.append(_line("all of them", int((~attacked.beaten).sum()), n, None, level))
    return Table(
        name="attacks",
        title="Share of all samples answered right under each attack",
        stage="robustness",
        kind=TableKind.INTERVALS,
        meaning="The lower, the more an attacker achieves. The floor changes inputs at random: an "
        "attack that does no better has learnt nothing about the model.",
        columns=("label", "value", "low", "high", "n", "median rows to a win"),
        rows=tuple(rows),
    )


def _line(label: str, held: int, n: int, won: Labels | None, level: float) -> tuple[Json, ...]:
    ends = of_share(held, n, level=level)
    middle = None if won is None or not len(won) else float(np.median(won))
    return (label, held / n, ends.low, ends.high, n, middle)


def _curve(made: Plan, attacked: Attacked) -> Iterator[Table]:
    """Yield robust accuracy against eps, up to the one that was allowed."""
    eps = made.problem.space.conditions().get("eps")
    if not isinstance(eps, float | int):
        return
    n = len(made.rows)
    sizes = attacked.shrunk.sizes
    rows: list[tuple[Json, ...]] = []
    for point in np.linspace(0.0, float(eps), _POINTS):
        held = int((sizes > point * (1 + 1e-6) + 1e-12).sum())
        ends = of_share(held, n, level=attacked.look.level)
        rows.append((float(point), held / n, ends.low, ends.high))
    yield Table(
        name="robustness_curve",
        title="Share of all samples answered right, by the size of the change",
        stage="robustness",
        kind=TableKind.LINES,
        meaning="At 0 nothing is changed; at the right end everything is that was allowed. Where "
        "the line falls early, changes that nobody would notice are enough.",
        columns=("eps", "robust accuracy", "low", "high"),
        rows=tuple(rows),
        notes=("every point rests on changes that were asked: the true line lies at or below",),
    )
