"""What was achieved: read from the campaigns' reports, held against what the range itself saw.

A report alone proves nothing – it may come from elsewhere –, so a step counts only when the range
itself was asked something there, and when it is no older than the range that was asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelwarden.core.values import dataclass
from modelwarden.redteam.range.exercises import Exercise, Stand, Step

_LARGEST = 32 << 20
_RATE, _QUERIES = "attack_success_rate", "median_queries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one campaign came to.

    Attributes:
        rate: share of the seeds that got past. n: seeds.
        queries: rows that half of the evasions needed; None where there is none.
    """

    rate: float
    n: int
    queries: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A step, judged.

    Attributes:
        points: reached, of `step.points`.
        said: why, in a line.
        result: None where there is no report that could be read.
    """

    step: Step
    points: int
    said: str
    result: Result | None = None

    @property
    def reached(self) -> bool:
        """Whether nothing is left to be done."""
        return self.points == self.step.points


def marks(
    exercise: Exercise, folder: Path, seen: Callable[[Stand], int], *, since: float = 0.0
) -> tuple[Mark, ...]:
    """Return every step, judged by what lies in the exercise's folder.

    Args:
        exercise: that is played.
        folder: of the exercise; each step's report lies in a folder of its stand's name.
        seen: rows or requests that reached a stand, by the range's own count.
        since: when the range was opened, in seconds since the epoch.
    """
    return tuple(
        _mark(step, folder / step.stand, seen(step.stand), since) for step in exercise.steps
    )


def _mark(step: Step, folder: Path, rows: int, since: float) -> Mark:
    try:
        result = result_of(folder / "report.json")
        written = (folder / "report.json").stat().st_mtime
    except FileNotFoundError:
        return Mark(step=step, points=0, said="not played yet")
    except (OSError, ValueError, RecursionError):
        return Mark(step=step, points=0, said="report.json there is no report of a campaign")
    if rows <= 0 or written < since:
        why = "the range was not asked" if rows <= 0 else "it is older than this range"
        said = f"its report is there, and {why}: play it against this range"
        return Mark(step=step, points=0, said=said, result=result)
    return _judged(step, result)


def _judged(step: Step, result: Result) -> Mark:
    evaded = round(result.rate * result.n)
    said = f"{evaded} of {result.n} got past"
    if result.queries is not None:
        said += f", half of them within {result.queries:g} rows"
    points = step.points
    if step.least is not None and result.rate < step.least:
        points, said = 0, f"{said}; {step.least:.0%} should"
    elif step.most is not None and result.rate > step.most:
        points, said = 0, f"{said}; at most {step.most:.0%} should"
    elif step.queries is not None and (result.queries or 0) > step.queries:
        points, said = points // 2, f"{said}; {step.queries:g} rows would be enough"
    return Mark(step=step, points=points, said=said, result=result)


def result_of(path: Path) -> Result:
    """Return what a campaign's report says of all its attacks together.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no report of a campaign.
    """
    with path.open("rb") as stream:
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("too large for a report")
    report = json.loads(data)
    found = report.get("measurements") if isinstance(report, dict) else None
    if not isinstance(found, list):
        found = []
    rates = [m for m in found if _whole(m, _RATE)]
    if not rates:
        raise ValueError("no campaign that changes inputs")
    best = max(rates, key=lambda m: float(m["value"]))
    queries = [float(m["value"]) for m in found if _whole(m, _QUERIES)]
    return Result(
        rate=min(max(float(best["value"]), 0.0), 1.0),
        n=int(best["n"]),
        queries=min(queries) if queries else None,
    )


def _whole(measurement: Any, name: str) -> bool:
    """Tell whether this is a measurement of the name over all that was attacked."""
    return (
        isinstance(measurement, dict)
        and measurement.get("name") == name
        and measurement.get("group") is None
        and isinstance(measurement.get("value"), int | float)
        and isinstance(measurement.get("n"), int)
    )
