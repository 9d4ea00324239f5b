"""The stage `claims`: what is said of the model, on the user's own data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Hashable, Iterator
from dataclasses import replace

import numpy as np

from modelwarden.assess.alike import widened
from modelwarden.assess.calibration import error_of
from modelwarden.assess.claims.claim import Claim, Stated, stated
from modelwarden.assess.claims.decide import Standing, Test, holm, rows_to_settle, stand
from modelwarden.assess.claims.names import Reading, readings
from modelwarden.assess.claims.read import MOST, claims_of
from modelwarden.assess.config import ClaimConfig
from modelwarden.assess.context import Context
from modelwarden.assess.measures import of_classes, of_regression, table_of
from modelwarden.assess.rules._claims import Judged as JudgedClaim
from modelwarden.assess.rules._claims import Unchecked
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.claim_inconclusive import claim_inconclusive
from modelwarden.assess.rules.claim_not_checkable import claim_not_checkable
from modelwarden.assess.rules.claim_refuted import claim_refuted
from modelwarden.assess.rules.claim_supported import claim_supported
from modelwarden.assess.slicing import rows_of
from modelwarden.assess.stage import StageResult
from modelwarden.assess.truth import Judged
from modelwarden.core import (
    Finding,
    Gap,
    GapKind,
    InputError,
    Json,
    Location,
    Measurement,
    Table,
    encode,
)
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import of_share, z_of
from modelwarden.metrics.values import measured
from modelwarden.targets.spec import Task

STAGE = "claims"
_RULES = {
    Standing.REFUTED: claim_refuted,
    Standing.SUPPORTED: claim_supported,
    Standing.INCONCLUSIVE: claim_inconclusive,
}
_WIDEST = 0.5
_WIDE = (
    "it allows for so wide a range of values that it says nothing: hardly any measurement could "
    "speak against it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A claim as one of its readings, with its number and the test of it."""

    claim: Claim
    reading: Reading
    number: Stated
    test: Test
    coarse: bool


def run(context: Context) -> StageResult:
    """Hold every claim against what is measured.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
        InputError: a card cannot be read.
    """
    claims, gaps = _within(stated_claims(context))
    if not claims:
        return StageResult(notes=("no claim about the model is stated",), done=False)
    if context.unsteady():
        why = "the model's answers depend on more than the row, so no number can be held against it"
        unread = [(claim, why) for claim in claims]
        table = _table([], unread)
        return StageResult(findings=tuple(_unchecked(unread)), tables=(table,), gaps=gaps)
    seen = context.judged()
    read: list[list[_Read]] = []
    unread = []
    measures: dict[object, dict[str, Measurement]] = {}
    for claim in claims:
        made, why = _readings(context, seen, claim, measures)
        if made:
            read.append(made)
        else:
            unread.append((claim, why))
    judged = []
    for one in _judged(context, read):
        if one.wide and one.standing is not Standing.REFUTED:
            unread.append((one.claim, _WIDE))
            gaps += (
                Gap(what=_named(one.claim), why=_WIDE, kind=GapKind.NOT_ASSESSABLE, stage=STAGE),
            )
        else:
            judged.append(one)
    return StageResult(
        findings=(
            *(f for one in judged for f in findings(_RULES[one.standing], one, STAGE)),
            *_unchecked(unread),
        ),
        measurements=tuple(_sliced(context, read)),
        tables=(_table(judged, unread),),
        notes=tuple(_notes(context, claims)),
        gaps=gaps,
    )


def _within(claims: list[Claim]) -> tuple[list[Claim], tuple[Gap, ...]]:
    """Return as many claims of each source as are judged, and a gap for each that has more."""
    taken: Counter[str] = Counter()
    kept = []
    for claim in claims:
        taken[claim.source] += 1
        if taken[claim.source] <= MOST:
            kept.append(claim)
    why = f"it states more than {MOST} claims, and the others were not looked at"
    return kept, tuple(
        Gap(what=source, why=why, kind=GapKind.OVER_LIMIT, stage=STAGE)
        for source, many in taken.items()
        if many > MOST
    )


def stated_claims(context: Context) -> list[Claim]:
    """Return the claims of modelwarden.toml, then those of the card.

    Raises:
        InputError: a card cannot be read.
    """
    found = [_of_config(claim, i) for i, claim in enumerate(context.assess.claims)]
    for name, data in context.cards.items():
        found += claims_of(name, data)
    return found


def _of_config(claim: ClaimConfig, number: int) -> Claim:
    return Claim(
        metric=claim.metric,
        value=claim.value if isinstance(claim.value, str) else repr(claim.value),
        source="modelwarden.toml",
        place=f"claims[{number}]",
        margin=claim.margin,
        averaging=claim.averaging,
        slice=tuple(dict(part) for part in claim.slice),
        n=claim.n,
        low=claim.low,
        high=claim.high,
        data=claim.data,
    )


def _readings(
    context: Context, seen: Judged, claim: Claim, measures: dict[object, dict[str, Measurement]]
) -> tuple[list[_Read], str]:
    """Return a claim in all its readings, or why it has none here."""
    if claim.words is not None:
        return [], f"which rows {claim.words!r} selects is not said"
    found, why = readings(
        claim.metric,
        claim.averaging,
        binary=seen.positive is not None,
        regression=seen.spec.task is Task.REGRESSION,
    )
    if not found:
        return [], why
    try:
        rows = _rows(context, seen, claim)
    except InputError as error:
        return [], error.message
    if not rows.n:
        return [], "its slice selects no labelled row"
    key = repr(claim.slice)
    wanted = {reading.measure for reading in found}
    if not wanted <= measures.get(key, {}).keys():
        measures[key] = {**measures.get(key, {}), **_measured(context, rows, wanted)}
    made = []
    for reading in found:
        number = stated(claim.value, unit_scale=reading.unit_scale)
        here = measures[key].get(reading.measure)
        if number is None:
            return [], f"its value {claim.value[:60]!r} is no number"
        if here is None or math.isnan(here.value):
            return [], f"{reading.measure} could not be measured on these rows"
        made.append(_read(context, claim, reading, number, here, rows.n))
    return made, ""


def _rows(context: Context, seen: Judged, claim: Claim) -> Judged:
    if not claim.slice:
        return seen
    mask = rows_of(context.test, claim.slice)
    return seen.take(np.flatnonzero(mask[seen.rows]))


def _measured(context: Context, seen: Judged, wanted: Container[str]) -> dict[str, Measurement]:
    """Return the measurements that claims may be about, by name; those that are wanted at least."""
    if seen.spec.task is Task.REGRESSION:
        return {m.name: m for m in of_regression(seen)}
    found = {m.name: m for m in of_classes(seen, table_of(seen), context.seed, wanted=wanted)}
    error = error_of(seen, context.seed) if "expected_calibration_error" in wanted else None
    if error is not None:
        found[error.name] = error
    at = seen.at_positive
    if at is not None and seen.y is not None and seen.said is not None:
        negatives = seen.y != at
        false = int((negatives & (seen.said == at)).sum())
        n = int(negatives.sum())
        rate = false / n if n else math.nan
        one = measured("false_positive_rate", rate, of_share(false, n), n)
        found[one.name] = widened(seen, [one])[0]
    return found


def _read(
    context: Context, claim: Claim, reading: Reading, number: Stated, here: Measurement, rows: int
) -> _Read:
    margin = claim.margin or context.assess.claiming.margin or reading.margin(number.value)
    from_text = claim.source != "modelwarden.toml"
    coarse = from_text and number.half > margin
    if reading.turned:
        here = _turned(here)
    test = Test(
        measured=here,
        value=number.value,
        margin=max(margin, number.half if coarse else margin, 1e-12),
        spread=_spread(claim, number, here, rows),
        higher_is_better=reading.higher_is_better,
    )
    return _Read(claim=claim, reading=reading, number=number, test=test, coarse=coarse)


def _turned(m: Measurement) -> Measurement:
    """Return one less a share: an error rate from an accuracy."""
    return replace(
        m,
        value=1 - m.value,
        low=None if m.high is None else 1 - m.high,
        high=None if m.low is None else 1 - m.low,
    )


def _spread(claim: Claim, number: Stated, here: Measurement, rows: int) -> float:
    """Return the standard error of the claim itself, as far as it says anything about it.

    What `±` means is hardly ever said; it is taken for a standard error, which is the wider
    reading. Rows that a claim brings have the deviation of the `rows` judged here: all of them,
    also where the metric rests on some of them only (a recall on the positives).
    """
    if number.spread is not None:
        return number.spread
    if claim.low is not None and claim.high is not None and claim.high > claim.low:
        scale = 100.0 if number.percent else 1.0
        return (claim.high - claim.low) / scale / (2 * z_of(0.95))
    if claim.n is None or here.low is None or here.high is None:
        return 0.0
    own = (here.high - here.low) / (2 * z_of(here.level))
    return own * math.sqrt(rows / claim.n)


def _is_wide(one: _Read) -> bool:
    """Tell whether the claim's own 95 % interval spans half of the scale or more.

    Of a metric without a scale, it does where it spans as much as half of the number itself.
    """
    scale = 1.0 if one.reading.unit_scale else abs(one.number.value)
    width = 2 * z_of(0.95) * abs(one.test.spread)
    return width > 0 and width >= _WIDEST * scale


def _named(claim: Claim) -> str:
    return f"{claim.source}: {claim.metric[:60]} {claim.value[:60]}"


def _judged(context: Context, read: list[list[_Read]]) -> Iterator[JudgedClaim]:
    """Judge each claim by its best reading; Holm over the claims."""
    strict = context.assess.claiming.strict
    # A claim is refuted only if every reading of it is, and supported if one reading is.
    once = [_family(some) for some in read]
    either = [(family, 2 * many if strict else many) for family, many in once]
    refuted = holm([max(r.test.p_refuted for r in some) for some in read], once)
    best_of = [min(r.test.p_supported(strict=strict) for r in some) for some in read]
    supported = holm(best_of, either)
    tests = sum(min(n, family[1]) for family, n in Counter(either).items())
    for some, against, for_ in zip(read, refuted, supported, strict=True):
        best = min(some, key=lambda r: r.test.p_supported(strict=strict))
        standing = stand(against, for_)
        needed = None
        if standing is Standing.INCONCLUSIVE:
            needed = rows_to_settle(best.test, tests, strict=strict)
        yield JudgedClaim(
            path=best.claim.source,
            location=_location(best.claim),
            standing=standing,
            claim=best.claim,
            reading=best.reading.name,
            others=tuple(r.reading.name for r in some if r is not best),
            claimed=best.number.value,
            percent=best.number.percent,
            value=best.test.measured.value,
            low=best.test.measured.low,
            high=best.test.measured.high,
            n=best.test.measured.n,
            margin=best.test.margin,
            coarse=best.coarse,
            constant=best.test.spread == 0,
            wide=_is_wide(best),
            p=against if standing is Standing.REFUTED else for_,
            needed=needed,
            strict=strict,
            tested=len(read),
            leaked=context.leaked(),
        )


def _family(some: list[_Read]) -> tuple[Hashable, int]:
    """Return which claims imply one another with this one, and how many tests they are worth."""
    names = tuple(one.reading.name for one in some)
    return (names, repr(some[0].claim.slice)), len(names)


def _location(claim: Claim) -> Location:
    terms: dict[str, Json] = {"metric": claim.metric}
    if claim.place:
        terms["claim"] = claim.place
    return Location(path=claim.source, slice=claim.slice or None, terms=terms)  # type: ignore[arg-type]


def _unchecked(unread: list[tuple[Claim, str]]) -> Iterator[Finding]:
    for claim, why in unread:
        seen = Unchecked(path=claim.source, location=_location(claim), claim=claim, why=why)
        yield from findings(claim_not_checkable, seen, STAGE)


def _sliced(context: Context, read: list[list[_Read]]) -> Iterator[Measurement]:
    """Yield what was measured on the slices of claims; all rows stand under `performance`."""
    for some in read:
        for one in some:
            if one.claim.slice and not one.reading.turned:
                group: Json = {"slice": encode(one.claim.slice)}
                conditions = {**context.conditions, **one.test.measured.conditions}
                yield replace(one.test.measured, group=group, stage=STAGE, conditions=conditions)


def _notes(context: Context, claims: list[Claim]) -> Iterator[str]:
    elsewhere = sorted({claim.data for claim in claims if claim.data})
    if elsewhere:
        yield (
            f"claims were measured on {'; '.join(elsewhere[:5])}; you measured on "
            f"{context.data.test}: a lower number on other data says that it does not carry over "
            "to yours, not that it was made up"
        )


def _table(judged: list[JudgedClaim], unread: list[tuple[Claim, str]]) -> Table:
    rows: list[tuple[Json, ...]] = [
        (
            one.claim.metric,
            one.reading,
            one.claim.value,
            one.value,
            one.low,
            one.high,
            one.n,
            one.margin,
            one.standing.value,
            one.needed,
        )
        for one in judged
    ]
    rows += [
        (c.metric, None, c.value, None, None, None, None, None, f"not checkable: {why}", None)
        for c, why in unread
    ]
    return Table(
        name="claims",
        title="What is claimed, and what was measured",
        stage=STAGE,
        meaning="A claim is supported when the model is shown to be no worse than claimed less the"
        " margin, refuted when it is shown to be worse than that, and inconclusive in between.",
        columns=(
            "claim",
            "read as",
            "claimed",
            "measured",
            "low",
            "high",
            "n",
            "margin",
            "verdict",
            "rows that would settle it",
        ),
        rows=tuple(rows),
    )
