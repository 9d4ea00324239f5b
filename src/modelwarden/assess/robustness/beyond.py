"""What is attacked beside the worst case: pictures beyond norms, and one change for all inputs.

A picture that is turned is no point of the ball that `eps` speaks of, so it does not count into the
robust accuracy of that ball: each of these attacks is a group of its own, with its own conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from modelwarden.assess.context import Context
from modelwarden.assess.robustness import numbers
from modelwarden.assess.robustness.attacked import NAME, Attacked, attack
from modelwarden.assess.robustness.deliver import adversarial
from modelwarden.assess.robustness.plan import Plan, pictures_for
from modelwarden.assess.stage import Attachment
from modelwarden.attacks.asking import sizes_of
from modelwarden.attacks.catalog import Entry, entry_of
from modelwarden.attacks.universal import FEWEST, Universal, universal
from modelwarden.core import Gap, GapKind, Json, Measurement, Table, TableKind, seed_for
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.values import measured

_FLOOR = "random-changes"
FILE = "adversarial_beyond.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """What came of it, as parts of the stage's result."""

    measurements: tuple[Measurement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def beyond(context: Context, made: Plan, attacked: Attacked) -> Beyond:
    """Run the attacks of `made.beyond` on the inputs that were attacked.

    Args:
        context: the run.
        made: the plan of what was attacked.
        attacked: what came of it; rows in all are what it left.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    left = None
    if made.config.rows is not None:
        asked = sum(o.rows for o in attacked.outcomes) + int(attacked.shrunk.rows.sum())
        left = max(0, made.config.rows - asked)
    parts = []
    pictures = [entry for entry in made.beyond if not entry.together]
    if pictures:
        part, left = _pictures(context, made, pictures, left)
        parts.append(part)
    for entry in made.beyond:
        if entry.together:
            part, left = _universal(context, made, entry, left)
            parts.append(part)
    return Beyond(
        measurements=tuple(m for part in parts for m in part.measurements),
        gaps=tuple(g for part in parts for g in part.gaps),
        tables=tuple(t for part in parts for t in part.tables),
        notes=tuple(n for part in parts for n in part.notes),
        attachments=tuple(a for part in parts for a in part.attachments),
    )


def _pictures(
    context: Context, made: Plan, entries: list[Entry], left: int | None
) -> tuple[Beyond, int | None]:
    """Attack the same rows as pictures, at a severity."""
    space, notes = pictures_for(context, made.config, made.rows[made.right])
    plan = replace(
        made,
        problem=replace(made.problem, space=space),
        entries=(entry_of(_FLOOR), *entries),
        config=replace(made.config, sequential=False, rows=left, eps=made.config.severity),
    )
    if left is not None and left < 2 * len(plan.problem):
        names = ", ".join(entry.name for entry in entries)
        return Beyond(gaps=(_unpaid(names, left, made),)), left
    plan, found, gaps = attack(plan, context.seed)
    if found is None:
        return Beyond(gaps=gaps), left
    if left is not None:
        asked = sum(o.rows for o in found.outcomes) + int(found.shrunk.rows.sum())
        left = max(0, left - asked)
    mine = _conditions(context, plan, space.conditions())
    each = tuple(m for m in numbers.measurements(plan, found, mine) if m.group)
    tables = tuple(
        replace(table, name=f"{table.name}_beyond_norms", title=f"Pictures: {table.title}")
        for table in numbers.tables(plan, found)
    )
    kept = replace(adversarial(context, plan, found), name=FILE)
    told = tuple(
        f"{e.name}: {int(o.success.sum())} of {len(o.success)} pictures fell, {o.rows:,} rows"
        for e, o in zip(found.entries, found.outcomes, strict=True)
    )
    done = Beyond(
        measurements=each,
        gaps=gaps,
        tables=tables,
        notes=(*notes, *told),
        attachments=(kept,),
    )
    return done, left


def _universal(
    context: Context, made: Plan, entry: Entry, left: int | None
) -> tuple[Beyond, int | None]:
    """Look for one change for all inputs."""
    n = len(made.problem)
    queries = made.config.queries if left is None else min(made.config.queries, left // max(n, 1))
    if queries < FEWEST:
        return Beyond(gaps=(_unpaid(entry.name, left or 0, made),)), left
    if n < 2 * FEWEST:
        why = f"one change for all needs {2 * FEWEST} inputs that are answered right: there are {n}"
        gap = Gap(what=entry.name, why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME)
        return Beyond(gaps=(gap,)), left
    seed = seed_for(context.seed, NAME)
    found = universal(entry.load_together(), made.target, made.problem, seed=seed, queries=queries)
    spent = None if left is None else left - found.outcome.rows
    fell, of = found.confirmed
    conditions = {
        **_conditions(context, made, made.problem.space.conditions()),
        "attack": entry.name,
        "found_on": n - of,
        "confirmed_on": of,
    }
    share = measured(
        "attack_success_rate",
        fell / of,
        of_share(fell, of),
        of,
        group={"attack": entry.name},
        conditions=conditions,
    )
    table = _table(made, entry, found)
    note = f"{entry.name}: one change fooled {fell} of {of} inputs that it was not found on"
    return Beyond(measurements=(share,), tables=(table,), notes=(note,)), spent


def _table(made: Plan, entry: Entry, found: Universal) -> Table:
    fell, of = found.confirmed
    learnt = ~found.confirming
    rows = []
    for label, count, n in (
        ("inputs that it was found on", int(found.outcome.success[learnt].sum()), learnt.sum()),
        ("other inputs", fell, of),
        ("other inputs, under a random change", round(found.floor * of), of),
    ):
        ends = of_share(count, int(n))
        rows.append((label, count / int(n), ends.low, ends.high, int(n)))
    classes = made.problem.classes
    told = tuple(f"class {one} of {classes}: {words!r}" for one, words in found.told.items())
    return Table(
        name=entry.name,
        title=f"Share of right answers that one change for all makes wrong ({entry.name})",
        stage=NAME,
        kind=TableKind.INTERVALS,
        meaning="The second line counts: those inputs played no part in finding the change. Where "
        "it is high, an attacker needs to find the change once and may then use it on anything.",
        columns=("label", "value", "low", "high", "n"),
        rows=tuple(rows),
        notes=told,
    )


def _unpaid(names: str, left: int, made: Plan) -> Gap:
    why = f"{names} not run: {left} of {made.config.rows} rows are left"
    return Gap(what=names, why=why, kind=GapKind.BUDGET, stage=NAME)


def _conditions(context: Context, made: Plan, space: Mapping[str, Json]) -> dict[str, Json]:
    told: dict[str, Json] = {
        **context.conditions,
        **space,
        "access": made.access.value,
        "tiles": list(sizes_of(context.target.spec.tile)),
        "queries": made.config.queries,
    }
    if context.unsteady():
        told["repeatable"] = False
    return told
