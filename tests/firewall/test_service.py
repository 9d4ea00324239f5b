"""A firewall that runs: new policies under load, modes of rules, limits, metrics, encryption."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.client import HTTPConnection, HTTPSConnection

import pytest

from cli.command import command
from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall, model
from ledger.keymaking import make_keys
from modelwarden.detectors import probes as golden
from modelwarden.detectors.allowance import Allowance
from modelwarden.detectors.profile import load
from modelwarden.detectors.signed import signed
from modelwarden.firewall import dumped
from modelwarden.firewall.config import Limit
from modelwarden.firewall.limits import Rates
from modelwarden.ledger import entries, verify

PATH = "/v2/models/m/infer"


def asked(rows, **more):
    data = rows.tolist()
    entry = {"name": "x", "shape": [len(data), 12], "datatype": "FP32", "data": data}
    return {"inputs": [entry], **more}


@pytest.fixture
def place(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    return tmp_path


def until(true, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert true()


def config(place, text):
    (place / "c.toml").write_text(text)
    return ("--config", "c.toml", "--alerts", "alerts")


def rules(place):
    path = place / "alerts"
    return [(a["rule"], a["detail"]) for a in alerts(path)] if path.exists() else []


def test_a_new_policy_is_taken_under_load_without_a_failed_request(place):
    arguments = ("--mode", "enforce", *config(place, "[firewall]\nwatch_seconds = 0.1\n"))
    statuses, stop = [], threading.Event()
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:

        def load(number):
            seed = 1000 * number
            while not stop.is_set():
                seed += 1
                statuses.append(wall.ask(asked(vectors(1, seed=seed)))[0])

        threads = [threading.Thread(target=load, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        try:
            wide = replace(tensor(), limits=replace(tensor().limits, rows=2))
            (place / "next").write_bytes(dumped(wide))
            (place / "next").replace(place / "profile.json")
            until(lambda: any("was replaced" in d for _, d in rules(place)))
            (place / "profile.json").write_text("{")
            until(lambda: any("the old policy stays" in d for _, d in rules(place)))
            wall.process.send_signal(signal.SIGHUP)
            until(lambda: sum("the old policy stays" in d for _, d in rules(place)) >= 2)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        three = wall.ask(asked(vectors(3, seed=1)))[0]

    assert set(statuses) == {200}
    assert three == 413  # the second policy is still in force


def test_a_policy_that_refuses_what_was_in_order_is_not_taken(place):
    arguments = ("--mode", "enforce", *config(place, "[firewall]\nwatch_seconds = 0.1\n"))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        for seed in range(10):
            wall.ask(asked(vectors(1, seed=seed)))
        narrow = tensor(high=0.1)
        (place / "profile.json").write_bytes(dumped(narrow))
        until(lambda: any("refuses 10 of 10" in d for _, d in rules(place)))

        assert wall.ask(asked(vectors(1, seed=50)))[0] == 200


def test_probes_that_others_can_read_do_not_end_the_following_of_files(place):
    arguments = ("--mode", "enforce", *config(place, "[firewall]\nwatch_seconds = 0.1\n"))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        probes = place / "profile.probes.json"
        probes.write_text("{}")
        probes.chmod(0o644)
        wall.process.send_signal(signal.SIGHUP)
        until(lambda: any("the old policy stays" in d for _, d in rules(place)))
        probes.unlink()
        wall.process.send_signal(signal.SIGHUP)
        until(lambda: any("was replaced" in d for _, d in rules(place)))

        assert wall.ask(asked(vectors(1)))[0] == 200


def test_probes_bear_the_headers_of_what_clients_send_and_no_secret_of_theirs(place):
    file = place / "profile.json"
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    made = golden.probes_of(load(file), {"x": vectors()}, digest)
    golden.write(golden.place_of(file), made)
    arguments = ("--mode", "enforce", *config(place, "[firewall]\nwatch_seconds = 60\n"))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        mine = {"User_Agent": "shop/3.1", "Accept": "a/b", "Authorization": "Bearer t0ken"}
        assert wall.ask(asked(vectors(1)), **mine)[0] == 200
        until(lambda: sum(h.get("user-agent") == "shop/3.1" for *_, h in server.seen) > 2)

    probes = [h for _, path, _, h in server.seen if path == PATH and "authorization" not in h][-1]
    assert (probes["accept"], probes["user-agent"]) == ("a/b", "shop/3.1")
    assert sum("authorization" in h for *_, h in server.seen) == 1


def test_a_process_that_was_stopped_lets_nobody_go_for_it(place):
    """Half a request and a slow answer are under way while the process does not run."""
    text = "[firewall]\nrequest_seconds = 2.5\nupstream_seconds = 2.5\n"
    body = json.dumps(asked(vectors(1))).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n"
    data = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    arguments = ("--mode", "enforce", *config(place, text))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        server.mode = "late"
        late = socket.create_connection(("127.0.0.1", wall.port), timeout=20)
        late.sendall(data)
        until(lambda: len(server.seen) == 1)
        half = socket.create_connection(("127.0.0.1", wall.port), timeout=20)
        half.sendall(data[:-20])
        time.sleep(0.3)
        wall.process.send_signal(signal.SIGSTOP)
        server.mode = "good"
        time.sleep(4)
        wall.process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        half.sendall(data[-20:])
        answers = [s.recv(65_536)[:15] for s in (late, half)]
        late.close()
        half.close()

    assert answers == [b"HTTP/1.1 200 OK"] * 2
    assert rules(place) == []


def test_each_rule_goes_as_far_as_it_is_told(place):
    text = "[firewall.rules]\nrange = 'shadow'\nschema = 'off'\nshape = 'enforce'\n"
    arguments = (*config(place, text), "--ledger", "ledger")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        range_ = wall.ask(asked(vectors(1) + 9))[0]
        schema = wall.ask({**asked(vectors(1)), "more": 1})[0]
        shape = wall.ask(asked(vectors(1)[:, :5]))[0]
        wall.end()

    assert (range_, schema, shape) == (200, 200, 400)
    assert [r for r, _ in rules(place)] == ["range", "shape"]


def test_the_ledger_rotates_and_forgets_as_the_configuration_says(place):
    text = "[firewall.ledger]\nsegment_bytes = 4096\nretention_bytes = 12_000\n"
    arguments = (*config(place, text), "--ledger", "ledger")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        for seed in range(80):
            wall.ask(asked(vectors(1, seed=seed)), X_Request_Id=f"r{seed}")
        wall.end()

    names = sorted(path.name for path in (place / "ledger").glob("*.log"))
    assert names[0] != "00000001.log"
    assert 2 < len(names) < 6
    check = verify(place / "ledger")
    assert check.problems == ()
    assert check.retired > 0
    kept = [json.loads(e.body)["request_id"] for e in entries(place / "ledger") if not e.own]
    assert kept == [f"r{seed}" for seed in range(80 - len(kept), 80)]


def test_answers_are_recorded_for_labels_that_come_later(place):
    text = "[firewall.ledger]\nanswers = 'answers'\nthreshold = 6.0\n"
    arguments = (*config(place, text), "--ledger", "ledger")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        truth = {}
        for seed in range(30):
            rows = vectors(1 + seed % 2, seed=seed)
            wall.ask(asked(rows), X_Request_Id=f"r{seed}")
            names = [f"r{seed}"] if len(rows) == 1 else [f"r{seed}#{k}" for k in range(len(rows))]
            truth |= {n: str(int(s >= 6.0)) for n, s in zip(names, rows.sum(axis=1), strict=True)}
        wall.ask(asked(vectors(1)))  # without a name there is nothing to join
        wall.ask(b"{", X_Request_Id="refused")
        wall.end()
    records = [json.loads(e.body) for e in entries(place / "answers") if not e.own]
    said = {r["request_id"]: r["prediction"] for r in records}
    decisions = [json.loads(e.body) for e in entries(place / "ledger") if not e.own]
    (place / "labels.jsonl").write_text(
        "".join(json.dumps({"request_id": k, "label": v}) + "\n" for k, v in truth.items())
    )
    paths = ("--log", "answers", "--labels", "labels.jsonl", "--state", "state.json")
    watched = command("monitor", "watch", "--once", *paths, cwd=place)
    state = json.loads((place / "state.json").read_text())

    assert said == truth
    assert len(set(truth.values())) == 2
    assert {r["client"] for r in records} == {d["client"] for d in decisions}
    assert verify(place / "answers").problems == ()
    assert watched.code == 0
    assert state["performance"]["joined"] == len(truth)


FORBIDDEN = {
    "head key": ("[firewall]\nheads = 'heads'\nhead_key = 'k'\n", ("--ledger", "ledger")),
    "hash key": ("[firewall]\nhash_key = 'k'\n", ("--ledger", "ledger")),
    "key of the certificate": ("[firewall.tls]\ncertificate = 'server.pem'\nkey = 'k'\n", ()),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_key_that_may_not_be_read_is_one_line(place, name):
    text, more = FORBIDDEN[name]
    certificate(place, "server")
    (place / "k").write_bytes((place / "server.key").read_bytes())
    (place / "k").chmod(0)
    bound = []
    if os.geteuid() == 0:  # who may read everything unless that is taken away
        if shutil.which("setpriv") is None:
            pytest.skip("root without setpriv reads every file")
        bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    ran = subprocess.run(
        [
            *(*bound, sys.executable, "-m", "modelwarden", "firewall"),
            *("--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0"),
            *("--profile", "profile.json", *config(place, text), *more),
        ],
        cwd=place, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    (line,) = [line for line in ran.stderr.splitlines() if "cost several times" not in line]
    assert ran.returncode == 2
    assert "permission denied" in line
    assert re.search(r"\bk\b", line)


def test_answers_need_a_ledger_of_decisions(place):
    (place / "c.toml").write_text("[firewall.ledger]\nanswers = 'answers'\n")
    given = ("--upstream", "http://127.0.0.1:1", "--profile", "profile.json", "--config", "c.toml")

    ran = command("firewall", *given, cwd=place)

    assert ran.code == 2
    assert "give --ledger" in ran.line


@pytest.mark.parametrize(("full", "status"), [("serve", 200), ("refuse", 503)])
def test_a_full_ledger_disk_serves_or_refuses_as_told_and_is_an_alert(place, full, status):
    arguments = (*config(place, f"[firewall]\nledger_full = '{full}'\n"), "--ledger", "ledger")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        assert wall.ask(asked(vectors(1)), X_Request_Id="before")[0] == 200
        [segment] = (place / "ledger").glob("*.log")
        limits = resource.prlimit(wall.process.pid, resource.RLIMIT_FSIZE)
        no_more = (segment.stat().st_size + 40, limits[1])
        resource.prlimit(wall.process.pid, resource.RLIMIT_FSIZE, no_more)
        assert wall.ask(asked(vectors(1)), X_Request_Id="full")[0] == status
        assert len(server.seen) == (2 if full == "serve" else 1)
        resource.prlimit(wall.process.pid, resource.RLIMIT_FSIZE, limits)
        assert wall.ask(asked(vectors(1)), X_Request_Id="after")[0] == 200
        wall.end()

    assert "ledger" in {rule for rule, _ in rules(place)}
    kept = [json.loads(entry.body) for entry in entries(place / "ledger") if not entry.own]
    assert [record["request_id"] for record in kept] == ["before", "after"]
    assert verify(place / "ledger").problems == ()


def test_the_hashes_of_a_ledger_are_made_with_the_key_that_is_named(place):
    for key in ("hash_key = 'own.key'\n", "hash_key = 'own.key'\n", ""):
        arguments = (*config(place, f"[firewall]\n{key}"), "--ledger", "ledger")
        with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as w:
            assert w.ask(asked(vectors(1)))[0] == 200
            w.end()

    kept = [json.loads(entry.body) for entry in entries(place / "ledger") if not entry.own]
    first, second, other = (record["client"] for record in kept)
    assert first == second != other
    assert (place / "own.key").stat().st_mode & 0o777 == 0o600


def test_a_profile_must_be_signed_by_the_key_that_is_named(place):
    private, public = make_keys(place / "keys")
    text = f"[firewall]\nwatch_seconds = 0.1\nprofile_key = '{public}'\n"
    arguments = config(place, text)
    unsigned = (place / "profile.json").read_bytes()
    (place / "profile.json").write_bytes(signed(tensor(), private))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        (place / "profile.json").write_bytes(unsigned)
        until(lambda: any("is not signed" in d for _, d in rules(place)))
        assert wall.ask(asked(vectors(1)))[0] == 200

    ran = command("firewall", "--upstream", "http://127.0.0.1:9", "--profile", "profile.json",
                  *arguments, cwd=place)  # fmt: skip
    assert (ran.code, "not signed" in ran.line) == (2, True)


def test_clients_that_ask_too_often_wait(place):
    text = (
        "[firewall]\nclient = 'token'\n[firewall.limit]\nrate = 0.1\nburst = 3\n"
        "[firewall.rules]\nrate = 'enforce'\n"
    )
    with (
        model() as server,
        firewall(server.port, "profile.json", *config(place, text), cwd=place) as wall,
    ):
        mine = [wall.ask(asked(vectors(1)), Authorization="Bearer a")[0] for _ in range(5)]
        other = wall.ask(asked(vectors(1)), Authorization="Bearer b")[0]

    assert mine == [200, 200, 200, 429, 429]
    assert other == 200
    assert all("Bearer" not in json.dumps(a) for a in alerts(place / "alerts"))


def test_rates_are_those_of_the_cell_algorithm():
    rates = Rates(Limit(rate=2.0, burst=2))

    waits = [rates.wait("a", now) for now in (0.0, 0.0, 0.0, 0.5, 0.5, 10.0, 10.0, 10.0)]

    assert [w > 0 for w in waits] == [False, False, True, False, True, False, False, True]
    assert waits[2] == pytest.approx(0.5)


def test_of_a_flood_a_part_is_looked_at_and_of_quiet_traffic_all():
    allowance = Allowance(rate=10.0, burst=20.0)

    flood = [allowance.take(1, 100.0) for _ in range(50)]
    quiet = [allowance.take(1, 101.0 + number) for number in range(50)]

    assert sum(flood) == 20
    assert all(quiet)


def test_metrics_health_and_readiness_are_told_at_an_address_of_their_own(place):
    text = "[firewall]\nstatus = '127.0.0.1:{}'\n"
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ("--mode", "enforce", *config(place, text.format(port)))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        wall.ask(asked(vectors(1)))
        wall.ask({"more": 1})
        pages = {}
        for path in ("/metrics", "/healthz", "/readyz", "/else"):
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", path)
            answer = connection.getresponse()
            pages[path] = answer.status, answer.read().decode()
            connection.close()

    assert [pages[p][0] for p in ("/healthz", "/readyz", "/else")] == [200, 200, 404]
    text = pages["/metrics"][1]
    assert 'modelwarden_requests_total{model="m",decision="allow",rule=""} 1' in text
    assert 'modelwarden_requests_total{model="m",decision="refuse",rule="schema"} 1' in text
    assert 'modelwarden_request_seconds_bucket{le="+Inf"} 2' in text
    assert all(re.fullmatch(r"(# .*|\w+(\{.*\})? [0-9.e+-]+)", line) for line in text.splitlines())


def certificate(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", folder / f"{name}.key",
         "-out", folder / f"{name}.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def asking_for(folder, ours, theirs):
    """Return the TLS of a server `ours` that lets in who holds the certificate `theirs`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / theirs))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / f"{ours}.pem", folder / f"{ours}.key")
    return context


def test_an_encrypted_model_server_is_verified_and_shown_our_certificate(place):
    for name in ("upstream", "wall", "stranger"):
        certificate(place, name)
    own = "certificate = 'wall.pem'\nkey = 'wall.key'\n"
    for authority, keys, status in (
        ("upstream.pem", own, 200),
        ("stranger.pem", own, 502),  # not the server that it should be
        ("upstream.pem", "", 502),  # which asks who we are
        (None, own, 502),
    ):
        named = "" if authority is None else f"authorities = '{authority}'\n"
        arguments = config(place, f"[firewall]\n[firewall.upstream_tls]\n{named}{keys}")
        with (
            model(asking_for(place, "upstream", "wall.pem")) as server,
            firewall(
                f"https://127.0.0.1:{server.port}", "profile.json", *arguments, cwd=place
            ) as w,
        ):
            assert w.ask(asked(vectors(3)))[0] == status
            assert len(server.seen) == (status == 200)


def shown(port):
    """Return the certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=20)


def test_a_renewed_certificate_is_shown_and_a_broken_one_is_not_taken(place):
    for name in ("server", "renewed"):
        certificate(place, name)
    text = "[firewall]\n[firewall.tls]\ncertificate = 'server.pem'\nkey = 'server.key'\n"
    with model() as server:
        arguments = config(place, text)
        with firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
            first = shown(wall.port)
            (place / "server.key").write_bytes(b"broken")
            wall.process.send_signal(signal.SIGHUP)
            until(lambda: any("the old policy stays" in d for _, d in rules(place)))
            second = shown(wall.port)
            (place / "server.key").write_bytes((place / "renewed.key").read_bytes())
            (place / "server.pem").write_bytes((place / "renewed.pem").read_bytes())
            wall.process.send_signal(signal.SIGHUP)
            until(lambda: any("was replaced" in d for _, d in rules(place)))
            third = shown(wall.port)

    assert first == second != third
    assert third == (place / "renewed.pem").read_text()


def test_a_client_that_never_says_hello_is_let_go(place):
    certificate(place, "server")
    text = (
        "[firewall]\nrequest_seconds = 1\n"
        "[firewall.tls]\ncertificate = 'server.pem'\nkey = 'server.key'\n"
    )
    with model() as server:
        arguments = config(place, text)
        with firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
            silent = socket.create_connection(("127.0.0.1", wall.port), timeout=20)
            plain = socket.create_connection(("127.0.0.1", wall.port), timeout=20)
            plain.sendall(b"GET /v2 HTTP/1.1\r\nhost: m\r\n\r\n")
            ends = []
            for connection in (silent, plain):
                try:
                    ends.append(connection.recv(100))
                except ConnectionResetError:
                    ends.append(b"")
                connection.close()

    assert ends[0] == b""
    assert b"HTTP" not in ends[1]


def test_clients_are_told_apart_by_their_certificates(place):
    certificate(place, "server")
    certificate(place, "alice")
    text = (
        "[firewall]\nclient = 'certificate'\n[firewall.tls]\ncertificate = 'server.pem'\n"
        "key = 'server.key'\nauthorities = 'alice.pem'\n"
    )
    arguments = ("--mode", "enforce", *config(place, text))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        context = ssl.create_default_context(cafile=str(place / "server.pem"))
        context.load_cert_chain(place / "alice.pem", place / "alice.key")
        connection = HTTPSConnection("127.0.0.1", wall.port, context=context, timeout=20)
        head = {"content-type": "application/json"}
        connection.request("POST", PATH, json.dumps(asked(vectors(3))), head)
        good = connection.getresponse()
        good.read()
        connection.request("POST", PATH, b"{", head)
        bad = connection.getresponse()
        bad.read()
        connection.close()

    assert (good.status, bad.status) == (200, 400)
    assert [a["client"] for a in alerts(place / "alerts")] == ["alice"]


def test_five_hundred_slow_clients_are_let_go_and_others_served(place):
    text = "[firewall]\nrequest_seconds = 1.5\n"
    arguments = ("--mode", "enforce", *config(place, text))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        slow = [socket.create_connection(("127.0.0.1", wall.port)) for _ in range(500)]
        for number, connection in enumerate(slow):
            connection.settimeout(15)
            if number % 2:
                connection.sendall(b"POST /v2/mod")
        served = [wall.ask(asked(vectors(1, seed=n)))[0] for n in range(20)]
        ends = [c.recv(64) for c in slow]
        for connection in slow:
            connection.close()

    assert set(served) == {200}
    assert all(e == b"" for e in ends[::2])
    assert all(e.startswith(b"HTTP/1.1 408") for e in ends[1::2])


def test_a_pipe_in_a_profiles_place_does_not_hold_the_service(place):
    """It was waited for without end: no later profile was taken, and no signal ended it."""
    arguments = config(place, "[firewall]\nwatch_seconds = 0.1\n")
    profile, good = place / "profile.json", (place / "profile.json").read_bytes()
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        profile.unlink()
        os.mkfifo(profile)
        wall.process.send_signal(signal.SIGHUP)
        until(lambda: any("no regular file" in detail for _, detail in rules(place)))
        profile.unlink()
        profile.write_bytes(good + b"\n")
        until(lambda: any("was replaced by" in detail for _, detail in rules(place)))
        assert wall.ask(asked(vectors(1, seed=5)))[0] == 200
        assert wall.end() == 0


def test_of_a_flood_of_refusals_a_few_are_written_and_a_count(place):
    text = "[firewall.alerts]\nrate = 1\nburst = 5\n"
    arguments = ("--mode", "enforce", *config(place, text))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        for number in range(60):
            assert wall.ask({"more": 1}, X_Request_Id=f"n-{number}")[0] == 400
        wall.raw(b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n")  # another rule, at once
        wall.end()

    found = [a for a in alerts(place / "alerts") if a["rule"] == "schema"]
    one_by_one = [a for a in found if "left_out" not in a]
    counted = sum(a["left_out"] for a in found if "left_out" in a)
    assert [a["request_id"] for a in one_by_one][:5] == [f"n-{i}" for i in range(5)]
    assert len(one_by_one) + counted == 60
    assert len(one_by_one) < 30
    assert "http" in {rule for rule, _ in rules(place)}


@pytest.mark.parametrize("text", ["rate = 0", "burst = 0", "burst = 1.5", "most = 1"])
def test_bounds_of_alerts_that_are_none_are_refused(place, text):
    config(place, f"[firewall.alerts]\n{text}\n")
    given = ("--upstream", "http://127.0.0.1:1", "--profile", "profile.json", "--config", "c.toml")

    assert command("firewall", *given, cwd=place).code == 2
