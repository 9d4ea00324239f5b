"""Show a campaign to a firewall: its requests once more, in order, and what was refused.

The requests go through the campaign's own courier: counted, paced, within its budget, on record.
An attack adapts to what is refused, and a replay does not: that a campaign is stopped says nothing
of the next one. That it gets through says that the next one need not even try.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from math import isfinite
from pathlib import Path

import numpy as np

from modelwarden.core import (
    Finding,
    Gap,
    GapKind,
    InputError,
    Json,
    Location,
    Measurement,
    Report,
    Run,
    Subject,
    Table,
    Tool,
)
from modelwarden.core.seen import findings
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import of_share, quantile_ends
from modelwarden.metrics.values import measured
from modelwarden.policy import judge
from modelwarden.protocols.tensors import WireError
from modelwarden.redteam import evasions, pinned
from modelwarden.redteam.arrivals import Arrivals, Became, arrivals
from modelwarden.redteam.asking import NO_DEFENCE, TOKEN
from modelwarden.redteam.config import Campaign, TargetConfig
from modelwarden.redteam.courier import Courier, Learnt
from modelwarden.redteam.engagement import STAGE
from modelwarden.redteam.evasions import Stored
from modelwarden.redteam.held import STATE, Held, check_own
from modelwarden.redteam.journal import Journal, nothing
from modelwarden.redteam.meter import EndedError, Meter
from modelwarden.redteam.questions import Asked, Question, asked_in
from modelwarden.redteam.replay import distinct, moved
from modelwarden.redteam.rules.campaign_gets_through import GotThrough, campaign_gets_through
from modelwarden.standards import describe
from modelwarden.targets.errors import TargetError
from modelwarden.targets.http.connection import StatusError
from modelwarden.targets.http.wires import route_for

_THROUGH = "through"  # the record of what is sent, beside the campaign's own
_OK = 200
_NO_ROUTE = 404  # of a firewall: its rule `route`
_TOLD = 12  # steps, in notes
_AS_THEY_ARE = " as they are"
_ADAPTS = (
    "an attack adapts to what is refused, and a replay does not; it comes from one client, one "
    "request after another, without the pauses of the campaign"
)
_NOTHING_REFUSED = (
    "nothing was refused: in observe a firewall refuses nothing, and what it saw stands in the "
    "file of its own --alerts"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What came of one question.

    Attributes:
        refused: by the firewall, as its header says. body: of the answer, where it is wanted.
    """

    question: Question
    status: int
    refused: bool
    body: bytes | None = None


@dataclass(slots=True, kw_only=True)
class Showing:
    """A campaign under way to a firewall.

    Attributes:
        shown: in order, by the number of the question. unread: bodies that are not there any more.
        stopped: why the rest was not sent, in one line, and what kind of gap that is.
    """

    shown: dict[int, Shown] = field(default_factory=dict)
    unread: int = 0
    stopped: tuple[str, GapKind] | None = None

    @property
    def first_refused(self) -> int | None:
        """Number of the first question that was refused."""
        return next((number for number, one in self.shown.items() if one.refused), None)

    @property
    def refused(self) -> int:
        """Requests that were refused."""
        return sum(one.refused for one in self.shown.values())


def through(folder: Path, url: str, *, rules: Campaign | None = None, version: str = "") -> Report:
    """Send every question of a campaign to a firewall; return a judged report.

    Args:
        folder: the output of the campaign.
        url: of the firewall; at the campaign's path unless it has one.
        rules: the user's own campaign file: only that allows other hosts than this machine.
        version: of the program, for the report.

    Raises:
        InputError: the folder holds no questions, or the address is outside of the rules.
        TargetError: the address does not answer, or is not the model's.
    """
    kept, campaign = _engaged(folder, url, rules)
    asked = asked_in(folder)
    stored = distinct(folder)[0] if (folder / evasions.FOLDER).is_dir() else []
    found = arrivals(kept, asked, stored) if stored else None
    check_own(folder, STATE, f"{STATE}/{_THROUGH}")
    place = folder / STATE / _THROUGH
    held = Held(place)
    try:
        showing = _sent(campaign, place, asked.questions, found)
    finally:
        held.close()
    became, unread = ([], []) if found is None else _judged(found, asked.questions, showing)
    gaps = [*_gaps(asked, showing, stored, became), *unread]
    return _report(campaign, asked.questions, showing, became, gaps, version)


def _engaged(folder: Path, url: str, rules: Campaign | None) -> tuple[Campaign, Campaign]:
    """Return a campaign as it was, and at the firewall's address.

    The folder may be a stranger's: the hosts that it lists count in the user's own file alone.

    Raises:
        InputError: it is none of one endpoint, or the address is outside of the rules.
    """
    kept = pinned.campaign_in(folder)
    if rules is not None:
        pinned.check_same(kept, rules)
        kept = rules
    (target, *more) = kept.targets
    if more:
        raise InputError("--through goes with campaigns of one target, and this one has several")
    if target.scope is None:
        raise InputError(
            "--through sends requests, and the campaign attacked a callable, which takes none"
        )
    hosts = ("loopback", *(target.scope.hosts if rules is not None else ()))
    at_wall = moved(target, url, hosts, option="--through")
    return kept, replace(kept, targets=(at_wall,))


@contextmanager
def _courier(campaign: Campaign, place: Path) -> Iterator[tuple[Courier, Journal, Meter]]:
    journal, meter = Journal(place, nothing()), Meter(campaign.budget)
    target = campaign.targets[0]
    if target.scope is None:
        raise TypeError("a firewall stands before an endpoint")
    courier = Courier(
        target.scope.address,
        seconds=campaign.limits.seconds,
        token=os.environ.get(TOKEN),
        journal=journal,
        meter=meter,
        retries=campaign.budget.retries,
        learnt=Learnt(),
    )
    try:
        journal.write({"event": "through", "authorised_by": campaign.authorised_by})
        yield courier, journal, meter
    finally:
        courier.close()
        journal.close()


def _sent(
    campaign: Campaign, place: Path, questions: Sequence[Question], found: Arrivals | None
) -> Showing:
    """Send all questions, as far as budget and firewall allow.

    Raises:
        TargetError: not even the first is answered, or not by the model.
    """
    showing, path = Showing(), _path(campaign.targets[0])
    watched = frozenset() if found is None else found.watched
    with _courier(campaign, place) as (courier, journal, meter):
        for number, question in enumerate(questions):
            body = question.sent.read()
            if body is None:
                showing.unread += 1
                continue
            try:
                meter.spend(question.rows)
                name = f"{question.pair or 'all'}/{number}"
                courier.envelope.address(name, question.rows)
                journal.intend([(f"{name}.1", question.rows)], question.about)
                one = _asked(courier, path, question, body)
            except EndedError as error:
                showing.stopped = (error.message, GapKind.BUDGET)
                break
            except TargetError as error:
                if not showing.shown:
                    error.hint = (
                        "Start `modelwarden firewall`, or name its address with --through, with "
                        "the path of the model where that is another than in the campaign."
                    )
                    raise
                showing.stopped = (error.message, error.kind)
                break
            keep = one.body if number in watched else None
            showing.shown[number] = replace(one, body=keep)
    return showing


def _path(target: TargetConfig) -> str:
    if target.scope is None or target.model.protocol is None:
        raise TypeError("a firewall stands before an endpoint")
    try:
        return route_for(target.model.protocol, target.scope.address.path, target.model.name)
    except WireError as error:
        raise InputError(f"--through: {error.message}") from error


def _asked(courier: Courier, path: str, question: Question, body: bytes) -> Shown:
    """Send one question.

    Raises:
        EndedError: a limit of the campaign is reached.
        TargetError: there is no answer, or the address is no model's.
    """
    try:
        answer = courier.post(path, body, _type_of(body))
    except StatusError as error:
        if error.status == _NO_ROUTE and error.walled:
            raise TargetError(f"the firewall knows no model at {path}") from error
        if error.status in NO_DEFENCE and not error.walled and question.status == _OK:
            raise TargetError(
                f"{error.message} at {path}, where the model answered in the campaign"
            ) from error
        return Shown(question=question, status=error.status, refused=error.walled)
    return Shown(question=question, status=_OK, refused=False, body=answer)


def _type_of(body: bytes) -> str:
    """Return how a body was called: all protocols send JSON objects, TorchServe also bare text."""
    try:
        is_document = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        is_document = False
    return "application/json" if is_document else "text/plain; charset=utf-8"


def _judged(
    found: Arrivals, questions: Sequence[Question], showing: Showing
) -> tuple[list[tuple[Stored, Became]], list[Gap]]:
    """Return what became of each evasion that the record holds, and answers nobody can read."""
    became, gaps = [], []
    for one in found.stored:
        if not found.places.get(one.name):
            continue
        try:
            became.append((one, _became(found, one, questions, showing)))
        except TargetError as error:
            gaps.append(
                Gap(what=one.name, why=error.message, kind=GapKind.NOT_ASSESSABLE, stage=STAGE)
            )
    return became, gaps


def _became(
    found: Arrivals, one: Stored, questions: Sequence[Question], showing: Showing
) -> Became:
    first = showing.first_refused
    sent = [(p, showing.shown[p.question]) for p in found.places[one.name]
            if p.question in showing.shown]  # fmt: skip
    for place, shown in sent:
        if shown.body is None:
            continue
        if found.is_same(one, shown.body, questions[place.question].rows, place.row):
            return Became.ARRIVED if first is None or place.question < first else Became.LATER
    if any(shown.refused for _, shown in sent):
        return Became.REFUSED
    return Became.OTHERWISE if sent else Became.UNSENT


def _gaps(
    asked: Asked,
    showing: Showing,
    stored: Sequence[Stored],
    became: Sequence[tuple[Stored, Became]],
) -> Iterator[Gap]:
    questions, sent = len(asked.questions), len(showing.shown)
    if showing.stopped is not None:
        why, kind = showing.stopped
        left = questions - sent - showing.unread
        yield _gap("requests", f"{left} of {questions} were not sent: {why}", kind)
    if showing.unread:
        why = f"{showing.unread} of {questions} are not in the folder as they were"
        yield _gap("requests", why, GapKind.FAILED)
    if not asked.ended:
        yield _gap("transcript", "it ends before its campaign came to its end", GapKind.FAILED)
    if not stored:
        why = "the campaign has none, so whether it gets through is not shown"
        yield _gap("evasions", why, GapKind.NOT_ASSESSABLE)
    missing = len(stored) - len(became)
    if missing:
        why = f"{missing} of {len(stored)} could not be followed through the transcript"
        yield _gap("evasions", why, GapKind.NOT_ASSESSABLE)
    plain = [one for one in showing.shown.values() if one.question.about.endswith(_AS_THEY_ARE)
             and one.question.status == _OK]  # fmt: skip
    if plain and all(one.refused for one in plain):
        why = (
            "the seeds as they are were refused as well, so that refusals show nothing: this "
            "firewall is another model's, has blocked this client since an earlier run, or refuses "
            "requests of several rows for one of them (a campaign of batch = 1 asks row by row)"
        )
        yield _gap("refusals", why, GapKind.NOT_ASSESSABLE)


def _gap(what: str, why: str, kind: GapKind) -> Gap:
    return Gap(what=what, why=why, kind=kind, stage=STAGE)


def _report(
    campaign: Campaign,
    questions: Sequence[Question],
    showing: Showing,
    became: Sequence[tuple[Stored, Became]],
    gaps: Sequence[Gap],
    version: str,
) -> Report:
    place = campaign.targets[0].model.url or ""
    counts = Counter(one for _, one in became)
    told = ", ".join(f"{one.value} {counts[one]}" for one in Became if counts[one])
    other = sum(not one.refused and one.status != _OK for one in showing.shown.values())
    report = Report(
        tool=Tool(version=version),
        subject=Subject(kind="endpoint", name=place),
        run=Run(
            command="redteam replay --through",
            seed=campaign.seed,
            notes=(
                f"{len(showing.shown)} of {len(questions)} requests of the campaign "
                f"{campaign.name!r} sent once more: {showing.refused} refused",
                *_steps_told(showing),
                *([f"evasions: {told}"] if told else []),
                *([] if showing.refused else [_NOTHING_REFUSED]),
                *([f"{other} requests got another status than 200, no refusal of a firewall's"]
                  if other else []),
                _ADAPTS,
            ),
        ),
        findings=tuple(_findings(campaign, showing, became)),
        measurements=tuple(_measurements(campaign, showing, became)),
        gaps=tuple(gaps),
        rules=(describe(campaign_gets_through),),
        stages=() if gaps else (STAGE,),
        tables=(_table(showing),),
    )  # fmt: skip
    return judge(report, campaign.policy)


def _findings(
    campaign: Campaign, showing: Showing, became: Sequence[tuple[Stored, Became]]
) -> Iterator[Finding]:
    url = campaign.targets[0].model.url
    arrived = [one.name for one, what in became if what in (Became.ARRIVED, Became.LATER)]
    seen = GotThrough(
        path=url,
        location=Location(route=url),
        evasions=tuple(arrived),
        unseen=sum(what is Became.ARRIVED for _, what in became),
        judged=len(became),
        refused=showing.refused,
        campaign=campaign.name,
    )
    yield from findings(campaign_gets_through, seen, STAGE)


def _measurements(
    campaign: Campaign, showing: Showing, became: Sequence[tuple[Stored, Became]]
) -> Iterator[Measurement]:
    conditions: dict[str, Json] = {
        "campaign": campaign.name,
        "requests_sent": len(showing.shown),
        "requests_refused": showing.refused,
        "clients": 1,
    }
    judged = [what for _, what in became if what is not Became.UNSENT]
    if judged:
        n, came = len(judged), sum(w in (Became.ARRIVED, Became.LATER) for w in judged)
        share = of_share(came, n)
        one = measured("evasions_arrived", came / n, share, n, conditions=conditions)
        yield replace(one, stage=STAGE)
    pairs = _grouped(showing, lambda q: q.pair)
    until = sorted(row for row in map(_first_row, pairs.values()) if row is not None)
    if until:
        ranked = np.array(until, np.float64)
        ends = quantile_ends(ranked, 0.5)
        conditions["pairs"] = len(pairs)
        one = measured(
            "rows_until_refused",
            float(np.median(ranked)),
            ends if isfinite(ends.high) else None,  # a few pairs bound nothing
            len(ranked),
            conditions=conditions,
        )
        yield replace(one, stage=STAGE)


def _steps_told(showing: Showing) -> Iterator[str]:
    """Yield a line on each step in which something was refused; the table has all."""
    refused = [(name, mine) for name, mine in _steps(showing).items() if _first_row(mine)]
    for name, mine in refused[:_TOLD]:
        count = sum(one.refused for one in mine)
        yield (
            f"{name}: {count} of {len(mine)} requests refused, the first at row {_first_row(mine)}"
        )
    if len(refused) > _TOLD:
        yield f"and in {len(refused) - _TOLD} more steps"


def _steps(showing: Showing) -> dict[str, list[Shown]]:
    return _grouped(showing, lambda q: f"{q.about} ({q.pair})" if q.pair else q.about)


def _table(showing: Showing) -> Table:
    return Table(
        name="through",
        title="What the firewall refused, by what was asked",
        stage=STAGE,
        meaning="Rows count from the start of each step. A client that is blocked in one step is "
        "also refused in the next.",
        columns=("label", "requests", "refused", "rows", "first refused at row"),
        rows=tuple(
            (
                name,
                len(mine),
                sum(one.refused for one in mine),
                sum(one.question.rows for one in mine),
                _first_row(mine),
            )
            for name, mine in _steps(showing).items()
        ),
    )


def _grouped(showing: Showing, key: Callable[[Question], str]) -> dict[str, list[Shown]]:
    found: dict[str, list[Shown]] = {}
    for one in showing.shown.values():
        found.setdefault(key(one.question), []).append(one)
    return found


def _first_row(shown: Sequence[Shown]) -> int | None:
    """Return the first row, from 1, of the first request that was refused; None where none was."""
    rows = 0
    for one in shown:
        if one.refused:
            return rows + 1
        rows += one.question.rows
    return None


__all__ = ["through"]
