"""Traces: what a collector is sent, what the server is told; requests never wait for either."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from firewall.profiles import tensor, vectors
from firewall.serving import firewall, model
from modelwarden.core import ConfigError
from modelwarden.firewall import dumped
from modelwarden.firewall.config import Traces
from modelwarden.firewall.settings import load_config
from modelwarden.firewall.traces import Tracer

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@contextmanager
def collector(status=200):
    """A real HTTP server in the place of a collector."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, self.headers["content-type"], json.loads(body)))
            self.send_response(status)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def spans_in(got):
    spans = [
        span
        for _, _, sent in got
        for resource in sent["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    for span in spans:
        if isinstance(span["attributes"], list):
            (*pairs,) = ((a["key"], *a["value"].values()) for a in span["attributes"])
            span["attributes"] = dict(pairs)
    return spans


def asked(rows):
    entry = {"name": "x", "shape": [len(rows), 12], "datatype": "FP32", "data": rows.tolist()}
    return {"inputs": [entry]}


def test_a_request_is_a_span_of_its_callers_trace_and_the_servers_hangs_beneath(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    with collector() as (url, got), model() as server:
        (tmp_path / "c.toml").write_text(f"[firewall.traces]\nurl = '{url}'\n")
        arguments = ("--mode", "enforce", "--config", "c.toml")
        with firewall(server.port, "profile.json", *arguments, cwd=tmp_path) as wall:
            assert wall.ask(asked(vectors(3)), traceparent=PARENT, X_Request_Id="r1")[0] == 200
            assert wall.ask({"secret": 1}, path="/v2/models/m/infer")[0] == 400
            assert wall.ask({}, path="/v2/x?token=secret")[0] == 404
            told = server.seen[0][3]["traceparent"]
            assert wall.end() == 0
    (path, kind, _), *_ = got
    first, refused, nowhere = [s for s in spans_in(got) if s["kind"] == 2]
    (inner,) = [s for s in spans_in(got) if s["kind"] == 3]

    assert (path, kind) == ("/v1/traces", "application/json")
    assert (first["traceId"], first["parentSpanId"]) == tuple(PARENT.split("-")[1:3])
    assert (inner["traceId"], inner["parentSpanId"]) == (first["traceId"], first["spanId"])
    assert told == f"00-{first['traceId']}-{inner['spanId']}-01"
    assert int(first["startTimeUnixNano"]) <= int(inner["startTimeUnixNano"])
    assert int(inner["endTimeUnixNano"]) <= int(first["endTimeUnixNano"])
    assert first["name"] == "POST oip-v2"
    assert first["attributes"] == {
        "http.request.method": "POST",
        "url.path": "/v2/models/m/infer",
        "modelwarden.model": "m",
        "modelwarden.decision": "allow",
        "modelwarden.rows": "3",
        "modelwarden.request_id": "r1",
        "http.response.status_code": "200",
    }
    assert refused["attributes"]["modelwarden.rule"] == "schema"
    assert refused["traceId"] != first["traceId"]
    assert nowhere["attributes"]["url.path"] == "/v2/x"
    assert "secret" not in json.dumps(got)


def test_requests_do_not_wait_for_a_collector_that_is_not_there(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    (tmp_path / "c.toml").write_text("[firewall.traces]\nurl = 'http://127.0.0.1:9'\n")
    arguments = ("--mode", "enforce", "--config", "c.toml")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=tmp_path) as wall:
        assert {wall.ask(asked(vectors(1, seed=n)))[0] for n in range(5)} == {200}
        assert wall.end() == 0


@pytest.mark.parametrize("parent", ["", "00", PARENT.upper(), PARENT[3:], f"{PARENT}-00", "00-x"])
def test_a_parent_that_is_none_begins_a_new_trace(parent):
    trail = Tracer(Traces(url="http://x")).trail(parent, 0.0)
    assert trail.trace not in PARENT


def test_a_parent_decides_and_else_the_share_but_never_beyond_the_allowance():
    quiet = Tracer(Traces(url="http://x", sample=0.0, most=5.0))
    assert quiet.trail(None, 0.0) is None
    assert quiet.trail(PARENT[:-1] + "0", 0.0) is None
    assert quiet.trail("00-" + "0" * 32 + "-00f067aa0ba902b7-01", 0.0).trace.strip("0")
    flood = [quiet.trail(PARENT, 0.0) for _ in range(50)]
    assert sum(one is not None for one in flood) == 4
    some = Tracer(Traces(url="http://x", sample=0.3, most=1e6))
    share = sum(some.trail(None, float(n)) is not None for n in range(4000)) / 4000
    assert 0.25 < share < 0.35


def test_the_buffer_is_bounded_and_what_it_lost_is_counted():
    tracer = Tracer(Traces(url="http://x", most=1e6))
    for _ in range(5000):
        tracer.trail(None, 0.0).end("a", {}, 200)
    assert tracer.lost == 5000 - 4096


def test_spans_wait_for_a_collector_that_is_busy_and_are_not_sent_again_to_one_that_refuses():
    for status, left in ((503, 1), (429, 1), (400, 0), (200, 0)):
        with collector(status) as (url, got):
            tracer = Tracer(Traces(url=url))
            tracer.trail(PARENT, 0.0).end("a", {}, 500)
            taken = tracer._send_all()
        assert (taken, len(tracer._spans), len(got)) == (not left, left, 1)
        assert spans_in(got)[0]["status"] == {"code": 2}


def test_what_is_left_is_sent_at_the_end():
    with collector() as (url, got):
        tracer = Tracer(Traces(url=url + "/deep/"))
        tracer.begin()
        tracer.trail(None, 0.0).end("a", {}, 200)
        before = time.monotonic()
        tracer.end()
    assert time.monotonic() - before < 5
    assert [path for path, _, _ in got] == ["/deep/v1/traces"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("url = 'collector:4318'", "address of a collector"),
        ("sample = 0.5", "address of a collector"),
        ("url = 'http://x'\nsample = 1.5", "from 0 to 1"),
        ("url = 'http://x'\nmost = 0", "greater than 0"),
        ("url = 'http://x'\nsampel = 1", "unknown key"),
    ],
)
def test_settings_that_cannot_be_meant_are_an_error(tmp_path, text, told):
    (tmp_path / "c.toml").write_text(f"[firewall.traces]\n{text}\n")
    with pytest.raises(ConfigError, match=told):
        load_config(tmp_path / "c.toml")


def test_a_span_lasts_as_long_as_it_did_whatever_the_clock_does(monkeypatch):
    tracer = Tracer(Traces(url="http://127.0.0.1:1"))
    began = time.time_ns()
    trail = tracer.trail(PARENT, 0.0)
    hours = 5 * 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: began - hours)
    trail.asking()
    trail.end("POST", {}, 200)

    inner, outer = tracer._spans
    assert began <= outer.began <= inner.began <= inner.ended <= outer.ended < began + hours
