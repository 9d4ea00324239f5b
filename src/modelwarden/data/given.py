"""What the stage `data` is given: the data sets, and what the model says where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from modelwarden.detectors.margins import USUAL, DataMargins
from modelwarden.targets.frames import Floats, Labels

if TYPE_CHECKING:
    from modelwarden.core import Json
    from modelwarden.targets.config import DataConfig, ProjectConfig
    from modelwarden.targets.data import DataSet
    from modelwarden.targets.spec import TargetSpec


class Said(Protocol):
    """A model's answers to the rows of a set."""

    @property
    def labels(self) -> Labels | None:
        """(n,) positions in the model's classes; None of a regression."""

    @property
    def scores(self) -> Floats | None:
        """(n, k); None where only labels are given."""

    @property
    def values(self) -> Floats | None:
        """(n,) of a regression."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """What the stage is given.

    Attributes:
        current: a later frame, to compare with.
        seed: root of all chance.
        conditions: what every measurement depends on.
        margins: the least effects that matter.
        ask: asks the model for all rows of a set; None where no model is open.
        spec: of the model; None likewise.
    """

    project: ProjectConfig
    data: DataConfig
    test: DataSet
    train: DataSet | None = None
    current: DataSet | None = None
    seed: int = 0
    conditions: Mapping[str, Json] = field(default_factory=dict)
    margins: DataMargins = USUAL
    ask: Callable[[DataSet], Said] | None = None
    spec: TargetSpec | None = None

    def sets(self) -> tuple[DataSet, ...]:
        """Return train, test and current, those that there are."""
        return tuple(one for one in (self.train, self.test, self.current) if one is not None)

    def pairs(self) -> tuple[tuple[DataSet, DataSet], ...]:
        """Return what is compared: the training set (else the test set) with every later one."""
        first, *later = self.sets()
        return tuple((first, other) for other in later)

    def path(self, data: DataSet) -> str | None:
        """Return the file of a set, as the user wrote it."""
        return data.source or None
