"""The stage `robustness`: a sample is attacked, what falls is counted, and attacks are doubted.

Every attack runs on its own, on the same inputs, with the same rows: so its number may be read by
itself, and beside the floor's. The worst case of an input is what any of them did to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from modelwarden.assess.context import Context
from modelwarden.assess.robustness import numbers
from modelwarden.assess.robustness.afterwards import changed
from modelwarden.assess.robustness.attacked import NAME, Attacked, attack
from modelwarden.assess.robustness.beyond import beyond
from modelwarden.assess.robustness.deliver import adversarial
from modelwarden.assess.robustness.looks import looks_at
from modelwarden.assess.robustness.plan import Plan, plan
from modelwarden.assess.robustness.suspect import found_by
from modelwarden.assess.stage import StageResult
from modelwarden.attacks.asking import sizes_of
from modelwarden.core import Gap, GapKind, Json
from modelwarden.targets.spec import Access


def run(context: Context) -> StageResult:
    """Attack a sample of the test set.

    Raises:
        InputError: it cannot be attacked as it is asked for.
        TargetError: the model failed, or answered something that is no answer.
    """
    config = context.assess.robustness
    if config is None:
        note = "robustness was not measured: modelwarden.toml has no [assess.robustness]"
        return StageResult(notes=(note,), done=False)
    made = plan(context, config)
    made = replace(made, target=context.journal(made.target, NAME))
    if not made.right.any():
        return _all_wrong(context, made)
    made, attacked, gaps = attack(made, context.seed, context.asks)
    if attacked is None:
        return StageResult(gaps=gaps, notes=made.notes, done=False)
    gaps += tuple(changed(made, attacked, context.model.path or context.model.url or "model"))
    conditions = _conditions(context, made)
    more = beyond(context, made, attacked)
    return StageResult(
        findings=tuple(found_by(context, made, attacked)),
        measurements=(*numbers.measurements(made, attacked, conditions), *more.measurements),
        gaps=(*gaps, *more.gaps),
        tables=(*numbers.tables(made, attacked), *more.tables),
        notes=(*made.notes, *_notes(made, attacked), *more.notes),
        attachments=(adversarial(context, made, attacked), *more.attachments),
    )


def _all_wrong(context: Context, made: Plan) -> StageResult:
    """Say that nothing was attacked: there is nothing to lose."""
    n = len(made.rows)
    why = f"the model answers all {n} sampled rows wrong as they are: no attack was run"
    gap = Gap(what=context.data.test or "test", why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME)
    return StageResult(
        measurements=numbers.of_nothing(n, _conditions(context, made)),
        gaps=(gap,),
        notes=made.notes,
    )


def _conditions(context: Context, made: Plan) -> dict[str, Json]:
    conditions: dict[str, Json] = {
        **context.conditions,
        **made.problem.space.conditions(),
        "access": made.access.value,
        "tiles": list(sizes_of(context.target.spec.tile)),
        "queries": made.config.queries,
    }
    followed = made.config.rows_of(Access.GRADIENTS)
    if followed != made.config.queries and made.access is Access.GRADIENTS:
        conditions["gradient_queries"] = followed
    if made.config.rows is not None:
        conditions["rows"] = made.config.rows
    if made.config.sequential:
        looks = looks_at(made.sampled, context.asks)
        if len(looks) > 1:
            conditions["looks"] = [look.n for look in looks]
    if context.unsteady():
        conditions["repeatable"] = False
    return conditions


def _notes(made: Plan, attacked: Attacked) -> Iterator[str]:
    for entry, outcome in zip(attacked.entries, attacked.outcomes, strict=True):
        n, fell = len(outcome.success), int(outcome.success.sum())
        told = f"{entry.name}: {fell} of {n} inputs fell, {outcome.rows:,} rows in "
        told += f"{outcome.calls:,} calls"
        lost = int((outcome.refused > 0).sum())
        if lost:
            told += f"; {lost} inputs seemed to fall and did not when they were asked again"
        yield told
    if len(made.rows) < made.sampled:
        yield (
            f"{len(made.rows)} of {made.sampled} samples were attacked: they answer what the "
            "policy asks (set sequential = false to attack all)"
        )
    if made.sampled < made.config.samples:
        yield f"{made.sampled} rows have a label, fewer than samples = {made.config.samples}"
