"""The local engine: units in this process, one after another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from modelwarden.engine.settled import Progress, Settled, brief

U = TypeVar("U")
R = TypeVar("R")

log = logging.getLogger(__name__)


def map_units(
    units: Sequence[U], work: Callable[[U], R], *, progress: Progress | None = None
) -> list[Settled[R]]:
    """Do `work` on every unit; return how each ended, in the order of `units`."""
    settled: list[Settled[R]] = []
    for unit in units:
        try:
            settled.append(Settled(work(unit)))
        except Exception as error:
            log.debug("a unit failed", exc_info=error)
            settled.append(Settled(error=brief(error)))
        if progress:
            progress(len(settled), len(units))
    return settled
