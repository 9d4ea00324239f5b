"""Probe: a fixed set of questions to chat models, repeated, and counted by family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from modelwarden.core import (
    Finding,
    Gap,
    GapKind,
    InputError,
    Json,
    Location,
    Measurement,
    Rule,
    Table,
    TableKind,
    UnknownNameError,
)
from modelwarden.core.seen import findings
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.values import measured
from modelwarden.redteam.asking import Line, Refused
from modelwarden.redteam.config import AttackConfig, TargetConfig
from modelwarden.redteam.engagement import STAGE, Engagement, GoalResult
from modelwarden.redteam.kinds.kind import only
from modelwarden.redteam.llm.probes import Family
from modelwarden.redteam.llm.probing import (
    Planned,
    Settings,
    Tally,
    Trial,
    judged,
    planned,
    set_digest,
    tallied,
)
from modelwarden.redteam.llm.seen import Probed
from modelwarden.redteam.llm.wire import reply_in, rows_of
from modelwarden.redteam.meter import EndedError
from modelwarden.redteam.rules.encoded_instructions import encoded_instructions
from modelwarden.redteam.rules.prompt_override import prompt_override
from modelwarden.redteam.rules.refusal_broken import refusal_broken
from modelwarden.redteam.rules.system_prompt_leak import system_prompt_leak
from modelwarden.redteam.rules.tool_injection import tool_injection
from modelwarden.redteam.rules.unsafe_output import unsafe_output
from modelwarden.targets.errors import TargetError

_NAME = "llm-probes"
_MOST_REPEATS = 100
_SHORTEST_CANARY = 8
_RULES: Mapping[Family, Rule[Any]] = {
    Family.OVERRIDE: prompt_override,
    Family.ENCODED: encoded_instructions,
    Family.LEAK: system_prompt_leak,
    Family.REFUSAL: refusal_broken,
    Family.OUTPUT: unsafe_output,
    Family.TOOLS: tool_injection,
}


def run(engagement: Engagement) -> GoalResult:
    """Probe every target."""
    settings = settings_of(engagement.campaign.attacks)
    questions = planned(settings, seed=engagement.campaign.seed)
    result = GoalResult()
    for _, target, line in engagement.targets():
        trials, gaps = _asked(engagement, line, questions, target)
        tallies = tallied(trials, settings)
        result += _result(engagement, target, settings, tallies, trials)
        result += GoalResult(gaps=tuple(gaps))
        if engagement.meter.ended is not None:
            break
    return result


def settings_of(attacks: Sequence[AttackConfig]) -> Settings:
    """Return how endpoints are probed.

    Raises:
        InputError: an option is unknown, or cannot be used.
    """
    if not attacks:
        return Settings()
    if len(attacks) > 1 or attacks[0].name != _NAME:
        raise InputError(f"the goal probe has one [[attack]], {_NAME}")
    options = attacks[0].options
    only(options, "attack", ("repeats", "families", "system", "canary", "tools"), ("name",))
    system, canary = _flag(options, "system"), options.get("canary")
    if canary is not None:
        if not isinstance(canary, str) or len(canary) < _SHORTEST_CANARY:
            why = f"must be a string of {_SHORTEST_CANARY} characters or more"
            raise InputError(f"attack.canary {why}", hint="Take a made-up word that nobody says.")
        if system:
            raise InputError(
                "attack.canary stands in the target's own system prompt: it needs system = false"
            )
    return Settings(
        repeats=_repeats(options),
        families=_families(options),
        system=system,
        canary=canary,
        tools=_flag(options, "tools"),
    )


def _flag(options: Mapping[str, Json], key: str) -> bool:
    value = options.get(key, True)
    if not isinstance(value, bool):
        raise InputError(f"attack.{key} must be true or false, not {value!r}")
    return value


def _repeats(options: Mapping[str, Json]) -> int:
    value = options.get("repeats", Settings().repeats)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_REPEATS:
        raise InputError(f"attack.repeats must be 1 to {_MOST_REPEATS}, not {value!r}")
    return value


def _families(options: Mapping[str, Json]) -> tuple[Family, ...]:
    value = options.get("families")
    if value is None:
        return Settings().families
    known = [str(family) for family in _RULES]
    if not isinstance(value, list) or not value:
        raise InputError("attack.families must be an array of names")
    for name in value:
        if name not in known:
            raise UnknownNameError("family of probes", str(name), known)
    return tuple(family for family in _RULES if family in value)


def _asked(
    engagement: Engagement, line: Line, questions: Sequence[Planned], target: TargetConfig
) -> tuple[list[Trial], list[Gap]]:
    """Ask as many at once as may be; what is lost half-way is a gap."""
    trials: list[Trial] = []
    line.about = _NAME
    for start in range(0, len(questions), line.tile):
        part = questions[start : start + line.tile]
        try:
            answers = line.ask(rows_of([one.question for one in part]))
        except EndedError:
            break
        except TargetError as error:
            if not trials:
                raise
            what = f"{target.name}: {len(questions) - len(trials)} questions"
            return trials, [engagement.gap(what, error.message, error.kind)]
        for at, _, answer in answers:
            if isinstance(answer, Refused):
                trials.append(judged(part[at], None, answer.why))
            else:
                trials.append(judged(part[at], reply_in(answer[0].values[0])))
    return trials, []


def _result(
    engagement: Engagement,
    target: TargetConfig,
    settings: Settings,
    tallies: Sequence[Tally],
    trials: Sequence[Trial],
) -> GoalResult:
    conditions: dict[str, Json] = {
        **engagement.conditions(target),
        "probes": set_digest(),
        "repeats": settings.repeats,
        "system": settings.system,
        "temperature": 0,
    }
    return GoalResult(
        findings=tuple(f for tally in tallies for f in _found(target, tally)),
        measurements=tuple(_measured(target, tallies, conditions)),
        gaps=tuple(_unanswered(engagement, target, tallies, trials)),
        doubts=tuple(_unshown(engagement, target, tallies)),
        tables=(_table(target, tallies),) if tallies else (),
        notes=(
            _told(target, tallies),
            f"{target.name}: repeats of one probe are not independent; an interval is of these "
            "questions, not of all that could be asked",
        ),
    )


def _told(target: TargetConfig, tallies: Sequence[Tally]) -> str:
    """Return what came of it in a sentence."""
    broke, n = sum(t.broke for t in tallies), sum(t.judged for t in tallies)
    told = f"{target.name}: {broke} of {n} answers did what they must not"
    families = [str(t.family) for t in tallies if t.broke]
    if families:
        told += f" ({', '.join(families)})"
    blind = [str(t.family) for t in tallies if not t.shown and not t.broke]
    return f"{told}; nothing can be said of {', '.join(blind)}" if blind else f"{told}."


def _found(target: TargetConfig, tally: Tally) -> Iterator[Finding]:
    worst = tally.worst
    seen = Probed(
        path=target.name,
        location=Location(route=target.model.url, terms={"family": str(tally.family)}),
        target=target.name,
        family=str(tally.family),
        broke=tally.broke,
        n=tally.judged,
        probes=tuple(probe.name for probe, broke, _ in tally.probes if broke),
        asked="" if worst is None else worst.asked,
        said="" if worst is None else worst.said,
    )
    yield from findings(_RULES[tally.family], seen, STAGE)


def _measured(
    target: TargetConfig, tallies: Sequence[Tally], conditions: Mapping[str, Json]
) -> Iterator[Measurement]:
    # Where nothing is shown, 0 of n would read like a strength.
    counted = [tally for tally in tallies if tally.judged and (tally.shown or tally.broke)]
    for tally in counted:
        group: dict[str, Json] = {"target": target.name, "family": str(tally.family)}
        mine = {**conditions, "control": tally.control}
        yield _share(tally.broke, tally.judged, group, mine)
    if counted:
        broke, trials = sum(t.broke for t in counted), sum(t.judged for t in counted)
        families: list[Json] = [str(tally.family) for tally in counted]
        yield _share(broke, trials, None, {**conditions, "families": families})


def _share(
    broke: int, n: int, group: Mapping[str, Json] | None, conditions: Mapping[str, Json]
) -> Measurement:
    one = measured(
        "attack_success_rate",
        broke / n,
        of_share(broke, n),
        n,
        group=None if group is None else dict(group),
        conditions=conditions,
    )
    return replace(one, stage=STAGE)


def _unanswered(
    engagement: Engagement,
    target: TargetConfig,
    tallies: Sequence[Tally],
    trials: Sequence[Trial],
) -> Iterator[Gap]:
    for tally in tallies:
        what = f"{target.name}: {tally.family}"
        if tally.lost:
            why = next(t.why for t in trials if t.probe.family is tally.family and t.why)
            why = f"{tally.lost} of {tally.lost + tally.judged} questions got no answer: {why}"
            yield engagement.gap(what, why, GapKind.FAILED)


def _unshown(
    engagement: Engagement, target: TargetConfig, tallies: Sequence[Tally]
) -> Iterator[Gap]:
    for tally in tallies:
        if tally.judged and not tally.shown and not tally.broke:
            why = (
                "nothing broke, and the control did not work either: the model does not do such "
                "things when it should, so its holding shows nothing"
            )
            yield engagement.gap(f"{target.name}: {tally.family}", why, GapKind.NOT_ASSESSABLE)


def _table(target: TargetConfig, tallies: Sequence[Tally]) -> Table:
    rows = []
    for tally in tallies:
        for probe, broke, n in tally.probes:
            ends = of_share(broke, n)
            value = broke / n if n else None
            rows.append((probe.name, value, ends.low, ends.high, n, probe.title))
    return Table(
        name="llm_probes",
        title=f"Share of the answers of {target.name} that did what they must not, by probe",
        stage=STAGE,
        kind=TableKind.INTERVALS,
        meaning="0 is good. Probes of one family try one thing in different guises.",
        columns=("label", "value", "low", "high", "n", "what it tries"),
        rows=tuple(rows),
    )
