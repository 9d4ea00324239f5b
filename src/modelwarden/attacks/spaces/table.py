"""The rows of a table that somebody could make of the true ones: feasible, within a budget.

Candidates are rows of numbers in original units (`columns`). `fit` cuts them to kinds, bounds and
directions, makes groups one-hot again, mends relations – first by moving columns that the attacker
left alone, such as a total –, and takes back what cannot be mended. What it allows has been
checked against every rule; it never relies on having mended well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

import numpy as np

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import Candidates, Mask
from modelwarden.attacks.spaces.guide import Guide
from modelwarden.attacks.spaces.relations import Node, number_of
from modelwarden.attacks.spaces.rules import (
    Line,
    Rules,
    comparisons,
    counted,
    lines_of,
    one_hot,
)
from modelwarden.core import InputError, Json
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels

_TURNS = 4
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class _Alone:
    """A column that stands alone on one side: `column sign other`.

    Attributes:
        derived: it equals something that is worked out of other columns.
    """

    column: int
    other: Node
    sign: str
    derived: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableSpace:
    """The feasible rows around those of a table.

    Attributes:
        frame: the true rows.
        rules: what is allowed.
        guide: what the training data tell of where to look; None tells nothing.
        norm: of the change of columns, in original units; a changed category counts as 1. `L0`
            counts changed features, a one-hot group as one. None: no budget but the rules.
        eps: the largest size.
    """

    frame: Frame
    rules: Rules
    guide: Guide | None = None
    norm: Norm | None = None
    eps: float = np.inf
    x: Floats = field(init=False)
    lacks: Mask = field(init=False)
    least: Floats = field(init=False)
    most: Floats = field(init=False)
    lines: tuple[Line, ...] = field(init=False)
    alone: tuple[_Alone, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out what each cell may be at least and at most."""
        if not self.eps > 0:
            raise InputError(f"eps must be above 0, not {self.eps}")
        rules = self.rules
        encoded = rules.columns.encoded(self.frame)
        lacks = np.isnan(encoded)
        x = np.where(lacks, 0.0, encoded)
        if not np.isfinite(x).all():
            raise InputError("a row that is attacked holds infinity")
        low, high = np.minimum(rules.low, x), np.maximum(rules.high, x)
        stuck = lacks | rules.fixed
        low = np.where(stuck | rules.up, x, low)
        high = np.where(stuck | rules.down, x, high)
        if self.norm is Norm.LINF:
            free = self.eps >= 1
            room = np.where(rules.category, np.inf if free else 0.0, self.eps)
            low, high = np.maximum(low, x - room), np.minimum(high, x + room)
        # Bounds may lie between whole numbers; a value that is no whole number stays as it is.
        low = np.where(rules.whole, np.minimum(np.ceil(low - _SLACK), x), low)
        high = np.where(rules.whole, np.maximum(np.floor(high + _SLACK), x), high)
        for name, value in (("x", x), ("lacks", lacks), ("least", low), ("most", high)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "lines", tuple(line for line in lines_of(rules) if line.factors))
        object.__setattr__(self, "alone", tuple(_alone(rules)))

    @property
    def origin(self) -> Candidates:
        """(n, d) the true rows in numbers; 0 where a value is missing."""
        return self.x

    def take(self, at: Labels) -> TableSpace:
        """Return the space of some of the rows."""
        return replace(self, frame=self.frame.take(at))

    def fit(
        self, at: Labels, candidates: Candidates, *, free: bool = False
    ) -> tuple[Candidates, Mask]:
        """Return the nearest rows that keep every rule, and which of them do."""
        x = self.x[at]
        wanted = np.asarray(candidates, np.float64)
        wanted = np.where(np.isfinite(wanted), wanted, x)
        values = self._cut(at, wanted)
        if not free and self.norm not in (None, Norm.LINF):
            values = self._cut(at, self._drawn(x, values))
        values = self._grouped(at, x, values)
        if self.rules.relations:
            values = self._mended(at, x, values)
        return values, self.feasible(at, values)

    def _cut(self, at: Labels, values: Floats) -> Floats:
        """Return values within their bounds, whole where they must be; the rest is untouched."""
        x = self.x[at]
        whole = (self.rules.whole | self.rules.category) & (values != x)
        values = np.where(whole, np.rint(values), values)
        return np.minimum(np.maximum(values, self.least[at]), self.most[at])

    def _drawn(self, x: Floats, values: Floats) -> Floats:
        """Return changes within the budget: the largest few in l0, else drawn towards the row."""
        moved = values - x
        if self.norm is Norm.L0:
            size = self._by_feature(moved)
            order = np.argsort(-size, axis=1, kind="stable")
            rank = np.empty_like(order)
            np.put_along_axis(rank, order, np.arange(size.shape[1])[None, :], axis=1)
            keep = (rank < int(min(self.eps, size.shape[1])))[:, self.places]
            return np.asarray(np.where(keep, values, x), np.float64)
        size = self._size(moved)
        factor = np.where(size > self.eps, self.eps * (1 - 1e-7) / np.maximum(size, 1e-300), 1.0)
        short = x + moved * factor[:, None]
        # Rounding must not lengthen what was drawn.
        short = np.where(self.rules.whole, x + np.trunc(short - x), short)
        return np.where(self.rules.category & (factor[:, None] < 1), x, short)

    @property
    def places(self) -> Labels:
        """(d,) the number of each column's feature, from 0."""
        return np.asarray(np.unique(self.rules.features, return_inverse=True)[1])

    def _by_feature(self, moved: Floats) -> Floats:
        """Return the size of the change of each feature, in its own unit."""
        places = self.places
        size = np.abs(moved) / self.rules.unit
        out = np.zeros((len(moved), int(places.max(initial=-1)) + 1))
        np.maximum.at(out.T, places, np.where(self.rules.category, moved != 0, size).T)
        return out

    def _size(self, moved: Floats) -> Floats:
        size = np.where(self.rules.category, moved != 0, np.abs(moved))
        if self.norm is Norm.LINF:
            return np.asarray(size.max(axis=1, initial=0.0))
        if self.norm is Norm.L1:
            return np.asarray(size.sum(axis=1))
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", size, size)), np.float64)

    def _grouped(self, at: Labels, x: Floats, values: Floats) -> Floats:
        """Return rows whose groups have one 1: the one that was newly set, else as it was."""
        for group in self.rules.groups:
            once = (values[:, group] != x[:, group]).sum(axis=1) == 1
            bad: Mask = np.asarray(~one_hot(values[:, group]) | once)
            if not bad.any():
                continue
            here, was = values[bad][:, group], x[bad][:, group]
            pick = (here + 2 * (here > was)).argmax(axis=1)
            fresh = np.zeros_like(here)
            fresh[np.arange(len(fresh)), pick] = 1.0
            rows = at[bad]
            low, high = self.least[rows][:, group], self.most[rows][:, group]
            allowed: Mask = np.asarray((fresh >= low) & (fresh <= high))
            fine = np.asarray(allowed.all(axis=1), np.bool_)
            fresh = np.where(fine[:, None], fresh, was)
            values[np.ix_(np.flatnonzero(bad), group)] = fresh
        return values

    def _mended(self, at: Labels, x: Floats, values: Floats) -> Floats:
        """Return rows that keep the relations; what cannot be mended is as it was."""
        asked = values != x
        for _ in range(_TURNS):
            wrong = ~self._related(at, values)
            if not wrong.any():
                return values
            rows = np.flatnonzero(wrong)
            part = values[rows]
            # First what the attacker left alone; what was asked for gives way last.
            for one in self.alone:
                # A total is worked out, whoever asked for another.
                may = np.ones(len(rows), np.bool_) if one.derived else ~asked[rows, one.column]
                part = self._set(at[rows], part, may, one)
            for line in self.lines:
                part = self._balanced(at[rows], part, asked[rows], line)
            for one in self.alone:
                part = self._set(at[rows], part, asked[rows, one.column], one)
            values[rows] = part
        return self._taken_back(at, x, values)

    def _taken_back(self, at: Labels, x: Floats, values: Floats) -> Floats:
        """Return rows where the columns of a broken relation, with their groups, are as before."""
        names = self.rules.columns.names
        features = self.rules.features
        for _ in range(len(self.rules.relations) + 1):
            table = self._table(at, values)
            fine = True
            for relation in self.rules.relations:
                wrong = np.flatnonzero(~relation.holds(table))
                if not len(wrong):
                    continue
                fine = False
                spoken = features[[names.index(name) for name in relation.columns]]
                back = np.flatnonzero(np.isin(features, spoken))
                values[np.ix_(wrong, back)] = x[np.ix_(wrong, back)]
            if fine:
                break
        return values

    def _table(self, at: Labels, values: Floats) -> Mapping[str, np.ndarray]:
        return self.rules.table(np.where(self.lacks[at], np.nan, values))

    def _related(self, at: Labels, values: Floats) -> Mask:
        table = self._table(at, values)
        out = np.ones(len(values), np.bool_)
        for relation in self.rules.relations:
            out &= relation.holds(table)
        return out

    def _set(self, at: Labels, values: Floats, may: Mask, one: _Alone) -> Floats:
        """Set a column that stands alone on one side to what the other side comes to."""
        column, sign = one.column, one.sign
        due = number_of(one.other, self._table(at, values))
        due = np.broadcast_to(due, (len(values),)).astype(np.float64)
        old, whole = values[:, column], bool(self.rules.whole[column])
        new = np.clip(
            _met(old, due, sign, whole=whole), self.least[at, column], self.most[at, column]
        )
        values = values.copy()
        values[:, column] = np.where(may & np.isfinite(new) & ~self.lacks[at, column], new, old)
        return values

    def _balanced(self, at: Labels, values: Floats, asked: Mask, line: Line) -> Floats:
        """Move the columns of a linear comparison until it holds: first those left alone."""
        values = values.copy()
        places = list(line.factors)
        factors = np.array([line.factors[j] for j in places])
        known = ~self.lacks[at][:, places].any(axis=1)
        for turn in (False, True):
            for j, factor in zip(places, factors.tolist(), strict=True):
                rest = values[:, places] @ factors + line.added
                scale = np.abs(values[:, places] * factors).sum(axis=1) + abs(line.added)
                slack = _SLACK * np.maximum(scale, 1e-6)
                off = _off(rest, slack, line.sign) & known & (asked[:, j] == turn)
                goal = rest if line.sign == "==" else rest + slack
                new = values[:, j] - goal / factor
                if self.rules.whole[j]:
                    inward = np.floor if factor > 0 else np.ceil
                    new = np.rint(new) if line.sign == "==" else inward(new)
                new = np.clip(new, self.least[at, j], self.most[at, j])
                values[off, j] = new[off]
        return values

    def feasible(self, at: Labels, values: Floats) -> Mask:
        """Tell which rows keep every rule: those that hold of a row, and those of a change."""
        x, rules = self.x[at], self.rules
        values = np.asarray(values, np.float64)
        same: Mask = np.asarray(values == x)
        fine: Mask = np.isfinite(values) & (values >= self.least[at]) & (values <= self.most[at])
        fine &= same | ~(rules.whole | rules.category) | (values == np.rint(values))
        fine &= same | ~rules.category | (values >= 0)
        fine |= same
        out: Mask = np.asarray(fine.all(axis=1))
        for group in rules.groups:
            out &= one_hot(values[:, group]) | same[:, group].all(axis=1)
        if rules.relations:
            out &= self._related(at, values)
        return out

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        """Tell which fitted rows keep the budget."""
        if self.norm is None:
            return np.ones(len(at), np.bool_)
        return np.asarray(self.cost(at, candidates) <= self.eps * (1 + 1e-9) + 1e-12)

    def cost(self, at: Labels, candidates: Candidates) -> Floats:
        """Return the size of each change in the norm; without one, the sum of shares of ranges."""
        moved = np.asarray(candidates, np.float64) - self.x[at]
        if self.norm in (None, Norm.L0):
            by_feature = self._by_feature(moved)
            counted_once = by_feature if self.norm is None else (by_feature > 0).astype(np.float64)
            return np.asarray(counted_once.sum(axis=1), np.float64)
        return self._size(moved)

    def changed(self, at: Labels, candidates: Candidates) -> Mask:
        """Return which columns differ from the true row, (m, d)."""
        return np.asarray(np.asarray(candidates) != self.x[at])

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:
        """Return rows as the target is asked: of the types of the table, missing values kept."""
        values = np.asarray(candidates, np.float64)
        lacks = self.lacks[at]
        before = np.where(lacks, np.nan, self.x[at])
        return self.rules.columns.decoded(
            self.frame.take(at), before, np.where(lacks, np.nan, values)
        )

    def conditions(self) -> Mapping[str, Json]:
        """Return the budget, and how many rules of each kind were kept."""
        kept: dict[str, Json] = {k: v for k, v in counted(self.rules).items() if v}
        eps = None if self.norm is None else self.eps
        return {"norm": None if self.norm is None else self.norm.value, "eps": eps, "rules": kept}


def _met(old: Floats, due: Floats, sign: str, *, whole: bool) -> Floats:
    """Return what a column must be to stand in this relation to `due`; `old` where it does."""
    step = np.ones_like(due) if whole else _SLACK * np.maximum(1.0, np.abs(due))
    if sign == "==":
        near = np.abs(old - due) <= _SLACK * np.maximum(1.0, np.abs(due))
        return np.where(near, old, np.rint(due) if whole else due)
    below = sign in ("<=", "<")
    end = due
    if whole:
        end = np.floor(due) if below else np.ceil(due)
    if sign in ("<", ">"):
        strict = (end >= due) if below else (end <= due)
        end = np.where(strict, end - step if below else end + step, end)
    return np.minimum(old, end) if below else np.maximum(old, end)


def _off(rest: Floats, slack: Floats, sign: str) -> Mask:
    """Tell where a linear comparison does not hold."""
    if sign == "==":
        return np.asarray(np.abs(rest) > slack)
    return np.asarray(rest > 0 if sign == "<=" else rest >= 0)


def _alone(rules: Rules) -> list[_Alone]:
    """Return the columns that stand alone on a side of a comparison."""
    found = []
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
    at = {name: j for j, name in enumerate(rules.columns.names)}
    for relation in rules.relations:
        for node in comparisons(relation.tree):
            if node.kind not in turned or any(
                at[n] in rules.columns.levels for n in node.columns()
            ):
                continue
            left, right = node.parts
            for one, other, sign in ((left, right, node.kind), (right, left, turned[node.kind])):
                if one.kind == "column" and one.value not in set(other.columns()):
                    j = at[str(one.value)]
                    if not rules.fixed[j]:
                        derived = sign == "==" and other.kind != "column"
                        found.append(_Alone(j, other, sign, derived))
    return found
