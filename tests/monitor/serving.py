"""Servers on loopback, each on a free port, that end with their block."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np


class Server:
    """A model of two classes behind the Open Inference Protocol.

    Attributes:
        weights: of its columns, repeated; tests change them. version: that answers name.
        asked: bodies that came, with their path.
    """

    def __init__(self):
        self.weights = np.array([1.0, -2.0, 0.5])
        self.version = "7"
        self.status = 200
        self.asked = []

    def __enter__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked.append((self.path, dict(self.headers), body))
                answer = outer.answer(body)
                self.send_response(outer.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_PUT(self):
                self.do_POST()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body):
        (entry,) = json.loads(body)["inputs"]
        x = np.array(entry["data"], np.float64).reshape(entry["shape"][0], -1)
        p = 1 / (1 + np.exp(-x @ np.resize(self.weights, x.shape[1])))
        said = {
            "name": "p",
            "datatype": "FP64",
            "shape": [len(x), 2],
            "data": np.stack([1 - p, p], axis=1).ravel().tolist(),
        }
        return json.dumps({"model_version": self.version, "outputs": [said]}).encode()


class Taker(Server):
    """Takes whatever is posted."""

    def answer(self, body):
        return b"{}"
