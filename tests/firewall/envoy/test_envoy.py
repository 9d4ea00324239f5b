"""A real Envoy that asks the real command: it decides as the proxy does, nothing else arrives."""

from __future__ import annotations

import gzip
import json
import re
import socket
import ssl
import threading
import time
from contextlib import ExitStack
from http.client import HTTPSConnection

import pytest

from firewall.fronting import (
    CONFIGURED,
    ENVOY,
    GOOD,
    PATH,
    QUICK,
    REFUSED,
    UNREACHED,
    ask,
    asked,
    data_of,
    envoy,
    envoy_port_of,
    http2,
    request,
    run,
)  # fmt: skip
from firewall.profiles import tensor, texts
from firewall.serving import alerts, firewall, model
from firewall.test_chat import chat
from firewall.test_proxy import HOSTILE
from firewall.test_requests import OIP, SYNTAX
from firewall.test_service import certificate
from modelwarden.firewall import dumped
from modelwarden.firewall.envoy.facts import common_name
from modelwarden.ledger import entries


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wall")
    (folder / "profile.json").write_bytes(dumped(tensor()))
    (folder / "texts.json").write_bytes(dumped(texts("openai")))
    (folder / "c.toml").write_text(QUICK)
    return folder


@pytest.fixture(scope="module")
def enforcing(place):
    """One that tests of single requests share."""
    with ExitStack() as stack:
        arguments = ("--mode", "enforce", "--alerts", "alerts", "--config", "c.toml")
        yield run(stack, place, *arguments, "--ledger", "ledger")


@pytest.fixture
def stack():
    with ExitStack() as opened:
        yield opened


def kept(ledger):
    return [json.loads(entry.body) for entry in entries(ledger) if not entry.own]


# the proxy and Envoy ------------------------------------------------------------------------------


def payloads():
    yield from ((name, body) for name, (body, _) in SYNTAX.items())
    for name, (document, _) in OIP.items():
        yield name, document if isinstance(document, bytes) else json.dumps(document).encode()


def good_ones():
    yield "plain", GOOD
    yield "spread out", json.dumps(asked(1), indent=2).encode()
    yield "an id and parameters", json.dumps(asked(2, id="a-1", parameters={"b": 1})).encode()
    yield "escaped", json.dumps(asked(3)).encode().replace(b'"name"', b'"n\\u0061me"')
    yield "exponents", json.dumps(asked(4)).encode().replace(b"0.", b"0.0e0+0."[:2])
    yield "many rows", json.dumps(asked(5, rows=300)).encode()


def decided(ledger, ids):
    """Return what the ledger holds of requests, by way in."""
    found = {}
    for entry in kept(ledger):
        if entry["kind"] == "request" and entry["request_id"] in ids:
            way, _, name = entry["request_id"].partition("-")
            keys = ("model", "decision", "rule", "rows", "score", "detail")
            found.setdefault(name, {})[way] = tuple(entry[key] for key in keys)
    return found


@pytest.mark.parametrize("mode", ["enforce", "observe"])
def test_the_proxy_and_envoy_decide_alike(stack, place, tmp_path, mode):
    # A request's own name has to come through: Envoy gives one where a client is from elsewhere.
    named = [("request_headers_timeout: 10s", "request_headers_timeout: 10s\n"
              "                preserve_external_request_id: true")]  # fmt: skip
    side = run(
        stack, place, "--mode", mode, "--config", "c.toml", "--ledger", str(tmp_path / "ledger"),
        changes=named,
    )  # fmt: skip
    cases = [*payloads(), *good_ones()]
    assert len(list(payloads())) >= 40
    side.server.answer = lambda *_: b'{"outputs": []}'
    ids = {}
    for number, (name, body) in enumerate(cases):
        answers, arrived = [], []
        for way, there in (("rest", side.wall), ("envoy", side.front)):
            before = len(side.server.seen)
            ident = f"{way}-{number}"
            ids[ident] = name
            status, headers, answer = there.ask(body, X_Client=ident, X_Request_Id=ident)
            answers.append((status, headers.get("x-modelwarden"), headers["content-type"], answer))
            arrived.append([seen[:3] for seen in side.server.seen[before:]])
        assert answers[0] == answers[1], name
        assert arrived[0] == arrived[1], name
        assert len(arrived[1]) == (answers[1][1] != "refused"), name
    assert side.wall.end() == 0
    found = decided(tmp_path / "ledger", ids)
    assert len(found) == len(cases)
    for number, (name, _) in enumerate(cases):
        assert found[str(number)]["rest"] == found[str(number)]["envoy"], name


def test_an_honest_request_gets_the_answer_that_it_would_have_got(enforcing):
    for number in range(10):
        body = json.dumps(asked(20 + number, 1 + number)).encode()
        plain = ask(enforcing.server.port, body)

        status, headers, answer = enforcing.front.ask(body, X_Client=f"a{number}")
        found = http2(enforcing.front.port, *request(body, ("x-client", f"b{number}")))

        assert (status, answer) == (200, plain[2])
        assert headers["content-type"] == "application/json"
        assert data_of(found) == plain[2]
    for path in ("/v2/health/ready", "/v2/models/m", "/v2/models/m/ready", "/v2"):
        assert enforcing.front.ask(None, path, "GET")[:3:2] == (200, b'{"live": true}')


# what Envoy lets clients do -----------------------------------------------------------------------

# What Envoy reads otherwise than the proxy and writes anew: its server is sent nothing of that.
MENDED = {
    "absolute address", "chunk extension", "trailer", "line feeds alone",
    "bare carriage return", "bare line feed", "empty line first", "folded header",
}  # fmt: skip


def test_hostile_http_reaches_no_server_as_it_came(enforcing):
    passed = set()
    for name, data in HOSTILE.items():
        before = len(enforcing.server.seen)
        answer = enforcing.front.raw(data, seconds=1.5)
        arrived = enforcing.server.seen[before:]
        assert answer[:10] not in (b"HTTP/1.1 5", b"HTTP/1.0 5"), (name, answer)
        if arrived:
            passed.add(name)
            (one,) = arrived
            assert one[1] == PATH, name
            assert json.loads(one[2]) == json.loads(HOSTILE_BODY), name
            assert {k.lower() for k in one[3]} <= ARRIVING, name
            assert one[3]["host"] == "m", name
        else:
            assert not answer.startswith(b"HTTP/1.1 2"), (name, answer)
    assert passed <= MENDED


HOSTILE_BODY = re.search(rb"\{.*\}", HOSTILE["two lengths"])[0]
ARRIVING = {
    "host", "content-type", "content-length", "authorization", "accept", "user-agent",
    "x-request-id", "traceparent", "tracestate", "x-forwarded-for", "x-forwarded-proto",
    "x-envoy-expected-rq-timeout-ms",
}  # fmt: skip

PATHS = (
    "/v2/models/m/../m/infer", "/v2/models/./m/infer", "/v2//models/m/infer", "//v2",
    "/v2/models/m%2finfer", "/v2/models/%6d/infer", "/v2/models/m/infer?x=1", "/v2/models/m/infer/",
    "/v2/models/m/infer;a=b", "/v2\\models/m/infer", "/V2/models/m/infer", "/v2/models/m/infer%00",
    "/v2/models/m/infer#x", "http://m/v2/models/m/infer", "*", "", "v2", "/v2/repository/index",
)  # fmt: skip


@pytest.mark.parametrize("changes", [(), (("use_remote_address: true", "use_remote_address: true\n"
    "                normalize_path: true\n                merge_slashes: true"),)],
    ids=["as documented", "normalized"])  # fmt: skip
def test_a_path_is_judged_as_it_goes_on(stack, place, changes):
    side = run(stack, place, "--mode", "enforce", changes=changes)
    wrong = []
    for path in PATHS:
        before = len(side.server.seen)
        found = http2(side.front.port, *request(GOOD, path=path))
        arrived = [seen[:3] for seen in side.server.seen[before:]]
        # Where Envoy makes another path of it, that is the one which is judged and goes on.
        if arrived and [a[1] for a in arrived] != [PATH]:
            wrong.append((path, arrived))
        assert bool(arrived) == (b"outputs" in data_of(found)), path
        if not changes:
            assert not arrived, path
    assert wrong == []


HEADERS = {
    "x-envoy-retry-on": "5xx", "x-envoy-max-retries": "9", "x-envoy-upstream-rq-timeout-ms": "1",
    "x-envoy-original-path": "/admin", "x-envoy-decorator-operation": "a",
    "x-http-method-override": "DELETE", "x-original-url": "/admin", "x-rewrite-url": "/admin",
    "x-modelwarden": "refused", "expect": "100-continue", "te": "trailers", "range": "bytes=0-1",
    "accept-encoding": "gzip", "cookie": "a=b", "x-forwarded-host": "evil", "forwarded": "for=1",
}  # fmt: skip


def test_headers_that_steer_envoy_or_the_server_do_not_go_on(enforcing):
    for name, value in HEADERS.items():
        before = len(enforcing.server.seen)
        found = http2(enforcing.front.port, *request(GOOD, (name, value)))
        assert b"outputs" in data_of(found), name
        (one,) = enforcing.server.seen[before:]
        assert {key.lower() for key in one[3]} <= ARRIVING, name
        assert value not in one[3].values(), name


def test_a_compressed_body_arrives_plain(enforcing):
    packed = gzip.compress(GOOD)
    status, _, _ = enforcing.front.ask(packed, Content_Encoding="gzip")
    _, _, sent, headers = enforcing.server.seen[-1]
    cut = enforcing.front.ask(packed[:-1], Content_Encoding="gzip")[0]

    assert (status, cut) == (200, 415)
    assert json.loads(sent) == json.loads(GOOD)
    assert "content-encoding" not in {name.lower() for name in headers}


REFUSED_HEADERS = {
    "compressed": (("content-encoding", "gzip"),),
    "compressed twice": (("content-encoding", "identity"), ("content-encoding", "gzip")),
    "binary tensors": (("inference-header-content-length", "5"),),
    "a content type twice": (("content-type", "text/plain"),),
    "underscores": (("content_length", "5"),),
    "a length that is not": (("content-length", "5"),),
    "chunks in HTTP/2": (("transfer-encoding", "chunked"),),
    "a protocol": ((":protocol", "websocket"),),
    "another pseudo header": ((":evil", "a"),),
    "a large head": tuple((f"x-{i}", "a" * 240) for i in range(80)),
    "many headers": tuple((f"x-{i}", "a") for i in range(101)),
    "a name in capitals": (("X-A", "b"),),
    "a value of two lines": (("x-a", "b\r\ncontent-type: a"),),
}


def test_a_head_that_two_servers_could_read_differently_does_not_arrive(enforcing):
    before = len(enforcing.server.seen)
    for name, more in REFUSED_HEADERS.items():
        found = http2(enforcing.front.port, *request(GOOD, *more))
        assert b"outputs" not in data_of(found), name
    assert len(enforcing.server.seen) == before


TRAILED = {
    "behind a body": (GOOD, {}),
    "without a body": (None, {}),
    "behind nothing": (b"", {}),
    "of a read": (None, {"method": "GET", "path": "/v2/health/live"}),
    "elsewhere": (None, {"path": "/v2/repository/models/m/unload"}),
}


@pytest.mark.parametrize("shown", ["SEND", "SKIP"])
def test_a_request_with_trailers_does_not_arrive_whatever_is_set(stack, place, shown):
    trailers = ("request_trailer_mode: SEND", f"request_trailer_mode: {shown}")
    side = run(stack, place, "--mode", "enforce", changes=[trailers])
    for name, (body, how) in TRAILED.items():
        found = http2(side.front.port, *request(body, trailers=[("x-t", "1")], **how))
        assert json.loads(data_of(found)) == REFUSED, name
    assert side.server.seen == []


# what is larger, slower or broken -----------------------------------------------------------------


HEAD = b"POST " + PATH.encode() + b" HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n"


def test_a_body_that_is_too_large_is_refused_whole(stack, place):
    side = run(
        stack, place, "--mode", "observe", "--alerts", "large", "--config", "c.toml",
        changes=[("limit_bytes: 8388608", "limit_bytes: 40000")],
    )  # fmt: skip
    chunked = HEAD + b"transfer-encoding: chunked\r\n\r\n"
    large = GOOD[:-1] + b" " * 60_000 + b"}"
    said = b"%x\r\n" % len(large) + large + b"\r\n0\r\n\r\n"

    for answer in (
        side.front.ask(large),
        parsed(
            side.front.raw(HEAD + b"content-length: %d\r\n\r\n{" % (17 << 20))
        ),  # of any profile
        parsed(side.front.raw(chunked + said)),
    ):
        assert answer[0] == 413
        assert answer[1]["x-modelwarden"] == "refused"
        assert json.loads(answer[2]) == REFUSED
    assert side.server.seen == []
    assert [alert["rule"] for alert in alerts(place / "large")] == ["http"] * 3
    assert side.front.ask(GOOD)[0] == 200  # in observe: what is whole goes on


def parsed(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


def test_a_body_that_does_not_come_is_not_waited_for(stack, place):
    side = run(stack, place, "--mode", "enforce", "--alerts", "slow", "--config", "c.toml")
    slow = [
        socket.create_connection(("127.0.0.1", side.front.port), timeout=60) for _ in range(200)
    ]
    try:
        for connection in slow:
            connection.sendall(HEAD + b"content-length: 500\r\n\r\n{")
        assert side.front.ask(GOOD)[0] == 200
        began = time.monotonic()  # here: a busy machine takes long to open so many
        for connection in slow:
            assert connection.recv(100).startswith(b"HTTP/1.1 408")
    finally:
        for connection in slow:
            connection.close()
    assert time.monotonic() - began < 30
    assert len(side.server.seen) == 1
    while len(told := alerts(place / "slow")) < 200 and time.monotonic() - began < 60:
        time.sleep(0.05)
    assert [(a["rule"], a["detail"]) for a in told] == [("http", "too slow")] * 200


@pytest.mark.parametrize("broken", ["garbage", "cut", "silent", "down", "late"])
def test_a_server_that_does_not_answer_is_told_as_by_the_proxy(stack, place, tmp_path, broken):
    (tmp_path / "late.toml").write_text("[firewall]\nupstream_seconds = 0.5\n")
    server = stack.enter_context(model())
    server.mode = broken
    if broken == "late":
        server.answer = lambda *_: time.sleep(2) or b"{}"
    port = 1 if broken == "down" else server.port
    server.port = port
    side = run(
        stack, place, "--mode", "enforce", "--alerts", str(tmp_path / "alerts"),
        "--config", str(tmp_path / "late.toml"),
        server=server, changes=[("timeout: 30s", "timeout: 0.5s")],
    )  # fmt: skip

    of_proxy = side.wall.ask(GOOD)
    of_envoy = side.front.ask(GOOD)

    assert of_envoy[0] == of_proxy[0] == (504 if broken == "late" else 502)
    if broken != "cut":  # Envoy has shown that it began, and tells the rest itself
        assert json.loads(of_envoy[2]) == json.loads(of_proxy[2]) == UNREACHED
    assert "x-modelwarden" not in of_envoy[1]
    found = [(alert["kind"], alert["rule"]) for alert in alerts(tmp_path / "alerts")]
    assert found == [("upstream", "upstream")] * (2 - (broken == "cut"))


def test_what_a_server_refuses_itself_comes_back_as_it_says_it(stack, place):
    side = run(stack, place, "--mode", "enforce")
    for path in ("/v2/models/m", "/v2/health/live"):
        found = [there.ask(None, path, "HEAD") for there in (side.wall, side.front)]
        assert found[0][0] == found[1][0] == 501


@pytest.mark.parametrize("open_", [False, True])
def test_a_firewall_that_is_killed_lets_pass_what_is_set_and_nothing_else(stack, place, open_):
    changes = [("failure_mode_allow: false", f"failure_mode_allow: {str(open_).lower()}")]
    side = run(stack, place, "--mode", "enforce", "--config", "c.toml", changes=changes)
    side.server.answer = lambda *_: b"{}"
    statuses, stop = [], threading.Event()

    def keep_asking(number):
        while not stop.is_set():
            body = GOOD if number % 2 else b'{"inputs": NaN}'
            status, headers, _ = side.front.ask(body, X_Client=f"k{number}")
            statuses.append((number % 2, status, headers.get("x-modelwarden")))

    threads = [threading.Thread(target=keep_asking, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    before = list(statuses)
    side.wall.process.kill()
    side.wall.process.wait(timeout=20)
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join(20)

    assert {(1, 200, None), (0, 400, "refused")} == set(before)
    after = {answer for answer in statuses[len(before) :] if answer not in set(before)}
    bad = [seen for seen in side.server.seen if b"NaN" in seen[2]]
    if open_:
        assert bad
        assert after == {(0, 200, None)}
    else:
        assert not bad
        assert after <= {(0, 503, None), (1, 503, None)}
        assert after


ROUNDED = "[firewall]\n[firewall.answers]\ncheck = 'enforce'\ndecimals = 2\n"
ANSWERS = {
    "scores": b'{"outputs":[{"name":"s","shape":[3,2],"datatype":"FP64","data":[0.123456,0.876544,'
    b"0.5,0.5,0.3333333,0.6666667]}]}",
    "too few": b'{"outputs":[{"name":"s","shape":[1],"datatype":"FP64","data":[0.1]}]}',
    "no number": b'{"outputs":[{"name":"s","shape":[3],"datatype":"FP64","data":[NaN,1,2]}]}',
    "no JSON": b"<html>",
    "empty": b"",
    "a key": b'{"outputs":[{"name":"s","shape":[3],"datatype":"BYTES","data":["a","b",'
    b'"AKIAIOSFODNN7EXAMPLF"]}]}',
}


def test_answers_are_checked_and_rounded_as_by_the_proxy(stack, place, tmp_path):
    (tmp_path / "answers.toml").write_text(ROUNDED)
    told = str(tmp_path / "alerts")
    side = run(
        stack, place, "--mode", "enforce", "--config", str(tmp_path / "answers.toml"),
        "--alerts", told,
    )  # fmt: skip
    for name, answer in ANSWERS.items():
        side.server.answer = lambda *_, answer=answer: answer
        of_proxy, of_envoy = side.wall.ask(GOOD), side.front.ask(GOOD)
        assert of_envoy[::2] == of_proxy[::2], name
        assert of_envoy[0] == (200 if name == "scores" else 502), name
        assert (b"[0.12,0.88,0.5,0.5,0.33,0.67]" in of_envoy[2]) is (name == "scores"), name
    rules = [alert["rule"] for alert in alerts(tmp_path / "alerts")]
    assert len(rules) >= 2 * (len(ANSWERS) - 1)
    assert set(rules) == {"answer-form", "answer-finite", "answer-secret"}


OWN_IDS = (
    "use_remote_address: true",
    "use_remote_address: true\n                preserve_external_request_id: true",
)


@pytest.mark.parametrize("screened", [False, True])
def test_answers_are_recorded_as_by_the_proxy(stack, place, tmp_path, screened):
    own = f"[firewall.ledger]\nanswers = '{tmp_path / 'a'}'\n"
    text = f"{ROUNDED if screened else '[firewall]'}\n{own}"
    (tmp_path / "answers.toml").write_text(text)
    side = run(
        stack, place, "--mode", "enforce", "--config", str(tmp_path / "answers.toml"),
        "--ledger", str(tmp_path / "ledger"), changes=(OWN_IDS,),
    )  # fmt: skip
    for name, answer in ANSWERS.items():
        side.server.answer = lambda *_, answer=answer: answer
        for way, asks in (("proxy", side.wall.ask), ("envoy", side.front.ask)):
            asks(GOOD, X_Request_Id=f"{way}-{name}".replace(" ", "-"))
    bad = {"more": 1}
    assert {side.wall.ask(bad, X_Request_Id="b")[0], side.front.ask(bad)[0]} == {400}
    nameless = side.front.ask(GOOD)[0], side.wall.ask(GOOD)[0]
    assert side.wall.end() == 0

    told = {}
    for record in kept(tmp_path / "a"):
        way, _, name = record["request_id"].partition("-")
        said = record["model"], record["client"], record["prediction"], record["score"]
        told.setdefault(way, {})[name] = said
    assert told["envoy"] == told["proxy"]
    assert {name.partition("#")[0] for name in told["proxy"]} >= {"scores"}
    assert len([name for name in told["proxy"] if name.startswith("scores")]) == 3
    assert nameless[0] == nameless[1]


def test_an_envoy_that_shows_no_answers_is_told_where_they_are_to_be_recorded(
    stack, place, tmp_path
):
    text = f"[firewall]\n[firewall.ledger]\nanswers = '{tmp_path / 'a'}'\n"
    (tmp_path / "answers.toml").write_text(text)
    side = run(
        stack, place, "--config", str(tmp_path / "answers.toml"),
        "--ledger", str(tmp_path / "ledger"), "--alerts", str(tmp_path / "alerts"),
        changes=(("response_body_mode: BUFFERED", "response_body_mode: NONE"),),
    )  # fmt: skip

    assert side.front.ask(GOOD)[0] == 503
    assert side.server.seen == [] or all(way == "GET" for way, *_ in side.server.seen)
    told = [a["detail"] for a in alerts(tmp_path / "alerts") if a["rule"] == "envoy"]
    assert told == ["a response_body_mode other than BUFFERED"]


class Events:
    """A server of a language model that says one word at a time."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.go = threading.Event()
        self.seen = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            data = connection.recv(65536)
            if not data.startswith(b"POST"):
                return
            self.seen.append(data)
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            connection.sendall(head + b"transfer-encoding: chunked\r\nx-own: 1\r\n\r\n")
            connection.sendall(b"d\r\ndata: first\n\n\r\n")
            assert self.go.wait(20)
            connection.sendall(b"c\r\ndata: last\n\n\r\n0\r\n\r\n")


@pytest.mark.parametrize("override", [True, False])
def test_events_go_on_as_they_come(stack, place, tmp_path, override):
    server = Events()
    stack.callback(server.listener.close)
    told = str(tmp_path / "alerts")
    side = run(
        stack, place, "--mode", "enforce", "--alerts", told, server=server, profile="texts.json",
        changes=[("allow_mode_override: true", f"allow_mode_override: {str(override).lower()}")],
    )  # fmt: skip
    body = json.dumps({**chat(), "stream": True}).encode()
    with socket.create_connection(("127.0.0.1", side.front.port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: m\r\nconnection: close\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        )
        if override:
            data = b""
            while b"first" not in data:
                data += connection.recv(4096)
            assert b"last" not in data
        server.go.set()
        rest = b""
        while part := connection.recv(4096):
            rest += part
        assert b"last" in rest
        assert b"x-own" not in rest
    details = [alert["detail"] for alert in alerts(tmp_path / "alerts")]
    assert any("allow_mode_override" in detail for detail in details) is not override


# who asks -----------------------------------------------------------------------------------------


def test_a_client_cannot_name_its_own_address(stack, place, tmp_path):
    side = run(stack, place, "--mode", "enforce", "--alerts", str(tmp_path / "alerts"))
    for value in ("6.6.6.6", "6.6.6.6, 7.7.7.7", "::1", "a, b", ""):
        side.front.ask(b"{}", X_Forwarded_For=value, X_Real_Ip="6.6.6.6", Forwarded="for=6.6.6.6",
                       X_Envoy_External_Address="6.6.6.6")  # fmt: skip
    clients = {alert["client"] for alert in alerts(tmp_path / "alerts")}
    assert clients == {"127.0.0.1"}


def test_without_addresses_all_are_one_client_and_that_is_told_once(stack, place, tmp_path):
    side = run(
        stack, place, "--mode", "enforce", "--alerts", str(tmp_path / "alerts"),
        changes=[("request_attributes: [source.address, ", "request_attributes: [")],
    )  # fmt: skip
    for _ in range(3):
        assert side.front.ask(GOOD)[0] == 200
    (one,) = alerts(tmp_path / "alerts")
    assert (one["kind"], one["rule"]) == ("self", "envoy")
    assert "source.address" in one["detail"]


TLS = """{name: envoy.transport_sockets.tls, typed_config: {
  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.%sTlsContext, %s
  common_tls_context: {
    tls_certificates: [{certificate_chain: {filename: %s.pem}, private_key: {filename: %s.key}}],
    validation_context: {trusted_ca: {filename: %s.pem}}}}}""".replace("\n", "")
ENCRYPTED = """[firewall]
client = 'certificate'
[firewall.tls]
certificate = 'wall.pem'
key = 'wall.key'
authorities = 'envoy.pem'
"""


def test_certificates_name_clients_and_keep_others_from_asking(stack, place, tmp_path):
    for name in ("wall", "envoy", "alice", "stranger"):
        certificate(tmp_path, name)
    (tmp_path / "tls.toml").write_text(ENCRYPTED)
    (tmp_path / "profile.json").write_bytes((place / "profile.json").read_bytes())
    own = tmp_path / "envoy"
    to_clients = TLS % (
        "Downstream",
        "require_client_certificate: true,",
        own,
        own,
        tmp_path / "alice",
    )
    to_wall = TLS % ("Upstream", "", own, own, tmp_path / "wall")
    as_stranger = to_wall.replace(str(own), str(tmp_path / "stranger"))
    filters = "- filters:\n            - name: envoy.filters.network.http"
    cluster = "name: modelwarden\n      connect_timeout"
    server = stack.enter_context(model())
    arguments = ("--mode", "enforce", "--config", "tls.toml", "--alerts", "alerts", *ENVOY)
    wall = stack.enter_context(firewall(server.port, "profile.json", *arguments, cwd=tmp_path))
    asking = envoy_port_of(wall)
    statuses = []
    for socket_, body in ((to_wall, GOOD), (to_wall, b"{}"), (as_stranger, GOOD), (None, GOOD)):
        changes = [(filters, f"- transport_socket: {to_clients}\n          " + filters[2:])]
        if socket_ is not None:
            changes.append((cluster, f"transport_socket: {socket_}\n      " + cluster))
        with envoy(server.port, asking, tmp_path, *changes) as front:
            context = ssl.create_default_context(cafile=str(own) + ".pem")
            context.load_cert_chain(tmp_path / "alice.pem", tmp_path / "alice.key")
            connection = HTTPSConnection("127.0.0.1", front.port, context=context, timeout=20)
            connection.request("POST", PATH, body, {"content-type": "application/json"})
            statuses.append(connection.getresponse().status)
            connection.close()

    assert statuses == [200, 400, 503, 503]
    assert len(server.seen) == 1
    assert [alert["client"] for alert in alerts(tmp_path / "alerts")] == ["alice"]


FILTERS = "type.googleapis.com/envoy.extensions.filters.http"
AUTHZ = f"""- name: envoy.filters.http.ext_authz
                    typed_config:
                      "@type": {FILTERS}.ext_authz.v3.ExtAuthz
                      transport_api_version: V3
                      grpc_service: {{envoy_grpc: {{cluster_name: modelwarden}}}}
                  """


def test_an_ext_authz_that_is_led_here_is_denied(stack, place):
    text = CONFIGURED.read_text()
    start, end = (text.index(f"- name: envoy.filters.http.{n}") for n in ("ext_proc", "router"))
    side = run(stack, place, "--mode", "observe", changes=[(text[start:end], AUTHZ)])
    assert side.front.ask(GOOD)[0] == 403
    assert side.server.seen == []


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=ann", "ann"),
        ("CN=ann,OU=a,O=b", "ann"),
        ("O=b,CN=first", "first"),
        ("CN=last,CN=first", "first"),
        (r"O=x\,CN=eve", None),
        (r"CN=ann,O=x\,CN\=eve", "ann"),
        (r"CN=a\,b\+c\\d", r"a,b+c\d"),
        (r"CN=a\C3\A9", "a\xc3\xa9"),
        ("OU=a+CN=ann,O=b", "ann"),
        ("emailAddress=CN\\=eve,O=b", None),
        ("", None),
        ("CN=", None),
    ],
)
def test_the_name_of_a_certificate(subject, name):
    assert common_name(subject) == name
