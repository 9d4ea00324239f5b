"""What is done to inputs, and to which: operators, and one trial of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from modelwarden.targets.frames import Inputs, Labels


class Meaning(StrEnum):
    """What an operator does to the meaning of a row, and so what may be asked of the answer.

    `EXACT`: the very same rows, differently packed: the answers must be the same.
    `SAME`: a person reads the same in it: an answer that differs is a mistake.
    `OTHER`: something may be lost or unlikely, so the answer may differ; it must be one.
    `WRONG`: breaks the contract: any refusal is right.
    """

    EXACT = "exact"
    SAME = "same"
    OTHER = "other"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Operator:
    """One way in which inputs are abnormal.

    Attributes:
        name: as findings and tables call it.
        title: what is done, in a few words.
    """

    name: str
    meaning: Meaning
    title: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How often the abnormality stands in the data that the user gave.

    Attributes:
        rows: that have it. of: rows that were looked at.
    """

    rows: int
    of: int

    @property
    def share(self) -> float:
        """Of the rows."""
        return self.rows / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """Inputs to ask, and what they are to be held against.

    Attributes:
        feature: that was changed; None of all, or of the whole batch.
        inputs: to ask, in one call.
        like: (n,) the base row that each of them is to be answered like.
        judged: (n,) which of them are looked at; all by default.
        seen: None where it is not a property of single values.
        example: a value that was put in, for the finding.
        retyped: the column is of another type than the model was given before.
        patience: how many times longer than other inputs it may honestly take.
    """

    operator: Operator
    feature: str | None
    inputs: Inputs
    like: Labels
    judged: npt.NDArray[np.bool_] | None = None
    seen: Seen | None = None
    example: str = ""
    retyped: bool = False
    patience: float = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The rows of the test set that are tried.

    Attributes:
        rows: (n,) their positions.
        inputs: they themselves.
    """

    rows: Labels
    inputs: Inputs

    def __len__(self) -> int:
        """Rows."""
        return len(self.rows)


REPEAT = Operator("repeat", Meaning.EXACT, "the same rows, asked again")
ORDER = Operator("order", Meaning.EXACT, "the same rows in another order")
ALONE = Operator("batch-of-one", Meaning.EXACT, "one row in a batch of its own")
DUPLICATES = Operator("duplicate-rows", Meaning.EXACT, "every row twice")
BAD_ROW = Operator("one-bad-row", Meaning.EXACT, "one abnormal row among others: those are judged")
