"""A small server on loopback for the models of the range. It is vulnerable by what it serves alone.

It reads bounded bodies, writes nothing, and knows no route but those of the two protocols:

    GET  /v2, /v2/health/live, /v2/health/ready, /v2/models/NAME, /ping
    POST /v2/models/NAME/infer, /invocations, /NAME/invocations
"""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from modelwarden.core import InputError
from modelwarden.protocols.documents import dumped
from modelwarden.protocols.tensors import WireError
from modelwarden.redteam.range import wire
from modelwarden.redteam.range.served import Served
from modelwarden.targets.frames import Inputs

_BODY = 8 << 20
_AT_ONCE = 64
_SECONDS = 20.0
_HOST = "127.0.0.1"


class RangeServer:
    """Serves models until it is left.

    Attributes:
        url: where; the port is free until the context is entered.
    """

    def __init__(self, models: Sequence[Served], port: int = 0) -> None:
        """Make ready.

        Args:
            models: by their names; the first also answers at `/invocations`.
            port: 0 takes a free one.
        """
        self._models = {model.name: model for model in models}
        self._first = models[0].name
        self._port = port
        self._lock = threading.Lock()
        self._rows: Counter[str] = Counter()
        self._server: _Http | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            InputError: the port is in use, or not allowed.
        """
        self._server = _listening(self._port, _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; requests under way are given up."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the server has not begun")
        return f"http://{_HOST}:{self._server.server_address[1]}"

    def rows(self, name: str) -> int:
        """Return how many rows a model was asked so far, by whomever."""
        with self._lock:
            return self._rows[name]

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to one request."""
        try:
            return self._got(path) if method == "GET" else self._posted(path, body)
        except WireError as error:
            # The words of that error are about answers; here they are about a request.
            return 400, dumped({"error": error.message.replace("the answer", "the request")})

    def _got(self, path: str) -> tuple[int, bytes]:
        if path in ("/ping", "/v2/health/live", "/v2/health/ready"):
            return 200, b"{}"
        if path == "/v2":
            return 200, dumped({"name": "modelwarden range", "version": "1", "extensions": []})
        name = path.removeprefix("/v2/models/").removesuffix("/ready")
        if path.startswith("/v2/models/") and name in self._models:
            return 200, wire.metadata(self._models[name])
        return 404, dumped({"error": "no such route"})

    def _posted(self, path: str, body: bytes) -> tuple[int, bytes]:
        table = path.endswith("/invocations")
        name = path.removesuffix("/invocations").strip("/") if table else path
        if not table:
            name = path.removeprefix("/v2/models/").removesuffix("/infer")
            if path != f"/v2/models/{name}/infer":
                return 404, dumped({"error": "no such route"})
        model = self._models.get(name or self._first)
        if model is None:
            return 404, dumped({"error": "no such model"})
        asked = wire.asked_by_mlflow(body, model) if table else wire.asked_by_oip(body, model)
        scores = model.answer(asked)
        self._count(model.name, asked)
        return 200, wire.said_by_mlflow(scores) if table else wire.said_by_oip(scores, model)

    def _count(self, name: str, asked: Inputs) -> None:
        with self._lock:
            self._rows[name] += len(asked)


def check_free(port: int) -> None:
    """See whether a port can be listened at.

    Raises:
        InputError: it is in use, or not allowed.
    """
    _listening(port, BaseHTTPRequestHandler).server_close()


def _listening(port: int, handler: type[BaseHTTPRequestHandler]) -> _Http:
    try:
        return _Http((_HOST, port), handler)
    except (OSError, OverflowError) as error:
        why = str(getattr(error, "strerror", None) or error).lower()
        raise InputError(
            f"cannot listen at {_HOST}:{port}: {why}",
            hint="Choose another --port; 0 takes a free one.",
        ) from error


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    # A port that another process listens at is told, not shared.
    allow_reuse_port = False

    def __init__(self, place: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(place, handler)
        self.room = threading.BoundedSemaphore(_AT_ONCE)

    def process_request(self, request: object, client_address: object) -> None:
        if not self.room.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self.room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are none of our trouble."""


def _handler(server: RangeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "range", ""
        timeout = _SECONDS
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._reply(b"")

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isascii() or not length.isdigit() or int(length) > _BODY:
                self.close_connection = True
                self._send(413, dumped({"error": f"a body of at most {_BODY} bytes"}))
                return
            self._reply(self.rfile.read(int(length)))

        def _reply(self, body: bytes) -> None:
            if not _is_loopback(self.headers.get("host", "")):
                # A page in a browser that calls us by a name of its own is not a player.
                self._send(403, dumped({"error": "the range answers on loopback alone"}))
                return
            self._send(*server.answer(self.command, self.path, body))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's word
            """Nothing: what was asked is counted, not printed."""

    return Handler


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
