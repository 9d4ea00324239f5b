"""What attacks came to, as measurements, tables and findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from modelwarden.core import Finding, GapKind, Json, Location, Measurement, Table, TableKind
from modelwarden.core.seen import findings
from modelwarden.metrics.intervals import of_share, quantile_ends
from modelwarden.metrics.values import measured
from modelwarden.redteam.config import TargetConfig
from modelwarden.redteam.engagement import STAGE, Clean, Engagement, Evasion, GoalResult, Unit
from modelwarden.redteam.rules.concentrated_weakness import Concentrated, concentrated_weakness
from modelwarden.redteam.rules.endpoint_evaded import Evaded, endpoint_evaded
from modelwarden.redteam.rules.unsteady_endpoint import Unsteady, unsteady_endpoint

_SHOWN = 20
_HIDDEN = 0.5  # of the rows: beyond that, refusals hide what single rows would have shown


def of(
    engagement: Engagement,
    target: TargetConfig,
    clean: Clean,
    units: Sequence[Unit],
    evasions: Sequence[Evasion],
) -> GoalResult:
    """Return what the attacks on the seeds of one file at one target came to."""
    conditions: dict[str, Json] = {
        **engagement.conditions(target),
        "seeds": clean.seeds.source,
        "seeds_digest": clean.seeds.digest,
        "truth": "stated" if clean.stated else "as answered",
    }
    made = [*_measurements(clean, units, evasions, conditions)]
    notes = [f"{clean.seeds.source}: {note}" for note in clean.seeds.notes]
    notes += [line_of(unit) for unit in units]
    batch = engagement.campaign.budget.batch
    if batch > 1 and any(unit.refused for unit in units):
        notes.append(
            f"all rows of a request are refused together, {batch} at most here: "
            "[budget] batch = 1 tells whether single rows get through"
        )
    path = target.model.url or target.model.path
    found = []
    if units:
        found += [*_findings(path, target, clean, units, evasions)]
    doubts = tuple(
        engagement.gap(
            unit.attack,
            f"{unit.refused:,} of {unit.rows:,} rows were refused in requests of up to {batch}: "
            "whether single rows get through was not tried ([budget] batch = 1 does)",
            GapKind.NOT_ASSESSABLE,
        )
        for unit in units
        if batch > 1 and unit.refused > _HIDDEN * unit.rows
    )
    return GoalResult(
        doubts=doubts,
        measurements=tuple(made),
        findings=tuple(found),
        tables=tuple(tables(target, clean, units, evasions)),
        notes=tuple(notes),
    )


def line_of(unit: Unit) -> str:
    """Return what came of one attack, in one line."""
    told = f"{unit.attack}: {unit.fell} of {unit.attacked} seeds of {unit.seeds} evade "
    told += f"{unit.target}, {unit.rows:,} rows in {unit.calls:,} calls"
    if unit.beside:
        told += f"; this is chance alone, the floor beside {unit.beside}"
    if unit.keep:
        told += f"; kept as they are: {', '.join(unit.keep)}"
    if unit.weaker:
        told += f"; {unit.weaker}"
    if unit.refused:
        told += f"; {unit.refused:,} rows were refused"
    if unit.gone:
        told += f"; {unit.gone} of the {unit.fell} did not get past when asked for the last time"
    if unit.lost:
        told += f"; {unit.lost} seeds seemed to evade and did not when they were asked again"
    if unit.unchecked:
        told += "; no rows were left to see whether the target stayed the same"
    return told


def staged(one: Measurement) -> Measurement:
    """Return a measurement as one of this stage."""
    return replace(one, stage=STAGE)


def _measurements(
    clean: Clean,
    units: Sequence[Unit],
    evasions: Sequence[Evasion],
    conditions: Mapping[str, Json],
) -> Iterator[Measurement]:
    n, right = len(clean.seeds), len(clean.right)
    if clean.stated:
        share = of_share(right, n)
        yield staged(measured("clean_accuracy", right / n, share, n, conditions=conditions))
    group: dict[str, Json] = {"target": str(conditions["target"]), "seeds": clean.seeds.source}
    if units:
        names: list[Json] = [unit.attack for unit in units]
        attacked = max(unit.attacked for unit in units)
        queries = [one.queries for one in evasions]
        every = {**conditions, "attacks": names}
        yield from _of(len(evasions), max(attacked, len(evasions)), queries, every, None)
        costs = np.sort(np.array(_changes(evasions, clean.kind.name), np.float64))
        if len(costs):
            ends = quantile_ends(costs, 0.5)
            counted = "changed features" if clean.kind.name == "tables" else evasions[0].unit
            cost = {**every, "counted": counted}
            middle = float(np.median(costs))
            yield staged(measured("median_changes", middle, ends, len(costs), conditions=cost))
    for unit in units:
        mine: dict[str, Json] = {
            **conditions,
            "attack": unit.attack,
            "floor": unit.floor,
        }
        if unit.keep:
            mine["keep"] = list(unit.keep)
        if unit.weaker:
            mine["weaker"] = unit.weaker
        yield from _of(
            unit.fell, unit.attacked, unit.queries, mine, {**group, "attack": unit.attack}
        )


def _changes(evasions: Sequence[Evasion], kind: str) -> list[float]:
    """Return how many features or words each evasion changed; nothing of distances of arrays."""
    if kind == "tables":
        return [float(len(one.edits)) for one in evasions]
    return [] if kind in ("arrays", "faces") else [one.cost for one in evasions]


def _of(
    fell: int,
    n: int,
    queries: Sequence[int],
    conditions: Mapping[str, Json],
    group: Mapping[str, Json] | None,
) -> Iterator[Measurement]:
    part = None if group is None else dict(group)
    share = of_share(fell, n)
    yield staged(
        measured("attack_success_rate", fell / n, share, n, group=part, conditions=conditions)
    )
    if fell and queries:
        ranked = np.sort(np.array(queries, np.float64))
        ends = quantile_ends(ranked, 0.5)
        middle = float(np.median(ranked))
        yield staged(
            measured("median_queries", middle, ends, len(ranked), group=part, conditions=conditions)
        )


def _findings(
    path: str | None,
    target: TargetConfig,
    clean: Clean,
    units: Sequence[Unit],
    evasions: Sequence[Evasion],
) -> Iterator[Finding]:
    location = Location(route=target.model.url, path=target.model.path)
    attacked = max(unit.attacked for unit in units)
    queries = sorted(one.queries for one in evasions)
    yield from findings(
        endpoint_evaded,
        Evaded(
            path=path,
            location=location,
            fell=len(evasions),
            attacked=max(attacked, len(evasions)),
            seeds=clean.seeds.source,
            queries=float(np.median(queries)) if queries else 0.0,
            fewest=queries[0] if queries else 0,
            attacks=tuple(unit.attack for unit in units),
        ),
        STAGE,
    )
    carriers = carried(evasions)
    if carriers:
        name, count = carriers[0]
        seen = Concentrated(
            path=path,
            location=replace(location, feature=name if clean.kind.name == "tables" else None),
            edit=name,
            carries=count,
            evasions=len(evasions),
            kind=clean.kind.name,
            seeds=clean.seeds.source,
        )
        yield from findings(concentrated_weakness, seen, STAGE)
    if not clean.steady:
        seen_ = Unsteady(path=path, location=location, seeds=clean.seeds.source)
        yield from findings(unsteady_endpoint, seen_, STAGE)


def carried(evasions: Sequence[Evasion]) -> list[tuple[str, int]]:
    """Return each edit with the number of evasions that it is part of, the most frequent first."""
    counts: Counter[str] = Counter()
    for one in evasions:
        counts.update({edit.name for edit in one.edits})
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def tables(
    target: TargetConfig, clean: Clean, units: Sequence[Unit], evasions: Sequence[Evasion]
) -> Iterator[Table]:
    """Yield the attacks beside each other, and which edits do it."""
    name = f"{target.name}, {clean.seeds.source}"
    if units:
        yield Table(
            name="endpoint_attacks",
            title=f"Share of the seeds that evade {name}, by attack",
            stage=STAGE,
            kind=TableKind.INTERVALS,
            meaning="The higher, the more an attacker achieves. A floor changes seeds at random: "
            "an attack that does no better has learnt nothing of the target.",
            columns=("label", "value", "low", "high", "n", "median rows to success", "rows"),
            rows=tuple(_row(unit) for unit in units),
            notes=tuple(
                f"{unit.attack} was asked as many rows a seed as what it stands beside: "
                f"{unit.fell} of {unit.attacked} fell to it; {unit.beside}"
                for unit in units
                if unit.beside
            ),
        )
    carriers = carried(evasions)
    if carriers:
        yield Table(
            name="edits",
            title=f"Edits that evasions of {name} consist of, by the share of the evasions",
            stage=STAGE,
            kind=TableKind.BARS,
            meaning="One long bar: the weakness is concentrated; mending it stops most of them.",
            columns=("label", "value"),
            rows=tuple((edit, count / len(evasions)) for edit, count in carriers[:_SHOWN]),
            notes=("edits that were not needed were taken back first, as far as rows were left",),
        )


def _row(unit: Unit) -> tuple[Json, ...]:
    ends = of_share(unit.fell, unit.attacked)
    label = f"{unit.attack} (floor)" if unit.floor else unit.attack
    middle = float(np.median(unit.queries)) if unit.queries else None
    return (label, unit.fell / unit.attacked, ends.low, ends.high, unit.attacked, middle, unit.rows)
