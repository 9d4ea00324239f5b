"""The same map on a Ray cluster; needs the extra `ray`.

A running cluster is used when `RAY_ADDRESS` names one, else Ray is started on this machine for the
time of the map. Paths of units must mean the same on every node.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from types import ModuleType
from typing import TypeVar

from modelwarden.core import InputError, MissingExtraError
from modelwarden.engine.settled import Progress, Settled, brief
from modelwarden.engine.task import Task

U = TypeVar("U")
R = TypeVar("R")

_AHEAD = 4  # tasks in flight for each processor of the cluster


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
    flying: dict[object, tuple[int, float]] = {}
    numbers = iter(range(len(units)))
    with _cluster(ray):
        remote = ray.remote(max_retries=0)(_settle)
        shared = ray.put(task)
        width = max(1, int(ray.cluster_resources().get("CPU", 1))) * _AHEAD
        width = min(width, most or width)
        while len(settled) < len(units):
            for number in islice(numbers, width - len(flying)):
                flying[remote.remote(shared, units[number])] = (number, time.monotonic())
            done, _ = ray.wait(list(flying), num_returns=1, timeout=1.0)
            now = time.monotonic()
            late = [future for future, (_, since) in flying.items() if now - since > seconds]
            for future in (*done, *(future for future in late if future not in done)):
                number, _ = flying.pop(future)
                settled[number] = _answer(ray, future, task, seconds, late=future not in done)
                if progress:
                    progress(len(settled), len(units))
    return [settled[number] for number in range(len(units))]


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
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray raises bare exceptions where it does not start
        where = os.environ.get("RAY_ADDRESS")
        what = f"is not reached at RAY_ADDRESS={where}" if where else "does not start here"
        raise InputError(
            f"Ray {what}: {brief(error)}",
            hint="Look at Ray's logs and the address, or leave --engine ray out.",
        ) from error
    try:
        yield
    finally:
        ray.shutdown()
