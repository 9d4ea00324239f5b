"""A target as a campaign asks it: no row more than is counted, several calls at once, on record.

A batch is cut into requests of a fixed size, which go out side by side over as many channels; which
rows travel together depends on nothing but the order in which they are asked. Unlike in an
assessment, requests are not filled up: an endpoint counts, and may charge for, every row.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.protocols.tensors import Tensor, WireError
from modelwarden.redteam.config import BudgetConfig, TargetConfig
from modelwarden.redteam.courier import BUSY, Courier, Envelope
from modelwarden.redteam.journal import Journal, JournalError, Recorded
from modelwarden.redteam.meter import EndedError, Meter
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Inputs, take
from modelwarden.targets.http.connection import StatusError
from modelwarden.targets.http.wires import Wire, tensors_of, wire_for
from modelwarden.targets.spec import Name
from modelwarden.targets.tiled import Asked, padded

_ONE_BY_ONE = ("torchserve", "openai")
_TOKEN = "MODELWARDEN_TARGET_TOKEN"  # noqa: S105 -- the name of a variable
_TILE = 256
_LANES = ("a", "b")
MakeWire = Callable[[TargetConfig, Courier], Wire]


class Channel(Protocol):
    """Sends the rows of one request, or of several where the protocol takes one row each."""

    envelope: Envelope
    retries: int

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return what is answered."""

    def close(self) -> None:
        """Hang up."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that is none: the endpoint refused the request, as a firewall does.

    Attributes:
        rows: places in the request. status: of HTTP. why: in the endpoint's own words.
    """

    rows: tuple[int, ...]
    status: int
    why: str


class Line:
    """All channels to one target.

    Attributes:
        number: of the target in the campaign. batch: that was asked last. about: what the next
            batches are for, for the record. told: how it is asked.
    """

    def __init__(
        self,
        number: int,
        channels: Sequence[Channel],
        journal: Journal,
        *,
        size: int,
        one_by_one: bool = False,
        told: str = "",
        lane: str = "",
    ) -> None:
        """Ask nothing yet; `size` is the rows of a request, `lane` names a part of the channels."""
        self.lane = lane
        self._lanes: tuple[Line, ...] = ()
        self.number, self.size, self.told = number, size, told
        self.one_by_one = one_by_one
        self.batch = 0
        self.took = 0.0  # seconds of the slowest request of the last batch, as on record
        self.about = ""
        self._channels, self._journal = channels, journal
        self._pool = ThreadPoolExecutor(len(channels)) if len(channels) > 1 else None

    @property
    def tile(self) -> int:
        """Rows that are asked at once."""
        return self.size * len(self._channels)

    @property
    def name(self) -> str:
        """As the record has it."""
        return f"t{self.number}{self.lane}"

    def lanes(self) -> tuple[Line, ...]:
        """Return the channels in two parts that are asked side by side; all, where there is one.

        While one part waits for its answers, what is learnt from those of the other is worked out.
        """
        if len(self._channels) < len(_LANES):
            return (self,)
        if not self._lanes:
            self._lanes = tuple(
                Line(
                    self.number,
                    self._channels[place :: len(_LANES)],
                    self._journal,
                    size=self.size,
                    one_by_one=self.one_by_one,
                    told=self.told,
                    lane=lane,
                )
                for place, lane in enumerate(_LANES)
            )
        return self._lanes

    def close(self) -> None:
        """Hang up."""
        for lane in self._lanes:
            lane.close()
        if self._pool is not None:
            self._pool.shutdown()
        for channel in self._channels:
            channel.close()

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
        syncing = self._announce(parts)
        if self._pool is None or len(parts) == 1:
            done = [_attempt(self._one, *part) for part in parts]
        else:
            flying = [self._pool.submit(_attempt, self._one, *part) for part in parts]
            done = [one.result() for one in flying]
        self._journal.settle(syncing)
        self.took = max(channel.envelope.took for channel, _, _ in parts)
        failed = [one for one in done if isinstance(one, Exception)]
        if failed:
            # What the budget stopped is told after what went wrong: it is no fault of the target's.
            raise next((e for e in failed if not isinstance(e, EndedError)), failed[0])
        answers = [one for one in done if not isinstance(one, Exception)]
        return [(p[2], len(p[1]), a) for p, a in zip(parts, answers, strict=True)]

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Ask once, and take no answer for one."""
        before = [(channel, channel.retries) for channel in self._channels]
        for channel, _ in before:
            channel.retries = 0
        try:
            yield
        finally:
            for channel, retries in before:
                channel.retries = retries

    def disown(self, why: str, *, since: int | None = None) -> None:
        """Say that answers were none, so that a resumed campaign asks again."""
        first = self.batch if since is None else since
        self._journal.write({"event": "bad", "target": self.name, "since": first, "why": why})

    def _parts(self, inputs: Inputs) -> list[tuple[Channel, Inputs, int]]:
        n, parts = len(inputs), []
        for place, start in enumerate(range(0, n, self.size)):
            rows = inputs
            if n > self.size:
                rows = take(inputs, np.arange(start, min(start + self.size, n)))
            channel = self._channels[place % len(self._channels)]
            each = 1 if self.one_by_one else len(rows)
            channel.envelope.name = f"{self.name}.{self.batch}.{place}"
            channel.envelope.rows, channel.envelope.number = each, 0
            parts.append((channel, rows, start))
        return parts

    def _announce(self, parts: Sequence[tuple[Channel, Inputs, int]]) -> Future[None] | None:
        requests = []
        for channel, rows, _ in parts:
            name, each = channel.envelope.name, channel.envelope.rows
            requests += [(f"{name}.{k + 1}", each) for k in range(len(rows) // max(each, 1))]
        fresh = [(n, rows) for n, rows in requests if self._journal.known(n) is None]
        return self._journal.intend(fresh, self.about) if fresh else None

    def _one(self, channel: Channel, rows: Inputs, start: int) -> tuple[Tensor, ...] | Refused:
        del start
        try:
            return channel.ask(rows)
        except TargetError as error:
            # A refusal is told in the protocol's own words, with the status as its cause.
            status = error if isinstance(error, StatusError) else error.__cause__
            if isinstance(status, StatusError) and status.status not in BUSY:
                return Refused(tuple(range(len(rows))), status.status, error.message)
            if not error.lost and not error.unsent:
                self.disown(error.message)
            raise


def _attempt(
    work: Callable[[Channel, Inputs, int], tuple[Tensor, ...] | Refused],
    channel: Channel,
    rows: Inputs,
    start: int,
) -> tuple[Tensor, ...] | Refused | Exception:
    """Do one request; others beside it must end before an error is told."""
    try:
        return work(channel, rows, start)
    except (TargetError, JournalError, EndedError) as error:
        return error


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


class _Called:
    """A callable in its sandbox; what crosses is written down as JSON."""

    def __init__(self, asked: Asked, journal: Journal, meter: Meter) -> None:
        self._asked, self._journal, self._meter = asked, journal, meter
        self.envelope = Envelope()
        self.retries = 0

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        name, rows = self.envelope.next(), len(inputs)
        sent = packed(tensors_of(inputs))
        digest = hashlib.sha256(sent).hexdigest()
        known = self._journal.known(name)
        if known is not None:
            if known.digest != digest:
                raise JournalError(
                    f"request {name} is not the one on record: another version asks other questions"
                )
            self._meter.replayed(rows, known.tries)
            self._journal.replayed += 1
            self.envelope.took = known.seconds
            return unpacked(known.body)
        if self._journal.offline:
            raise JournalError(f"the transcript ends before request {name}")
        self._meter.spend(rows)
        self._meter.pace()
        began = time.monotonic()
        answer = self._answered(inputs)
        recorded = Recorded(
            digest=digest,
            tries=1,
            rows=rows,
            status=0,
            body=packed(answer),
            clock=self._meter.seconds,
            seconds=time.monotonic() - began,
        )
        self._journal.answered(name, sent, recorded)
        self.envelope.took = recorded.seconds
        return answer

    def _answered(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Ask in whole tiles, so that answers do not depend on who is asked with whom."""
        rows = len(inputs)
        answer = self._asked.ask(padded(inputs, 0, rows, _TILE))
        return tuple(
            Tensor(t.name, t.values[:rows], t.columns)
            for t in answer
            if t.values.ndim and len(t) == _TILE
        )

    def close(self) -> None:
        return None


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
    known: dict[str, bytes | StatusError] = {}
    channels = []
    for _ in range(budget.concurrency):
        courier = Courier(
            target.scope.address,
            seconds=seconds,
            token=os.environ.get(_TOKEN),
            journal=journal,
            meter=meter,
            retries=budget.retries,
            known=known,
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
    return Line(
        number,
        channels,
        journal,
        # A refusal of one question is none of the others'.
        size=budget.batch if wires is None else 1,
        one_by_one=model.protocol in _ONE_BY_ONE,
        told=model.protocol,
    )


def line_of(number: int, asked: Asked, *, journal: Journal, meter: Meter) -> Line:
    """Return what asks a callable that was opened."""
    return Line(number, [_Called(asked, journal, meter)], journal, size=_TILE, told="callable")


def packed(tensors: Sequence[Tensor]) -> bytes:
    """Return arrays as JSON from which `unpacked` makes the same arrays, bit by bit."""
    document = [
        {
            "name": t.name,
            "columns": list(t.columns),
            "type": t.values.dtype.str if t.values.dtype.kind != "O" else "text",
            "shape": list(t.values.shape),
            "values": _plain(t.values),
        }
        for t in tensors
    ]
    return json.dumps(document, separators=(",", ":")).encode()


def _plain(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> list[object]:
    flat = values.ravel()
    return [str(v) for v in flat] if flat.dtype.kind in "mM" else list(flat.tolist())


def unpacked(body: bytes) -> tuple[Tensor, ...]:
    """Return the arrays of `packed`."""
    found = []
    for part in json.loads(body):
        kind = object if part["type"] == "text" else np.dtype(part["type"])
        values = np.array(part["values"], dtype=kind).reshape(part["shape"])
        found.append(Tensor(part["name"], values, tuple(part["columns"])))
    return tuple(found)


__all__ = ["Line", "Refused", "line_of", "line_to", "packed", "unpacked"]
