"""Records of a ledger sent elsewhere: a file, an HTTP endpoint, an S3-compatible store, OTLP.

What is shipped is read from the disk of the ledger, whole lines only, so that the ledger itself is
the buffer: a sink that is down for a day costs no memory and loses nothing, unless retention
removes what it has not been sent yet, which is told. How far it came is kept beside the sink's
name. A batch is sent again until it is taken, so a record may arrive twice, never less than once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import http.client
import json
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from modelwarden.core import Json
from modelwarden.core.paths import lies_in
from modelwarden.core.values import dataclass
from modelwarden.core.web import connected, ended_after
from modelwarden.ledger.chain import (
    LONGEST,
    OWN,
    WIDTH,
    Segment,
    facts_of,
    opened,
    segments_of,
)
from modelwarden.ledger.errors import LedgerError
from modelwarden.ledger.reading import lines_of

BATCH_BYTES = 4 << 20
BATCH_LINES = 5000
_SECONDS, _MOST_SECONDS = 20.0, 60.0  # each wait for a receiver, and all of a batch
_TRIES = 5
_LONGEST_WAIT = 60.0


class ShipError(LedgerError):
    """A sink that did not take a batch; it is sent again."""

    hint = "Look at the sink; nothing is lost while the ledger is kept."


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one segment.

    Attributes:
        segment: number. first: offset of the first line. lines: whole, with their digests.
    """

    segment: int
    first: int
    lines: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Unique and the same when it is sent again."""
        return f"{self.segment:08d}-{self.first:012d}"

    @property
    def data(self) -> bytes:
        """The lines as they stand in the ledger, so that their chain can be checked there."""
        return b"".join(self.lines)


class Sink(Protocol):
    """Takes batches."""

    def take(self, batch: Batch) -> None:
        """Take a batch, or raise `ShipError`; one that was taken before may come again."""


class Shipper:
    """Sends what is new in a ledger.

    Attributes:
        sent: lines. skipped: segments that were removed before they were sent.
    """

    def __init__(self, folder: Path, sink: Sink, position: Path) -> None:
        """Go on where `position`, a file outside of the ledger, says.

        Raises:
            LedgerError: the file lies in the ledger, says nothing that we wrote, or cannot be
                written: then what is sent would be sent again each time.
        """
        if lies_in(position, folder):
            raise LedgerError(f"{position} lies in the ledger")
        self.sent = self.skipped = 0
        self._folder, self._sink, self._file = folder, sink, position
        self._segment, self._offset, self._closed = _read(position)
        _write(position, self._segment, self._offset, self._closed)

    def ship(self) -> int:
        """Send everything that is new; return how many lines there were.

        Raises:
            ShipError: the sink did not take a batch.
            LedgerError: the ledger cannot be read.
        """
        before = self.sent
        while (batch := self._next()) is not None:
            self._sink.take(batch)
            self.sent += len(batch.lines)
            self._offset = batch.first + len(batch.data)
            self._segment = batch.segment
            last = batch.lines[-1]
            closing = facts_of(last[WIDTH + 1 :]).get("type") == "close"
            self._closed = closing and last[WIDTH : WIDTH + 1] == OWN
            _write(self._file, self._segment, self._offset, self._closed)
        return self.sent - before

    def run(self, stop: Callable[[], bool], seconds: float, say: Callable[[str], None]) -> None:
        """Ship until `stop` says so; a sink that is down is tried ever more rarely."""
        wait, down = seconds, False
        while not stop():
            try:
                self.ship()
                wait, down = seconds, False
            except ShipError as error:
                if not down:
                    say(error.message)
                down = True
                wait = min(2 * wait, _LONGEST_WAIT)
            end = time.monotonic() + wait
            while not stop() and time.monotonic() < end:
                time.sleep(min(0.1, wait))

    def _next(self) -> Batch | None:
        for _ in range(_TRIES - 1):
            try:
                return self._found()
            except LedgerError as error:
                # It was removed for its age, between the list and the look.
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
        return self._found()

    def _found(self) -> Batch | None:
        segments = segments_of(self._folder)[0]
        for segment in segments:
            if segment.number < self._segment:
                continue
            first = self._offset if segment.number == self._segment else 0
            if first and not _ends_a_line(segment, first):
                raise LedgerError(
                    f"{self._file} is the position in another ledger: it says byte {first} of "
                    f"{segment.path.name}",
                    hint="Give each ledger its own --position, or remove it to send all again.",
                )
            lines = self._lines(segment, first)
            if lines:
                self._note_gap(segment.number, segments)
                return Batch(segment.number, first, lines)
        return None

    def _note_gap(self, number: int, segments: list[Segment]) -> None:
        """Count segments between the last one that was sent and this one that are not there."""
        if self._segment and number > self._segment:
            missing = number - self._segment - 1
            # Of one that was not sent to its closing line the rest is gone as well.
            self.skipped += missing + (not self._closed and not self._has(segments))

    def _has(self, segments: list[Segment]) -> bool:
        return any(segment.number == self._segment for segment in segments)

    def _lines(self, segment: Segment, first: int) -> tuple[bytes, ...]:
        lines: list[bytes] = []
        size = 0
        for line in lines_of(segment, first):
            if len(line) == 2 * LONGEST:
                raise LedgerError(
                    f"{segment.path} holds a line that is longer than any of a ledger",
                    hint="It was altered: see `modelwarden ledger verify`.",
                )
            lines.append(line + b"\n")
            size += len(line) + 1
            if len(lines) >= BATCH_LINES or size >= BATCH_BYTES:
                break
        return tuple(lines)


def _read(path: Path) -> tuple[int, int, bool]:
    try:
        segment, offset, closed = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0, 0, True
    except (OSError, ValueError, TypeError) as error:
        raise LedgerError(f"{path} is no position of a shipper") from error
    if type(segment) is not int or type(offset) is not int or min(segment, offset) < 0:
        raise LedgerError(f"{path} is no position of a shipper")
    return segment, offset, closed is True


def _write(path: Path, segment: int, offset: int, closed: bool) -> None:
    beside = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    try:
        with beside.open("w") as stream:
            stream.write(json.dumps([segment, offset, closed]))
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut may leave the name and nothing in it
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        why = (error.strerror or str(error)).lower()
        raise ShipError(
            f"cannot write the position {path}: {why}", hint="Name another file with --position."
        ) from error


def _ends_a_line(segment: Segment, offset: int) -> bool:
    """Tell whether a line of a segment ends just before a byte."""
    try:
        with opened(segment) as stream:
            stream.seek(offset - 1)
            return stream.read(1) == b"\n"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LedgerError(f"cannot read {segment.path}: {why}") from error


# sinks ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileSink:
    """Appends lines to a file, on another disk or a mounted share."""

    path: Path

    def take(self, batch: Batch) -> None:
        """Append; of a batch that the disk does not take whole, nothing is left."""
        try:
            with self.path.open("ab", buffering=0) as stream:
                end = stream.seek(0, os.SEEK_END)
                try:
                    data = memoryview(batch.data)
                    while data:
                        data = data[stream.write(data) :]
                    os.fdatasync(stream.fileno())
                except OSError:
                    with suppress(OSError):
                        stream.truncate(end)
                    raise
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise ShipError(f"cannot write {self.path}: {why}") from error


@dataclass(frozen=True, slots=True)
class HttpSink:
    """Posts lines of JSON.

    Attributes:
        token: sent as a bearer token.
    """

    url: str
    token: str = field(default="", repr=False)

    def take(self, batch: Batch) -> None:
        """Post; the name of the batch goes with it, so that a second one can be known."""
        headers = {"content-type": "application/x-ndjson", "x-modelwarden-batch": batch.name}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        _send("POST", self.url, batch.data, headers)


@dataclass(frozen=True, slots=True)
class OtlpSink:
    """Posts records as OpenTelemetry logs, OTLP over HTTP in JSON.

    Source: opentelemetry-proto, `logs.proto` and the JSON mapping of OTLP/HTTP.
    """

    url: str
    token: str = field(default="", repr=False)

    def take(self, batch: Batch) -> None:
        """Post."""
        records: list[Json] = [
            {
                "timeUnixNano": _nanoseconds(line),
                "body": {"stringValue": line[WIDTH + 1 : -1].decode("utf-8", "replace")},
                "attributes": [
                    {
                        "key": "modelwarden.digest",
                        "value": {"stringValue": line[:WIDTH].decode("ascii", "replace")},
                    }
                ],
            }
            for line in batch.lines
        ]
        service: Json = {"key": "service.name", "value": {"stringValue": "modelwarden"}}
        scope: Json = {"scope": {"name": "modelwarden.ledger"}, "logRecords": records}
        resource: Json = {"resource": {"attributes": [service]}, "scopeLogs": [scope]}
        document: Json = {"resourceLogs": [resource]}
        url = self.url if self.url.endswith("/v1/logs") else f"{self.url.rstrip('/')}/v1/logs"
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        _send("POST", url, json.dumps(document).encode(), headers)


def _nanoseconds(line: bytes) -> str:
    try:
        time_ = dt.datetime.fromisoformat(str(json.loads(line[WIDTH + 1 :]).get("time")))
        return str(max(0, int(time_.timestamp() * 1_000_000) * 1000))
    except (ValueError, AttributeError, OverflowError, RecursionError):
        return "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Sink:
    """Puts an object for each batch into a bucket, by path-style addresses.

    Source: AWS Signature Version 4, "Authenticating Requests (Authorization header)".

    Attributes:
        url: of the store and bucket, `https://host/bucket/prefix`.
        key, secret: of the account. region: as the store spells it.
    """

    url: str
    key: str
    secret: str = field(repr=False)
    region: str = "us-east-1"

    def take(self, batch: Batch) -> None:
        """Put; the same batch has the same name, so a second one changes nothing."""
        url = f"{self.url.rstrip('/')}/{batch.name}.jsonl"
        now = dt.datetime.now(dt.UTC)
        _send("PUT", url, batch.data, self.signed(url, batch.data, now))

    def signed(self, url: str, data: bytes, now: dt.datetime) -> dict[str, str]:
        """Return the headers of a request that puts `data` at `url`."""
        parts = urlsplit(url)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        digest = hashlib.sha256(data).hexdigest()
        headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        names = ";".join(headers)
        canonical = "\n".join(
            (
                "PUT",
                quote(parts.path, safe="/-_.~"),
                parts.query,
                *(f"{name}:{value}" for name, value in headers.items()),
                "",
                names,
                digest,
            )
        )
        scope = f"{day}/{self.region}/s3/aws4_request"
        told = "\n".join(
            ("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest())
        )
        key = f"AWS4{self.secret}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={self.key}/{scope}"
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 {credential},SignedHeaders={names},Signature={signature}"
        )
        return headers


def _send(method: str, url: str, data: bytes, headers: dict[str, str]) -> None:
    """Send one request; messages name the host alone, for an address may hold a secret."""
    connection, target = connected(url, _SECONDS)
    host = connection.host
    with ended_after(_MOST_SECONDS, connection):
        try:
            connection.request(method, target, data, headers)
            answer = connection.getresponse()
            answer.read(1 << 16)
        except (OSError, http.client.HTTPException) as error:
            raise ShipError(f"{host} cannot be reached: {type(error).__name__}") from error
    if not 200 <= answer.status < 300:
        raise ShipError(f"{host} answers {answer.status}")


def sink_of(to: str, environment: dict[str, str]) -> Sink:
    """Return the sink of an address.

    Args:
        to: a path or `file:PATH`, `http(s)://…`, `otlp+http(s)://…`, `s3+http(s)://host/bucket/…`.
        environment: `LEDGER_TOKEN` for the second and third; `AWS_ACCESS_KEY_ID`,
            `AWS_SECRET_ACCESS_KEY` and `AWS_REGION` for the last.

    Raises:
        LedgerError: it is none of these, or a secret is not there.
    """
    kind, _, rest = to.partition("+")
    if kind not in ("otlp", "s3"):
        rest = to
    if rest.startswith(("http://", "https://")):
        _check(rest)
    token = _secret(environment, "LEDGER_TOKEN")
    if kind == "otlp" and rest.startswith(("http://", "https://")):
        return OtlpSink(rest, token)
    if kind == "s3" and rest.startswith(("http://", "https://")):
        key = _secret(environment, "AWS_ACCESS_KEY_ID")
        secret = _secret(environment, "AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            raise LedgerError("the environment has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        region = _secret(environment, "AWS_REGION") or "us-east-1"
        return S3Sink(url=rest, key=key, secret=secret, region=region)
    if to.startswith(("http://", "https://")):
        return HttpSink(to, token)
    if "://" in to:
        raise LedgerError(
            f"{to.partition('://')[0]}:// is no sink that is known",
            hint="Write a path, http(s)://, otlp+http(s):// or s3+http(s)://.",
        )
    return FileSink(Path(to.removeprefix("file:")))


def _check(url: str) -> None:
    """Refuse an address that no request can be sent to; it may hold a secret and is not shown.

    Raises:
        LedgerError: it is none.
    """
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.port != 0 and re.fullmatch("[!-~]+", url)
    except ValueError:
        good = False
    if not good:
        raise LedgerError(
            "the sink has no address that can be asked",
            hint="Write http(s)://host:port/path, other letters than ASCII as %XX.",
        )
    if parts.username or parts.password:
        raise LedgerError(
            "the sink's address holds a user or password, which are not sent",
            hint="Put a token into LEDGER_TOKEN.",
        )


def _secret(environment: dict[str, str], name: str) -> str:
    """Return a value of the environment, without the end of line that files have.

    Raises:
        LedgerError: no header can hold it; it is not shown.
    """
    value = environment.get(name, "").strip()
    if not re.fullmatch("[ -~]*", value):
        raise LedgerError(f"{name} holds letters that no request can carry")
    return value
