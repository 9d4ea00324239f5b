"""Labels of the training set that are likely wrong, or that nothing speaks against them."""

from __future__ import annotations

import re
import zlib

import numpy as np

from modelwarden.core import Location, seed_for
from modelwarden.core.seen import findings
from modelwarden.core.stages import RowMark, StageResult
from modelwarden.data.given import Given
from modelwarden.data.leakage import classes_of
from modelwarden.data.rules.label_errors import Wrong, label_errors
from modelwarden.detectors.broken import rows_of
from modelwarden.detectors.designs import Design, design_of, design_of_array
from modelwarden.detectors.label_errors import Flips, flips
from modelwarden.detectors.looks import frame_of
from modelwarden.detectors.noise import MOST_SHARE
from modelwarden.detectors.shingles import thumbnails
from modelwarden.detectors.wordings import wordings_of
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Frame, Inputs, take
from modelwarden.targets.labels import missing, positions
from modelwarden.targets.spec import Task

NAME = "data"
MOST_ROWS = 20_000
_SHOWN = 20
_HASHED = 1024
_LONGEST = 4000
_WORD = re.compile(r"\w+")


def run(given: Given) -> StageResult:
    """Look for wrong labels in the training set, or in the test set where it is alone."""
    data = given.train if given.train is not None and len(given.train) else given.test
    if given.project.task is Task.REGRESSION or data.y is None:
        return StageResult()
    rows, y, k = classes_of(data)
    if len(rows) > MOST_ROWS:
        rng = np.random.default_rng(seed_for(given.seed, NAME, "rows"))
        at = np.sort(rng.choice(len(rows), MOST_ROWS, replace=False))
        rows, y = rows[at], y[at]
    # Classes of a few rows are left out: what is rare cannot be told from what is wrong.
    counts = np.bincount(y, minlength=k)
    enough = np.flatnonzero(counts >= 20)
    kept = np.isin(y, enough)
    rows, y = rows[kept], np.searchsorted(enough, y[kept]).astype(np.int64)
    rng = np.random.default_rng(seed_for(given.seed, NAME, "label-errors"))
    found = (
        flips(design_of_inputs(take(data.inputs, rows)), y, len(enough), rng) if len(rows) else None
    )
    if found is None:
        why = "too few rows or classes, or too many classes"
        return StageResult(notes=(f"wrong labels in {data.name} were not looked for: {why}",))
    if found.ceiling:
        told = (
            f"no evidence of label errors in {data.name}: one class is not foretold for sure by "
            "anything, hardly any label of another speaks against it, and an outcome of chance "
            f"looks like that ({found.learner}, log loss {found.loss:.3f})"
        )
        return StageResult(notes=(told,))
    if not found.certain or found.share < given.margins.wrong_labels:
        told = (
            f"no evidence of label errors in {data.name}: what speaks against labels is no more "
            f"than the task's own uncertainty (p = {found.p:.2g}, {found.learner}, "
            f"log loss {found.loss:.3f}). {_not_told_apart(found.unseen)}"
        )
        return StageResult(notes=(told,))
    if found.in_one_part:
        told = (
            f"no evidence of label errors in {data.name}: labels that speak against the others are "
            "missing outside of one part of the rows, and there the task may as well be hard "
            f"({found.learner}, log loss {found.loss:.3f})"
        )
        return StageResult(notes=(told,))
    return _reported(given, data, rows, y, enough, found)


def _not_told_apart(share: float) -> str:
    """Return what could be wrong all the same."""
    if share >= MOST_SHARE * 0.9:
        return "The classes overlap so far that wrong labels cannot be told apart from right ones"
    return (
        f"Up to {share:.1%} of the labels could be wrong without being told apart from honest "
        "exceptions (95 %)"
    )


def _reported(
    given: Given,
    data: DataSet,
    rows: np.ndarray,
    y: np.ndarray,
    classes: np.ndarray,
    found: Flips,
) -> StageResult:
    names = [str(name)[:60] for name in _names(data)]
    wrong = rows[found.rows].tolist()
    labels = [
        (names[classes[y[at]]], names[classes[other]])
        for at, other in zip(found.rows.tolist(), found.suspected.tolist(), strict=True)
    ]
    path = given.path(data)
    seen = Wrong(
        path=path,
        location=Location(
            path=path, terms={"frame": data.name, **rows_of(tuple(int(row) for row in wrong))}
        ),
        frame=data.name,
        rows=tuple(int(row) for row in wrong[:_SHOWN]),
        labels=tuple(labels[:_SHOWN]),
        count=len(wrong),
        n=len(rows),
        share=found.share,
        precision=found.precision,
        p=found.p,
        learner=found.learner,
        told=found.told,
    )
    marks = (
        RowMark(
            frame=data.name,
            row=int(row),
            rule=label_errors.id,
            detail=f"labelled {label}, likelier {other} (chance {chance:.2f} that it is wrong)",
        )
        for row, (label, other), chance in zip(wrong, labels, found.chance.tolist(), strict=True)
    )
    return StageResult(findings=tuple(findings(label_errors, seen, NAME)), rows=tuple(marks))


def _names(data: DataSet) -> tuple[object, ...]:
    return () if data.y is None else positions(data.y[~missing(data.y)])[0]


def design_of_inputs(inputs: Inputs) -> Design:
    """Return any inputs as numbers for the small learners."""
    if isinstance(inputs, Frame):
        return design_of(inputs, calendar=True)
    if inputs.dtype.kind == "O":
        return design_of_array(_hashed(inputs), wordings_of(inputs))
    if inputs.ndim == 4:
        return design_of_array(thumbnails(inputs))
    frame = frame_of(inputs)
    if not frame.names:
        return design_of_array(np.zeros((len(inputs), 1)))
    return design_of_array(np.column_stack([c.astype(np.float64) for c in frame.columns]))


def _hashed(texts: Column) -> Floats:
    """Return weights of hashed words, (n, 1024): rare words count more, long texts no more."""
    made = np.zeros((len(texts), _HASHED))
    for row, text in enumerate(texts.tolist()):
        words = _WORD.findall(str(text or "")[:_LONGEST].casefold())
        for word in words:
            made[row, zlib.crc32(word.encode("utf-8", "replace")) % _HASHED] += 1.0
    frequent = (made > 0).sum(axis=0)
    weights = np.log1p(made) * np.log((len(texts) + 1) / (frequent + 1) + 1)
    size = np.sqrt((weights**2).sum(axis=1, keepdims=True))
    found: Floats = weights / np.maximum(size, 1e-12)
    return found
