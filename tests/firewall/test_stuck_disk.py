"""A disk that hangs: nobody waits for it longer than was said, and nothing is lost in silence."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

import pytest

from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall, model
from firewall.test_service import asked, until
from modelwarden.firewall import dumped
from modelwarden.ledger import entries, verify

KILLS = int(os.environ.get("MODELWARDEN_KILLS", "3"))

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hang(const char *call, int fd) {
    const char *flag = getenv("STUCK_FLAG"), *under = getenv("STUCK_UNDER");
    char link[64], path[4096], text[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (!flag || !under || size < 0) return;
    path[size] = 0;
    if (strncmp(path, under, strlen(under))) return;
    for (;;) {
        FILE *file = fopen(flag, "r");
        if (!file) return;
        size_t got = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[got] = 0;
        if (!strstr(text, call)) return;
        usleep(5000);
    }
}
ssize_t write(int fd, const void *data, size_t size) {
    hang("write", fd);
    return ((ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(fd, data, size);
}
int fdatasync(int fd) {
    hang("sync", fd);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """Build a library whose `write` and `fdatasync` hang while a file says so."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "stuck.c").write_text(SHIM)
    command = ["cc", "-shared", "-fPIC", "-o", folder / "stuck.so", folder / "stuck.c", "-ldl"]
    subprocess.run(command, check=True)
    return folder / "stuck.so"


class Disk:
    """What the library hangs at, under one path."""

    def __init__(self, monkeypatch, shim, flag, under):
        self._flag = flag
        monkeypatch.setenv("LD_PRELOAD", str(shim))
        monkeypatch.setenv("STUCK_FLAG", str(flag))
        monkeypatch.setenv("STUCK_UNDER", str(under))

    def hang(self, *calls):
        self._flag.write_text(" ".join(calls))

    def go_on(self):
        self._flag.unlink()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    return tmp_path


@pytest.fixture
def disk(monkeypatch, shim, place):
    return Disk(monkeypatch, shim, place / "flag", place / "ledger")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Told:
    """What the firewall tells of itself."""

    def __init__(self, place, port):
        self._place, self._port = place, port

    def page(self, path):
        connection = HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def value(self, name):
        lines = self.page("/metrics")[1].splitlines()
        return float(next(x.split()[1] for x in lines if x.startswith(f"modelwarden_{name} ")))

    def details(self, rule="ledger"):
        path = self._place / "alerts"
        return [a["detail"] for a in alerts(path) if a["rule"] == rule] if path.exists() else []


@contextmanager
def running(place, more="", ledger="ledger"):
    port = free_port()
    text = f"[firewall]\nledger_seconds = 0.5\nstatus = '127.0.0.1:{port}'\n{more}"
    (place / "c.toml").write_text(text)
    given = ("--config", "c.toml", "--alerts", "alerts", "--ledger", str(ledger))
    with (
        model() as server,
        firewall(server.port, "profile.json", "--mode", "enforce", *given, cwd=place) as wall,
    ):
        yield server, wall, Told(place, port)


def good(wall, name):
    """Ask; return status and seconds."""
    began = time.monotonic()
    status = wall.ask(asked(vectors(1)), X_Request_Id=name)[0]
    return status, time.monotonic() - began


def names(folder):
    return [json.loads(e.body)["request_id"] for e in entries(folder) if not e.own]


def missed(folder):
    own = (json.loads(e.body) for e in entries(folder) if e.own)
    return [line["records"] for line in own if line["type"] == "missed"]


def test_heads_that_cannot_be_kept_are_told_and_hold_up_nobody(place):
    away = place / "elsewhere"
    more = f"heads = '{away}/heads'\n[firewall.ledger]\nhead_seconds = 0.05"
    with running(place, more) as (_, wall, told):
        assert good(wall, "one")[0] == 200
        until(lambda: len(told.details()) == 1)
        failures = told.value("head_failures_total")
        away.mkdir()
        until(lambda: len(told.details()) == 2)
        wall.end()

    first, second = told.details()
    assert "nothing vouches for them" in first
    assert "kept again" in second
    assert failures > 0
    assert names(place / "ledger") == ["one"]


def test_a_ledger_that_hangs_is_waited_for_once_and_written_late(place, disk):
    with running(place) as (server, wall, told):
        assert good(wall, "before")[0] == 200
        disk.hang("write", "sync")
        first, took = good(wall, "first")
        at_once = [good(wall, f"later {i}".replace(" ", "-")) for i in range(20)]
        bad = wall.ask({"more": 1}, X_Request_Id="bad")[0]
        state = told.page("/readyz"), told.page("/healthz"), told.value("ledger_writable")
        waiting = told.value("records_waiting")
        disk.go_on()
        until(lambda: told.value("ledger_writable") == 1)
        until(lambda: told.value("records_waiting") == 0)
        assert told.page("/readyz") == (200, "ready\n")
        counted = told.value("records_late_total"), told.value("records_lost_total")
        assert good(wall, "after")[0] == 200
        wall.end()

    assert first == 200
    assert took >= 0.4  # written before the answer, as long as that was said to be waited for
    assert {status for status, _ in at_once} == {200}
    assert sum(took for _, took in at_once) < 20 * 0.4
    assert bad == 400
    assert state == (
        (200, "ready, but the ledger does not answer\n"), (200, "alive\n"), 0.0,
    )  # fmt: skip
    assert waiting == 22
    assert counted == (22, 0)
    late = [f"later-{i}" for i in range(20)]
    assert names(place / "ledger") == ["before", "first", *late, "bad", "after"]
    assert missed(place / "ledger") == []
    assert len(server.seen) >= 23
    assert [d.partition(":")[0].partition(";")[0] for d in told.details()] == [
        "the ledger does not answer", "the ledger answers again",
    ]  # fmt: skip
    assert verify(place / "ledger").problems == ()


def test_what_cannot_be_recorded_is_refused_where_that_is_asked_for(place, disk):
    with running(place, "ledger_full = 'refuse'\n") as (server, wall, told):
        assert good(wall, "before")[0] == 200
        reached = sum(way == "POST" for way, *_ in server.seen)
        disk.hang("write", "sync")
        assert [good(wall, "first")[0]] + [good(wall, f"no-{i}")[0] for i in range(5)] == [503] * 6
        assert wall.ask({"more": 1}, X_Request_Id="bad")[0] == 400
        assert told.page("/readyz") == (503, "the ledger does not answer\n")
        assert sum(way == "POST" for way, *_ in server.seen) == reached
        disk.go_on()
        until(lambda: told.page("/readyz")[0] == 200)
        until(lambda: missed(place / "ledger") == [5])
        assert good(wall, "after")[0] == 200
        wall.end()

    # "first" was on its way when the disk began to hang; of the five nothing was let on.
    assert names(place / "ledger") == ["before", "first", "bad", "after"]
    assert verify(place / "ledger").problems == ()


def test_a_disk_that_takes_writes_and_does_not_sync_is_told(place, disk):
    with running(place) as (_, wall, told):
        assert good(wall, "before")[0] == 200
        disk.hang("sync")
        assert good(wall, "one")[0] == 200
        until(lambda: told.value("ledger_writable") == 0)
        assert names(place / "ledger")[-1] == "one"  # a killed process loses nothing still
        assert good(wall, "two")[1] < 0.4
        disk.go_on()
        until(lambda: told.value("ledger_writable") == 1)
        wall.end()

    assert names(place / "ledger") == ["before", "one", "two"]


def test_a_firewall_ends_also_while_its_ledger_hangs_and_says_so(place, disk):
    with running(place) as (_, wall, _):
        assert good(wall, "before")[0] == 200
        disk.hang("write", "sync")
        assert good(wall, "first")[0] == 200
        assert wall.end() == 3
        said = wall.process.stderr.read()
        disk.go_on()

    assert "1 records are not written: the ledger does not answer" in said
    assert names(place / "ledger") == ["before"]
    assert verify(place / "ledger").problems == ()


def test_a_firewall_that_is_killed_while_its_disk_hangs_loses_nothing_acknowledged(place, disk):
    with running(place) as (_, wall, _):
        acknowledged = [f"before-{i}" for i in range(30)]
        assert {good(wall, name)[0] for name in acknowledged} == {200}
        disk.hang("sync")
        acknowledged += [f"unsynced-{i}" for i in range(30)]
        assert {good(wall, name)[0] for name in acknowledged[30:]} == {200}
        wall.process.kill()
        wall.process.wait()
        disk.go_on()

    assert names(place / "ledger") == acknowledged


def test_alerts_that_hang_hold_up_nobody_and_come_later(monkeypatch, shim, place):
    disk = Disk(monkeypatch, shim, place / "flag", place / "alerts")
    with running(place) as (_, wall, told):
        assert wall.ask({"more": 1}, X_Request_Id="before")[0] == 400
        assert len(told.details("schema")) == 1  # it is there before the answer
        disk.hang("write")
        began = time.monotonic()
        refused = [wall.ask({"more": 1}, X_Request_Id=f"n-{i}")[0] for i in range(30)]
        served = good(wall, "fine")[0]
        took = time.monotonic() - began
        waiting = told.value("alerts_waiting")
        disk.go_on()
        until(lambda: len(told.details("schema")) == 31)
        wall.end()

    assert (set(refused), served, waiting) == ({400}, 200, 30)
    assert took < 10


def test_the_loop_serves_others_while_a_record_waits(place, disk):
    """Reads of the server's state have no record: they must not wait for one."""
    with running(place) as (_, wall, _):
        disk.hang("write", "sync")
        thread = threading.Thread(target=good, args=(wall, "held"))
        thread.start()
        began = time.monotonic()
        status = wall.ask(None, "/v2/health/live", "GET")[0]
        took = time.monotonic() - began
        thread.join()
        disk.go_on()

    assert (status, took < 0.4) == (200, True)


@contextmanager
def frozen_disk(folder):
    """Mount an ext4 of its own; skip where that is not allowed."""
    if os.geteuid() or not shutil.which("fsfreeze") or not shutil.which("mkfs.ext4"):
        pytest.skip("needs root, mkfs.ext4 and fsfreeze")
    image, mount = folder / "image", folder / "mount"
    mount.mkdir()
    with image.open("wb") as stream:
        stream.truncate(32 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, mount], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield mount
    finally:
        subprocess.run(["fsfreeze", "-u", mount], capture_output=True)
        subprocess.run(["umount", "-l", mount], check=True)


def test_a_file_system_that_is_frozen_harms_nobody(place):
    with frozen_disk(place) as mount:
        ledger = mount / "ledger"
        with running(place, ledger=ledger) as (_, wall, told):
            assert good(wall, "before")[0] == 200
            subprocess.run(["fsfreeze", "-f", mount], check=True)
            answers = [good(wall, f"frozen-{i}") for i in range(10)]
            until(lambda: told.value("ledger_writable") == 0)
            subprocess.run(["fsfreeze", "-u", mount], check=True)
            until(lambda: told.value("ledger_writable") == 1)
            assert good(wall, "after")[0] == 200
            wall.end()
        kept, problems = names(ledger), verify(ledger).problems

    assert {status for status, _ in answers} == {200}
    assert sum(took for _, took in answers) < 8
    assert kept == ["before", *(f"frozen-{i}" for i in range(10)), "after"]
    assert problems == ()


def test_a_process_that_is_asked_to_end_with_everything_in_order_says_nothing_of_it(place):
    with running(place) as (_, wall, _):
        assert good(wall, "one")[0] == 200
        wall.process.send_signal(signal.SIGTERM)
        assert wall.process.wait(timeout=30) == 0
        assert "not written" not in wall.process.stderr.read()


def test_a_firewall_that_is_killed_under_load_loses_no_acknowledged_record(place):
    rng = random.Random(7)
    acknowledged = set()
    for turn in range(KILLS):
        arguments = ("--ledger", "ledger", "--mode", "enforce")
        with (
            model() as server,
            firewall(server.port, "profile.json", *arguments, cwd=place) as wall,
        ):
            threads = [
                threading.Thread(target=ask_until_it_ends, args=(wall, f"{turn}-{k}", acknowledged))
                for k in range(4)
            ]
            for thread in threads:
                thread.start()
            time.sleep(rng.uniform(0.3, 0.8))
            wall.process.kill()
            wall.process.wait()
            for thread in threads:
                thread.join()

    kept = {json.loads(e.body)["request_id"] for e in entries(place / "ledger") if not e.own}
    assert len(acknowledged) > 10 * KILLS
    assert acknowledged <= kept
    assert verify(place / "ledger").problems == ()


def ask_until_it_ends(wall, name, acknowledged):
    """Ask again and again; put down which requests were answered."""
    for number in itertools.count():
        try:
            status = wall.ask(asked(vectors(1)), X_Request_Id=f"{name}-{number}")[0]
        except (OSError, HTTPException):
            return
        assert status == 200
        acknowledged.add(f"{name}-{number}")
