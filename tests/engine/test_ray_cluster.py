"""The map on Ray: a cluster where Ray is installed, and a stand-in for what a cluster may do."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.work import die_on, refuse_odd, sleep_on, square
from modelwarden.core import InputError
from modelwarden.engine import Plan, Settled, map_units

TESTS = Path(__file__).parents[1]
# Ray leaves the processes that it started to whoever collects garbage.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


class _Stand:
    """Stands for the module `ray`: does each task at once, and goes away after so many waits."""

    class RayError(Exception):
        pass

    def __init__(self, waits: int, failure: Exception | None) -> None:
        self.left, self.failure = waits, failure
        self.asked: list[dict[str, Any]] = []
        self.exceptions = SimpleNamespace(RayError=self.RayError)
        self.down = False

    def is_initialized(self) -> bool:
        return False

    def init(self, **how: Any) -> None:
        self.asked.append(how)

    def shutdown(self) -> None:
        self.down = True
        raise RuntimeError("nobody is there")

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 1.0}

    def put(self, value: object) -> object:
        return value

    def remote(self, **options: int) -> Callable[[Callable[..., bytes]], SimpleNamespace]:
        del options
        return lambda work: SimpleNamespace(remote=lambda *args: _Future(work(*args)))

    def wait(self, flying: list[object], **how: object) -> tuple[list[object], list[object]]:
        self.left -= 1
        if self.left < 0 and self.failure is not None:
            raise self.failure
        if self.left < 0:
            return [], flying
        return flying[:1], flying[1:]

    def get_runtime_context(self) -> SimpleNamespace:
        return SimpleNamespace(get_node_id=lambda: "own")

    def nodes(self) -> list[dict[str, object]]:
        return [{"NodeID": "own", "Alive": False}, {"NodeID": "other", "Alive": True}]

    def get(self, future: _Future) -> bytes:
        return future.answer

    def cancel(self, future: object, *, force: bool) -> None:
        raise AssertionError


class _Future:
    def __init__(self, answer: bytes) -> None:
        self.answer = answer


def _stands(monkeypatch: pytest.MonkeyPatch, waits: int, failure: Exception | None) -> _Stand:
    stand = _Stand(waits, failure)
    monkeypatch.setitem(sys.modules, "ray", stand)  # type: ignore[arg-type]
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return stand


@pytest.mark.parametrize(
    "failure", [OSError("Broken pipe"), _Stand.RayError("raylet died"), None], ids=str
)
def test_a_cluster_that_goes_away_leaves_what_was_settled(monkeypatch, failure):
    stand = _stands(monkeypatch, 2, failure)

    settled = map_units(list(range(12)), square, Plan(engine="ray"))

    assert [one.value for one in settled[:2]] == [0, 1]
    assert all(one.error and "connection to Ray was lost" in one.error for one in settled[2:])
    assert len(settled) == 12
    assert stand.down


def test_a_cluster_of_ones_own_listens_on_loopback_alone(monkeypatch):
    stand = _stands(monkeypatch, 99, OSError())

    map_units([1, 2], square, Plan(engine="ray"))

    assert stand.asked[0]["address"] == "local"
    assert stand.asked[0]["_node_ip_address"] == "127.0.0.1"


def test_an_address_where_nobody_listens_is_one_line_at_once(monkeypatch):
    stand = _stands(monkeypatch, 99, OSError())
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")

    with pytest.raises(InputError, match=r"not reached at RAY_ADDRESS=127\.0\.0\.1:1: Connection"):
        map_units([1], square, Plan(engine="ray"))
    assert not stand.asked


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Start Ray once for the tests of this module; its workers find the tests' own functions."""
    ray = pytest.importorskip("ray")
    place = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TESTS), place)))
    quiet = {"include_dashboard": False, "log_to_driver": False}
    ray.init(address="local", _node_ip_address="127.0.0.1", num_cpus=2, **quiet)
    yield
    ray.shutdown()
    os.environ["PYTHONPATH"] = place


def _ends(settled: list[Settled[Any]]) -> list[object]:
    return [one.error or one.value for one in settled]


def test_units_end_on_a_cluster_as_they_end_here(cluster):
    units = list(range(30))

    here = map_units(units, refuse_odd)
    there = map_units(units, refuse_odd, Plan(engine="ray"))

    assert _ends(there) == _ends(here)


def test_a_worker_of_a_cluster_that_is_killed_takes_only_its_unit_with_it(cluster):
    work = partial(die_on, victim=3, how=signal.SIGKILL)

    settled = map_units(list(range(10)), work, Plan(engine="ray"))

    assert [one.value for one in settled] == [None if n == 3 else n for n in range(10)]
    assert "its worker process died" in (settled[3].error or "")


def test_a_unit_that_takes_too_long_on_a_cluster_is_stopped(cluster):
    work = partial(sleep_on, victim=1)

    settled = map_units(list(range(3)), work, Plan(engine="ray", seconds=4, most=2))

    assert [one.value for one in settled] == [0, None, 2]
    assert "took longer" in (settled[1].error or "")
