"""The stage `cost`: how long a call takes, how many rows a second, how much memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from modelwarden.assess.context import Context
from modelwarden.assess.stage import StageResult
from modelwarden.core import Measurement
from modelwarden.metrics.intervals import Floats, Interval, mean_of, quantile_ends
from modelwarden.metrics.values import measured

_NOT_NEGATIVE = Interval(0.0, math.inf)


def run(context: Context) -> StageResult:
    """Measure what the answers cost that were asked for so far; asks for the test set if none was.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    context.answers()
    spent = context.spent()
    seconds = np.asarray(spent.seconds, np.float64)
    if not len(seconds):
        return StageResult(
            notes=("all answers were taken up from an interrupted run, so no cost was measured",),
            done=False,
        )
    conditions = {**context.conditions, "tile": context.target.spec.tile, "calls": len(seconds)}
    found = [
        replace(m, conditions={**conditions, **m.conditions})
        for m in _times(seconds, context.target.spec.tile)
    ]
    if spent.memory is not None:
        found.append(
            measured(
                "peak_memory",
                float(spent.memory),
                None,
                1,
                unit="B",
                conditions=conditions,
            )
        )
    return StageResult(measurements=tuple(found))


def _times(seconds: Floats, tile: int) -> Iterator[Measurement]:
    ranked = np.sort(seconds)
    n = len(ranked)
    for name, share in (("latency", 0.5), ("latency_p95", 0.95)):
        value = float(np.quantile(ranked, share))
        yield measured(name, value, quantile_ends(ranked, share), n, unit="s")
    mean = float(seconds.mean())
    ends = mean_of(seconds, within=_NOT_NEGATIVE)
    low = tile / ends.high if ends.high else 0.0
    high = tile / ends.low if ends.low > 0 else math.inf
    rate = tile / mean if mean else math.nan
    yield measured("throughput", rate, Interval(low, high), n, unit="rows/s")
