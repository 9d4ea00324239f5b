"""An Envoy that is set up wrong, and what is none; how a firewall that is asked begins and ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import grpc
import pytest
import yaml

from cli.command import command
from firewall.calling import fields, sized, whole
from firewall.fronting import (
    CONFIGURED,
    ENVOY,
    GOOD,
    PATH,
    QUICK,
    UNREACHED,
    asked,
    envoy_binary,
    envoy_port_of,
    run,
)  # fmt: skip
from firewall.profiles import tensor
from firewall.serving import alerts, firewall, model
from modelwarden.firewall import dumped


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wall")
    (folder / "profile.json").write_bytes(dumped(tensor()))
    (folder / "c.toml").write_text(QUICK)
    return folder


@pytest.fixture
def stack():
    with ExitStack() as opened:
        yield opened


ROUTE = """route: {cluster: model, timeout: 30s}
                          typed_per_filter_config:
                            envoy.filters.http.ext_proc:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute
                              overrides: {processing_mode: {%s}}"""  # noqa: E501
WRONG = {
    "no bodies": ("request_body_mode: BUFFERED", "request_body_mode: NONE"),
    "bodies in parts": ("request_body_mode: BUFFERED", "request_body_mode: STREAMED"),
    "a part of bodies": ("request_body_mode: BUFFERED", "request_body_mode: BUFFERED_PARTIAL"),
    "answers in parts": ("response_body_mode: BUFFERED", "response_body_mode: STREAMED"),
    "no head": ("request_header_mode: SEND", "request_header_mode: SKIP"),
    "a route without bodies": (
        "route: {cluster: model, timeout: 30s}", ROUTE % "request_body_mode: NONE"
    ),
    "a route with a part": (
        "route: {cluster: model, timeout: 30s}", ROUTE % "request_body_mode: BUFFERED_PARTIAL"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_shown_whole_does_not_go_on_in_any_mode(stack, place, tmp_path, name):
    side = run(
        stack, place, "--mode", "observe", "--alerts", str(tmp_path / "alerts"),
        changes=[WRONG[name]],
    )  # fmt: skip
    status, headers, body = side.front.ask(GOOD)

    assert (status, json.loads(body)) == (503, UNREACHED)
    assert "x-modelwarden" not in headers
    assert side.server.seen == []
    (one,) = alerts(tmp_path / "alerts")
    assert (one["kind"], one["rule"], one["severity"]) == ("self", "envoy", "high")


PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
BUFFERED = sized(11, whole(1, 2) + whole(2, 2))
FIELDS = ((":method", "POST"), (":path", PATH), (":scheme", "http"), (":authority", "m"),
          ("content-type", "application/json"))  # fmt: skip


def fields_of(*pairs):
    return b"".join(sized(1, sized(1, key) + sized(3, value)) for key, value in pairs)


def head(*pairs, number=2, last=False, more=BUFFERED):
    inner = sized(1, fields_of(*(pairs or FIELDS)))
    return sized(number, inner + (whole(3, 1) if last else b"")) + more


def body_of(data, number=4, last=True):
    return sized(number, sized(1, data) + (whole(2, 1) if last else b""))


ANSWERED = head((":status", "200"), number=3)
STRANGE = {
    "bytes": [b"\xff"],
    "nothing": [b""],
    "two stages": [head() + body_of(GOOD)],
    "a stage twice": [head() + head()],
    "a body first": [body_of(GOOD)],
    "an answer first": [ANSWERED],
    "an answer of the server first": [head((":status", "200"), number=3, more=BUFFERED + sized(
        9, sized(1, "a") + sized(2, sized(1, sized(1, "response.code_details")
                                          + sized(2, sized(3, "via_upstream"))))))],
    "trailers first": [sized(6, b"")],
    "no settings": [head(more=b"")],
    "settings that show all in parts": [head(more=sized(11, whole(1, 1) + whole(2, 1)))],
    "settings that show nothing": [head(more=sized(11, b""))],
    "only to look at": [head(more=BUFFERED + whole(10, 1))],
    "a header of two values": [sized(2, sized(1, sized(1, sized(1, "a") + sized(2, "b")
                                                       + sized(3, "c")))) + BUFFERED],
    "a body that goes on": [head(), body_of(GOOD, last=False)],
    "a head twice": [head(), head()],
    "an answer before the body": [head(), ANSWERED],
    "an answer's body before its head": [head(), body_of(GOOD), body_of(b"{}", 5)],
    "a body behind a body": [head(), body_of(GOOD), body_of(GOOD)],
    "a head behind a body": [head(), body_of(GOOD), head()],
    "no method": [head(*FIELDS[1:])],
    "no path": [head(FIELDS[0], *FIELDS[2:])],
    "no host": [head(*FIELDS[:3], FIELDS[4])],
    "a method of two lines": [head((":method", "GET /a HTTP/1.1\r\n\r\nPOST"), *FIELDS[1:])],
    "a header of two lines": [head(*FIELDS, ("a", "b\r\nc: d"))],
    "a name of two": [head(*FIELDS, ("a: b", "c"))],
    "a host twice": [head(*FIELDS, ("host", "n"))],
    "a path twice": [head(*FIELDS, (":path", "/v2"))],
    "a strange pseudo header": [head(*FIELDS, (":protocol", "websocket"))],
    "a huge head": [head(*FIELDS, ("a", "b" * 70_000))],
    "a million headers": [head(*FIELDS, *[("a", "b")] * 60_000)],
}  # fmt: skip


def talk(stream, messages):
    """Send messages one after another, each when the one before was answered."""
    said, sending = [], iter(messages)
    waiting = threading.Semaphore(1)

    def send():
        for message in sending:
            waiting.acquire()
            yield message
        waiting.acquire()

    for answer in stream(send(), timeout=20):
        said.append(last_field(answer))
        waiting.release()
        if said[-1] == 7 or len(said) == len(messages):
            break
    waiting.release()
    waiting.release()
    return said


def last_field(message):
    """Return which answer counts: the last one of those that a message can have."""
    return [number for number, _ in fields(message) if number != 9][-1]


@pytest.fixture(scope="module")
def processor(place):
    """A firewall that is asked by whoever we play; no Envoy is needed."""
    arguments = ("--mode", "enforce", "--config", "c.toml", *ENVOY)
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        with grpc.insecure_channel(f"127.0.0.1:{envoy_port_of(wall)}") as channel:
            yield channel.stream_stream(PROCESS)
        assert server.seen == []


@pytest.mark.parametrize("name", STRANGE)
def test_whatever_asks_gets_an_answer_that_ends_the_request(processor, name):
    # An end of the stream instead would let the request on.
    said = talk(processor, STRANGE[name])
    assert said[-1] == 7, name
    assert 7 not in said[:-1]


def test_messages_without_end_cost_nobody_else(stack, place):
    side = run(stack, place, "--mode", "enforce", "--config", "c.toml")
    options = [("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(f"127.0.0.1:{side.asking}", options)
    stack.enter_context(channel)
    process = channel.stream_stream(PROCESS)

    assert talk(process, [head(), body_of(bytes(80 << 20))]) == [1, 7]

    silent = [process(silence(), timeout=20) for _ in range(300)]
    headless = [process(silence(head()), timeout=20) for _ in range(300)]
    began = time.monotonic()
    assert side.front.ask(GOOD)[0] == 200
    assert time.monotonic() - began < 3
    for call in silent:
        assert [last_field(message) for message in call] == [7]
    for call in headless:
        assert [last_field(message) for message in call] == [1, 7]
    assert time.monotonic() - began < 15
    assert side.front.ask(GOOD)[0] == 200


def silence(*messages):
    yield from messages
    time.sleep(3)


# its life -----------------------------------------------------------------------------------------


def test_requests_under_way_are_finished_when_it_ends(stack, place):
    side = run(stack, place, "--mode", "enforce")
    began = threading.Event()

    def answer(*_):
        began.set()
        time.sleep(1.5)
        return b'{"outputs": []}'

    side.server.answer = answer
    found = []
    thread = threading.Thread(target=lambda: found.append(side.front.ask(GOOD)))
    thread.start()
    assert began.wait(10)

    assert side.wall.end() == 0
    thread.join(20)

    assert (found[0][0], found[0][2]) == (200, b'{"outputs": []}')
    assert side.front.ask(GOOD)[0] == 503


def test_a_new_profile_is_taken_without_a_failed_request(stack, place, tmp_path):
    profile = tmp_path / "p.json"
    profile.write_bytes(dumped(tensor()))
    side = run(
        stack, place, "--mode", "enforce", "--config", "c.toml", "--alerts", str(tmp_path / "a"),
        profile=str(profile),
    )  # fmt: skip
    statuses, stop = [], threading.Event()

    def keep_asking(number):
        while not stop.is_set():
            statuses.append(side.front.ask(GOOD, X_Client=f"c{number}-{len(statuses)}")[0])

    threads = [threading.Thread(target=keep_asking, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    wide = json.dumps(asked()).replace('"FP32"', '"FP64"')
    assert side.front.ask(wide.encode())[0] == 400
    profile.write_bytes(dumped(tensor(datatype="")))
    until = time.monotonic() + 10
    while time.monotonic() < until and side.front.ask(wide.encode())[0] != 200:
        time.sleep(0.1)
    assert side.front.ask(wide.encode())[0] == 200
    stop.set()
    for thread in threads:
        thread.join(20)
    assert set(statuses) == {200}
    assert [a["rule"] for a in alerts(tmp_path / "a") if a["kind"] == "self"] == ["reload"]


# what is documented -------------------------------------------------------------------------------


def test_the_documented_configuration_is_one_and_is_strict():
    done = subprocess.run(
        [envoy_binary(), "--mode", "validate", "-c", CONFIGURED, "-l", "error"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.endswith("OK\n")


def test_the_filter_for_istio_is_the_documented_one():
    (istio,) = yaml.safe_load_all((CONFIGURED.parent / "istio-envoyfilter.yaml").read_text())
    patches = {p["applyTo"]: p["patch"]["value"] for p in istio["spec"]["configPatches"]}
    own = yaml.safe_load(CONFIGURED.read_text())["static_resources"]
    (listener,) = own["listeners"]
    (chain,) = listener["filter_chains"][0]["filters"]
    buffers = "per_connection_buffer_limit_bytes"

    assert patches["HTTP_FILTER"] == chain["typed_config"]["http_filters"][0]
    assert patches["LISTENER"] == {buffers: listener[buffers]}
    timeout = patches["NETWORK_FILTER"]["typed_config"]["request_timeout"]
    assert timeout == chain["typed_config"]["request_timeout"]
    assert patches["CLUSTER"] == {"type": "STATIC", **own["clusters"][1]}


def test_a_port_that_is_taken_ends_the_command(place):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ("--profile", str(place / "profile.json"))
        arguments += ("--envoy-listen", f"127.0.0.1:{port}")
        ran = command("firewall", "--upstream", "http://127.0.0.1:1", *arguments)
    assert ran.code == 2
    assert f"cannot listen at 127.0.0.1:{port}: " in ran.err
    assert "address already in use" in ran.err
    assert "--envoy-listen" in ran.err


def test_rest_is_served_beside_only_where_it_is_asked_for(place):
    arguments = ("--upstream", "http://127.0.0.1:1", "--profile", "profile.json", *ENVOY)
    process = subprocess.Popen(
        [sys.executable, "-m", "modelwarden", "firewall", *arguments],
        stderr=subprocess.PIPE, text=True, cwd=place,
    )  # fmt: skip
    try:
        assert "listening at envoy://127.0.0.1:" in process.stderr.readline()
        process.terminate()
        assert process.stderr.read() == "modelwarden: 0 requests, 0 refused\n"
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.stderr.close()


def test_without_the_extra_the_command_names_it(place):
    script = (
        "import sys; sys.modules['h2'] = None; from modelwarden.__main__ import run; "
        "sys.argv = ['modelwarden', *sys.argv[1:]]; run()"
    )
    arguments = ("firewall", "--upstream", "http://127.0.0.1:1", "--profile", "profile.json")
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments, "--envoy-listen", "127.0.0.1:0"],
        capture_output=True, text=True, cwd=place, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "modelwarden[firewall]" in ran.stderr
    assert "Traceback" not in ran.stderr
