"""What goes wrong around the real command: settings that break, servers that change, clocks."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time

import pytest

from cli.command import command
from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall, model
from firewall.test_service import asked, config, rules, until
from modelwarden.firewall import dumped
from modelwarden.ledger import entries, verify

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *told) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(clock, told);
    const char *path = getenv("CLOCK_OFFSET");
    FILE *file = clock == CLOCK_REALTIME && path ? fopen(path, "r") : NULL;
    if (file) {
        long more = 0;
        if (fscanf(file, "%ld", &more) == 1) told->tv_sec += more;
        fclose(file);
    }
    return done;
}
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[firewall\n", "no TOML"),
        ("[firewall]\nwatch_second = 1\n", "watch_second"),
        ("[firewall.rules]\nshape = 'strict'\n", "strict"),
        ("[firewall]\nprofile_key = 'gone.pub'\n", "is not signed, and must be"),
    ],
)
def test_a_configuration_that_breaks_leaves_the_old_one(place, text, said):
    arguments = ("--mode", "enforce", *config(place, "[firewall]\nwatch_seconds = 60\n"))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        assert wall.ask(asked(vectors(1)))[0] == 200
        (place / "c.toml").write_text(text)
        wall.process.send_signal(signal.SIGHUP)
        until(lambda: any("the old policy stays" in detail for _, detail in rules(place)))

        assert wall.ask(asked(vectors(1, seed=1)))[0] == 200
        assert wall.ask({"more": 1})[0] == 400
        (detail,) = [detail for rule, detail in rules(place) if rule == "reload"]
        assert said in detail


def broken(*steps):
    """Return the profile with the last of these steps in the place that the others lead to."""
    document = json.loads(dumped(tensor()))
    *path, key, value = steps
    inner = document
    for step in path:
        inner = inner[step]
    inner[key] = value
    return json.dumps(document)


BROKEN = {
    "a number beyond all others": (("counts", 0, "missing", 10**30), "no valid JSON"),
    "a number that no count can be": (("counts", 0, "missing", 2**63), "no check can be made of"),
    "a number that is none": (("limits", "rows", float("nan")), "no valid JSON"),
    "more rows than any": (("limits", "rows", 10**4000), "no valid JSON"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_a_profile_holds_the_old_one_stays_and_the_next_is_taken(place, name):
    steps, said = BROKEN[name]
    arguments = ("--mode", "enforce", *config(place, "[firewall]\nwatch_seconds = 60\n"))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        for number, text in enumerate((broken(*steps), dumped(tensor()).decode()), start=1):
            (place / "profile.json").write_text(text)
            wall.process.send_signal(signal.SIGHUP)
            until(lambda n=number: len([r for r, _ in rules(place) if r == "reload"]) == n)
            assert wall.ask(asked(vectors(1, seed=number)))[0] == 200

    kept, taken = [detail for rule, detail in rules(place) if rule == "reload"]
    assert "the old policy stays" in kept
    assert said in kept
    assert "was replaced by" in taken


@pytest.mark.parametrize("name", BROKEN)
def test_a_profile_that_no_check_can_be_made_of_is_one_line_at_the_start(place, name):
    (place / "profile.json").write_text(broken(*BROKEN[name][0]))

    ran = command(
        "firewall", "--upstream", "http://127.0.0.1:9", "--profile", place / "profile.json",
        "--listen", "127.0.0.1:0",
    )  # fmt: skip

    assert ran.code == 2
    assert BROKEN[name][1] in ran.err


def test_a_server_that_is_late_is_one_504(place):
    arguments = ("--mode", "enforce", *config(place, "[firewall]\nupstream_seconds = 0.5\n"))
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=place) as wall:
        server.mode = "late"
        began = time.monotonic()
        status, headers, body = wall.ask(asked(vectors(1)))
        took = time.monotonic() - began
        server.mode = "good"
        after = wall.ask(asked(vectors(1, seed=1)))[0]

    assert status == 504
    assert "x-modelwarden" not in headers
    assert json.loads(body).keys() == {"error"}
    assert took < 10
    assert after == 200
    assert [(a["kind"], a["rule"]) for a in alerts(place / "alerts")] == [("upstream", "upstream")]


@pytest.mark.parametrize(("check", "status"), [("enforce", 502), ("observe", 200), ("off", 200)])
def test_a_server_that_begins_to_answer_in_another_form(place, check, status):
    text = f"[firewall.answers]\ncheck = '{check}'\n"
    with (
        model() as server,
        firewall(
            server.port, "profile.json", "--mode", "enforce", *config(place, text), cwd=place
        ) as wall,
    ):
        assert wall.ask(asked(vectors(2)))[0] == 200
        server.answer = lambda *_: b'{"scores": [[0.5, 0.5]], "schema": 2}'
        told, headers, body = wall.ask(asked(vectors(2, seed=1)))

    assert told == status
    assert "x-modelwarden" not in headers
    if status == 200:
        assert body == b'{"scores": [[0.5, 0.5]], "schema": 2}'  # as the server sent it
    else:
        assert b"scores" not in body
    noted = [a["rule"] for a in alerts(place / "alerts")] if check != "off" else []
    assert noted == ([] if check == "off" else ["answer-form"])


@pytest.mark.parametrize("hours", [1000, -1000])
def test_a_wall_clock_that_jumps_changes_no_decision(place, monkeypatch, hours):
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    (place / "clock.c").write_text(CLOCK)
    command = ["cc", "-shared", "-fPIC", "-o", place / "clock.so", place / "clock.c", "-ldl"]
    subprocess.run(command, check=True)
    text = "[firewall.limit]\nrate = 0.01\nburst = 6\n[firewall.ledger]\nretention_days = 1\n"
    more = (*config(place, text), "--ledger", "ledger", "--mode", "enforce")
    with model() as server, monkeypatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(place / "clock.so"))
        patch.setenv("CLOCK_OFFSET", str(place / "offset"))
        with firewall(server.port, "profile.json", *more, cwd=place) as wall:
            before = [wall.ask(asked(vectors(1, seed=n)))[0] for n in range(3)]
            (place / "offset").write_text(str(hours * 3600))
            after = [wall.ask(asked(vectors(1, seed=n)))[0] for n in range(3, 6)]
            refused = wall.ask({"more": 1})[0]
            assert wall.end() == 0

    assert before == after == [200] * 3
    assert refused == 429  # six a burst: the jump gave nobody more
    kept = [json.loads(e.body) for e in entries(place / "ledger") if not e.own]
    assert [one["decision"] for one in kept] == ["allow"] * 6 + ["refuse"]
    years = {one["time"][:13] for one in kept}
    assert len(years) >= 2  # the clock did jump
    assert verify(place / "ledger").problems == ()
