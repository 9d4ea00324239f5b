"""The stage `data`: can the training and test data be trusted?

Each part looks for one kind of defect; one that fails is a gap, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from modelwarden.core import Gap, GapKind, InputError
from modelwarden.core.stages import StageResult
from modelwarden.data import contents, drift, duplicates, label_errors, leakage, order, schema
from modelwarden.data.given import Given
from modelwarden.targets.errors import TargetError

NAME = "data"
PARTS: tuple[tuple[str, Callable[[Given], StageResult]], ...] = (
    ("schema", schema.run),
    ("drift", drift.run),
    ("duplicates", duplicates.run),
    ("leakage", leakage.run),
    ("label errors", label_errors.run),
    ("order", order.run),
    ("contents", contents.run),
)


def run(given: Given) -> StageResult:
    """Look for every kind of defect."""
    result = StageResult(notes=_notes(given))
    for name, part in PARTS:
        result += _part(given, name, part)
    # How rows were judged is said by each part that judged them.
    once = tuple(dict.fromkeys(result.notes))
    return replace(result, notes=once, gaps=tuple(dict.fromkeys(result.gaps)))


def _part(given: Given, name: str, part: Callable[[Given], StageResult]) -> StageResult:
    try:
        # Values near the end of what a number can be overflow in squares: they are nobody's error.
        with np.errstate(all="ignore"):
            return part(given)
    except (TargetError, InputError):
        raise
    except Exception as error:  # noqa: BLE001 -- one part of the stage: the others go on
        why = f"the part {name} failed: {type(error).__name__}: {str(error)[:200]}"
        gap = Gap(what=given.project.name, why=why, kind=GapKind.FAILED, stage=NAME)
        return StageResult(gaps=(gap,))


def _notes(given: Given) -> tuple[str, ...]:
    if given.train is None and given.current is None:
        return ("one data set only was given, so there is nothing to compare it with",)
    return ()
