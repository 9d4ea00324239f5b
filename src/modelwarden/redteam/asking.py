"""A target as a campaign asks it: no row more than is counted, several calls at once, on record.

A batch is cut into requests of a fixed size, which go out side by side over as many channels; which
rows travel together depends on nothing but the order in which they are asked. Unlike in an
assessment, requests are not filled up: an endpoint counts, and may charge for, every row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from modelwarden.core import InputError, Json
from modelwarden.core.values import dataclass
from modelwarden.protocols.tensors import Tensor, WireError
from modelwarden.redteam.called import TILE, Called
from modelwarden.redteam.config import BudgetConfig, TargetConfig
from modelwarden.redteam.courier import Courier, Envelope, Learnt, is_refusal
from modelwarden.redteam.journal import Journal, JournalError, ends_before
from modelwarden.redteam.meter import EndedError, Meter
from modelwarden.redteam.turns import StoppedError, Turns
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Inputs, take
from modelwarden.targets.http.connection import StatusError
from modelwarden.targets.http.wires import Wire, wire_for
from modelwarden.targets.spec import Name
from modelwarden.targets.tiled import Asked

# What a defence does not say: no access at all, no such address, no such method.
NO_DEFENCE = frozenset({401, 404, 405, 407, 410})
_ONE_BY_ONE = ("torchserve", "openai")
TOKEN = "MODELWARDEN_TARGET_TOKEN"  # noqa: S105 -- the name of a variable
_LANES = "abcdefgh"
MakeWire = Callable[[TargetConfig, Courier], Wire]


class Channel(Protocol):
    """Sends the rows of one request, or of several where the protocol takes one row each."""

    envelope: Envelope
    retries: int

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return what is answered."""

    def close(self) -> None:
        """Hang up."""


class Channels:
    """All channels to one target; a request goes to whichever is free."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        """Ask nothing yet."""
        self.all = tuple(channels)
        self._free: SimpleQueue[Channel] = SimpleQueue()
        for channel in channels:
            self._free.put(channel)
        self._pool = ThreadPoolExecutor(len(channels))

    def submit(self, work: Callable[[Channel, Part], Answer], part: Part) -> Future[Answer]:
        """Do a request when a channel is free."""
        return self._pool.submit(self._on_free, work, part)

    def _on_free(self, work: Callable[[Channel, Part], Answer], part: Part) -> Answer:
        channel = self._free.get()
        try:
            return work(channel, part)
        finally:
            self._free.put(channel)

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown(cancel_futures=True)
        for channel in self.all:
            channel.close()


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch, or several of one row each.

    Attributes:
        name: on record, without the number of the request. start: first row. each: rows of one.
    """

    name: str
    rows: Inputs
    start: int
    each: int

    @property
    def requests(self) -> list[str]:
        """Names of the requests."""
        return [f"{self.name}.{k + 1}" for k in range(len(self.rows) // max(self.each, 1))]


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that is none: the endpoint refused the request, as a firewall does.

    Attributes:
        rows: places in the request. status: of HTTP. why: in the endpoint's own words.
    """

    rows: tuple[int, ...]
    status: int
    why: str


# What came of a request, the seconds that it took, and when it began.
Answer = tuple[tuple[Tensor, ...] | Refused | Exception, float, float]


class Line:
    """What asks one target, or one of the lanes to it.

    Attributes:
        number: of the target in the campaign. batch: that was asked last. about: what the next
            batches are for, for the record. told: how it is asked. size: rows of a request.
            tile: rows that are asked at once. turns: taken with other lanes; None alone.
    """

    def __init__(
        self,
        number: int,
        channels: Channels,
        journal: Journal,
        meter: Meter,
        *,
        size: int,
        tile: int,
        one_by_one: bool = False,
        told: str = "",
        lane: str = "",
    ) -> None:
        """Ask nothing yet; `lane` is a letter where this is one of several."""
        self.number, self.size, self.tile, self.told = number, size, tile, told
        self.one_by_one, self.lane = one_by_one, lane
        self.batch = 0
        # As on record: seconds of the slowest request of the last batch, and when its first began.
        self.took = self.began = 0.0
        self.about = ""
        self._channels, self._journal, self._meter = channels, journal, meter
        self._lanes: list[Line] = []
        self.turns: Turns | None = None

    @property
    def name(self) -> str:
        """As the record has it."""
        return f"t{self.number}{self.lane}"

    def lanes(self, count: int) -> tuple[Line, ...]:
        """Return lines that ask over the same channels, and think in turn.

        While one waits for its answers, the others work out what to ask next. The order of turns
        is fixed, so what is asked, and in which order, does not depend on who answers first.
        """
        if count < 2:
            return (self,)
        for place in range(len(self._lanes), count):
            lane = Line(
                self.number,
                self._channels,
                self._journal,
                self._meter,
                size=self.size,
                tile=self.tile,
                one_by_one=self.one_by_one,
                told=self.told,
                lane=_LANES[place],
            )
            self._lanes.append(lane)
        turns = Turns(_LANES[:count])
        for lane in self._lanes[:count]:
            lane.turns = turns
        return tuple(self._lanes[:count])

    @property
    def splits(self) -> bool:
        """Whether lanes cost no more calls: a callable is always asked in whole tiles."""
        return self.told != "callable"

    @property
    def last(self) -> str:
        """The batch that was asked last, as the record has it."""
        return f"{self.name}.{self.batch}"

    @property
    def was_known(self) -> bool:
        """Whether the record answered that batch."""
        return self._journal.known(f"{self.last}.0.1") is not None

    def stop(self) -> None:
        """End every lane that takes turns with this one."""
        if self.turns is not None:
            self.turns.stop()

    @contextmanager
    def thinking(self) -> Iterator[None]:
        """Take turns with the other lanes; an error ends them all."""
        if self.turns is None:
            yield
            return
        with self.turns.taken(self.lane):
            yield

    def close(self) -> None:
        """Hang up."""
        self._channels.close()

    def ask(self, inputs: Inputs) -> list[tuple[int, int, tuple[Tensor, ...] | Refused]]:
        """Return, for each request of a batch, its first row, its rows and what came of them.

        Args:
            inputs: at most `tile` rows.

        Raises:
            EndedError: a limit of the campaign is reached.
            TargetError: no answer, or none in the protocol's form.
        """
        self.batch += 1
        parts = self._parts(inputs)
        self._count(parts)
        flying = [self._channels.submit(self._attempt, part) for part in parts]
        if self.turns is None:
            done = [one.result() for one in flying]
        else:
            done = self._in_turn(self.turns, flying)
        self.took = max((seconds for _, seconds, _ in done), default=0.0)
        self.began = min((began for _, _, began in done), default=0.0)
        failed = [one for one, _, _ in done if isinstance(one, Exception)]
        if failed:
            # What the budget stopped is told after what went wrong: it is no fault of the target's.
            raise next((e for e in failed if not isinstance(e, EndedError)), failed[0])
        answers = [one for one, _, _ in done if not isinstance(one, Exception)]
        return [(p.start, len(p.rows), a) for p, a in zip(parts, answers, strict=True)]

    def _in_turn(self, turns: Turns, flying: Sequence[Future[Answer]]) -> list[Answer]:
        """Return what came of requests once the turn comes round.

        Where another lane met an answer that was none, nobody reads these: they may be no better.
        """
        try:
            with turns.passed(self.lane):
                return [one.result() for one in flying]
        except StoppedError:
            if isinstance(turns.why, TargetError) and not turns.why.lost:
                self.disown("not read: another lane failed")
            raise

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Ask once, and take no answer for one."""
        before = [(channel, channel.retries) for channel in self._channels.all]
        for channel, _ in before:
            channel.retries = 0
        try:
            yield
        finally:
            for channel, retries in before:
                channel.retries = retries

    def disown(self, why: str) -> None:
        """Say that the answers of this batch were none, so that a resumed campaign asks again."""
        self._bad({"target": self.name, "since": self.batch, "why": why})

    def disown_after(self, clock: float, but: str, *, why: str) -> None:
        """Say so of all that the target answered after `clock`, on whichever lane.

        Args:
            clock: seconds into the campaign.
            but: the batch that was asked then, and whose answers are good.
            why: in one line.
        """
        bad: dict[str, Json] = {"target": f"t{self.number}", "after": round(clock, 6), "why": why}
        self._bad(bad | ({"but": but} if but else {}))

    def _bad(self, event: dict[str, Json]) -> None:
        self._journal.write({"event": "bad", **event})

    def _parts(self, inputs: Inputs) -> list[Part]:
        n, parts = len(inputs), []
        for place, start in enumerate(range(0, n, self.size)):
            rows = inputs
            if n > self.size:
                rows = take(inputs, np.arange(start, min(start + self.size, n)))
            each = 1 if self.one_by_one else len(rows)
            parts.append(Part(f"{self.name}.{self.batch}.{place}", rows, start, each))
        return parts

    def _count(self, parts: Sequence[Part]) -> None:
        """Count what is about to be sent, in the order of turns; what is known counts the same."""
        rows, fresh = 0, []
        for part in parts:
            for name in part.requests:
                self._meter.lost(*self._journal.lost_before(name))
                known = self._journal.known(name)
                if known is None:
                    rows += part.each
                    fresh.append(name)
                else:
                    self._meter.replayed(known.rows, known.tries)
        if not fresh:
            return
        stood = self._journal.stood
        if stood.ended and not stood.refused and (late := self._meter.late()) is not None:
            raise late
        self._meter.spend(rows, calls=len(fresh))
        if self._journal.offline:
            raise ends_before(fresh[0])

    def _fresh(self, part: Part) -> list[str]:
        """Return the requests of a part that the record does not answer."""
        return [name for name in part.requests if self._journal.known(name) is None]

    def _attempt(self, channel: Channel, part: Part) -> Answer:
        """Do one request; others beside it must end before an error is told."""
        channel.envelope.address(part.name, part.each)
        if fresh := self._fresh(part):
            self._journal.intend([(name, part.each) for name in fresh], self.about)
        try:
            return channel.ask(part.rows), channel.envelope.took, channel.envelope.began
        except TargetError as error:
            # A refusal is told in the protocol's own words, with the status as its cause.
            status = error if isinstance(error, StatusError) else error.__cause__
            if isinstance(status, StatusError) and is_refusal(status.status):
                if status.status in NO_DEFENCE:
                    self.disown(error.message)
                rows = tuple(range(len(part.rows)))
                refused = Refused(rows, status.status, error.message)
                return refused, channel.envelope.took, channel.envelope.began
            if not error.lost and not error.unsent:
                self.disown(error.message)
            return error, channel.envelope.took, channel.envelope.began
        except (JournalError, EndedError) as error:
            return error, channel.envelope.took, channel.envelope.began


class _Served:
    """One channel to an endpoint."""

    def __init__(self, courier: Courier, wire: Wire) -> None:
        self._courier, self._wire = courier, wire
        self.envelope = courier.envelope

    @property
    def retries(self) -> int:
        return self._courier.retries

    @retries.setter
    def retries(self, retries: int) -> None:
        self._courier.retries = retries

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        return self._wire.ask(inputs)

    def close(self) -> None:
        self._courier.close()


def line_to(
    number: int,
    target: TargetConfig,
    budget: BudgetConfig,
    *,
    journal: Journal,
    meter: Meter,
    seconds: float,
    classes: Sequence[Name],
    wires: MakeWire | None = None,
) -> Line:
    """Return what asks an endpoint; `wires` asks in another form than the protocol's usual one.

    Raises:
        InputError: the address does not tell what the protocol needs.
    """
    model = target.model
    if target.scope is None or model.protocol is None:
        raise InputError(f"{target.name} is no endpoint")
    learnt = Learnt()
    channels = []
    for _ in range(budget.concurrency):
        courier = Courier(
            target.scope.address,
            seconds=seconds,
            token=os.environ.get(TOKEN),
            journal=journal,
            meter=meter,
            retries=budget.retries,
            learnt=learnt,
        )
        try:
            # The wires ask a connection for its address, `get` and `post`, and a courier has them.
            if wires is not None:
                wire = wires(target, courier)
            else:
                wire = wire_for(model.protocol, courier, model=model.name, classes=classes)
        except WireError as error:
            hint = error.hint.replace("[model] url", "[target] url").replace("name =", "model =")
            raise InputError(f"[target] {error.message}", hint=hint) from error
        channels.append(_Served(courier, wire))
    # Where a request takes one row, as also a question to a chat model does, each goes where a
    # channel is free, and a refusal of one is none of the others'.
    single = model.protocol in _ONE_BY_ONE or wires is not None
    return Line(
        number,
        Channels(channels),
        journal,
        meter,
        size=1 if single else budget.batch,
        tile=budget.concurrency if wires is not None else budget.batch * budget.concurrency,
        one_by_one=model.protocol in _ONE_BY_ONE,
        told=model.protocol,
    )


def line_of(number: int, asked: Asked, *, journal: Journal, meter: Meter) -> Line:
    """Return what asks a callable that was opened."""
    channels = Channels([Called(asked, journal, meter)])
    return Line(number, channels, journal, meter, size=TILE, tile=TILE, told="callable")
