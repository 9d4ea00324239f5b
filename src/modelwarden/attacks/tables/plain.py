"""Attacks on rows that labels suffice for: by chance, by few features, by known rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from modelwarden.attacks.scripts import Script
from modelwarden.attacks.tables.row import TOGETHER, Rows, Table, batches, random_rows, turned
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats
from modelwarden.targets.spec import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomRows(Rows):
    """Random allowed changes, without any feedback.

    Attributes:
        name: of the attack. access: what it needs.

    Source: our own baseline; any attack should beat it.
    """

    name: str = "random-rows"
    access: Access = Access.LABELS

    def script(self, table: Table, queries: int) -> Script:
        """Ask for random rows, few first."""
        for turn in range(queries):
            yield random_rows(table, min(1 + turn, 2 * TOGETHER))


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleFeature(Rows):
    """Change one feature at a time, to every value that is worth trying.

    Attributes:
        name: of the attack. access: what it needs.
        features: changed together.

    Source: the changes of one and of several features in published catalogues of stress tests.
    """

    name: str = "single-feature"
    access: Access = Access.LABELS
    features: int = 1

    def script(self, table: Table, queries: int) -> Script:  # noqa: ARG002 -- the budget ends it
        """Ask until nothing is left."""
        rows = self._rows(table)
        while part := list(islice(rows, TOGETHER)):
            yield np.array(part)

    def _rows(self, table: Table) -> Iterator[Floats]:
        order = table.order.tolist()
        if self.features == 1:
            # The ends of every feature before what lies between.
            yield from turned([list(table.singles(table.x, iter([j]))) for j in order])
            return
        near = table.near(8)
        for turn in range(64):
            for row in near:
                chosen = table.rng.permutation(order)[: self.features] if turn else order
                moved = table.x.copy()
                differ = [j for j in chosen if row[j] != table.x[j]][: self.features]
                moved[differ] = row[differ]
                yield moved
            yield from _pairs(table, self.features)


def _pairs(table: Table, count: int) -> Iterator[Floats]:
    """Yield rows with a few random features at random values."""
    for _ in range(TOGETHER):
        row = table.x.copy()
        for j in table.rng.permutation(table.order)[:count].tolist():
            values = table.values(j)
            if len(values):
                row[j] = values[table.rng.integers(len(values))]
        yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiFeature(SingleFeature):
    """Change three features together."""

    name: str = "multi-feature"
    features: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours(Rows):
    """Move towards known rows of other classes, as far as the rules let; labels suffice.

    Attributes:
        name: of the attack. access: what it needs. rows: that are tried as they are.

    Source: nearest unlike neighbours as in Brughmans, Leyman and Martens 2023 (NICE), here under
    rules and without a model's scores.
    """

    name: str = "neighbours"
    access: Access = Access.LABELS
    rows: int = 96

    def script(self, table: Table, queries: int) -> Script:
        """Ask for them as they are, then for mixtures of them with each other and with chance."""
        near = table.near(self.rows)
        yield from batches(near)
        for _ in range(queries):
            rows = random_rows(table, 2 * TOGETHER)
            if len(near):
                first = near[table.rng.integers(len(near), size=len(rows))]
                second = near[table.rng.integers(len(near), size=len(rows))]
                mixed = np.where(table.rng.random(first.shape) < 0.5, first, second)
                rows = np.where(table.rng.random(rows.shape) < 0.15, rows, mixed)
            yield rows
