"""Degrade: can single requests that are odd, and still small, make the target slow or fail?

Each seed is asked alone, then changed in ways that cost a sender nothing: a text many times over,
one endless word, nested marks, words of a table that are long. Floods are not tried: they show
nothing about a model, and hurt whoever shares the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from modelwarden.core import Json, Location, Measurement, Table
from modelwarden.core.seen import findings
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import of_share, quantile_ends
from modelwarden.metrics.values import measured
from modelwarden.redteam.engagement import STAGE, Clean, Engagement, GoalResult
from modelwarden.redteam.meter import EndedError
from modelwarden.redteam.rules.slow_input import Slow, slow_input
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, Floats, Frame, Inputs, Labels, take

_SEEDS = 12
_LONG = 100_000  # characters

_CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "ten times over": lambda text: " ".join([text] * 10),
    "a hundred thousand characters": lambda text: ((text + " ") * (_LONG // (len(text) + 1) + 1))[
        :_LONG
    ],
    "one endless word": lambda text: "a" * _LONG + text,
    "nested marks": lambda text: "(" * 5_000 + text + ")" * 5_000,
    "blanks without end": lambda text: text.replace(" ", " " * 500),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tried:
    """One way of being odd: seconds of each answer, and how many gave none."""

    name: str
    seconds: Floats
    failed: int
    n: int


def run(engagement: Engagement) -> GoalResult:
    """Ask odd inputs of every target."""
    result = GoalResult()
    for number in range(len(engagement.lines)):
        for seeds in range(len(engagement.seeds)):
            source = engagement.seeds[seeds][1].source
            try:
                clean = engagement.cleaned(number, seeds)
            except EndedError as error:
                return result + GoalResult(gaps=(engagement.gap(source, error.message),))
            result += _degraded(engagement, number, clean)
    return result


def _degraded(engagement: Engagement, number: int, clean: Clean) -> GoalResult:
    rows = np.arange(min(len(clean.seeds), _SEEDS))
    inputs = take(clean.seeds.inputs, rows)
    if not _has_words(inputs):
        why = "inputs of a fixed size have no odd form that costs a sender nothing"
        return GoalResult(gaps=(engagement.gap(clean.seeds.source, why),))
    tried: list[_Tried] = []
    ended: str | None = None
    for name, change in _CHANGES.items():
        clean.live.line.about = f"degrade on {clean.seeds.source}: {name}"
        try:
            tried.append(_try(clean, name, _changed(inputs, change), rows))
        except EndedError as error:
            ended = error.message
            break
    target = engagement.campaign.targets[number]
    conditions = {**engagement.conditions(target), "seeds": clean.seeds.source}
    gaps = () if ended is None else (engagement.gap("degrade", ended),)
    seen = [
        Slow(
            path=target.model.url or target.model.path,
            location=Location(route=target.model.url, terms={"change": one.name}),
            change=one.name,
            usual=float(np.median(tried[0].seconds)) if len(tried[0].seconds) else 0.0,
            now=float(np.median(one.seconds)) if len(one.seconds) else 0.0,
            failed=one.failed,
            n=one.n,
            was=tried[0].failed,
        )
        for one in tried[1:]
    ]
    return GoalResult(
        measurements=tuple(_measured(tried, conditions)),
        findings=tuple(f for one in seen for f in findings(slow_input, one, STAGE)),
        tables=(_table(target.name, tried),),
        gaps=gaps,
    )


def _has_words(inputs: Inputs) -> bool:
    if isinstance(inputs, Frame):
        return any(column.dtype.kind == "O" for column in inputs.columns)
    return inputs.dtype.kind == "O"


def _changed(inputs: Inputs, change: Callable[[str], str]) -> Inputs:
    if isinstance(inputs, Frame):
        columns = tuple(
            _changed_words(column, change) if column.dtype.kind == "O" else column
            for column in inputs.columns
        )
        return replace(inputs, columns=columns)
    return _changed_words(inputs, change)


def _changed_words(column: Column, change: Callable[[str], str]) -> Column:
    out = np.empty(len(column), object)
    out[:] = [None if v is None else change(str(v)) for v in column.tolist()]
    return out


def _try(clean: Clean, name: str, inputs: Inputs, rows: Labels) -> _Tried:
    """Ask each input alone; one that gets no answer is counted, and ends nothing."""
    seconds, failed = [], 0
    for row in rows.tolist():
        line = clean.live.line
        try:
            with line.impatient():
                line.ask(take(inputs, np.array([row])))
        except EndedError:
            raise
        except TargetError:
            failed += 1
            continue
        seconds.append(line.took)
    return _Tried(name=name, seconds=np.array(seconds), failed=failed, n=len(rows))


def _measured(tried: list[_Tried], conditions: dict[str, Json]) -> Iterator[Measurement]:
    for one in tried:
        mine: dict[str, Json] = {**conditions, "change": one.name}
        group: dict[str, Json] = {"change": one.name}
        share = of_share(one.failed, one.n)
        told = measured(
            "unanswered", one.failed / one.n, share, one.n, group=group, conditions=mine
        )
        yield replace(told, stage=STAGE)
        if len(one.seconds):
            ranked = np.sort(one.seconds)
            ends = quantile_ends(ranked, 0.5)
            middle = float(np.median(ranked))
            yield measured(
                "latency", middle, ends, len(ranked), unit="s", group=group, conditions=mine
            )


def _table(target: str, tried: list[_Tried]) -> Table:
    return Table(
        name="odd_inputs",
        title=f"What single odd requests do to {target}",
        stage="cost",
        meaning="One request at a time. Many times the usual seconds: a few such senders stop it.",
        columns=("change", "median seconds", "without an answer", "n"),
        rows=tuple(
            (
                one.name,
                float(np.median(one.seconds)) if len(one.seconds) else None,
                one.failed,
                one.n,
            )
            for one in tried
        ),
    )
