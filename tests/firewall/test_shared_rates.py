"""One limit for several firewalls, with a real Redis; and what happens when it is not one."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall, model
from modelwarden.core import ConfigError
from modelwarden.firewall import dumped
from modelwarden.firewall.config import Limit, Redis
from modelwarden.firewall.settings import load_config
from modelwarden.firewall.shared_rates import ReplyError, SharedRates, reply_in

REDIS = shutil.which("redis-server")
LIMIT = Limit(rate=0.01, burst=4)


@contextmanager
def redis(folder, *more):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    process = subprocess.Popen([REDIS, *arguments, *more], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, process
    finally:
        process.kill()
        process.wait()


def asked(rows):
    entry = {"name": "x", "shape": [len(rows), 12], "datatype": "FP32", "data": rows.tolist()}
    return {"inputs": [entry]}


def command(port, *parts):
    """Return the strings that Redis answers."""
    lines = [b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"".join(lines))
        answer = connection.recv(10_000)
    return [line for line in answer.split(b"\r\n")[:-1] if line[:1] not in b"*$+"]


needs_redis = pytest.mark.skipif(REDIS is None, reason="redis-server is not installed")


@needs_redis
def test_two_firewalls_count_together_and_each_alone_when_redis_is_gone(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    with redis(tmp_path) as (port, process), model() as server:
        (tmp_path / "c.toml").write_text(
            "[firewall]\nclient_header = 'x-client'\n[firewall.limit]\nrate = 0.01\nburst = 4\n"
            f"redis = 'redis://127.0.0.1:{port}/3'\n"
        )
        arguments = ("--mode", "enforce", "--config", "c.toml", "--alerts")
        with (
            firewall(server.port, "profile.json", *arguments, "a1", cwd=tmp_path) as one,
            firewall(server.port, "profile.json", *arguments, "a2", cwd=tmp_path) as two,
        ):
            time.sleep(0.5)
            got = [w.ask(asked(vectors(1)), X_Client="a")[0] for w in (one, two) * 4]
            other = two.ask(asked(vectors(1)), X_Client="b")[0]
            process.kill()
            process.wait()
            time.sleep(0.2)
            alone = [one.ask(asked(vectors(1)), X_Client="c")[0] for _ in range(6)]

    assert got == [200] * 4 + [429] * 4
    assert other == 200
    assert alone == [200] * 4 + [429] * 2
    told = [a for a in alerts(tmp_path / "a1") if a["rule"] == "shared-rate"]
    assert [a["kind"] for a in told] == ["self"]


def waits(port, count, client="a", *, password="", pause=0.3):
    """Return what a fresh firewall is told, and why it is on its own."""

    async def run():
        loop, told = asyncio.get_running_loop(), []
        rates = SharedRates(Redis(host="127.0.0.1", port=port), loop, told.append, password)
        rates.begin()
        await asyncio.sleep(pause)
        found = []
        for _ in range(count):
            answer = loop.create_future()
            rates.ask(client, LIMIT, answer.set_result)
            async with asyncio.timeout(5):
                found.append(await answer)
        rates.close()
        return found, told

    return asyncio.run(run())


@needs_redis
def test_waits_are_those_of_the_cell_algorithm_and_a_password_is_given(tmp_path):
    with redis(tmp_path, "--requirepass", "secret") as (port, _):
        found, told = waits(port, 6, password="secret")
        wrong, why = waits(port, 1, password="other")

    assert [w == 0 for w in found] == [True] * 4 + [False] * 2
    assert 95 < found[4] <= 100
    assert told == []
    assert wrong == [None]
    assert why == ["Redis answers WRONGPASS; each firewall limits by itself"]


@needs_redis
@pytest.mark.parametrize("hours", [-30.0, 30.0])
def test_a_clock_of_redis_that_jumps_holds_nobody_up(tmp_path, hours):
    with redis(tmp_path) as (port, _):
        waits(port, 4)
        key = command(port, b"KEYS", b"*")[0]
        due = float(command(port, b"GET", key)[0])
        command(port, b"SET", key, b"%.6f" % (due - 3600 * hours))  # as if it had been set by hours
        found, told = waits(port, 6)

    assert [w == 0 for w in found] == [True] * 4 + [False] * 2
    assert told == []


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "something else"),
        (b"-LOADING it is\r\n" * 3, "LOADING"),
        (b"$99999999\r\n", "something else"),
        (b"*1\r\n$1\r\na\r\n", "something else"),
        (b"\0" * 70_000, "too much"),
        (b"+OK\r\n" * 50, "nobody asked"),
        (None, "closed the connection"),
        (b"", "too slow"),
    ],
)
def test_what_is_no_redis_is_told_and_nobody_waits_for_it(reply, why):
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                if reply is not None:
                    connection.sendall(reply)
                    done.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        found, told = waits(server.getsockname()[1], 2, pause=0.02)
        done.set()
        thread.join()

    assert found == [None, None]
    assert len(told) == 1
    assert why in told[0]


def test_replies_are_read_one_after_another():
    assert reply_in(b"") is None
    assert reply_in(b"$3\r\nab") is None
    assert reply_in(b"$3\r\nabc\r\n+OK\r\n") == (b"abc", 9)
    assert reply_in(b"+OK\r\n:1") == (b"OK", 5)
    assert reply_in(b":12\r\n") == (b"12", 5)
    for wrong in (b"$3\r\nabcd\r\n", b"$-1\r\n", b"hello\r\n", b"-ERR x\r\n"):
        with pytest.raises(ReplyError):
            reply_in(wrong)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("localhost:6379", "is no address"),
        ("http://x", "is no address"),
        ("redis://:secret@x", "MODELWARDEN_REDIS_PASSWORD"),
        ("redis://x/prod", "number of a database"),
        ("redis://x:99999", "is no address"),
    ],
)
def test_addresses_that_cannot_be_meant_are_an_error_that_tells_no_secret(tmp_path, url, told):
    (tmp_path / "c.toml").write_text(f"[firewall.limit]\nrate = 1\nredis = '{url}'\n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "c.toml")
    assert told in caught.value.message
    assert "secret" not in caught.value.message
