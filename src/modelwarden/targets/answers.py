"""What a model's arrays mean: which are scores, which are labels, which column is which class.

A model answers with arrays whose meaning nobody states. It is settled once, on a sample of rows,
from what the arrays themselves show – type, shape, names – and from the classes that the model
lists; then every later answer is held to it. Where two readings are possible the answer is refused
with what to do, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.metrics.counts import MOST_CELLS
from modelwarden.protocols.tensors import Array, Tensor
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Name, Task

_SCORE_NAMES = re.compile(r"prob|score|logit|softmax|confidence", re.IGNORECASE)
_LABEL_NAMES = re.compile(r"label|class|categor", re.IGNORECASE)
_HINT = (
    "Let the model answer (n, k) scores with a column for each class, or (n,) labels as the data "
    "spell them."
)


class Form(StrEnum):
    """How the array that counts is to be read.

    `SCORES`: (n, k), a column a class. `POSITIVE`: (n,) scores of the positive class of two.
    `LABELS`: (n,) class names, or their positions. `VALUES`: (n,) numbers of a regression.
    """

    SCORES = "scores"
    POSITIVE = "positive"
    LABELS = "labels"
    VALUES = "values"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model's answers are read; settled on a sample, the same for every later answer.

    Attributes:
        form: of the array that counts.
        at: its place among the arrays of an answer.
        classes: in the order of the scores that `scores_in` returns.
        columns: for `SCORES`: the answer's column of each class; for `POSITIVE`: the position of
            the one class whose scores they are.
        margins: scores are no probabilities: some lie outside 0 to 1.
        positions: for `LABELS`: answers are positions in the sorted classes, not names.
        positive: position of the positive class of a binary task; None otherwise.
        notes: what was assumed, for the conditions of measurements.
    """

    form: Form
    at: int = 0
    classes: tuple[Name, ...] = ()
    columns: tuple[int, ...] = ()
    by_name: bool = False
    margins: bool = False
    positions: bool = False
    positive: int | None = None
    notes: tuple[str, ...] = ()


def same(name: object) -> str:
    """Return a key under which equal class names of different spelling meet: 1, 1.0, True, "1"."""
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, bool):
        return str(int(name))
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return str(name)


def settle(
    answer: Sequence[Tensor],
    *,
    task: Task,
    classes: Sequence[Name],
    positive: Name | None,
    listed: Sequence[Name] = (),
    taught: Sequence[Name] = (),
    margins: bool = False,
) -> Reading:
    """Return how a model's answers are to be read.

    Args:
        answer: to some rows, the more the better.
        task: of the project.
        classes: that the labels of the data have.
        positive: the positive class of a binary task, where it is stated.
        listed: classes in the model's own order, where it lists them.
        taught: classes of the training rows. Where the data have more, a model that lists none may
            know these alone.
        margins: the model says itself that its scores are no probabilities.

    Raises:
        TargetError: the answer cannot be read in exactly one way.
    """
    if not answer:
        raise TargetError("the model answered nothing", hint=_HINT)
    if task is Task.REGRESSION:
        return _values(answer)
    known = _known(classes, listed)
    only = known if len(known) == 1 and not listed else ()
    if only and task is Task.BINARY and same(only[0]) in {"0", "1"}:
        known = (0, 1)
    found = _readings(answer, task, known, listed, positive)
    if taught and not listed and (not found or any(reading.positions for reading in found)):
        found = _readings(answer, task, tuple(taught), listed, positive) or found
    if not found and (only or not known):
        what = f"all labels are {only[0]!r}" if only else "no row has a label"
        raise TargetError(
            f"{what}, and the model does not list its classes: what its answers"
            " stand for cannot be told",
            hint="Name [data] train as well, or labelled rows of every class.",
        )
    if not found:
        shapes = ", ".join(_told(t) for t in answer[:4])
        some = ", ".join(repr(c) for c in known[:6]) + (", …" if len(known) > 6 else "")
        raise TargetError(
            f"the model's answer ({shapes}) is neither scores nor labels of the {len(known)} "
            f"classes that the {'model lists' if listed else 'data have'} ({some})",
            hint=_HINT,
        )
    best = max(found, key=lambda r: _rank(r, answer[r.at].name))
    if len(best.classes) ** 2 > MOST_CELLS:
        raise TargetError(
            f"the model answers with {len(best.classes):,} classes, more than can be counted",
            kind=GapKind.OVER_LIMIT,
            hint=f"Keep those that the data have ({len(known):,}) in a function of your own "
            "(adapter = 'callable').",
        )
    return replace(best, margins=best.margins or margins)


def _readings(
    answer: Sequence[Tensor],
    task: Task,
    known: tuple[Name, ...],
    listed: Sequence[Name],
    positive: Name | None,
) -> list[Reading]:
    """Return how each array of an answer can be read, if the classes are these."""
    rows = max((len(t) for t in answer if t.values.ndim), default=0)
    return [
        reading
        for at, tensor in enumerate(answer)
        if tensor.values.ndim and len(tensor) == rows
        if (reading := _classified(tensor, at, task, known, listed, positive)) is not None
    ]


def _told(tensor: Tensor) -> str:
    """Return the form of an array, with the first few words of one that holds words."""
    values = tensor.values
    if values.dtype.kind != "O":
        return f"{values.dtype} {values.shape}"
    words = dict.fromkeys(repr(v)[:40] for v in values.reshape(-1)[:1_000].tolist())
    return f"words {values.shape}: {', '.join(list(words)[:3])}{', …' if len(words) > 3 else ''}"


def _rank(reading: Reading, name: str) -> tuple[int, int, int]:
    """Prefer scores to labels, and names that say so."""
    scored = reading.form in (Form.SCORES, Form.POSITIVE)
    said = bool((_SCORE_NAMES if scored else _LABEL_NAMES).search(name))
    return scored, said, -reading.at


def _known(classes: Sequence[Name], listed: Sequence[Name]) -> tuple[Name, ...]:
    """Return the classes, spelled as the data do; those that only the model has come last."""
    spelled = {same(name): name for name in classes}
    if listed:
        order = {same(name): spelled.get(same(name), name) for name in listed}
        return tuple(order.values())
    return tuple(spelled.values())


def _values(answer: Sequence[Tensor]) -> Reading:
    for at, tensor in enumerate(answer):
        values = _flat(tensor.values)
        if values is not None and values.dtype.kind in "biuf":
            return Reading(Form.VALUES, at)
    raise TargetError("the model answered no single numbers, as a regression does")


def _flat(values: Array) -> Array | None:
    """Return (n,) of (n,) or (n, 1); None of anything wider."""
    if values.ndim == 1:
        return values
    return values.reshape(len(values)) if values.size == len(values) else None


def _classified(
    tensor: Tensor,
    at: int,
    task: Task,
    known: tuple[Name, ...],
    listed: Sequence[Name],
    positive: Name | None,
) -> Reading | None:
    values = tensor.values
    flat = _flat(values)
    if flat is not None and len(tensor.columns) < 2:
        return _flat_reading(flat, at, task, known, listed, positive)
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        return None
    return _columns_reading(tensor, at, task, known, listed, positive)


def _columns_reading(
    tensor: Tensor,
    at: int,
    task: Task,
    known: tuple[Name, ...],
    listed: Sequence[Name],
    positive: Name | None,
) -> Reading | None:
    width = tensor.values.shape[1]
    names = {same(c): i for i, c in enumerate(tensor.columns)}
    notes: tuple[str, ...] = ()
    by_name = bool(names) and (
        all(same(c) in names for c in known) or names.keys() <= {same(c) for c in known}
    )
    if by_name:
        columns: tuple[int, ...] = ()
    elif width == len(known):
        columns = tuple(range(width))
        if not listed:
            notes = ("the columns of the scores are taken as the classes in sorted order",)
    elif (
        task is Task.MULTICLASS
        and not listed
        and width > len(known)
        and all(isinstance(c, int) for c in known)
    ):
        # A model of more classes than these data have: classes 0 … k − 1 by position.
        wide = tuple(range(width))
        if not set(known) <= set(wide):
            return None
        known, columns = wide, wide
        notes = ("the columns of the scores are taken as the classes 0, 1, 2, …",)
    else:
        return None
    real = tensor.values.astype(np.float64)
    margins = _margins(real)
    return Reading(
        Form.SCORES,
        at,
        known,
        columns,
        by_name=by_name,
        margins=margins,
        positive=_positive(known, positive, task),
        notes=notes,
    )


def _margins(scores: Floats) -> bool:
    finite = scores[np.isfinite(scores)]
    return bool(finite.size and (finite.min() < -1e-6 or finite.max() > 1 + 1e-6))


def _flat_reading(
    flat: Array,
    at: int,
    task: Task,
    known: tuple[Name, ...],
    listed: Sequence[Name],
    positive: Name | None,
) -> Reading | None:
    said = {same(v) for v in flat.tolist() if v is not None}
    names = {same(c) for c in known}
    chosen = _positive(known, positive, task)
    if flat.dtype.kind in "Ob" or flat.dtype.kind in "iu":
        if said <= names:
            return Reading(Form.LABELS, at, known, positive=chosen)
        places = {str(i) for i in range(len(known))}
        if flat.dtype.kind in "iu" and said <= places:
            note = () if listed else ("labels are taken as positions in the sorted classes",)
            return Reading(Form.LABELS, at, known, positions=True, positive=chosen, notes=note)
        if flat.dtype.kind in "Ob" and said & names:
            return Reading(Form.LABELS, at, known, positive=chosen)
        return None
    if flat.dtype.kind != "f":
        return None
    numbers = flat.astype(np.float64)
    if said <= names and len(numbers) > 1:
        return Reading(Form.LABELS, at, known, positive=chosen)
    if len(known) == 2 and chosen is not None:
        return _one_score(numbers, at, known, listed, chosen)
    return None


def _one_score(
    numbers: Floats, at: int, known: tuple[Name, ...], listed: Sequence[Name], chosen: int
) -> Reading:
    """Read one score a row of two classes: the second's of those that the model lists.

    A model that lists none gives, by custom, the score of what the project calls positive.
    """
    of = 1 if listed else chosen
    note = f"one score a row is taken as that of the class {known[of]!r}"
    return Reading(
        Form.POSITIVE,
        at,
        known,
        (of,),
        margins=_margins(numbers),
        positive=chosen,
        notes=() if listed else (note,),
    )


def _positive(known: tuple[Name, ...], stated: Name | None, task: Task) -> int | None:
    """Return the position of the positive class: the stated one, else the larger of two."""
    if task is not Task.BINARY:
        return None
    if stated is not None:
        return next((i for i, c in enumerate(known) if same(c) == same(stated)), None)
    return 1 if len(known) == 2 else None


def array_in(answer: Sequence[Tensor], reading: Reading, rows: int) -> Array:
    """Return the array that counts, with the shape that was settled.

    Raises:
        TargetError: the answer differs in form from the one that was settled on.
    """
    if reading.at >= len(answer) or answer[reading.at].values.shape[:1] != (rows,):
        raise TargetError(f"the model answered in another form, or not to all {rows} rows")
    values = answer[reading.at].values
    if reading.form is Form.SCORES:
        if values.ndim != 2 or values.shape[1] <= max(reading.columns, default=-1):
            raise TargetError(f"the model answered {values.shape} where scores were due")
        return values
    flat = _flat(values)
    if flat is None:
        raise TargetError(f"the model answered {values.shape} where one value a row was due")
    return flat


def without_padding(
    answer: Sequence[Tensor], reading: Reading, tile: int, rows: int
) -> Sequence[Tensor]:
    """Return the answer to the first `rows` of a tile; whoever reads it looks at its form.

    Raises:
        TargetError: the answer differs in form from the one that was settled on.
    """
    if rows == tile:
        return answer
    array_in(answer, reading, tile)
    own = list(answer)
    whole = own[reading.at]
    own[reading.at] = Tensor(whole.name, whole.values[:rows], whole.columns)
    return own


def scores_in(answer: Sequence[Tensor], reading: Reading, rows: int) -> Floats:
    """Return (n, k) scores in the order of `reading.classes`.

    Raises:
        TargetError: there are none, or not all are finite.
    """
    found = array_in(answer, reading, rows)
    if reading.form is Form.SCORES and reading.by_name:
        scores = _named(_real(found), answer[reading.at].columns, reading.classes)
    elif reading.form is Form.SCORES:
        scores = _real(found)
        if reading.columns != tuple(range(scores.shape[1])):
            scores = scores[:, list(reading.columns)]
    elif reading.form is Form.POSITIVE:
        given = _real(found)
        if not reading.margins and _margins(given):
            raise TargetError(
                "the model answered a score outside 0 to 1, where all before were probabilities",
                hint=_HINT,
            )
        rest = -given if reading.margins else 1.0 - given
        scores = np.stack([rest, given], axis=1)
        scores = scores if reading.columns == (1,) else scores[:, ::-1]
    else:
        raise TargetError("the model gives labels only, no scores", hint=_HINT)
    _finite(scores)
    return np.ascontiguousarray(scores)


def weights_in(weights: Floats, reading: Reading) -> Floats:
    """Return weights of (n, k) scores as weights of the columns that the model answers with."""
    if reading.form is Form.POSITIVE:
        of = reading.columns[0]
        return weights[:, [of]] - weights[:, [1 - of]]
    columns = list(reading.columns)
    placed = np.zeros((len(weights), max(columns) + 1))
    placed[:, columns] = weights
    return placed


def logits_in(given: Floats, scores: Floats, reading: Reading) -> Floats:
    """Return (n, k) what scores rest on, as the model's side tells it, in the order of `scores`.

    Args:
        given: (n, columns), or (n, 2) where one number stands behind a single score.
        scores: that were read from the same answer.
        reading: how.
    """
    if reading.form is not Form.POSITIVE:
        return np.asarray(given[:, list(reading.columns)], np.float64)
    single = given[:, -1].astype(np.float64)
    of = reading.columns[0]
    if given.shape[1] == 1 and np.array_equal(single, scores[:, of]):
        return scores
    both = np.stack((-single, single), axis=1)
    return both if of == 1 else both[:, ::-1]


def _named(given: Floats, columns: Sequence[str], classes: Sequence[Name]) -> Floats:
    """Return the scores of each class by the names of the columns; 0 for one that is left out."""
    at = {same(name): i for i, name in enumerate(columns)}
    if len(at) != given.shape[1] or not at.keys() & {same(c) for c in classes}:
        raise TargetError(f"the model named its scores {', '.join(columns[:5])!r} this time")
    scores = np.zeros((len(given), len(classes)))
    for i, name in enumerate(classes):
        if same(name) in at:
            scores[:, i] = given[:, at[same(name)]]
    return scores


def _real(found: Array) -> Floats:
    if found.dtype.kind not in "biuf":
        raise TargetError("the model answered words where numbers were due")
    return found.astype(np.float64)


def _finite(values: Floats) -> None:
    fine = np.isfinite(values)
    if not fine.all():
        bad = ~fine
        rows = int(bad.reshape(len(values), -1).any(axis=1).sum())
        raise TargetError(
            f"the model answered NaN or infinity to {rows} of {len(values)} rows",
            kind=GapKind.NOT_ASSESSABLE,
            hint="Mend the model for such rows, or leave them out of the data.",
        )


def values_in(answer: Sequence[Tensor], reading: Reading, rows: int) -> Floats:
    """Return (n,) values of a regression.

    Raises:
        TargetError: they are no finite numbers.
    """
    values = _real(array_in(answer, reading, rows))
    _finite(values)
    return values


def labels_in(answer: Sequence[Tensor], reading: Reading, rows: int) -> Labels:
    """Return (n,) positions in `reading.classes` of answers that are labels.

    Raises:
        TargetError: a label is none of the classes.
    """
    found = array_in(answer, reading, rows).tolist()
    at = {same(c): i for i, c in enumerate(reading.classes)}
    if reading.positions:
        at = {str(i): i for i in range(len(reading.classes))}
    strangers = {same(v) for v in found} - at.keys()
    if strangers:
        shown = ", ".join(repr(s[:40]) for s in sorted(strangers)[:3])
        raise TargetError(
            f"the model answered {shown}, which is none of its {len(at)} classes", hint=_HINT
        )
    return np.array([at[same(v)] for v in found], np.int64)


def decided(scores: Floats, reading: Reading, threshold: float | None) -> Labels:
    """Return the positions of the classes that scores decide for.

    Args:
        scores: (n, k) of `scores_in`.
        reading: how they were read.
        threshold: on the positive score; by default the largest score decides.
    """
    if threshold is None or reading.positive is None or len(reading.classes) != 2:
        return np.asarray(scores.argmax(axis=1), np.int64)
    yes = scores[:, reading.positive] >= threshold
    return np.where(yes, reading.positive, 1 - reading.positive).astype(np.int64)
