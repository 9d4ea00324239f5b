"""The ordered map: chooses where units are worked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from modelwarden.core import UnknownNameError
from modelwarden.core.values import dataclass
from modelwarden.engine.settled import Codec, Progress, Settled
from modelwarden.engine.task import Resume, Task, same

U = TypeVar("U")
R = TypeVar("R")

ENGINES = ("local", "ray")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[U, R]):
    """Where and how units are worked; the results are the same for every plan.

    Attributes:
        jobs: worker processes; 1 works in this process, where a crash cannot be contained.
        most: units under way at the same time, whatever the engine; None leaves it to the engine.
        engine: `local` or `ray`.
        seconds: wall-clock for one unit, kept where units have processes of their own.
        codec: needed for values that are not JSON when they cross to another process or the disk.
    """

    jobs: int = 1
    most: int | None = None
    engine: str = "local"
    seconds: float = 600.0
    codec: Codec[R] | None = None
    resume: Resume[U, R] | None = None
    progress: Progress | None = None


def map_units(
    units: Sequence[U], work: Callable[[U], R], plan: Plan[U, R] | None = None
) -> list[Settled[R]]:
    """Do `work` on every unit; return how each ended, in the order of `units`.

    Args:
        units: independent of each other; picklable when they may cross to another process.
        work: a function of a module, or a `partial` of one.
        plan: by default in this process, one after another.

    Raises:
        UnknownNameError: there is no such engine.
        MissingExtraError: the engine is not installed.
        KeyboardInterrupt: all workers have been stopped.
    """
    plan = plan or Plan()
    codec = plan.codec or cast("Codec[R]", Codec(same, same))
    task = Task(work, codec, plan.resume)
    if plan.engine not in ENGINES:
        raise UnknownNameError("engine", plan.engine, ENGINES)
    if plan.engine == "ray":
        from modelwarden.engine.ray_cluster import map_on_ray

        return map_on_ray(units, task, plan.seconds, plan.progress, most=plan.most)
    if plan.jobs > 1 and len(units) > 1:
        from modelwarden.engine.pool import Pool

        jobs = min(plan.jobs, len(units), plan.most or len(units))
        return Pool(units, task, jobs, plan.seconds, plan.progress).run()
    return _map_here(units, task, plan.progress)


def _map_here(units: Sequence[U], task: Task[U, R], progress: Progress | None) -> list[Settled[R]]:
    settled: list[Settled[R]] = []
    for unit in units:
        settled.append(task.settle(unit))
        if progress:
            progress(len(settled), len(units))
    return settled
