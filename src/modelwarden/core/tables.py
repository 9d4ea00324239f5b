"""Small tables that belong to measurements, and how they are drawn: curves, intervals, bars."""

from __future__ import annotations

from enum import StrEnum

from modelwarden.core.findings import Json
from modelwarden.core.values import dataclass


class TableKind(StrEnum):
    """How a table is drawn, and which columns that needs; further columns stand in the table only.

    `PLAIN`: not drawn.
    `INTERVALS`: `label`, `value`, `low`, `high`: a line for each row, with its interval.
    `RELIABILITY`: `stated`, `happened`, `low`, `high`, `n`: what was said against what came.
    `BARS`: `label`, `value`: amounts one below the other.
    `LINES`: the first column runs along, every further one of numbers is a line.
    """

    PLAIN = "plain"
    INTERVALS = "intervals"
    RELIABILITY = "reliability"
    BARS = "bars"
    LINES = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Numbers that are read together, for a plot with its table beneath.

    Attributes:
        name: what kind of table: `reliability`, `thresholds`, `classes`, `confusion`, …
        title: one line for people.
        meaning: how to read it, for somebody who has never seen such a picture.
        columns: a name for each column.
        rows: plain values, one for each column; None where there is no number.
        notes: how it was made.
    """

    name: str
    title: str
    stage: str
    kind: TableKind = TableKind.PLAIN
    meaning: str = ""
    columns: tuple[str, ...]
    rows: tuple[tuple[Json, ...], ...]
    notes: tuple[str, ...] = ()
