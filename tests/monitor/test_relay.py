"""What a firewall tells reaches the channels of a monitor, and a flood becomes few messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from firewall.profiles import tensor, vectors
from firewall.serving import firewall, model
from modelwarden.core import Severity
from modelwarden.firewall import dumped
from modelwarden.monitor.relay import Relay
from monitor.serving import Taker


def line(rule="range", kind="request", severity="high", client="10.0.0.7", **more):
    found = {
        "time": "2030-01-01T00:00:00.000Z", "kind": kind, "severity": severity, "client": client,
        "request_id": None, "rule": rule, "detail": f"about {client}", **more,
    }  # fmt: skip
    return json.dumps(found) + "\n"


def append(path, text):
    with path.open("a") as stream:
        stream.write(text)


def test_what_came_since_is_told_one_alert_a_rule(tmp_path):
    path = tmp_path / "alerts"
    path.write_text(line("old"))
    relay = Relay(path)
    nothing = relay.new()
    append(path, line() * 40 + line(severity="critical", client="b") + line("shape"))
    append(path, line("near-duplicates", "client") + line()[:30])
    found = relay.new()
    append(path, line()[30:])

    assert nothing == []
    assert [(a.rule, a.severity) for a in found] == [
        ("range", Severity.CRITICAL), ("shape", Severity.HIGH), ("near-duplicates", Severity.HIGH)
    ]  # fmt: skip
    assert found[0].detail == "about b (and 40 more of this rule)"
    assert [a.identity.split("\0")[-1] for a in found] == ["-", "-", "10.0.0.7"]
    assert [a.rule for a in relay.new()] == ["range"]  # the line that was written in two parts


def test_a_rotated_file_is_read_from_its_beginning_and_a_restart_goes_on(tmp_path):
    path = tmp_path / "alerts"
    path.write_text(line())
    first = Relay(path, {"offset": 0, "inode": path.stat().st_ino})
    read = first.new()
    path.rename(tmp_path / "alerts.1")
    gone = first.new()
    path.write_text(line("shape") * 3)
    rotated = first.new()
    append(path, line("size"))
    again = Relay(path, json.loads(json.dumps(first.position))).new()

    assert ([a.rule for a in read], gone) == (["range"], [])
    assert [a.rule for a in rotated] == ["shape"]
    assert [a.rule for a in again] == ["size"]


def test_what_a_firewall_left_out_of_a_flood_is_counted(tmp_path):
    path = tmp_path / "alerts"
    path.write_text("")
    relay = Relay(path)
    append(path, line() * 3 + line(left_out=500) + line(left_out="many"))

    (found,) = relay.new()

    assert found.detail == "about 10.0.0.7 (and 503 more of this rule)"


def test_lines_that_are_no_alerts_are_passed_over(tmp_path):
    path = tmp_path / "alerts"
    path.write_text("")
    relay = Relay(path)
    append(path, '{"time": "2030\n[]\nnull\n{}\n' + line(kind="other") + line(severity=3))
    append(path, "x" * 200_000 + "\n" + "[" * 5000 + "\n" + line(client=["a"], request_id=5))

    (found,) = relay.new()

    assert (found.rule, found.client, found.request_id) == ("range", None, None)


def test_a_search_that_the_firewall_sees_reaches_a_webhook(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    (tmp_path / "alerts").touch()
    start = vectors(1, seed=5)[0]
    taker = Taker()
    with taker as url:
        (tmp_path / "m.toml").write_text(
            "[monitor]\nfirewall_alerts = 'alerts'\nlook_seconds = 0.2\n"
            f"[[monitor.channel]]\nname = 'ops'\nkind = 'webhook'\nurl = '{url}/hook'\n"
            "[[monitor.rule]]\nkinds = ['client']\nseverity = 'high'\nto = ['ops']\n"
        )
        command = [sys.executable, "-m", "modelwarden", "monitor", "watch", "--config", "m.toml"]
        watch = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)
        try:
            with (
                model() as server,
                firewall(server.port, "profile.json", "--alerts", "alerts", cwd=tmp_path) as wall,
            ):
                deadline = time.monotonic() + 60
                number = 0
                while not taker.asked and time.monotonic() < deadline:
                    number += 1
                    row = (start + 1e-4 * number * (-1) ** number).clip(0, 1)
                    entry = {"name": "x", "shape": [1, 12], "datatype": "FP32", "data": [[*row]]}
                    wall.ask({"inputs": [entry]})
        finally:
            os.kill(watch.pid, signal.SIGTERM)
            said = watch.communicate(timeout=30)[1]

    told = json.loads(taker.asked[0][2])["alerts"][0]
    assert (told["kind"], told["client"]) == ("client", "127.0.0.1")
    assert told["rule"] in said.decode()
