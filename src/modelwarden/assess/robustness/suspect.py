"""What the attacks came to, as findings: on the model, and on the attacks themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelwarden.assess.context import Context
from modelwarden.assess.robustness.attacked import NAME, Attacked
from modelwarden.assess.robustness.plan import Plan
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.attack_below_floor import AgainstFloor, attack_below_floor
from modelwarden.assess.rules.masked_gradients import Masked, masked_gradients
from modelwarden.assess.rules.not_robust import Beaten, not_robust
from modelwarden.core import Finding, Location
from modelwarden.targets.spec import Access


def found_by(context: Context, made: Plan, attacked: Attacked) -> Iterator[Finding]:
    """Yield what is wrong with the model, or with how it was attacked."""
    path = context.model.path or context.model.url
    beaten = attacked.beaten
    names = tuple(entry.name for entry in attacked.entries)
    best = attacked.winners()
    counts = [int((best == i).sum()) for i in range(len(names))]
    yield from findings(
        not_robust,
        Beaten(
            path=path,
            location=Location(path=context.model.path),
            right=len(beaten),
            fell=int(beaten.sum()),
            samples=len(made.rows),
            strongest=names[int(np.argmax(counts))],
            budget=_budget(made),
            queries=max(attacked.queries),
        ),
        NAME,
    )
    yield from _below_floor(path, context, attacked)
    yield from _masked(path, context, made, attacked)


def _budget(made: Plan) -> str:
    conditions = made.problem.space.conditions()
    if isinstance(conditions.get("eps"), float | int):
        return f"changes in {conditions['norm']} of at most {conditions['eps']:g}"
    return "the changes that are allowed"


def _below_floor(path: str | None, context: Context, attacked: Attacked) -> Iterator[Finding]:
    floors = [o for e, o in zip(attacked.entries, attacked.outcomes, strict=True) if e.floor]
    if not floors:
        return
    floor = floors[0]
    for entry, outcome in zip(attacked.entries, attacked.outcomes, strict=True):
        if entry.floor or entry.narrow:
            continue
        seen = AgainstFloor(
            path=path,
            location=Location(path=context.model.path, terms={"attack": entry.name}),
            attack=entry.name,
            floor=floor.attack,
            alone=int((outcome.success & ~floor.success).sum()),
            floor_alone=int((floor.success & ~outcome.success).sum()),
            n=len(outcome.success),
        )
        yield from findings(attack_below_floor, seen, NAME)


def _masked(
    path: str | None, context: Context, made: Plan, attacked: Attacked
) -> Iterator[Finding]:
    pairs = list(zip(attacked.entries, attacked.outcomes, strict=True))
    white = [o for e, o in pairs if e.access is Access.GRADIENTS]
    black = [o for e, o in pairs if e.access is not Access.GRADIENTS]
    if not white:
        return
    by_white = np.any([o.success for o in white], axis=0)
    by_black = np.any([o.success for o in black], axis=0) if black else np.zeros_like(by_white)
    signs: dict[str, float] = {}
    for outcome in white:
        for name, share in outcome.signs.items():
            signs[name] = max(signs.get(name, 0.0), share)
    if getattr(made.target, "stepped", False):
        signs["steps"] = 1.0
    refused = np.sum([o.refused for o in white], axis=0) > 0
    unsteady = sorted({str(f.location.terms.get("how")) for f in context.unsteady()})
    seen = Masked(
        path=path,
        location=Location(path=context.model.path),
        n=len(made.problem),
        white=int(by_white.sum()),
        only_black=int((by_black & ~by_white).sum()),
        only_white=int((by_white & ~by_black).sum()),
        signs=signs,
        refused=int(refused.sum()),
        unsteady=tuple(unsteady),
    )
    yield from findings(masked_gradients, seen, NAME)
