"""The same map on a Ray cluster; needs the extra `ray`.

A running cluster is used when `RAY_ADDRESS` names one, else Ray is started on this machine for the
time of the map. Paths of units must mean the same on every node.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from types import ModuleType
from typing import TypeVar

from modelwarden.core import InputError, MissingExtraError
from modelwarden.engine.settled import Progress, Settled, brief
from modelwarden.engine.task import Task

U = TypeVar("U")
R = TypeVar("R")

_AHEAD = 4  # tasks in flight for each processor of the cluster
_GLANCE = 2.0  # seconds after which it is looked whether the cluster is still there
_PATIENCE = 10.0  # seconds that a cluster may take to accept a connection


def map_on_ray(
    units: Sequence[U],
    task: Task[U, R],
    seconds: float,
    progress: Progress | None,
    *,
    most: int | None = None,
) -> list[Settled[R]]:
    """Do the task on every unit; return how each ended, in the order of `units`.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: it does not start, or is not reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("the engine 'ray'", "ray") from error
    settled: dict[int, Settled[R]] = {}
    lost = ""
    with _cluster(ray):
        try:
            for number, one in _worked(ray, units, task, seconds, most):
                settled[number] = one
                if progress:
                    progress(len(settled), len(units))
        except (OSError, ray.exceptions.RayError) as error:
            # The node that this process is connected to went down: what is settled is kept.
            lost = f"the connection to Ray was lost ({brief(error)})"
    return [settled.get(number) or Settled(error=lost) for number in range(len(units))]


def _worked(
    ray: ModuleType, units: Sequence[U], task: Task[U, R], seconds: float, most: int | None
) -> Iterator[tuple[int, Settled[R]]]:
    """Yield the number of each unit with how it ended, as they end."""
    flying: dict[object, tuple[int, float]] = {}
    numbers = iter(range(len(units)))
    remote = ray.remote(max_retries=0)(_settle)
    shared = ray.put(task)
    processors = max(1, int(ray.cluster_resources().get("CPU", 1)))
    width = min(processors * _AHEAD, most or processors * _AHEAD)
    # When a unit begins is not told: those that were handed out before it may each take as long.
    seconds *= -(-width // processors)
    while True:
        for number in islice(numbers, width - len(flying)):
            flying[remote.remote(shared, units[number])] = (number, time.monotonic())
        if not flying:
            return
        done, _ = ray.wait(list(flying), num_returns=1, timeout=_GLANCE)
        if not done:
            _check_there(ray)
        now = time.monotonic()
        late = [future for future, (_, since) in flying.items() if now - since > seconds]
        for future in (*done, *(future for future in late if future not in done)):
            number, _ = flying.pop(future)
            yield number, _answer(ray, future, task, seconds, late=future not in done)


def _check_there(ray: ModuleType) -> None:
    """See whether the node that this process is connected to lives: Ray would wait for ever.

    Raises:
        ConnectionError: it does not.
    """
    own = ray.get_runtime_context().get_node_id()
    if not any(node["NodeID"] == own and node["Alive"] for node in ray.nodes()):
        raise ConnectionError("its node on this machine went down")


def _settle(task: Task[U, R], unit: U) -> bytes:
    return task.settle_as_json(unit)


def _answer(
    ray: ModuleType, future: object, task: Task[U, R], seconds: float, *, late: bool
) -> Settled[R]:
    if late:
        ray.cancel(future, force=True)
        return Settled(error=f"took longer than {seconds:g} s and was stopped")
    try:
        return task.from_json(ray.get(future))
    except ray.exceptions.RayError as error:
        return Settled(error=f"its worker process died ({brief(error)})")


@contextmanager
def _cluster(ray: ModuleType) -> Iterator[None]:
    if ray.is_initialized():
        yield
        return
    where = os.environ.get("RAY_ADDRESS")
    # Whoever reaches the ports of a cluster can run code on it, so ours listens on loopback alone.
    # Unless it is told to start one, Ray would join any cluster that a file in /tmp names.
    place = {} if where else {"address": "local", "_node_ip_address": "127.0.0.1"}
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if where:
            _call_at(where)
        ray.init(**place, **quiet)
    except Exception as error:  # Ray raises bare exceptions where it does not start
        what = f"is not reached at RAY_ADDRESS={where}" if where else "does not start here"
        raise InputError(
            f"Ray {what}: {brief(error)}",
            hint="Look at Ray's logs and the address, or leave --engine ray out.",
        ) from error
    try:
        yield
    finally:
        with suppress(Exception):  # where the cluster is gone, so is what would be shut down
            ray.shutdown()


def _call_at(where: str) -> None:
    """See whether anybody listens at an address: Ray itself would try for ten minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = where.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():  # else it is `auto` or `local`, which Ray looks up
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
