"""Decisions on their way into the ledger: written before they are acted upon, many at once.

What is decided in one turn of the event loop is written by one `write()` at the end of the turn,
and only then goes on to the model or back to the client.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted

from modelwarden.core.values import dataclass
from modelwarden.detectors.alerts import now
from modelwarden.detectors.answering import class_of
from modelwarden.detectors.probes import answers_in
from modelwarden.detectors.profile import Profile
from modelwarden.firewall.decide import Decision
from modelwarden.firewall.keeping import Keeper
from modelwarden.ledger import Redaction, Writer
from modelwarden.protocols.tensors import WireError

_HASHES = 10_000
SYNC_SECONDS = 0.01
"""Between two calls of fdatasync: what a power cut may take. A killed process loses nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Where decisions are recorded.

    Attributes:
        ledger: open for writing.
        redaction: of what is recorded.
        answers: likewise, of what models answered; None records none.
        threshold: at which a lone score means the class 1; None leaves it a number.
    """

    ledger: Writer
    redaction: Redaction
    answers: Writer | None = None
    threshold: float | None = None


class Recorder:
    """Writes decisions; what follows from them is done when they are written.

    Attributes:
        keeper: has them written.
        refuses: whether what cannot be recorded is not let on.
    """

    def __init__(
        self,
        records: Records,
        loop: asyncio.AbstractEventLoop,
        told: Callable[[str, bool], None],
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make ready.

        Args:
            records: where to.
            loop: that the turns are of.
            told: of trouble with the ledger, and of its end: see `Keeper`.
            busy: tells whether there is anything else for the loop to do.
        """
        self.keeper = Keeper(records.ledger, loop, told)
        self.refuses = False
        self._busy = busy
        self._redaction = records.redaction
        self._loop = loop
        self._bodies: list[bytes] = []
        self._thens: list[Callable[[bool], None]] = []
        self._asked: OrderedDict[tuple[str | None, str], str] = OrderedDict()
        self._gathering = False
        self._second, self._day, self._at, self._time = -1, "", -1, ""

    def add(
        self,
        decision: Decision,
        model: str | None,
        client: str,
        request_id: str | None,
        mode: str,
        then: Callable[[bool], None],
    ) -> None:
        """Record a decision at the end of the turn, or with the next `flush`.

        Args:
            decision: that was made.
            model: that was asked.
            client: who asked.
            request_id: that is told.
            mode: of the firewall.
            then: called when it is written, with True, or cannot be, with False.
        """
        if self.refuses and self.keeper.stuck and decision.allowed:
            self.keeper.lose(1)  # it is not let on: no record may say that it was
            then(False)
            return
        if not self._bodies and not self._gathering:
            self._loop.call_soon(self.flush)
        self._bodies.append(self._encoded(decision, model, client, request_id, mode))
        self._thens.append(then)

    def gather(self) -> None:
        """Wait for a call of `flush`, which is to come within this turn."""
        self._gathering = True

    def flush(self) -> None:
        """Have written what waits."""
        self._gathering = False
        if not self._bodies:
            return
        bodies, self._bodies = self._bodies, []
        thens, self._thens = self._thens, []
        self.keeper.put(bodies, thens, wait=len(bodies) == 1 and not self._busy())

    def _encoded(
        self, decision: Decision, model: str | None, client: str, request_id: str | None, mode: str
    ) -> bytes:
        asked = self._asked.get((model, client)) or self._known(model, client)
        name = "null" if request_id is None else quoted(request_id)
        rule = "null" if decision.rule is None else quoted(decision.rule)
        score = "null" if decision.score is None else f"{decision.score:.6g}"
        return (
            f'{{"time":"{self._now()}",{asked},"request_id":{name},'
            f'"decision":"{decision.done.value}","mode":"{mode}","rule":{rule},'
            f'"detail":{quoted(decision.detail)},"rows":{decision.rows},"score":{score}}}'
        ).encode()

    def _now(self) -> str:
        """Return the time, in UTC to the millisecond."""
        now = int(time.time() * 1000)
        if now == self._at:
            return self._time
        second = now // 1000
        if second != self._second:
            self._second = second
            self._day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        self._at, self._time = now, f"{self._day}.{now % 1000:03d}Z"
        return self._time

    def _known(self, model: str | None, client: str) -> str:
        """Return what a record says of model and client; whose hash is dear is remembered."""
        name = "null" if model is None else quoted(model)
        hashed = self._redaction.hash_of(client)
        found = f'"kind":"request","model":{name},"client":"{hashed}"'
        self._asked[model, client] = found
        if len(self._asked) > _HASHES:
            self._asked.popitem(last=False)
        return found


class AnswerRecorder:
    """Writes what models answered, a record for each row, for labels that come in later.

    Attributes:
        keeper: has them written.
    """

    def __init__(
        self,
        records: Records,
        ledger: Writer,
        loop: asyncio.AbstractEventLoop,
        told: Callable[[str, bool], None],
    ) -> None:
        """Make ready.

        Args:
            records: how clients are named, and what a score means.
            ledger: where to.
            loop: that the turns are of.
            told: of trouble with the ledger, and of its end: see `Keeper`.
        """
        self.keeper = Keeper(ledger, loop, told)
        self._redaction = records.redaction
        self._threshold = records.threshold
        self._loop = loop
        self._waiting: list[bytes] = []

    def add(self, profile: Profile, body: bytes, client: str, request_id: str) -> None:
        """Record an answer at the end of the turn; what is none is passed over.

        Args:
            profile: of the model.
            body: as the server sent it.
            client: who asked.
            request_id: rows of a request of several are it and `#0`, `#1` ….
        """
        try:
            rows = answers_in(profile.protocol, body, None)
        except WireError:
            return
        about = {
            "time": now(),
            "kind": "answer",
            "model": profile.name,
            "client": self._redaction.hash_of(client),
        }
        if not self._waiting:
            self._loop.call_soon(self._flush)
        for number, row in enumerate(rows):
            name = request_id if len(rows) == 1 else f"{request_id}#{number}"
            said: dict[str, str | float | None]
            said = {"request_id": name, "prediction": class_of(*row), "score": None}
            if len(row[0]) > 1:
                said["score"] = _finite(float(row[0].max()))
            elif len(row[0]) == 1 and self._threshold is not None:
                said |= self._decided(float(row[0][0]))
            self._waiting.append(json.dumps(about | said).encode())

    def _decided(self, score: float) -> dict[str, str | float | None]:
        if self._threshold is None or not math.isfinite(score):
            return {}
        said = score >= self._threshold
        return {"prediction": str(int(said)), "score": score if said else 1 - score}

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self.keeper.put(waiting, [])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
