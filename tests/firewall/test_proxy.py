"""The real command before a real server: what reaches it, comes back, and is recorded."""

from __future__ import annotations

import gzip
import json
import socket
import time

import numpy as np
import pytest

from cli.command import command
from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall, model
from modelwarden.firewall import dumped
from modelwarden.firewall.profile import Watched
from modelwarden.ledger import entries, verify

PATH = b"/v2/models/m/infer"


def asked(rows, **more):
    data = rows.tolist()
    entry = {"name": "x", "shape": [len(data), 12], "datatype": "FP32", "data": data}
    return {"inputs": [entry], **more}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wall")
    (folder / "profile.json").write_bytes(dumped(tensor()))
    (folder / "quick.toml").write_text(
        "[firewall]\nrequest_seconds = 1.0\nclient_header = 'X-Client'\nwatch_seconds = 0.2\n"
    )
    return folder


@pytest.fixture(scope="module")
def walled(place):
    """A firewall in enforce mode that all tests of one request share."""
    arguments = ("--mode", "enforce", "--alerts", "alerts", "--config", "quick.toml")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        yield server, wall


def good(number=0):
    return asked(vectors(3, seed=100 + number), id=f"r{number}")


PACKED = gzip.compress(json.dumps(good()).encode())


def test_a_good_request_gets_the_answer_that_it_would_have_got(walled):
    server, wall = walled
    body = good()
    wanted = server.answer("", json.dumps(body))

    status, headers, answer = wall.ask(body, X_Client="a")

    assert (status, answer) == (200, wanted)
    assert headers["content-type"] == "application/json"
    method, path, sent, _ = server.seen[-1]
    assert (method, path, json.loads(sent)) == ("POST", "/v2/models/m/infer", body)


def test_a_compressed_request_is_judged_and_goes_on_plain(walled, place, tmp_path):
    server, wall = walled
    wanted = server.answer("", json.dumps(good()))

    for coding in ("gzip", "GZIP"):
        status, _, answer = wall.ask(PACKED, Content_Encoding=coding, X_Client="packed")

        assert (status, answer) == (200, wanted)
        _, _, sent, headers = server.seen[-1]
        assert json.loads(sent) == good()
        assert "content-encoding" not in {name.lower() for name in headers}


def test_what_was_unpacked_goes_on_plain_in_observe_as_well(place, tmp_path):
    far = asked(vectors(3) + 9)
    with model() as server, firewall(server.port, "profile.json", cwd=place) as wall:
        packed = gzip.compress(json.dumps(far).encode())
        status = wall.ask(packed, Content_Encoding="gzip")[0]
        _, _, sent, headers = server.seen[-1]

    assert status == 200
    assert json.loads(sent) == far
    assert "content-encoding" not in {name.lower() for name in headers}


def test_health_and_metadata_pass_and_nothing_else(walled):
    server, wall = walled
    for path in ("/v2/health/ready", "/v2/models/m", "/v2/models/m/ready", "/v2"):
        assert wall.ask(None, path, "GET")[0] == 200
    before = len(server.seen)
    for method, path in (
        ("POST", "/v2/repository/models/m/unload"),
        ("POST", "/v2/models/other/infer"),
        ("POST", "/v2/models/m/infer?x=1"),
        ("GET", "/v2/models/m/infer"),
        ("GET", "/v2/models/../admin"),
        ("POST", "/v2/models/m/versions/../infer"),
        ("POST", "/v2/models/m/versions/-1/infer"),
        ("GET", "/v2/models/%6d"),
        ("GET", "//v2"),
        ("DELETE", "/v2/models/m"),
        ("PUT", "/v2/models/m/infer"),
    ):
        status, headers, _ = wall.ask(b"{}" if method == "POST" else None, path, method)
        assert status in (400, 404), path
        assert headers["x-modelwarden"] == "refused"
    assert len(server.seen) == before


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b'{"inputs": NaN}', {}, 400),
        (json.dumps(good()).encode().replace(b'"id"', b'"inputs": [], "id"'), {}, 400),
        (json.dumps(asked(vectors(3) + 9)).encode(), {}, 400),
        (json.dumps(asked(np.tile([0.0, 1.0], (3, 6)))).encode(), {}, 400),
        (b" " * (17 << 20), {}, 413),
        (json.dumps(good()).encode(), {"content_type": "text/csv"}, 415),
        (json.dumps(good()).encode(), {"content_type": "application/json; charset=latin1"}, 415),
        (json.dumps(good()).encode(), {"content_encoding": "gzip"}, 415),
        (PACKED, {"content_encoding": "deflate"}, 415),
        (PACKED, {"content_encoding": "gzip, gzip"}, 415),
        (PACKED, {}, 400),
        (PACKED[:-1], {"content_encoding": "gzip"}, 415),
        (PACKED + b"x", {"content_encoding": "gzip"}, 415),
        (PACKED + PACKED, {"content_encoding": "gzip"}, 415),
        (gzip.compress(PACKED), {"content_encoding": "gzip"}, 400),
        (gzip.compress(b" " * (17 << 20)), {"content_encoding": "gzip"}, 415),
        (
            gzip.compress(json.dumps(asked(vectors(3) + 9)).encode()),
            {"content_encoding": "gzip"},
            400,
        ),
        (json.dumps(good()).encode(), {"inference_header_content_length": "3"}, 415),
    ],
)
def test_what_is_refused_is_refused_alike_and_never_arrives(walled, body, headers, status):
    server, wall = walled
    before = len(server.seen)

    got, returned, answer = wall.ask(body, X_Client="b", **headers)

    assert (got, returned["x-modelwarden"]) == (status, "refused")
    assert json.loads(answer) == {"error": "the request was refused"}
    assert len(server.seen) == before


BODY = json.dumps(good()).encode()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
START = b"POST " + PATH + b" HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\n"
WITH_HOST = b"POST " + PATH + b" HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
GET = b"GET /v2 HTTP/1.1\r\nHost: m\r\n"
CODING = b"Transfer-Encoding: chunked\r\n"
CHUNKED = START + CODING
ONE = b"%x\r\n%s\r\n" % (len(BODY), BODY)
HOSTILE = {
    "length and chunks": START + LENGTH + CODING + b"\r\n" + ONE + b"0\r\n\r\n",
    "chunks and length": CHUNKED + LENGTH + b"\r\n" + ONE + b"0\r\n\r\n",
    "two lengths": START + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY,
    "one length twice": START + LENGTH + LENGTH + b"\r\n" + BODY,
    "lengths in one": START + b"Content-Length: 5, 5\r\n\r\nabcde",
    "length with sign": START + b"Content-Length: +5\r\n\r\nabcde",
    "negative length": START + b"Content-Length: -5\r\n\r\nabcde",
    "length in hexadecimal": START + b"Content-Length: 0x5\r\n\r\nabcde",
    "huge length": START + b"Content-Length: 99999999999999999999\r\n\r\n",
    "length without number": START + b"Content-Length:\r\n\r\n",
    "space before colon": START + b"Content-Length : 5\r\n\r\nabcde",
    "two codings": START + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + ONE + b"0\r\n\r\n",
    "coding twice": CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n" + ONE + b"0\r\n\r\n",
    "another coding": START + b"Transfer-Encoding: xchunked\r\n\r\n" + ONE + b"0\r\n\r\n",
    "coding with tab": START + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + ONE + b"0\r\n\r\n",
    "folded header": START + b"X-A: b\r\n c\r\n" + LENGTH + b"\r\n" + BODY,
    "header without colon": START + b"X-A\r\n" + LENGTH + b"\r\n" + BODY,
    "header without name": START + b": x\r\n" + LENGTH + b"\r\n" + BODY,
    "name with space": START + b"X A: b\r\n" + LENGTH + b"\r\n" + BODY,
    "NUL in value": START + b"X-A: a\0b\r\n" + LENGTH + b"\r\n" + BODY,
    "bare line feed": START + b"X-A: b\nX-B: c\r\n" + LENGTH + b"\r\n" + BODY,
    "bare carriage return": START + b"X-A: b\rX-B: c\r\n" + LENGTH + b"\r\n" + BODY,
    "no host": b"POST " + PATH + b" HTTP/1.1\r\n" + LENGTH + b"\r\n" + BODY,
    "a path in the host": WITH_HOST % b"m/evil" + LENGTH + b"\r\n" + BODY,
    "a user in the host": WITH_HOST % b"a@m" + LENGTH + b"\r\n" + BODY,
    "a blank in the host": WITH_HOST % b"a b" + LENGTH + b"\r\n" + BODY,
    "a list of hosts": WITH_HOST % b"m, evil" + LENGTH + b"\r\n" + BODY,
    "an empty host": WITH_HOST % b"" + LENGTH + b"\r\n" + BODY,
    "two hosts": START + b"Host: n\r\n" + LENGTH + b"\r\n" + BODY,
    "absolute address": b"POST http://m" + PATH + b" HTTP/1.1\r\nHost: m\r\n\r\n",
    "CONNECT": b"CONNECT m:443 HTTP/1.1\r\nHost: m\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: m\r\n\r\n",
    "two spaces": b"POST  " + PATH + b" HTTP/1.1\r\nHost: m\r\n\r\n",
    "lower case": b"post " + PATH + b" HTTP/1.1\r\nHost: m\r\n\r\n",
    "no version": b"POST " + PATH + b"\r\nHost: m\r\n\r\n",
    "HTTP/2.0": b"POST " + PATH + b" HTTP/2.0\r\nHost: m\r\n\r\n",
    "HTTP/1.10": b"POST " + PATH + b" HTTP/1.10\r\nHost: m\r\n\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "empty line first": b"\r\n" + START + LENGTH + b"\r\n" + BODY,
    "path with NUL": b"GET /v2\0 HTTP/1.1\r\nHost: m\r\n\r\n",
    "path with backslash": b"GET /v2\\x HTTP/1.1\r\nHost: m\r\n\r\n",
    "path with fragment": b"GET /v2#x HTTP/1.1\r\nHost: m\r\n\r\n",
    "large head": START + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n",
    "many headers": START + b"".join(b"X-%d: a\r\n" % i for i in range(200)) + b"\r\n",
    "chunk extension": CHUNKED + b"\r\n%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "chunk size with sign": CHUNKED + b"\r\n+%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "chunk size with 0x": CHUNKED + b"\r\n0x%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "chunk size overflow": CHUNKED + b"\r\nffffffffffffffff\r\n",
    "chunk too large": CHUNKED + b"\r\nffffffff\r\n",
    "chunk too long": CHUNKED + b"\r\n3\r\nabcdef\r\n0\r\n\r\n",
    "chunk without size": CHUNKED + b"\r\n\r\n\r\n0\r\n\r\n",
    "trailer": CHUNKED + b"\r\n" + ONE + b"0\r\nX-A: b\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"/1.1\r", b"/1.0\r") + b"\r\n" + ONE + b"0\r\n\r\n",
    "cut body": START + b"Content-Length: 5000\r\n\r\nabc",
    "cut chunk": CHUNKED + b"\r\n50\r\nabc",
    "cut head": START,
    "half a head": b"POST /v2/mo",
    "line feeds alone": START.replace(b"\r\n", b"\n") + b"\n",
    "body of GET": GET + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_http_is_refused_and_the_connection_ended(walled, name):
    server, wall = walled
    before = len(server.seen)

    answer = wall.raw(HOSTILE[name], close=True)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 4"), answer
    assert b"x-modelwarden: refused" in head
    assert json.loads(body) == {"error": "the request was refused"}
    assert len(server.seen) == before


def test_chunks_and_pipelined_requests_are_read_one_after_another(walled):
    server, wall = walled
    before = len(server.seen)
    one = CHUNKED + b"X-Client: p\r\n\r\n" + ONE + b"0\r\n\r\n"
    last = START + b"X-Client: p\r\nConnection: close\r\n" + LENGTH + b"\r\n" + BODY

    answer = wall.raw(one + one + last)

    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert len(server.seen) == before + 3
    assert all("Transfer-Encoding" not in headers for *_, headers in server.seen[-3:])


def test_slow_clients_are_let_go_and_others_served_meanwhile(walled):
    _, wall = walled
    began = time.monotonic()
    slow = [socket.create_connection(("127.0.0.1", wall.port), timeout=20) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(b"POST /v2/mod")
        assert wall.ask(good(1), X_Client="c")[0] == 200
        for connection in slow:
            assert connection.recv(100).startswith(b"HTTP/1.1 408")
    finally:
        for connection in slow:
            connection.close()
    assert time.monotonic() - began < 15


def test_every_refusal_is_an_alert_with_client_and_request(walled, place):
    _, wall = walled

    wall.ask({**good(), "x": 1}, X_Client="eve", X_Request_Id="abc-1")

    last = alerts(place / "alerts")[-1]
    assert last["time"].endswith("Z")
    assert {k: last[k] for k in ("kind", "severity", "client", "request_id", "rule")} == {
        "kind": "request",
        "severity": "high",
        "client": "eve",
        "request_id": "abc-1",
        "rule": "schema",
    }


def test_a_forged_address_before_the_true_one_is_no_other_client(place, tmp_path):
    (tmp_path / "profile.json").write_bytes((place / "profile.json").read_bytes())
    (tmp_path / "c.toml").write_text(
        "[firewall]\nclient_header = 'x-forwarded-for'\n[firewall.limit]\nrate = 0.01\nburst = 3\n"
    )
    given = ("--mode", "enforce", "--config", "c.toml")
    with model() as server, firewall(server.port, "profile.json", *given, cwd=tmp_path) as wall:
        got = [wall.ask(good(), X_Forwarded_For=f"6.6.6.{i}, 10.0.0.7")[0] for i in range(6)]
        other = wall.ask(good(), X_Forwarded_For="6.6.6.6, 10.0.0.8")[0]

    assert (got, other) == ([200] * 3 + [429] * 3, 200)


def test_a_client_that_searches_is_told_and_then_refused_and_others_are_not(walled, place):
    _, wall = walled
    rng = np.random.default_rng(0)
    start = vectors(1, seed=77)
    statuses = []
    for _ in range(60):
        x = np.clip(start + rng.normal(size=(1, 12)) * 1e-4, 0, 1)
        statuses.append(wall.ask(asked(x), X_Client="mallory")[0])

    assert statuses[0] == 200
    assert statuses[-1] == 403
    assert statuses.index(403) <= 30
    told = [a for a in alerts(place / "alerts") if a["kind"] == "client"]
    assert {a["client"] for a in told} == {"mallory"}
    assert wall.ask(good(2), X_Client="alice")[0] == 200


@pytest.mark.parametrize("mode", ["garbage", "cut", "silent"])
def test_a_broken_server_is_told_as_such(walled, place, mode):
    server, wall = walled
    server.mode = mode
    try:
        status, headers, body = wall.ask(good(3), X_Client="d")
    finally:
        server.mode = "good"

    assert status == 502
    assert "x-modelwarden" not in headers
    assert "error" in json.loads(body)
    assert alerts(place / "alerts")[-1]["kind"] == "upstream"
    assert wall.ask(good(3), X_Client="d")[0] == 200


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(walled):
    server, wall = walled
    server.mode = "closing"
    try:
        assert [wall.ask(good(n), X_Client="e")[0] for n in range(4, 9)] == [200] * 5
    finally:
        server.mode = "good"


def test_observe_lets_everything_through_and_tells_what_it_would_refuse(place, tmp_path):
    arguments = ("--alerts", tmp_path / "alerts", "--ledger", tmp_path / "l")
    far = asked(vectors(3) + 9)
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        plain = wall.ask(far)
        csv = wall.ask(BODY, content_type="text/csv")
        http = wall.raw(HOSTILE["two lengths"])
        code = wall.end()
        seen = [json.loads(body) for _, _, body, _ in server.seen]

    assert (plain[0], csv[0], code) == (200, 200, 0)
    assert http.startswith(b"HTTP/1.1 400")  # what cannot be read cannot be passed on
    assert seen == [far, json.loads(BODY)]
    assert [a["rule"] for a in alerts(tmp_path / "alerts")] == ["range", "content-type", "http"]
    kept = [json.loads(e.body) for e in entries(tmp_path / "l") if not e.own]
    assert [r["decision"] for r in kept] == ["would-refuse", "would-refuse", "refuse"]


def test_every_decision_is_in_the_ledger_before_its_answer_and_names_nobody(place, tmp_path):
    arguments = ("--mode", "enforce", "--ledger", tmp_path / "l", "--config", "quick.toml")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        for number in range(5):
            wall.ask(good(number), X_Client="alice")
            wall.ask(b"{", X_Client="mallory")
            there = sum(not e.own for e in entries(tmp_path / "l"))
            assert there == 2 * (number + 1)
        wall.end()

    check = verify(tmp_path / "l")
    kept = [json.loads(e.body) for e in entries(tmp_path / "l") if not e.own]
    assert check.problems == ()
    assert [r["decision"] for r in kept] == ["allow", "refuse"] * 5
    assert [r["request_id"] for r in kept[::2]] == [f"r{n}" for n in range(5)]
    assert len({r["client"] for r in kept}) == 2
    text = (tmp_path / "l" / "00000001.log").read_text()
    assert "alice" not in text
    assert "mallory" not in text


def test_a_watched_file_that_changes_is_told_once(place, tmp_path):
    from dataclasses import replace
    from hashlib import sha256

    weights = tmp_path / "weights"
    weights.write_bytes(b"good")
    watched = (Watched(str(weights), sha256(b"good").hexdigest()),)
    (tmp_path / "p.json").write_bytes(dumped(replace(tensor(), watched=watched)))
    arguments = ("--alerts", tmp_path / "alerts", "--config", "quick.toml")
    with model() as server, firewall(server.port, tmp_path / "p.json", *arguments, cwd=place):
        time.sleep(0.7)
        before = alerts(tmp_path / "alerts")
        (tmp_path / "next").write_bytes(b"evil")
        (tmp_path / "next").replace(weights)
        deadline = time.monotonic() + 20
        while not alerts(tmp_path / "alerts") and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.7)
        after = alerts(tmp_path / "alerts")

    assert before == []
    assert {(a["kind"], a["severity"]) for a in after} == {("tamper", "critical")}
    assert len({a["detail"] for a in after}) == len(after)


def test_a_server_that_is_down_is_told_as_such(place, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ("--mode", "enforce", "--alerts", tmp_path / "alerts")
    with firewall(port, "profile.json", *arguments, cwd=place) as wall:
        status, _, _ = wall.ask(good())

    assert status == 502
    assert [a["kind"] for a in alerts(tmp_path / "alerts")] == ["upstream"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--upstream", "ftp://x"), "no address of a server"),
        (("--upstream", "http://x/path"), "more than a host"),
        (("--listen", "nowhere"), "no address to listen at"),
        (("--listen", "127.0.0.1:99999"), "no address to listen at"),
        (("--profile", "quick.toml"), "no profile"),
        (("--profile", "gone"), "cannot read the profile"),
        (("--profile", "profile.json"), "two profiles"),
        (("--config", "gone"), "cannot read"),
        (("--config", "profile.json"), "no TOML"),
        (("--mode", "block"), "unknown mode"),
        (("--alerts", "no/alerts"), "cannot write alerts"),
        (("--ledger", "profile.json"), "cannot write the ledger"),
    ],
)
def test_bad_input_is_one_line(place, arguments, said):
    given = ["firewall", "--upstream", "http://127.0.0.1:1", "--profile", "profile.json"]

    ran = command(*given, *arguments, cwd=place)

    assert ran.code == 2
    assert said in ran.line


@pytest.mark.parametrize(
    "text", ["[firewall]\nclients = 3", "[firewall]\nwatch_seconds = 0", "[firewall]\nheads = 3",
             "[firewall]\nclient_header = 'a b'", "[firewall]\nhead_key = 'k'",
             "[firewall.ledger]\nsegment_bytes = 10", "[firewall.ledger]\nretention_days = 0",
             "[firewall.ledger]\nkeep = 3"],
)  # fmt: skip
def test_a_configuration_that_says_something_else_is_refused(place, tmp_path, text):
    (tmp_path / "c.toml").write_text(text)
    given = ("--upstream", "http://127.0.0.1:1", "--profile", "profile.json")

    ran = command(
        "firewall", *given, "--config", tmp_path / "c.toml", "--ledger", tmp_path / "l", cwd=place
    )

    assert ran.code == 2
    assert ran.line


def test_a_port_in_use_is_one_line(place):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = ("--upstream", "http://127.0.0.1:1", "--profile", "profile.json")
        ran = command("firewall", *given, "--listen", f"127.0.0.1:{port}", cwd=place)

    assert ran.code == 2
    assert "cannot listen" in ran.line
