"""Inspect's evaluation log in JSON: `samples`, each with a value for every scorer.

Values are read as Inspect reads them: C is 1, I and N are 0, P is a half, numbers and yes or no are
themselves. Higher is better unless the scorer measures an attack; the user says which.

Source: Inspect documentation, "Log Files"; inspect_ai/log/_log.py and scorer/_metric.py, version 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelwarden.core import GapKind
from modelwarden.redteam.imports.reading import array, name, table, whole
from modelwarden.redteam.imports.results import Results

_WORDS = {"C": 1.0, "I": 0.0, "N": 0.0, "P": 0.5, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}
_HALF = 0.5
_MOST = 1_000_000


def recognised(document: dict[str, Any]) -> bool:
    """Tell whether a document is a log of Inspect."""
    run = document.get("eval")
    return isinstance(run, dict) and "status" in document and "task" in run


def read(path: Path, *, attacks: bool = False) -> Results:
    """Return what a log says.

    Raises:
        NotReadableError: it is too large or no JSON.
    """
    return counted(whole(path), attacks=attacks)


def counted(document: dict[str, Any], *, attacks: bool = False) -> Results:
    """Return what a document says.

    Args:
        document: the log.
        attacks: a value of 1 is an attack that worked.
    """
    run = table(document.get("eval"))
    results = Results(tool="inspect", target=name(run.get("model")), security=attacks)
    results.version = name(table(run.get("packages")).get("inspect_ai"))
    status = name(document.get("status"), "unknown")
    if status != "success":
        results.miss("the run", f"its status is {status}", GapKind.FAILED)
    if document.get("invalidated") is True:
        results.miss("the run", "samples of it were declared invalid", GapKind.FAILED)
    samples = array(document.get("samples"))
    if not samples:
        why = "the log holds no samples: only they can be counted"
        results.miss("samples", why, GapKind.UNSUPPORTED)
    if len(samples) > _MOST:
        results.miss("samples", f"only the first {_MOST} of {len(samples)} were counted")
    for number, sample in enumerate(samples[:_MOST]):
        _sample(results, table(sample), number, task=name(run.get("task")), attacks=attacks)
    if not attacks:
        results.notes.append(
            "scores are read as: higher is better; for scorers of attacks, import with --attacks"
        )
    return results


def _sample(
    results: Results, sample: dict[str, Any], number: int, *, task: str, attacks: bool
) -> None:
    scores = table(sample.get("scores"))
    example = name(sample.get("id"), f"sample {number}")
    if not scores or sample.get("error") is not None or sample.get("invalidation") is not None:
        results.group(task=task, scorer="(none)").add(failed=None, example=example)
        return
    for scorer, score in scores.items():
        value = _number(table(score).get("value"))
        good = None if value is None else (value < _HALF if attacks else value >= _HALF)
        failed = None if good is None else not good
        results.group(task=task, scorer=name(scorer)).add(failed=failed, example=example)


def _number(value: object) -> float | None:
    """Return a value between 0 and 1; None where it is none, for example one of several parts."""
    if isinstance(value, str):
        if value in _WORDS:
            return _WORDS[value]
        value = _WORDS.get(value.lower(), value)
    if isinstance(value, bool | int | float) and 0 <= value <= 1:
        return float(value)
    return None
