"""One kept-alive connection to the server that the user named, and to no other.

No redirect is followed, no proxy of the environment is used, an answer has a largest size, and a
request has one deadline however slowly its answer drips. A server that is busy (429, 503) or hangs
up is asked again a few times; every try counts as a call.
"""

from __future__ import annotations

import datetime as dt
import http.client
import io
import ipaddress
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from modelwarden.core import ConfigError, GapKind
from modelwarden.core.values import dataclass
from modelwarden.targets.errors import TargetError

_PAUSES = (0.1, 0.5, 2.0)  # seconds before each further try
_LONGEST_PAUSE = 10.0  # that a server may ask for
_BUSY = (429, 503)
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")
_BRACKETED = re.compile(r"\[[^\[\]]*\](:[0-9]*)?")  # an address of IPv6
_FOREVER = 1e9  # seconds
_LEAST = 0.05  # seconds that anything is waited for
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
_AUTHORITIES = "Name the file of its authority, in PEM, in the environment variable SSL_CERT_FILE."
_MARK = "x-modelwarden"  # of what `modelwarden firewall` refuses


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is.

    Attributes:
        path: with its query, as the user wrote it; empty when there is none.
    """

    secure: bool
    host: str
    port: int
    path: str

    @property
    def shown(self) -> str:
        """The server without the path, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


def parse_address(url: str) -> Address:
    """Read an address.

    Raises:
        ConfigError: it is no http(s) address, or carries a password, which belongs elsewhere.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"[model] url = {url!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"[model] url = {url!r} is no http or https address",
            hint="Write it like http://127.0.0.1:8080/v2/models/NAME.",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "[model] url carries a user name or password",
            hint="Put a token into the environment variable MODELWARDEN_TARGET_TOKEN instead.",
        )
    if any(ord(c) <= ord(" ") or ord(c) == 127 for c in url):
        raise ConfigError(f"[model] url = {url!r} holds a blank or a control character")
    if port == 0 or (parts.netloc.startswith("[") and not _BRACKETED.fullmatch(parts.netloc)):
        raise ConfigError(f"[model] url = {url!r} names no host and port that can be asked")
    secure = parts.scheme == "https"
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Address(secure, parts.hostname, port or (443 if secure else 80), path)


class StatusError(TargetError):
    """The server refused.

    Attributes:
        status: of HTTP. body: what it said, cut. pause: seconds that it asks to wait; 0 for none.
        walled: a firewall of ours says in a header that it refused, and not the model.
    """

    hint = "Ask the server the same with curl; look at its log."

    def __init__(
        self, shown: str, status: int, body: bytes, pause: float = 0.0, *, walled: bool = False
    ) -> None:
        """Keep what the server said."""
        self.status, self.body, self.pause, self.walled = status, body, pause, walled
        super().__init__(f"{shown} answered with status {status}")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the headers of an answer say: seconds to wait, and whether a firewall refused."""

    pause: float
    walled: bool


class Connection:
    """Asks one server, one request at a time.

    Attributes:
        calls: requests that were sent, further tries included.
        seconds_busy: spent waiting for answers.
    """

    def __init__(
        self,
        address: Address,
        *,
        seconds: float,
        token: str | None = None,
        longest: int = 64 << 20,
        pauses: Sequence[float] = _PAUSES,
        until: float = math.inf,
    ) -> None:
        """Open nothing yet.

        Args:
            address: of the server.
            seconds: for one request, from its first byte to the last of its answer.
            token: sent as a bearer token; never shown.
            longest: bytes that an answer may have.
            pauses: seconds before each further try; none where the caller tries again itself.
            until: moment, by the monotonic clock, at which nothing is waited for any more.
        """
        self.address = address
        self.calls = 0
        self.seconds_busy = 0.0
        self._seconds = seconds
        self._longest = longest
        self._pauses = tuple(pauses)
        self._headers = {"Accept": "application/json", "User-Agent": "modelwarden"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None
        self._until = until
        self._watch = _Watch(seconds, until)

    def get(self, path: str) -> bytes:
        """Return the body of an answer with status 200.

        Raises:
            StatusError: another status.
            TargetError: no answer in time, or none that is HTTP.
        """
        return self._ask("GET", path, None, "")

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> bytes:
        """Send a body; return that of an answer with status 200.

        Raises:
            StatusError: another status, also after further tries where the server was busy.
            TargetError: no answer in time, or none that is HTTP.
        """
        return self._ask("POST", path, body, content_type)

    def close(self) -> None:
        """Hang up."""
        self._watch.stop()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, body: bytes | None, content_type: str) -> bytes:
        headers = self._headers | ({"Content-Type": content_type} if body is not None else {})
        for pause in (*self._pauses, None):
            began = time.monotonic()
            try:
                status, answer, said = self._once(method, path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                late = time.monotonic() - began >= self._seconds
                if pause is None or late or not _again(error):
                    raise self._failed(error, late=late) from error
            else:
                if status == http.HTTPStatus.OK:
                    return answer
                if pause is None or status not in _BUSY:
                    raise StatusError(
                        self.address.shown, status, answer[:2000], said.pause, walled=said.walled
                    )
                pause = min(max(pause, said.pause), _LONGEST_PAUSE)
            finally:
                self.seconds_busy += time.monotonic() - began
            time.sleep(pause)
        raise AssertionError  # the last round returns or raises

    def _once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, _Said]:
        self.calls += 1
        deadline = min(time.monotonic() + self._seconds, self._until)
        try:
            connection = self._connected(max(deadline - time.monotonic(), _LEAST))
            # `timeout` bounds each wait for bytes; a drip of bytes is ended by closing its socket.
            self._watch.begin(connection.sock)
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            if response.chunked:
                response.fp = _Chunks(response.fp)  # type: ignore[assignment]
            answer = response.read(self._longest + 1)
            if time.monotonic() > deadline:
                raise TimeoutError("timed out")
            if len(answer) > self._longest:
                raise http.client.HTTPException(f"an answer of more than {self._longest} bytes")
            if response.length:
                raise http.client.IncompleteRead(answer, response.length)
            packed = response.headers.get("Content-Encoding", "identity").strip().lower()
            if packed not in ("", "identity"):
                raise http.client.HTTPException(f"its answer is packed ({packed[:40]}), unasked")
            # What ends a chunked answer is read too, so that the connection can be used again.
            response.close()
            walled = response.headers.get(_MARK, "").strip() == "refused"
            return response.status, answer, _Said(_pause_asked(response), walled)
        finally:
            self._watch.end()

    def _connected(self, seconds: float) -> http.client.HTTPConnection:
        if self._connection is None or self._connection.sock is None:
            host, port = self.address.host, self.address.port
            reached = _reached(host, port, seconds)
            reached.settimeout(self._seconds)
            if self.address.secure:
                context = ssl.create_default_context()
                reached = self._greeted(reached, context)
                self._connection = http.client.HTTPSConnection(host, port, context=context)
            else:
                self._connection = http.client.HTTPConnection(host, port)
            self._connection.sock = reached
        return self._connection

    def _greeted(self, reached: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Return a connection over which both sides know each other; greetings can drip too."""
        secured = context.wrap_socket(
            reached, server_hostname=self.address.host, do_handshake_on_connect=False
        )
        try:
            self._watch.begin(secured)
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured

    def _failed(self, error: Exception, *, late: bool) -> TargetError:
        where = self.address.shown
        if late or isinstance(error, TimeoutError):
            what = f"{where} gave no whole answer within {self._seconds:g} s"
            failed = TargetError(what, kind=GapKind.BUDGET, hint="Raise [limits] seconds.")
            failed.late = True
        elif isinstance(error, ConnectionRefusedError):
            failed = TargetError(f"nothing listens at {where}", hint="Start the server first.")
        elif isinstance(error, ssl.SSLCertVerificationError):
            why = error.verify_message.rstrip(".")
            what = f"{where} shows a certificate that is not trusted: {why}"
            failed = TargetError(what, hint=_AUTHORITIES)
            failed.final = True
        elif isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
            what = f"what answers at {where} speaks no TLS"
            failed = TargetError(what, hint="Write http:// where the server has no certificate.")
            failed.final = True
        else:
            failed = TargetError(f"{where} cannot be asked: {_reason(error)}")
        failed.lost = True
        return failed


def _reason(error: Exception) -> str:
    """Return in one line what went wrong, in words of a user's where the library has none."""
    if isinstance(error, http.client.IncompleteRead):
        # Of an answer in chunks, the library does not keep what came of the last one.
        where = f" after {len(error.partial):,} bytes" if error.partial else ""
        return f"its answer was cut short{where}"
    gone = isinstance(error, http.client.RemoteDisconnected)
    if isinstance(error, http.client.BadStatusLine) and not gone:
        return f"what answers there speaks no HTTP: {str(error)[:80].strip()!r}"
    return " ".join((str(error) or type(error).__name__).split())[:300]


def is_name_of_here(host: str) -> bool:
    """Tell whether a name can only be this machine's: RFC 6761, section 6.3."""
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _reached(host: str, port: int, seconds: float) -> socket.socket:
    """Connect; a name of this machine is not followed where it leads elsewhere."""
    places = [host]
    if is_name_of_here(host):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        told = list(dict.fromkeys(str(one[4][0]) for one in found))
        places = [place for place in told if ipaddress.ip_address(place).is_loopback]
        if not places:
            raise OSError(f"{host} leads to {', '.join(told)[:100]}, which is not this machine")
    first: OSError | None = None
    for place in places:
        try:
            reached = socket.create_connection((place, port), seconds)
        except OSError as error:
            first = first or error
        else:
            reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return reached
    raise first or OSError(f"{host} has no address")


def _again(error: Exception) -> bool:
    """Tell whether a connection was lost, as one that was kept too long is, and not refused."""
    lost = (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)
    return isinstance(error, lost)


class _Watch:
    """Hangs up where an answer is not there in time: one thread for all requests, started late.

    All requests have the same time, or end at one moment, so who sleeps until the end of one never
    sleeps too long for the next; nobody has to be woken when a request begins or ends.
    """

    def __init__(self, seconds: float, until: float = math.inf) -> None:
        self._seconds, self._until = seconds, until
        self._due: tuple[float, socket.socket] | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, connection: socket.socket | None) -> None:
        if connection is None:
            return
        with self._lock:
            self._due = (min(time.monotonic() + self._seconds, self._until), connection)
            if self._thread is None:
                self._stopped = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stopped,), daemon=True
                )
                self._thread.start()

    def end(self) -> None:
        self._due = None

    def stop(self) -> None:
        """Let the thread end; the next request starts another."""
        with self._lock:
            self._due, self._thread = None, None
            self._stopped.set()

    def _run(self, stopped: threading.Event) -> None:
        pause = self._pause()
        while not stopped.wait(pause):
            due = self._due
            pause = self._pause() if due is None else due[0] - time.monotonic()
            if due is not None and pause <= 0:
                _hang_up(due[1])
                pause = self._pause()

    def _pause(self) -> float:
        """Return how long nothing can be due of what begins now, or a moment where that is over."""
        return max(min(self._seconds, self._until - time.monotonic()), _LEAST)


class _Chunks:
    """What an answer in chunks is read from; a chunk of a negative length is none.

    `http.client` takes "-1" for a length, and would read until the connection ends, whatever the
    limit is.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.readline, self.flush, self.close = stream.readline, stream.flush, stream.close

    def read(self, size: int) -> bytes:
        if size < 0:
            raise http.client.HTTPException("a chunk of a negative length")
        return self._stream.read(size)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed meanwhile


def _pause_asked(response: http.client.HTTPResponse) -> float:
    """Return the seconds that a busy server asks to wait: it may tell them, or a moment.

    Source: RFC 9110, section 10.2.3; parts of seconds are no standard, and sent all the same.
    """
    asked = response.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(asked):
        return min(float(asked), _FOREVER)
    now = _moment(response.headers.get("Date", "")) or dt.datetime.now(dt.UTC)
    until = _moment(asked)
    return 0.0 if until is None else max(0.0, min((until - now).total_seconds(), _FOREVER))


def _moment(told: str) -> dt.datetime | None:
    try:
        found = parsedate_to_datetime(told)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
