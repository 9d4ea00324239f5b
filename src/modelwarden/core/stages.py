"""What a stage of a check is: a name, and a function from what it is given to what it adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from modelwarden.core.findings import Finding, Gap
from modelwarden.core.measurements import MeasureInfo, Measurement
from modelwarden.core.rules import Rule, RuleInfo
from modelwarden.core.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMark:
    """One row of a data set that a rule points at.

    Attributes:
        frame: the data set. row: its position there. detail: what is wrong with it.
    """

    frame: str
    row: int
    rule: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a stage adds to the output folder.

    Attributes:
        name: of the file. data: its bytes, in base64.
    """

    name: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage adds to a report.

    Attributes:
        notes: lines for the user that are neither finding nor gap.
        rows: all rows that findings speak of, where a finding lists only some.
        attachments: files for the output folder.
        rules, measures: what rules and measurements mean that stand in no catalogue of ours: those
            of the user's own checks.
        done: False when the stage had nothing to work on, so that it does not count as run.
    """

    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[RowMark, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    rules: tuple[RuleInfo, ...] = ()
    measures: tuple[MeasureInfo, ...] = ()
    done: bool = True

    def __add__(self, other: StageResult) -> StageResult:
        """Return both, this one first."""
        return StageResult(
            findings=self.findings + other.findings,
            measurements=self.measurements + other.measurements,
            gaps=self.gaps + other.gaps,
            tables=self.tables + other.tables,
            notes=self.notes + other.notes,
            rows=self.rows + other.rows,
            attachments=self.attachments + other.attachments,
            rules=self.rules + other.rules,
            measures=self.measures + other.measures,
            done=self.done and other.done,
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a room's catalogue.

    Attributes:
        name: as users type it.
        module: has `run(context) -> StageResult`; the catalogue of its room knows its rules.
        rules: ids of its rules.
        keep: the result is the same next time, so an interrupted run may take it up again.
        model: it asks the model, so without an open one it has nothing to work on.
    """

    name: str
    module: str
    rules: tuple[str, ...] = ()
    keep: bool = True
    model: bool = True

    def load(self) -> Callable[..., StageResult]:
        """Import the stage's function; what it takes is what its room says a stage is given."""
        run: Callable[..., StageResult] = import_module(self.module).run
        return run

    def described(self) -> tuple[Rule[Any], ...]:
        """Return its rules."""
        room = ".".join(self.module.split(".")[:2])
        catalog = import_module(f"{room}.catalog")
        return tuple(catalog.rule_of(name) for name in self.rules)
