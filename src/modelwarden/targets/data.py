"""A data set that was read: inputs, truth, identities, and where they came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Column, Frame, Inputs, take


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """Rows with their truth.

    Attributes:
        name: `train`, `test` or `current`.
        inputs: what the model is given: no label, no identity.
        y: (n,) truth as the file spells it; None for unlabelled rows.
        context: (n,) columns that the model is not given but that groups and slices may use
            (a protected column that is no feature, texts' metadata); may be without columns.
        ids: (n,) identities of rows, where `[data] id` names a column.
        clusters: (n,) whom each row stands for – a patient, a machine –, where several may stand
            for one; None where rows count as independent.
        clustered_by: the column that says so; empty where it is none.
        source: the file or folder, as the user wrote it.
        digest: `sha256:` of its content.
        notes: what the reader did that the user should know (a column that was dropped, …).
        part: which rows of the file these are, in words; empty of all of them.
    """

    name: str
    inputs: Inputs
    y: Column | None
    context: Frame
    ids: Column | None = None
    source: str = ""
    digest: str = ""
    notes: tuple[str, ...] = ()
    part: str = ""
    clusters: Column | None = None
    clustered_by: str = ""

    def __len__(self) -> int:
        """Rows."""
        return len(self.inputs)

    def take(self, rows: npt.ArrayLike) -> DataSet:
        """Return these rows, in this order."""
        at = np.asarray(rows)
        return replace(
            self,
            inputs=take(self.inputs, at),
            y=None if self.y is None else self.y[at],
            context=self.context.take(at),
            ids=None if self.ids is None else self.ids[at],
            clusters=None if self.clusters is None else self.clusters[at],
        )
