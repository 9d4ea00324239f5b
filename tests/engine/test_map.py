from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.work import (
    count,
    die_on,
    is_not_nine,
    pid_of,
    refuse,
    refuse_odd,
    say_set,
    sleep_on,
    square,
)
from modelwarden.core import InputError, MissingExtraError, UnknownNameError
from modelwarden.engine import Checkpoint, Codec, Plan, Resume, map_units


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_units_for_any_number_of_workers(jobs):
    units = list(range(50))

    settled = map_units(units, square, Plan(jobs=jobs))

    assert [s.value for s in settled] == [n * n for n in units]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_unit_that_fails_is_settled_in_one_line_and_the_rest_goes_on(jobs):
    settled = map_units([0, 1, 2], refuse_odd, Plan(jobs=jobs))

    assert [s.value for s in settled] == [0, None, 2]
    assert settled[1].error == "ValueError: 1 is odd and that is that"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
@pytest.mark.parametrize("victim", [0, 7, 19])
def test_a_killed_worker_takes_only_its_unit_with_it(how, victim):
    settled = map_units(list(range(20)), partial(die_on, victim=victim, how=how), Plan(jobs=2))

    assert [s.value for s in settled] == [None if n == victim else n for n in range(20)]
    assert how.name in (settled[victim].error or "")


def test_a_unit_that_takes_too_long_is_stopped_and_the_rest_goes_on():
    settled = map_units(list(range(6)), partial(sleep_on, victim=2), Plan(jobs=2, seconds=4))

    assert [s.value for s in settled] == [0, 1, None, 3, 4, 5]
    assert "longer than 4 s" in (settled[2].error or "")


def test_several_workers_share_the_units():
    settled = map_units(list(range(40)), pid_of, Plan(jobs=2))

    assert len({s.value for s in settled}) == 2
    assert os.getpid() not in {s.value for s in settled}


def test_a_value_that_cannot_cross_is_a_failure_of_its_unit():
    settled = map_units([1, 2], say_set, Plan(jobs=2))

    assert all("TypeError" in (s.error or "") for s in settled)


def test_an_answer_that_makes_no_sense_is_a_failure_of_its_unit():
    settled = map_units([1, 2], square, Plan(jobs=2, codec=Codec(int, refuse)))

    assert all("makes no sense" in (s.error or "") for s in settled)


def test_progress_counts_up_to_all_units():
    seen: list[tuple[int, int]] = []

    map_units(
        [1, 2, 3], square, Plan(jobs=2, progress=lambda done, total: seen.append((done, total)))
    )

    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_an_unknown_engine_names_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown engine 'rai'") as caught:
        map_units([1], square, Plan(engine="rai"))

    assert caught.value.nearest == "ray"


def _resume(folder: Path, salt: str = "v1") -> Resume[int, int]:
    return Resume(Checkpoint(folder, salt), key=str, keep=is_not_nine)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_run_takes_what_the_first_settled(tmp_path, jobs):
    work = partial(count, log=tmp_path / "log")
    first = map_units([1, 2, 3], work, Plan(jobs=jobs, resume=_resume(tmp_path)))

    second = map_units([1, 2, 3], work, Plan(jobs=jobs, resume=_resume(tmp_path)))

    assert [s.value for s in second] == [s.value for s in first] == [1, 4, 9]
    assert [s.resumed for s in second] == [True, True, False]
    assert sorted((tmp_path / "log").read_text().split()) == ["1", "2", "3", "3"]


def test_another_salt_takes_nothing_from_the_checkpoint(tmp_path):
    map_units([2], square, Plan(resume=_resume(tmp_path)))

    again = map_units([2], square, Plan(resume=_resume(tmp_path, "v2")))

    assert not again[0].resumed


KILLED = """
import os, sys, time
from pathlib import Path
from modelwarden.engine import Checkpoint, Plan, Resume, map_units

def work(n):
    if n == 5:
        print("five", flush=True)
        time.sleep(60)
    return n

folder = Path(sys.argv[1])
resume = Resume(Checkpoint(folder, "s"), str, lambda k, v: True)
map_units(list(range(8)), work, Plan(resume=resume))
"""


def test_a_killed_run_resumes_where_it_was(tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run:
        run.stdout.readline()
        run.kill()

    plan = Plan(resume=Resume(Checkpoint(tmp_path, "s"), key=str, keep=lambda key, value: True))
    settled = map_units(list(range(8)), abs, plan)

    assert [s.value for s in settled] == list(range(8))
    assert [s.resumed for s in settled] == [True] * 5 + [False] * 3


ORPHANS = """
import os, sys, time
from modelwarden.engine import Plan, map_units

def work(n):
    sys.stdout.write(f"{os.getpid()}\\n")  # in one piece: two workers share the pipe
    sys.stdout.flush()
    time.sleep(0.5)
    return n

map_units(list(range(100)), work, Plan(jobs=2))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_parent(how):
    run = subprocess.Popen(
        [sys.executable, "-c", ORPHANS],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert run.stdout is not None
    with run:
        workers = {int(run.stdout.readline()) for _ in range(2)}
        run.send_signal(how)
        run.wait(10)

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in workers):
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_without_ray_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as where it is not installed

    with pytest.raises(MissingExtraError, match="ray"):
        map_units([1], square, Plan(engine="ray"))


GUARDLESS = """
import threading
from modelwarden.engine import Plan, map_units

threading.Thread(target=threading.Event().wait, daemon=True).start()
print([s.value for s in map_units([-1, 2, -3], abs, Plan(jobs=2))], flush=True)
"""


def test_where_no_worker_can_be_started_the_units_are_worked_here(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(GUARDLESS)

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)

    assert done.stdout == "[1, 2, 3]\n"


def test_a_cluster_that_does_not_start_is_one_line(monkeypatch):
    def init(**kwargs):
        raise Exception("timed out\nduring startup")  # noqa: TRY002 -- as Ray does

    ray = SimpleNamespace(is_initialized=lambda: False, init=init)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    with pytest.raises(InputError, match="does not start here: Exception: timed out") as caught:
        map_units([1], square, Plan(engine="ray"))
    assert "\n" not in caught.value.message
