"""What is known of a model before it is asked: its task, its inputs, its classes, its access."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from modelwarden.core.values import dataclass

# Class names as the labels of the data spell them.
Name: TypeAlias = str | int | float | bool


class Task(StrEnum):
    """What a model answers."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class Modality(StrEnum):
    """What a model is given.

    `TABULAR`: a table with named columns. `TEXT`, `HTML`: strings. `IMAGE`: NCHW floats.
    `VECTOR`: rows of floats without names.
    """

    TABULAR = "tabular"
    TEXT = "text"
    IMAGE = "image"
    HTML = "html"
    VECTOR = "vector"


class Access(StrEnum):
    """The most that an attacker is granted."""

    LABELS = "labels"
    SCORES = "scores"
    GRADIENTS = "gradients"

    @property
    def rank(self) -> int:
        """0 for `labels` up to 2 for `gradients`."""
        return list(Access).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """A model as its user sees it.

    Attributes:
        classes: in the order of the score columns; empty for a regression.
        positive: position of the positive class of a binary task; None otherwise.
        threshold: on the positive score, for a binary decision; None takes the largest score.
        columns: names of the features of a table, in order; empty otherwise.
        shape: of one input of an image or vector model (C, H, W) or (d,); empty otherwise.
        access: what is granted here; what the model could give may be more.
        tile: rows in every call; calls with fewer rows are padded, so that answers do not depend
            on who asks with whom.
    """

    task: Task
    modality: Modality
    classes: tuple[Name, ...] = ()
    positive: int | None = None
    threshold: float | None = None
    columns: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    access: Access = Access.SCORES
    tile: int = 256
