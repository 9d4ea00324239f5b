"""A small real server, and the real command in front of it, on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PATH = "/v2/models/m/infer"


def ask(port, body, path=PATH, method="POST", **headers):
    """Return status, headers and body of one request to loopback."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        given = {"content-type": "application/json"} if method == "POST" else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | type(None)) else json.dumps(body).encode()
        connection.request(method, path, data, given)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


@dataclass
class Model:
    """A server that answers the sum of each row, and remembers what reached it."""

    port: int = 0
    seen: list = field(default_factory=list)
    mode: str = "good"

    def wait(self):
        """Answer late: when the mode is another one."""
        deadline = time.monotonic() + 60
        while self.mode == "late" and time.monotonic() < deadline:
            time.sleep(0.02)

    def answer(self, path, body):
        document = json.loads(body)
        rows = document["inputs"][0]["data"] if "inputs" in document else document["instances"]
        width = 12
        flat = [v for row in rows for v in (row if isinstance(row, list) else [row])]
        sums = [sum(flat[i : i + width]) for i in range(0, len(flat), width)]
        outputs = [{"name": "s", "shape": [len(sums)], "datatype": "FP64", "data": sums}]
        return json.dumps({"model_name": "m", "outputs": outputs}).encode()


@contextmanager
def model(tls=None):
    state = Model()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            state.seen.append(("GET", self.path, b"", dict(self.headers)))
            self._send(b'{"live": true}')

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            state.seen.append(("POST", self.path, body, dict(self.headers)))
            if state.mode == "garbage":
                self.wfile.write(b"\x00\x01 no HTTP\r\n\r\n")
                self.close_connection = True
            elif state.mode == "cut":
                self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{")
                self.close_connection = True
            elif state.mode == "silent":
                self.close_connection = True
            else:
                state.wait()
                self._send(state.answer(self.path, body))
                self.close_connection = state.mode == "closing"

        def _send(self, data):
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Wall:
    """A running firewall."""

    port: int
    process: subprocess.Popen

    def ask(self, body, path=PATH, method="POST", **headers):
        """Return status, headers and body."""
        return ask(self.port, body, path, method, **headers)

    def raw(self, data, *, close=False):
        """Send bytes; return all that comes back until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            if close:
                connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
            return b"".join(parts)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def firewall(upstream, profile, *arguments, cwd):
    """Run the command before a port of this machine, or an address."""
    server = f"http://127.0.0.1:{upstream}" if isinstance(upstream, int) else upstream
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "modelwarden", "firewall", "--listen", "127.0.0.1:0"),
            *("--upstream", server, "--profile", profile, *arguments),
        ],
        stderr=subprocess.PIPE,
        cwd=cwd,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        line = process.stderr.readline()
        found = re.search(r"listening at https?://127\.0\.0\.1:(\d+)", line)
        assert found, line + process.stderr.read()
        yield Wall(int(found[1]), process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
        process.stderr.close()


def alerts(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]
