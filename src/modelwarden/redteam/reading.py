"""What an endpoint's answers mean, told from its answers to the seeds as they are.

Attackers are rarely told which classes there are. They are collected: from the truth of the seeds,
from what is answered, from `[target] classes`; a label that comes up later is "another answer".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.protocols.tensors import Tensor
from modelwarden.targets.answers import Form, Reading, array_in, labels_in, settle
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, Labels
from modelwarden.targets.labels import names_in, same
from modelwarden.targets.spec import Access, Modality, Name, TargetSpec, Task

OTHER = "another answer"
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How answers are read.

    Attributes:
        reading: as `targets.answers` has it. spec: of the target. open: labels that are not
            among the classes are the last of them.
        form: of the answers, to tell when an endpoint changes what it answers with.
    """

    reading: Reading
    spec: TargetSpec
    open: bool
    form: str

    def check(self, answer: Sequence[Tensor]) -> None:
        """Refuse an answer of another form than the first had.

        Raises:
            TargetError: it is one.
        """
        form = form_of(answer)
        if form != self.form:
            raise TargetError(
                f"the target answered {form}, where all before was {self.form}",
                hint="Its schema changed: find out what was deployed, then go on with --resume.",
            )


def form_of(answer: Sequence[Tensor]) -> str:
    """Return what an answer consists of, in words: names, columns, numbers or words."""
    parts = []
    for tensor in answer:
        words = "words" if tensor.values.dtype.kind == "O" else "numbers"
        wide = " × ".join(str(size) for size in tensor.values.shape[1:])
        names = f" ({', '.join(sorted(tensor.columns))})" if tensor.columns else ""
        shape = f"rows × {wide} " if wide else ""
        parts.append(f"{tensor.name or 'one array'}: {shape}{words}{names}")
    return "; ".join(parts)[:300]


def settled(
    answer: Sequence[Tensor],
    truth: Column | None,
    *,
    classes: Sequence[Name],
    threshold: float | None,
    modality: Modality,
    tile: int,
) -> Told:
    """Return how a target's answers are read.

    Args:
        answer: to some seeds.
        truth: of all seeds; None where it is not known.
        classes: in the order of the scores, where the user names them.
        threshold: on the score of the positive class.
        modality: of the inputs.
        tile: rows that are asked at once.

    Raises:
        TargetError: they cannot be read in exactly one way.
    """
    known = list(classes) or _collected(answer, truth)
    positive: Name | None = None
    if len(known) == 1 and not classes:
        if _one_score(answer):
            positive = known[0]
            known = [f"not {positive}", positive]
        else:
            known = _widened(answer, known)
    task = Task.BINARY if len(known) == _TWO else Task.MULTICLASS
    try:
        reading = settle(answer, task=task, classes=known, positive=positive, listed=tuple(classes))
    except TargetError as error:
        if classes or isinstance(known[0] if known else 0, int):
            raise
        raise TargetError(
            error.message,
            hint="Name the classes in the order of the scores: [target] classes = ['a', 'b'].",
        ) from error
    opened = reading.form is Form.LABELS and not classes
    if opened:
        reading = replace(reading, classes=(*reading.classes, OTHER))
    spec = TargetSpec(
        task=task,
        modality=modality,
        classes=reading.classes,
        positive=reading.positive,
        threshold=threshold,
        access=Access.SCORES,
        tile=tile,
    )
    return Told(reading=reading, spec=spec, open=opened, form=form_of(answer))


def _collected(answer: Sequence[Tensor], truth: Column | None) -> list[Name]:
    """Return the classes that truth and answers name."""
    found: dict[str, Name] = {}
    named = [] if truth is None else list(names_in(truth))
    for tensor in answer:
        named += list(tensor.columns)
        if tensor.values.dtype.kind in "Oiub" and tensor.values.size == len(tensor):
            named += list(names_in(tensor.values.reshape(-1)))
    for name in named:
        found.setdefault(same(name), name)
    return sorted(found.values(), key=lambda v: (isinstance(v, str), v))


def _one_score(answer: Sequence[Tensor]) -> bool:
    return any(t.values.dtype.kind == "f" and t.values.size == len(t) for t in answer)


def _widened(answer: Sequence[Tensor], known: list[Name]) -> list[Name]:
    """Return 0 … k − 1 where the one known class is such a number and scores have k columns."""
    name = known[0]
    width = max((t.values.shape[1] for t in answer if t.values.ndim == _TWO), default=0)
    if isinstance(name, int) and 0 <= name < width:
        return list(range(width))
    return known


def labels_of(answer: Sequence[Tensor], told: Told, rows: int) -> Labels:
    """Return (n,) positions of labels; unknown ones are the last class where that is open.

    Raises:
        TargetError: an answer is no label.
    """
    if not told.open:
        return labels_in(answer, told.reading, rows)
    found = array_in(answer, told.reading, rows).tolist()
    names = told.reading.classes
    at = {same(c): i for i, c in enumerate(names)}
    if told.reading.positions:
        at = {str(i): i for i in range(len(names) - 1)}
    if any(v is None for v in found):
        raise TargetError(f"the target gave no label to {found.count(None)} of {rows} rows")
    return np.array([at.get(same(v), len(names) - 1) for v in found], np.int64)
