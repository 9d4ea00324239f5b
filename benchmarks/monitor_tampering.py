"""Tampering behind a running firewall: seconds until each kind is told, and quiet on a mere copy.

A model's server with two classes, the real firewall as a process, watched files and golden probes
at their defaults, and a little honest traffic. Prints JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

LIMIT = 30.0
E = 1e-3


class Model:
    """Weights, as the file has them until somebody changes one or the other."""

    def __init__(self):
        self.weights = np.random.default_rng(0).normal(size=(16, 3))
        self.bias = np.zeros(3)
        self.version = "1"
        self.order = [0, 1, 2]

    def answer(self, body):
        (entry,) = json.loads(body)["inputs"]
        x = np.array(entry["data"], np.float32).reshape(entry["shape"])
        z = x @ self.weights + self.bias
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p = (p / p.sum(axis=1, keepdims=True))[:, self.order]
        output = {
            "name": "p",
            "datatype": "FP32",
            "shape": list(p.shape),
            "data": p.ravel().tolist(),
        }
        return json.dumps(
            {"model_name": "m", "model_version": self.version, "outputs": [output]}
        ).encode()


def served(model):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = model.answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    return server


def same_size_and_time(path):
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path):
    other = path.with_suffix(".other")
    other.write_bytes(b"other weights")
    other.replace(path)


def copied(path):
    other = path.with_suffix(".copy")
    shutil.copy(path, other)
    other.replace(path)


KINDS = {
    "weights file replaced": lambda _, f: replaced(f / "model.npz"),
    "one bit, size and time as before": lambda _, f: same_size_and_time(f / "model.npz"),
    "configuration changed": lambda _, f: (f / "config.json").write_text('{"threshold": 0.9}'),
    "file deleted": lambda _, f: (f / "config.json").unlink(),
    "another model in memory": lambda m, _: setattr(m, "weights", -m.weights),
    "one weight by a thousandth": lambda m, _: m.weights.__setitem__((3, 1), m.weights[3, 1] + E),
    "a bias by a hundredth": lambda m, _: m.bias.__setitem__(0, 0.01),
    "classes swapped": lambda m, _: setattr(m, "order", [1, 0, 2]),
    "version": lambda m, _: setattr(m, "version", "2"),
    "a copy of the same bytes": lambda _, f: copied(f / "model.npz"),
}


def asked(url, rng):
    x = rng.normal(size=(1, 16)).astype(np.float32)
    entry = {"name": "x", "shape": [1, 16], "datatype": "FP32", "data": x.ravel().tolist()}
    request = urllib.request.Request(
        f"{url}/v2/models/m/infer",
        json.dumps({"inputs": [entry]}).encode(),
        {"content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).read()


def one(change):
    rng = np.random.default_rng(1)
    model = Model()
    server = served(model)
    upstream = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.savez(folder / "data.npz", x=rng.normal(size=(800, 16)).astype(np.float32))
        np.savez(folder / "model.npz", w=model.weights)
        (folder / "config.json").write_text('{"threshold": 0.5}')
        meta = {"name": "m", "protocol": "oip-v2", "input": "x", "dtype": "FP32"}
        (folder / "meta.json").write_text(json.dumps(meta))
        command = [sys.executable, "-m", "modelwarden"]
        subprocess.run(
            [*command, "profile", "--reference", "data.npz", "--meta", "meta.json",
             "--watch", "model.npz", "--watch", "config.json", "--output", "profile.json"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        process = subprocess.Popen(
            [*command, "firewall", "--upstream", upstream, "--profile", "profile.json",
             "--listen", "127.0.0.1:0", "--mode", "enforce", "--alerts", "alerts.jsonl"],
            cwd=folder, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            line = ""
            while "listening at" not in line:
                line = process.stderr.readline()
                assert line or process.poll() is None, "the firewall ended"
            url = next(word for word in line.split() if word.startswith("http"))
            alerts = folder / "alerts.jsonl"
            waited(lambda: asked(url, rng) or told(alerts, "self"), 60)
            time.sleep(3)
            false = [a["rule"] for a in told(alerts, "tamper")]
            change(model, folder)
            began = time.monotonic()
            waited(lambda: asked(url, rng) or told(alerts, "tamper"), LIMIT)
            found = told(alerts, "tamper")
            seconds = time.monotonic() - began
            return {
                "told": sorted({a["rule"] for a in found}),
                "seconds": round(seconds, 1) if found else None,
                "before": false,
            }
        finally:
            process.terminate()
            process.wait(20)
            server.shutdown()
            server.server_close()


def told(path, kind):
    lines = path.read_text().splitlines() if path.exists() else []
    return [a for a in map(json.loads, lines) if a["kind"] == kind and a["rule"] != "reload"]


def waited(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.2)


if __name__ == "__main__":
    print(json.dumps({kind: one(change) for kind, change in KINDS.items()}, indent=1))
