"""What is told of a running firewall: the numbers, the page, the terminal."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from cli.command import command
from firewall.profiles import tensor, vectors
from firewall.serving import firewall, model
from modelwarden.core import Severity
from modelwarden.firewall import dumped
from modelwarden.firewall.alerts import Alert, AlertKind
from modelwarden.firewall.config import FirewallConfig
from modelwarden.firewall.live import Live, MomentError, document, moment_in, quantile
from modelwarden.firewall.metrics import Metrics
from modelwarden.firewall.policy import Policy
from modelwarden.firewall.rules import Mode


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def policy():
    return Policy([tensor()], FirewallConfig(), Mode.ENFORCE, emit=print, failed=print)


def test_quantiles_are_those_of_the_steps_they_fall_in():
    assert quantile((1.0, 2.0, 4.0), (0, 0, 0, 0), 0.5) is None
    assert quantile((1.0, 2.0, 4.0), (10, 0, 0, 0), 0.5) == 0.5
    assert quantile((1.0, 2.0, 4.0), (5, 5, 0, 0), 0.75) == 1.5
    assert quantile((1.0, 2.0, 4.0), (1, 0, 1, 0), 1.0) == 4.0
    assert quantile((1.0, 2.0, 4.0), (0, 0, 0, 3), 0.5) == 4.0  # beyond them all: at least that


def test_rates_are_of_the_last_ten_seconds_and_times_of_the_last_minute(policy):
    clock, metrics = Clock(), Metrics()
    live = Live(metrics, clock)
    for second in range(200):
        clock.now += 1
        metrics.requests["m", "allow", ""] += 10 if second < 150 else 2
        metrics.requests["m", "refuse", "range"] += 1
        metrics.took(5.0 if second < 130 else 0.003)
        live.tick()
        live.tick()

    moment = live.moment(policy, (True, "ready"))

    assert (moment.rate, moment.refused_rate, moment.uptime) == (3.0, 1.0, 200.0)
    assert moment.p99 <= 0.005
    (known,) = moment.models
    assert (known.name, known.allowed, known.refused) == ("m", 1600, 200)
    assert moment.rules == {"range": 200}


def test_a_moment_is_the_same_after_a_journey_and_alerts_are_bounded(policy):
    live = Live(Metrics(), Clock())
    for number in range(50):
        live.told(Alert(kind=AlertKind.REQUEST, severity=Severity.HIGH, rule="range",
                        detail=f"{number} " + "x" * 5000, client="c" * 5000))  # fmt: skip
    moment = live.moment(policy, (False, "ending"))

    assert moment_in(document(moment)) == moment
    assert len(moment.alerts) == 20
    assert moment.alerts[0].detail.startswith("49 ")
    assert len(document(moment)) < 20_000


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff", b'{"schema": "modelwarden/status/1"}', b"[" * 9999]
)
def test_what_is_no_status_is_an_error(body):
    with pytest.raises(MomentError):
        moment_in(body)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    place = tmp_path_factory.mktemp("watched")
    (place / "profile.json").write_bytes(dumped(tensor()))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = f"[firewall]\nclient_header = 'x-client'\nstatus = '127.0.0.1:{port}'\n"
    (place / "c.toml").write_text(text)
    arguments = ("--mode", "enforce", "--config", "c.toml")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        entry = {"name": "x", "shape": [1, 12], "datatype": "FP32", "data": vectors(1).tolist()}
        assert wall.ask({"inputs": [entry]})[0] == 200
        assert wall.ask({"more": 1}, X_Client="<script>[b]\x9b2J")[0] == 400
        yield port


def read(port, path):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def test_the_page_shows_what_happened_and_runs_nothing_that_clients_wrote(watched):
    status, headers, page = read(watched, "/")

    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "schema" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    told = json.loads(read(watched, "/status.json")[2])
    assert [m["allowed"] for m in told["models"]] == [1]
    assert told["rules"] == {"schema": 1}


def test_top_shows_it_once_where_nobody_watches(watched):
    shown = command("firewall", "top", "--status", f"127.0.0.1:{watched}")
    as_json = command("firewall", "top", "--status", f"127.0.0.1:{watched}", "--json")

    assert (shown.code, as_json.code) == (0, 0)
    assert "Modelwarden firewall: ready" in shown.out
    assert "<script>[b]" in shown.out
    assert not any(c in shown.out for c in "\x9b\x1b")
    assert as_json.report["schema"] == "modelwarden/status/1"


@contextmanager
def server(status, body):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{made.server_address[1]}"
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def test_what_does_not_answer_like_a_firewall_is_one_line_and_exit_2():
    with server(404, b"") as missing, server(200, b"<html>") as other:
        for address, told in (
            (missing, "answers 404"),
            (other, "no status of a firewall"),
            ("127.0.0.1:1", "no firewall answers"),
            ("nowhere", "no address"),
        ):
            ran = command("firewall", "top", "--status", address)
            assert ran.code == 2
            assert told in ran.line


def test_a_firewall_still_needs_a_server_and_a_profile():
    for arguments, named in (((), "--upstream"), (("--upstream", "http://x"), "--profile")):
        ran = command("firewall", *arguments)
        assert ran.code == 2
        assert f"Missing option '{named}'" in ran.line
