"""Endpoints for campaigns: a spam scorer that counts what it is asked, and can be made to fail."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = {"free": 2.0, "winner": 2.0, "cash": 2.0, "urgent": 1.5, "prize": 2.0, "claim": 1.5}

Reply = tuple[int, dict[str, str], bytes]


def spam(text: str) -> float:
    """Return how much a text is spam: the model that is under attack."""
    total = sum(weight for word, weight in WORDS.items() if word in text.lower().split())
    return 1 / (1 + math.exp(2 - total))


def named(texts: list[str]) -> object:
    """Return scores by the names of the classes."""
    return [{"ham": 1 - spam(t), "spam": spam(t)} for t in texts]


def labels(texts: list[str]) -> object:
    """Return labels alone."""
    return ["spam" if spam(t) >= 0.5 else "ham" for t in texts]


def bare(texts: list[str]) -> object:
    """Return scores without names, ham first."""
    return [[1 - spam(t), spam(t)] for t in texts]


@dataclass
class Endpoint:
    """A server in the protocol of MLflow; `fault` may answer a request in its place.

    Attributes:
        described: what a GET is answered.
        tokens: what each request brought to be let in.
        asked: rows of each request that arrived, in order, those that failed included.
    """

    answer: Callable[[list[str]], object] = named
    fault: Callable[[int, list[object]], Reply | None] | None = None
    asked: list[int] = field(default_factory=list)
    inputs: list[list[object]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    url: str = ""
    described: Reply = (404, {}, b"{}")

    @property
    def rows(self) -> int:
        """All rows that arrived."""
        return sum(self.asked)


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[Endpoint]:
    """Serve on a free port of this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self._say(*endpoint.described)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rows = body["inputs"] if "inputs" in body else body["dataframe_split"]["data"]
            if rows and isinstance(rows[0], dict):  # Open Inference Protocol
                rows = rows[0]["data"]
            endpoint.asked.append(len(rows))
            endpoint.inputs.append(rows)
            endpoint.tokens.append(self.headers["Authorization"])
            reply = None
            if endpoint.fault is not None:
                reply = endpoint.fault(len(endpoint.asked), rows)
            status, headers, data = reply or (
                200,
                {},
                json.dumps({"predictions": endpoint.answer(rows)}).encode(),
            )
            if status < 0:  # hang up without an answer
                self.close_connection = True
                return
            self._say(status, headers, data)

        def _say(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: clients are killed on purpose."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
