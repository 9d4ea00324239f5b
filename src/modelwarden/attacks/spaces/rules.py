"""What `[features]` and the training data allow of a row, checked before anything is attacked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.spaces.columns import Columns, Kind, columns_of
from modelwarden.attacks.spaces.relations import Node, Relation, linear, parse
from modelwarden.core import ConfigError, UnknownNameError
from modelwarden.core.values import dataclass
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.frames import Column, Floats, Frame, Labels

Mask = npt.NDArray[np.bool_]

# Share of the rows that may break a rule: those are left out, and that is said. Beyond, the rule
# is not one that these data keep.
TOLERATED = 0.05
_NEAR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Broken:
    """A rule that rows break as they are.

    Attributes:
        rule: as the user wrote it. rows: (n,) which.
    """

    rule: str
    rows: Mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """What every row keeps, and what a change may do.

    Attributes:
        columns: how a table is told in numbers.
        low, high: (d,) least and largest values. stated: (d,) the user gave them.
        fixed, up, down, whole, category: (d,) masks.
        groups: positions of columns of which exactly one is 1.
        relations: statements about every row.
        unit: (d,) a change of this size counts as one whole change.
    """

    columns: Columns
    low: Floats
    high: Floats
    stated: Mask
    fixed: Mask
    up: Mask
    down: Mask
    whole: Mask
    category: Mask
    groups: tuple[Labels, ...]
    relations: tuple[Relation, ...]
    unit: Floats

    @property
    def features(self) -> Labels:
        """(d,) a number for each feature: the columns of a group are one."""
        out = np.arange(len(self.columns))
        for group in self.groups:
            out[group] = group[0]
        return out

    def unbounded(self) -> Rules:
        """Return the rules without the ends that only the training data set."""
        free = ~self.stated & ~self.category
        for group in self.groups:
            free[group] = False
        # Far beyond, but not where float32 models see infinity.
        far = 10 * np.maximum(self.unit, np.maximum(np.abs(self.low), np.abs(self.high)))
        return replace(
            self,
            low=np.where(free, self.low - far, self.low),
            high=np.where(free, self.high + far, self.high),
        )

    def table(self, values: Floats) -> dict[str, Column]:
        """Return the columns that relations speak of, of encoded rows (…, d)."""
        names = {name for relation in self.relations for name in relation.columns}
        return {name: self.column(self.columns.names.index(name), values) for name in names}

    def column(self, j: int, values: Floats) -> Column:
        """Return one column of encoded rows as relations see it."""
        column = values[..., j]
        levels = self.columns.levels.get(j)
        if levels is None:
            return column
        known = np.array([*levels, "", None], object)
        codes = np.where(np.isnan(column), len(levels) + 1, column).astype(np.int64)
        found: Column = known[np.where(codes < 0, len(levels), codes)]
        if all(isinstance(level, float) for level in levels):
            return np.array([np.nan if v in (None, "") else v for v in found.tolist()], np.float64)
        return found

    def broken(self, values: Floats) -> list[Broken]:
        """Return the rules that encoded rows break as they are, with the rows."""
        found = []
        with np.errstate(invalid="ignore"):
            beyond = ((values < self.low) | (values > self.high)) & self.stated
            parts = values != np.rint(values)
        for j, name in enumerate(self.columns.names):
            if beyond[:, j].any():
                rule = f"features.bounds {name!r} [{self.low[j]:g}, {self.high[j]:g}]"
                found.append(Broken(rule=rule, rows=beyond[:, j]))
            rough = parts[:, j] & self.whole[j] & ~np.isnan(values[:, j])
            if rough.any():
                found.append(Broken(rule=f"features.integer {name!r}", rows=rough))
        for group in self.groups:
            wrong = ~one_hot(values[:, group])
            if wrong.any():
                names = ", ".join(self.columns.names[j] for j in group[:4])
                found.append(Broken(rule=f"features.one_hot [{names}, …]", rows=wrong))
        table = self.table(values)
        for relation in self.relations:
            wrong = ~relation.holds(table)
            if wrong.any():
                found.append(Broken(rule=f"features.relations {relation.text!r}", rows=wrong))
        return found

    def keeps(self, values: Floats) -> Mask:
        """Return which encoded rows break no rule as they are."""
        out = np.ones(len(values), np.bool_)
        for one in self.broken(values):
            out &= ~one.rows
        return out


def one_hot(values: Floats) -> Mask:
    """Return which rows hold exactly one 1 and else zeros; a missing value is no breach."""
    lacks = np.isnan(values).any(axis=1)
    plain = ((values == 0) | (values == 1)).all(axis=1)
    return np.asarray(lacks | (plain & (values.sum(axis=1) == 1)))


def rules_of(config: FeaturesConfig, frame: Frame, train: Frame | None) -> Rules:
    """Return what is allowed of the rows of a table.

    Args:
        config: `[features]`.
        frame: the rows that are attacked, as the model is given them.
        train: where ranges, categories and groups come from; without it, `frame`.

    Raises:
        ConfigError: a name is none of a column, a column of words has no categories, or rules
            contradict each other.
    """
    named = _Named(config, frame.names)
    columns = columns_of(
        frame,
        train,
        whole=named.integer,
        categorical=named.categorical,
        fixed=named.immutable,
    )
    known = frame if train is None else train.only(frame.names)
    values = columns.encoded(known)
    low, high = _range(values)
    here = columns.encoded(frame)
    if train is not None:
        low, high = (
            np.where(np.isnan(low), _range(here)[0], low),
            np.where(np.isnan(high), _range(here)[1], high),
        )
    low, high = np.nan_to_num(low), np.nan_to_num(high)
    unit = np.where(high > low, high - low, 1.0)
    category = columns.where(Kind.CATEGORY)
    unit[category] = 1.0
    stated = np.zeros(len(columns), np.bool_)
    for j, (least, most) in named.bounds.items():
        low[j], high[j], stated[j] = least, most, True
    numbers = tuple(
        n for n, c in zip(frame.names, frame.columns, strict=True) if c.dtype.kind in "biuf"
    )
    words = tuple(n for n, c in zip(frame.names, frame.columns, strict=True) if c.dtype.kind == "O")
    rules = Rules(
        columns=columns,
        low=low,
        high=high,
        stated=stated,
        fixed=columns.where(Kind.FIXED) | named.mask(named.immutable),
        up=named.mask(named.up),
        down=named.mask(named.down),
        whole=columns.where(Kind.WHOLE),
        category=category,
        groups=(*named.groups, *_groups(columns, values, named.groups)),
        relations=tuple(parse(text, numbers, words) for text in config.relations),
        unit=unit,
    )
    # A relation may speak of a column that stays as it is: it then needs its values.
    rules = replace(rules, columns=_spoken(rules, frame))
    _check_contradictions(rules)
    return rules


def check_names(config: FeaturesConfig, names: tuple[str, ...]) -> None:
    """Refuse a `[features]` that names a column which the table does not have.

    Raises:
        ConfigError: it does, or says of a column what cannot be.
    """
    _Named(config, names)


def _spoken(rules: Rules, frame: Frame) -> Columns:
    """Return the columns with those that relations name told in numbers, though never changed."""
    kinds, levels = list(rules.columns.kinds), dict(rules.columns.levels)
    for relation in rules.relations:
        for name in relation.columns:
            j = frame.names.index(name)
            if kinds[j] is not Kind.FIXED:
                continue
            if frame[name].dtype.kind == "O":
                kinds[j] = Kind.CATEGORY
                levels[j] = tuple(sorted({v for v in frame[name].tolist() if v is not None}))
            else:
                kinds[j] = Kind.NUMBER
    return Columns(names=frame.names, kinds=tuple(kinds), levels=levels)


def _range(values: Floats) -> tuple[Floats, Floats]:
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(finite, values, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(np.isinf(low), np.nan, low), np.where(np.isinf(high), np.nan, high)


class _Named:
    """The names of `[features]`, as columns of the table."""

    def __init__(self, config: FeaturesConfig, names: tuple[str, ...]) -> None:
        self.names = names
        self.immutable = self._all("immutable", config.immutable)
        self.integer = self._all("integer", config.integer)
        self.categorical = self._all("categorical", config.categorical)
        self.up = self._all("monotone_up", config.monotone_up)
        self.down = self._all("monotone_down", config.monotone_down)
        both = sorted(self.up & self.down)
        if both:
            raise ConfigError(
                f"features: {both[0]!r} stands in monotone_up and in monotone_down",
                hint="A column that can neither grow nor fall belongs into immutable.",
            )
        self.groups = tuple(self._group(i, group) for i, group in enumerate(config.one_hot))
        self.bounds = {}
        for name, (low, high) in config.bounds.items():
            self.bounds[self._one("bounds", name)] = (low, high)

    def _all(self, key: str, given: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        for name in given:
            matched = [n for n in self.names if n == name]
            matched = matched or [n for n in self.names if fnmatchcase(n, name)]
            found.update(matched or [self.names[self._one(key, name)]])
        return frozenset(found)

    def _one(self, key: str, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        near = UnknownNameError("column", name, self.names)
        raise ConfigError(f"features.{key} names {name!r}, which is no column", hint=near.hint)

    def _group(self, number: int, group: tuple[str, ...]) -> Labels:
        at = [self._one(f"one_hot[{number}]", name) for name in group]
        return np.array(sorted(set(at)), np.int64)

    def mask(self, names: frozenset[str]) -> Mask:
        """Return (d,) which columns are named."""
        return np.array([name in names for name in self.names], np.bool_)


def _groups(columns: Columns, values: Floats, declared: Iterable[Labels]) -> Iterator[Labels]:
    """Yield neighbouring 0/1 columns of one prefix of which every row has exactly one 1."""
    taken = {int(j) for group in declared for j in group}
    if not len(values):
        return
    binary = columns.where(Kind.WHOLE) & ((values == 0) | (values == 1)).all(axis=0)
    by_prefix: dict[str, list[int]] = {}
    for j, name in enumerate(columns.names):
        for mark in ("_", "=", ".", ":"):
            prefix, found, _ = name.rpartition(mark)
            if found and prefix and binary[j] and j not in taken:
                by_prefix.setdefault(prefix + mark, []).append(j)
    for places in by_prefix.values():
        group = np.array([j for j in places if j not in taken], np.int64)
        if len(group) >= 2 and one_hot(values[:, group]).all():
            taken.update(group.tolist())
            yield group


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A linear comparison: the sum of factors × columns, plus `added`, is `sign` zero."""

    text: str
    factors: Mapping[int, float]
    added: float
    sign: str


def comparisons(node: Node) -> Iterator[Node]:
    """Yield the comparisons that all have to hold; none of a choice between several."""
    if node.kind == "and":
        for part in node.parts:
            yield from comparisons(part)
    elif node.kind not in ("or", "not"):
        yield node


def lines_of(rules: Rules) -> Iterator[Line]:
    """Yield the linear comparisons of all relations, turned so that they are < <= or ==."""
    at = {name: j for j, name in enumerate(rules.columns.names)}
    for relation in rules.relations:
        for node in comparisons(relation.tree):
            if node.kind == "!=" or any(
                j in rules.columns.levels for j in map(at.get, node.columns())
            ):
                continue
            left, right = linear(node.parts[0]), linear(node.parts[1])
            if left is None or right is None:
                continue
            turn = -1.0 if node.kind in (">", ">=") else 1.0
            factors: dict[int, float] = {}
            for side, times in ((left[0], turn), (right[0], -turn)):
                for name, value in side.items():
                    factors[at[name]] = factors.get(at[name], 0.0) + times * value
            factors = {j: value for j, value in factors.items() if value}
            sign = {">": "<", ">=": "<="}.get(node.kind, node.kind)
            added = turn * (left[1] - right[1])
            # What is beyond a float is no line to move along: the relation is only looked at.
            if np.isfinite([*factors.values(), added]).all():
                yield Line(relation.text, factors, added, sign)


def _check_contradictions(rules: Rules) -> None:
    """Refuse bounds without a whole number between them, and lines that no row can keep.

    Raises:
        ConfigError: naming what contradicts what.
    """
    _check_columns(rules)
    _check_lines(rules)


def _check_columns(rules: Rules) -> None:
    names = rules.columns.names
    for j in np.flatnonzero(rules.stated):
        if rules.category[j]:
            raise ConfigError(f"features.bounds names {names[j]!r}, whose values are categories")
        if rules.whole[j] and np.ceil(rules.low[j]) > np.floor(rules.high[j]):
            raise ConfigError(
                f"features.bounds: no whole number lies between {rules.low[j]:g} and "
                f"{rules.high[j]:g}, and {names[j]!r} holds whole numbers"
            )
    for mask, key in ((rules.up, "monotone_up"), (rules.down, "monotone_down")):
        for j in np.flatnonzero(mask & rules.category):
            raise ConfigError(f"features.{key} names {names[j]!r}, whose values have no order")


def _check_lines(rules: Rules) -> None:
    names = rules.columns.names
    lines = list(lines_of(rules))
    for line in lines:
        if not line.factors and not _true(line):
            raise ConfigError(f"features.relations: {line.text!r} is never true")
    lines = [line for line in lines if line.factors]
    if not lines or _possible(rules, lines):
        return
    # Leave out what is not needed for the contradiction: what stays contradicts each other.
    for line in list(lines):
        rest = [other for other in lines if other is not line]
        if rest and not _possible(rules, rest):
            lines = rest
    told = " and ".join(repr(text) for text in dict.fromkeys(line.text for line in lines))
    bound = [j for line in lines for j in line.factors if rules.stated[j]]
    ends = "".join(
        f", with {names[j]!r} from {rules.low[j]:g} to {rules.high[j]:g}"
        for j in dict.fromkeys(bound)
    )
    raise ConfigError(f"features: no row can keep {told}{ends}: they contradict each other")


def _true(line: Line) -> bool:
    if line.sign == "==":
        return abs(line.added) <= _NEAR
    return line.added < 0 if line.sign == "<" else line.added <= 0


def _possible(rules: Rules, lines: list[Line]) -> bool:
    """Tell whether some row within the stated bounds keeps all of these."""
    from scipy.optimize import linprog

    places = sorted({j for line in lines for j in line.factors})
    at = {j: i for i, j in enumerate(places)}
    # A last variable is the room that strict comparisons have; it must be above 0.
    upper: list[Floats] = []
    upper_ends: list[float] = []
    equal: list[Floats] = []
    equal_ends: list[float] = []
    strict = False
    for line in lines:
        row = np.zeros(len(places) + 1)
        for j, value in line.factors.items():
            row[at[j]] = value
        if line.sign == "==":
            equal.append(row)
            equal_ends.append(-line.added)
            continue
        if line.sign == "<":
            row[-1], strict = 1.0, True
        upper.append(row)
        upper_ends.append(-line.added)
    bounds = [
        (_end(rules.low[j]), _end(rules.high[j])) if rules.stated[j] else (None, None)
        for j in places
    ]
    goal = np.zeros(len(places) + 1)
    goal[-1] = -1.0
    found = linprog(
        goal,
        A_ub=np.array(upper) if upper else None,
        b_ub=upper_ends or None,
        A_eq=np.array(equal) if equal else None,
        b_eq=equal_ends or None,
        bounds=[*bounds, (0, 1)],
        method="highs",
    )
    if found.status == 2:
        return False
    return found.status != 0 or not strict or bool(found.x[-1] > _NEAR)


def _end(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def check_data(rules: Rules, values: Floats, what: str) -> tuple[Mask, tuple[str, ...]]:
    """Return which rows keep all rules, and a line on each rule that some break.

    Args:
        rules: what rows keep.
        values: encoded rows.
        what: they are called.

    Raises:
        ConfigError: more than `TOLERATED` of the rows break a rule.
    """
    notes = []
    for one in rules.broken(values):
        count, n = int(one.rows.sum()), len(values)
        told = f"{one.rule} is broken by {count} of {n} {what} rows ({count / n:.1%}) as they are"
        if count > TOLERATED * n:
            raise ConfigError(
                told, hint="A rule that the data break is none: mend the rule or the data."
            )
        notes.append(f"{told}: those are not attacked")
    return rules.keeps(values), tuple(notes)


def counted(rules: Rules) -> Mapping[str, int]:
    """Return how many columns or statements there are of each kind of rule."""
    return {
        "immutable": int(rules.fixed.sum()),
        "integer": int(rules.whole.sum()),
        "categorical": int(rules.category.sum()),
        "one_hot": len(rules.groups),
        "monotone_up": int(rules.up.sum()),
        "monotone_down": int(rules.down.sum()),
        "relations": len(rules.relations),
        "bounds": int(rules.stated.sum()),
    }
