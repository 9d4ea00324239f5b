"""The firewall as a reverse proxy: one asyncio process between clients and a model's server.

A request is read strictly, judged, recorded and written anew; the answer goes back with its body
as it came. What is refused is refused alike, so that nobody learns from it why.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from modelwarden.core import Severity
from modelwarden.core.values import dataclass
from modelwarden.firewall.alerts import Alert, AlertKind, Alerts, now
from modelwarden.firewall.config import FirewallConfig, Mode, Upstream
from modelwarden.firewall.decide import ABNORMAL_ROW, Decision, Judge
from modelwarden.firewall.http import HEAD, Head, HttpError, Message, read_body, read_head, written
from modelwarden.firewall.pool import Pool
from modelwarden.firewall.profile import Profile, Watched
from modelwarden.firewall.routes import REFUSED, Route, Routes, error_body
from modelwarden.ledger import LedgerError, LedgerWriteError, Redaction, Writer

_CONNECTIONS = 2048
_IDLE = 60.0
_DRAIN = 10.0
_LINGER = 2.0
_FORWARDED = ("authorization", "accept", "user-agent", "x-request-id", "traceparent", "tracestate")
_OF_BODIES = ("content-type", "content-encoding", "inference-header-content-length")
_RETURNED = ("content-type", "x-request-id", "retry-after")
_ID = re.compile(r"[!-~]{1,128}")
_JSON = re.compile(r"application/json(\s*;\s*charset=\"?utf-8\"?)?", re.IGNORECASE)
_PHRASES = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    431: "Request Header Fields Too Large",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Where decisions are recorded.

    Attributes:
        ledger: open for writing.
        redaction: of what is recorded.
    """

    ledger: Writer
    redaction: Redaction


class Proxy:
    """A firewall in front of one server.

    Attributes:
        asked: requests that were read, refused ones included.
        refused: of these.
        unrecorded: decisions that the ledger's disk refused; each raised an alert.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        upstream: Upstream,
        config: FirewallConfig,
        mode: Mode,
        *,
        alerts: Alerts,
        records: Records | None = None,
    ) -> None:
        """Make ready; nothing is opened yet.

        Raises:
            ProfileError: the profiles contradict each other.
        """
        self.asked = self.refused = self.unrecorded = 0
        self._routes = Routes(profiles)
        self._config = config
        self._mode = mode
        self._alerts = alerts
        self._records = records
        self._pool = Pool(upstream, config.upstream_seconds)
        self._judges: dict[int, Judge] = {}
        self._watched = tuple(dict.fromkeys(w for p in profiles for w in p.watched))
        self._open: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._most = max(profile.limits.body for profile in profiles)

    async def serve(self, host: str, port: int, ready: Callable[[str, int], None]) -> None:
        """Serve until the process is asked to end; requests under way are finished.

        Args:
            host: to listen at.
            port: 0 takes a free one.
            ready: is told where it listens.

        Raises:
            OSError: the port is in use or not allowed.
        """
        server = await asyncio.start_server(self._accept, host, port, limit=HEAD, backlog=1024)
        name = server.sockets[0].getsockname()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        watch = asyncio.create_task(self._watch())
        ready(str(name[0]), int(name[1]))
        try:
            await stop.wait()
        finally:
            server.close()
            watch.cancel()
            for task in self._open - self._busy:
                task.cancel()
            if self._busy:
                await asyncio.wait(set(self._busy), timeout=_DRAIN)
            for task in self._open:
                task.cancel()
            self._pool.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        if len(self._open) >= _CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                while await self._one(reader, writer, task):
                    pass
        finally:
            self._open.discard(task)
            self._busy.discard(task)
            writer.close()

    async def _one(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
    ) -> bool:
        """Serve one request; tell whether another may follow."""
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else "local"
        try:
            async with asyncio.timeout(_IDLE):
                first = await reader.read(1)
        except TimeoutError:
            return False
        if not first:
            return False
        self._busy.add(task)
        try:
            async with asyncio.timeout(self._config.request_seconds):
                head = await read_head(reader, first)
                if head is None:
                    return False
                if head.headers.get("expect", "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await read_body(reader, head.headers, self._most)
        except TimeoutError:
            await self._send(writer, self._broken(HttpError(408, "too slow"), address), keep=False)
            return False
        except HttpError as error:
            await self._send(writer, self._broken(error, address), keep=False)
            await _linger(reader, writer)
            return False
        answer = await self._answered(head, body, address)
        await self._send(writer, answer, keep=head.keep, bare=head.method == "HEAD")
        self._busy.discard(task)
        return head.keep

    async def _send(
        self, writer: asyncio.StreamWriter, answer: Message, *, keep: bool, bare: bool = False
    ) -> None:
        headers = list(answer.headers.items())
        if not keep:
            headers.append(("connection", "close"))
        first = f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Answer')}"
        data = written(first, headers, answer.body)
        writer.write(data[: len(data) - len(answer.body)] if bare else data)
        async with asyncio.timeout(self._config.upstream_seconds):
            await writer.drain()

    def _broken(self, error: HttpError, address: str) -> Message:
        """Return the answer to what is no request that can be read, in any mode."""
        self.asked += 1
        self._note(AlertKind.REQUEST, Severity.HIGH, "http", error.detail, address)
        decision = Decision(
            allowed=False, rule="http", detail=error.detail, status=error.status, body=b""
        )
        return self._refusal(decision, None, address, None)

    async def _answered(self, head: Head, body: bytes, address: str) -> Message:
        self.asked += 1
        client = address
        if self._config.client_header is not None:
            client = head.headers.get(self._config.client_header, address)[:256]
        given = head.headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else None
        route = self._routes.of(head.method, head.path)
        wrong = self._wrong(head, body, route)
        if wrong is not None:
            status, rule, detail = wrong
            self._note(AlertKind.REQUEST, Severity.MEDIUM, rule, detail, client, request_id)
            observed = self._mode is Mode.OBSERVE
            decision = Decision(observed, rule, detail, status, body)
            if not observed:
                return self._refusal(decision, route, client, request_id)
            self._record("would-refuse", decision, client, request_id, route)
            return await self._forwarded(head, body, route, client, request_id, as_it_came=True)
        if route is None or route.checks is None:
            return await self._forwarded(head, b"", route, client, request_id)
        decision = self._judge(route).decide(body, client, request_id)
        request_id = request_id or decision.id
        if not decision.allowed:
            return self._refusal(decision, route, client, request_id)
        done = "allow" if decision.rule in {None, ABNORMAL_ROW} else "would-refuse"
        self._record(done, decision, client, request_id, route)
        return await self._forwarded(head, decision.body, route, client, request_id)

    def _wrong(self, head: Head, body: bytes, route: Route | None) -> tuple[int, str, str] | None:
        if route is None:
            return 404, "route", "no model has this path"
        if route.checks is None:
            return (400, "http", "a body where none belongs") if body else None
        if head.headers.get("content-encoding", "identity").lower() != "identity":
            return 415, "encoding", "a body that is compressed"
        if "inference-header-content-length" in head.headers:
            return 415, "encoding", "binary tensors"
        if not _JSON.fullmatch(head.headers.get("content-type", "")):
            return 415, "content-type", "another content type than JSON"
        return None

    def _judge(self, route: Route) -> Judge:
        if route.checks is None:
            raise ValueError("nothing is asked of a model there")
        judge = self._judges.get(id(route))
        if judge is None:
            judge = Judge(route.checks, self._mode, self._config.block_seconds, self._alerts.emit)
            self._judges[id(route)] = judge
        return judge

    async def _forwarded(
        self,
        head: Head,
        body: bytes,
        route: Route | None,
        client: str,
        request_id: str | None,
        *,
        as_it_came: bool = False,
    ) -> Message:
        """Return the server's answer to a request; only in observe mode it goes as it came."""
        names = (*_FORWARDED, *_OF_BODIES) if as_it_came else _FORWARDED
        headers = [(n, head.headers[n]) for n in names if n in head.headers]
        if body and not as_it_came:
            headers.append(("content-type", "application/json"))
        try:
            answer = await self._pool.ask(head.method, head.path, headers, body)
        except HttpError as error:
            self._note(
                AlertKind.UPSTREAM, Severity.HIGH, "upstream", error.detail, client, request_id
            )
            shown = {"content-type": "application/json"}
            protocol = self._routes.protocol if route is None else route.protocol
            told = error_body(protocol, "the model cannot be reached")
            return Message(error.status, shown, told, keep=True)
        kept = {n: answer.headers[n] for n in _RETURNED if n in answer.headers}
        return Message(answer.status, kept, answer.body, keep=True)

    def _refusal(
        self, decision: Decision, route: Route | None, client: str, request_id: str | None
    ) -> Message:
        self.refused += 1
        self._record("refuse", decision, client, request_id, route)
        protocol = self._routes.protocol if route is None else route.protocol
        headers = {"content-type": "application/json", "x-modelwarden": "refused"}
        return Message(decision.status, headers, error_body(protocol, REFUSED), keep=True)

    def _record(
        self,
        done: str,
        decision: Decision,
        client: str,
        request_id: str | None,
        route: Route | None,
    ) -> None:
        """Write the decision before it is acted upon; traffic goes on when the disk refuses."""
        if self._records is None:
            return
        model = None if route is None or route.checks is None else route.checks.profile.name
        record = self._records.redaction.of(
            {
                "time": now(),
                "kind": "request",
                "model": model,
                "client": client,
                "request_id": request_id,
                "decision": done,
                "mode": self._mode.value,
                "rule": decision.rule,
                "detail": decision.detail,
                "rows": decision.rows,
                "score": decision.score,
            }
        )
        try:
            self._records.ledger.append(record)
        except (LedgerWriteError, LedgerError) as error:
            self.unrecorded += 1
            self._note(AlertKind.SELF, Severity.CRITICAL, "ledger", error.message, None, request_id)

    def _note(
        self,
        kind: AlertKind,
        severity: Severity,
        rule: str,
        detail: str,
        client: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self._alerts.emit(
            Alert(
                kind=kind,
                severity=severity,
                rule=rule,
                detail=detail,
                client=client,
                request_id=request_id,
            )
        )

    async def _watch(self) -> None:
        """Look at the watched files again and again; each change is told once."""
        told: dict[Watched, str] = {}
        while self._watched:
            for watched in self._watched:
                state = await asyncio.to_thread(_state, watched)
                if state and told.get(watched) != state:
                    detail = f"{watched.path} {state}"
                    self._note(AlertKind.TAMPER, Severity.CRITICAL, "digest-changed", detail)
                told[watched] = state
            await asyncio.sleep(self._config.watch_seconds)


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take what a client still sends, for a while: else it would meet a reset, not our answer."""
    if writer.can_write_eof():
        writer.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            while await reader.read(HEAD):
                pass


def _state(watched: Watched) -> str:
    """Return what is wrong with a watched file; empty when nothing is."""
    try:
        with Path(watched.path).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {(error.strerror or str(error)).lower()}"
    return "" if digest == watched.sha256 else f"is now sha256:{digest}"
