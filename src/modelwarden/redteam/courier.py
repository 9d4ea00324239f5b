"""One channel to an endpoint: counted, paced, tried again, and on record.

It stands where `targets.http.wires` expects a connection, so every protocol that models are
assessed over serves campaigns too. No redirect is followed: what leads out of the rules of
engagement is an error that names where it leads.
"""

from __future__ import annotations

import hashlib
import threading
import time

from modelwarden.core.values import dataclass
from modelwarden.redteam.journal import Journal, JournalError, Recorded, ends_before
from modelwarden.redteam.meter import EndedError, Meter
from modelwarden.targets.errors import TargetError
from modelwarden.targets.http.connection import Address, Connection, StatusError

_WAITING = (408, 429, 502, 503, 504)  # statuses that a pause may mend
_FIRST, _LONGEST = 0.1, 10.0  # seconds before the first further try, and at most
_UNKNOWN = 501  # of a server that has no such method, as one without a description has no GET
_PATIENCE = 60.0  # the longest pause that a server may ask for
_MOVED = "Name the address that answers, if the authorisation covers it."
_STRANGE = 2  # further tries where a server says that it failed, which may be the input's doing


def is_refusal(status: int) -> bool:
    """Tell whether a status says that a request is not wanted, as a firewall's does."""
    return 400 <= status < 500 and not _is_busy(status)


def _is_busy(status: int) -> bool:
    """Tell whether a status says nothing of the request: the server is busy, or failed."""
    return status in _WAITING or 500 <= status < 600


class UnansweredError(TargetError):
    """The endpoint gave no answer, however often it was asked: the campaign cannot go on.

    Attributes:
        status: of HTTP, that it gave last; 0 where it gave none.
    """

    status = 0
    hint = "The state is safe: when the endpoint answers again, go on with --resume."


@dataclass(slots=True)
class Envelope:
    """What the next request is: its name on record, its rows; and the seconds of the last.

    Attributes:
        began: seconds into the campaign when the first of a name was sent, as on record.
    """

    name: str = ""
    rows: int = 0
    number: int = 0
    took: float = 0.0
    began: float = 0.0

    def address(self, name: str, rows: int) -> None:
        """Begin with the requests of another name."""
        self.name, self.rows, self.number, self.took = name, rows, 0, 0.0

    def heard(self, recorded: Recorded) -> None:
        """Take in when a request was answered."""
        self.took = recorded.seconds
        if self.number <= 1:
            self.began = recorded.clock - recorded.seconds

    def next(self) -> str:
        """Return the name of one more request."""
        self.number += 1
        return f"{self.name}.{self.number}"


class Learnt:
    """What was asked by GET, once for all channels."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.found: dict[str, bytes | StatusError] = {}
        self.lock = threading.Lock()


class Courier:
    """Sends the requests of one channel.

    Attributes:
        address: of the endpoint. envelope: set before a batch is sent.
        retries: further tries of a request.
    """

    def __init__(
        self,
        address: Address,
        *,
        seconds: float,
        token: str | None,
        journal: Journal,
        meter: Meter,
        retries: int,
        learnt: Learnt,
    ) -> None:
        """Connect to nothing yet; `learnt` is common to all channels."""
        self.address = address
        self.envelope = Envelope()
        self._connection = Connection(
            address, seconds=seconds, token=token, pauses=(), until=meter.until
        )
        self._journal, self._meter, self.retries = journal, meter, retries
        self._learnt = learnt
        self._walled = False  # the last answer

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def get(self, path: str) -> bytes:
        """Return what is known of an address; it is asked once a campaign.

        Raises:
            StatusError: the endpoint has no such thing.
            TargetError: it does not answer.
        """
        with self._learnt.lock:
            if path not in self._learnt.found:
                self._learnt.found[path] = self._looked_up(path)
            found = self._learnt.found[path]
        if isinstance(found, StatusError):
            raise found
        return found

    def _looked_up(self, path: str) -> bytes | StatusError:
        name = f"{self.envelope.name.partition('.')[0]}.get{path}"
        known = self._journal.known(name)
        if known is not None:
            self._meter.replayed(known.rows, known.tries)
        elif self._journal.offline:
            raise ends_before(name)
        else:
            self._meter.spend(0)
            self._journal.intend([(name, 0)], "metadata")
        try:
            return self._settled(name, 0, None, path, "")
        except StatusError as error:
            return error

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> bytes:
        """Send a body; return that of an answer with status 200.

        Raises:
            EndedError: a limit of the campaign is reached.
            StatusError: the endpoint refuses.
            UnansweredError: it does not answer.
        """
        name = self.envelope.next()
        return self._settled(name, self.envelope.rows, body, path, content_type)

    def _settled(
        self, name: str, rows: int, body: bytes | None, path: str, content_type: str
    ) -> bytes:
        known = self._journal.known(name)
        if known is None:
            known = self._sent(name, rows, body, path, content_type)
        else:
            if known.digest != hashlib.sha256(body or b"").hexdigest():
                raise JournalError(
                    f"request {name} is not the one on record: another version asks other questions"
                )
            self._journal.replayed += 1
        self.envelope.heard(known)
        if known.status != 200:
            raise StatusError(self.address.shown, known.status, known.body, walled=known.walled)
        return known.body

    def _sent(
        self, name: str, rows: int, body: bytes | None, path: str, content_type: str
    ) -> Recorded:
        tries, pause = 0, _FIRST
        began = time.monotonic()
        try:
            while True:
                self._meter.pace(rows, again=tries > 0)
                tries += 1
                try:
                    status, answer, why, asked = self._once(path, body, content_type)
                except TargetError as error:
                    status, answer, why, asked = 0, b"", error.message, 0.0
                    if error.final or not error.lost:
                        raise self._given_up(
                            name, rows, body, tries, status, why, hint=error.hint
                        ) from error
                if why is None:
                    break
                if asked > _PATIENCE:
                    why += f" and asks to wait {asked:g} s"
                if tries > self._most(status) or asked > _PATIENCE:
                    raise self._given_up(name, rows, body, tries, status, why)
                self._rest(name, rows, tries, why, max(pause, asked))
                pause = min(2 * pause, _LONGEST)
        except EndedError as error:
            if tries:
                # Counts whenever the record is played, so that the same limit ends it there.
                self._meter.vain(rows)
                self._given_up(name, rows, body, tries, 0, error.message)
            raise
        if 300 <= status < 400:  # is on record as no answer: once mended, it is asked again
            why = f"{self.address.shown} redirects (status {status}), and no campaign follows"
            raise self._given_up(name, rows, body, tries, status, why, hint=_MOVED)
        return self._record(name, rows, body, tries, status, answer, began)

    def _most(self, status: int) -> int:
        """Return the further tries of a request that was answered with a status; 0 for none."""
        strange = status and status not in _WAITING
        return min(self.retries, _STRANGE) if strange else self.retries

    def _once(
        self, path: str, body: bytes | None, content_type: str
    ) -> tuple[int, bytes, str | None, float]:
        """Return status, body, why it is to be tried again if it is, and the pause asked for.

        Raises:
            EndedError: the campaign's time was over before an answer came.
            TargetError: there is none.
        """
        self._walled = False
        try:
            if body is None:
                return 200, self._connection.get(path), None, 0.0
            return 200, self._connection.post(path, body, content_type), None, 0.0
        except StatusError as error:
            told = body is None and error.status == _UNKNOWN  # and will tell no more
            why = error.message if _is_busy(error.status) and not told else None
            self._walled = error.walled
            return error.status, error.body, why, error.pause
        except TargetError as error:
            if time.monotonic() >= self._meter.until and (over := self._meter.late()) is not None:
                raise over from error
            raise

    def _rest(self, name: str, rows: int, tries: int, why: str, seconds: float) -> None:
        """Wait before the next try, which is counted and on record right before it is sent."""
        self._meter.wait(seconds)
        self._meter.again(rows)
        self._journal.write(
            {
                "event": "retry",
                "request": name,
                "rows": rows,
                "after": tries,
                "why": why,
                "pause": round(seconds, 3),
            }
        )

    def _record(
        self,
        name: str,
        rows: int,
        body: bytes | None,
        tries: int,
        status: int,
        answer: bytes,
        began: float,
    ) -> Recorded:
        recorded = Recorded(
            digest=hashlib.sha256(body or b"").hexdigest(),
            tries=tries,
            rows=rows,
            status=status,
            body=answer,
            clock=self._meter.seconds,
            seconds=time.monotonic() - began,
            walled=self._walled,
        )
        self._journal.answered(name, body or b"", recorded)
        return recorded

    def _given_up(
        self,
        name: str,
        rows: int,
        body: bytes | None,
        tries: int,
        status: int,
        why: str,
        *,
        hint: str | None = None,
    ) -> UnansweredError:
        failed = Recorded(
            digest=hashlib.sha256(body or b"").hexdigest(),
            tries=tries,
            rows=rows,
            status=status,
            body=b"",
            failed=why,
            clock=self._meter.seconds,
        )
        self._journal.answered(name, body or b"", failed)
        times = "once" if tries == 1 else f"{tries} times"
        error = UnansweredError(f"{why} (asked {times})" if hint is None else why, hint=hint)
        error.status = status
        error.lost = True
        return error


__all__ = ["Courier", "EndedError", "Envelope", "Learnt", "UnansweredError", "is_refusal"]
