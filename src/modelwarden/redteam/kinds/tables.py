"""Rows of a table, within what `[features]` and the known data allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import Candidates, Space
from modelwarden.attacks.minimal import Shrink
from modelwarden.attacks.spaces.guide import guide_of
from modelwarden.attacks.spaces.rules import Rules, check_data, rules_of
from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.core import InputError, Json, UnknownNameError, seed_for
from modelwarden.core.values import dataclass
from modelwarden.redteam.kinds.files import digest_at, labelled, read_json, read_raw
from modelwarden.redteam.kinds.kind import Edit, Given, Known, Seeds, kept
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.frames import Column, Floats, Frame, Inputs, Labels
from modelwarden.targets.spec import Modality

_ENDS = (".csv", ".csv.gz", ".parquet", ".jsonl", ".tsv")
_NORMS = tuple(n.value for n in Norm)


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows of a table."""

    name: str = "tables"
    modality: Modality = Modality.TABULAR

    @property
    def shrink(self) -> Shrink | None:
        """Take changes back one by one, then draw what stays towards the row."""
        from modelwarden.attacks.tables import shrunk

        return shrunk

    def claims(self, path: Path) -> bool:
        """Tell whether it is a table of more than one column."""
        return path.is_file() and path.name.lower().endswith(_ENDS)

    def read(self, given: Given) -> Seeds:
        """Read rows; keys `id` (a column that names them) and `drop` (columns left out)."""
        given.only("id", "drop")
        raw = read_raw(given)
        if raw.array is not None:
            raise InputError(f"seeds.path = {given.shown!r} holds arrays, no table")
        frame, y = labelled(raw, given)
        name = given.text("id")
        ids = None if name is None else frame[name]
        dropped = given.options.get("drop", [])
        if not isinstance(dropped, list):
            raise InputError("seeds.drop must be an array of column names")
        frame = frame.without([*map(str, dropped), *([] if name is None else [name])])
        if not frame.names:
            raise InputError(f"seeds.path = {given.shown!r} has no column left for the target")
        rows = len(frame)
        names = [f"row {i}" for i in range(rows)] if ids is None else [str(v) for v in ids.tolist()]
        return Seeds(
            inputs=frame,
            names=tuple(names),
            y=y,
            source=given.shown,
            digest=digest_at(given.path),
            notes=raw.notes,
        )

    def space(self, known: Known) -> Space:
        """Return the feasible rows; keys `norm`, `eps` and `keep` (columns that stay)."""
        known.only("norm", "eps", "keep")
        frame, rules = self._rules(known)
        encoded, y = self._known_rows(known, rules)
        guide = guide_of(rules, encoded, y, seed_for(known.seed, "redteam", "guide"))
        space = TableSpace(frame=frame.take(known.at), rules=rules, guide=guide)
        eps = known.number("eps")
        if eps is None:
            return space
        norm = known.options.get("norm", "linf")
        if norm not in _NORMS:
            near = UnknownNameError("norm", str(norm), _NORMS)
            raise InputError(f"attack.norm names an {near.message}", hint=near.hint)
        return replace(space, norm=Norm(str(norm)), eps=eps)

    def _rules(self, known: Known) -> tuple[Frame, Rules]:
        frame = known.seeds.inputs
        if not isinstance(frame, Frame):
            raise InputError("attacks on tables need a table")
        sample = None if known.sample is None else known.sample.inputs
        data = sample.only(frame.names) if isinstance(sample, Frame) and len(sample) else None
        rules = rules_of(_features(known), frame, data)
        keeps, _ = check_data(rules, rules.columns.encoded(frame), "seed")
        if not keeps[known.at].all():
            bad = known.at[~keeps[known.at]]
            raise InputError(
                f"{len(bad)} seeds break [features] as they are, such as "
                f"{known.seeds.names[int(bad[0])]!r}",
                hint="A rule that the seeds break is none: mend the rule, or leave the rows out.",
            )
        return frame, rules

    def _known_rows(self, known: Known, rules: Rules) -> tuple[Floats, Labels]:
        sample = None if known.sample is None else known.sample.inputs
        if isinstance(sample, Frame) and known.sample_y is not None:
            return rules.columns.encoded(sample.only(rules.columns.names)), known.sample_y
        frame = known.seeds.inputs
        y = np.full(len(known.seeds), -1, np.int64)
        y[known.at] = known.y
        if not isinstance(frame, Frame):
            raise InputError("attacks on tables need a table")
        return rules.columns.encoded(frame), y

    def edits(self, space: Space, i: int, candidate: Candidates) -> tuple[Edit, ...]:
        """Return the cells that differ."""
        one = np.asarray(candidate)[None]
        before, after = (
            space.inputs(np.array([i]), space.origin[[i]]),
            space.inputs(np.array([i]), one),
        )
        if not isinstance(before, Frame) or not isinstance(after, Frame):
            raise TypeError("a space of tables gives tables")
        cells = zip(before.names, before.columns, after.columns, strict=True)
        return tuple(
            Edit(name=name, where=name, before=shown(old[0]), after=shown(new[0]))
            for name, old, new in cells
            if not equal(old[0], new[0])
        )

    def save(self, folder: Path, before: Inputs, after: Inputs) -> tuple[str, str]:
        """Write both rows as JSON, with the types of their columns."""
        names = ("original.json", "changed.json")
        for name, inputs in zip(names, (before, after), strict=True):
            if not isinstance(inputs, Frame):
                raise TypeError("a kind of tables is given tables")
            row = {
                n: {"value": _plain(c[0]), "type": c.dtype.str}
                for n, c in zip(inputs.names, inputs.columns, strict=True)
            }
            (folder / name).write_text(json.dumps(row, indent=1) + "\n", "utf-8")
        return names

    def load(self, folder: Path) -> tuple[Inputs, Inputs]:
        """Read both rows."""
        return _row(folder / "original.json"), _row(folder / "changed.json")

    def checks(self, before: Inputs, after: Inputs, options: Mapping[str, Json]) -> tuple[str, ...]:
        """Return the columns that must stay and were changed.

        All other rules are held by the space, before a candidate is asked.
        """
        if not isinstance(before, Frame) or not isinstance(after, Frame):
            raise TypeError("a kind of tables is given tables")
        names = kept(options)
        return tuple(
            f"{name!r} was changed"
            for name in before.names
            if any(_names_it(one, name) for one in names)
            and not all(map(equal, before[name].tolist(), after[name].tolist()))
        )


def _features(known: Known) -> FeaturesConfig:
    """Return `[features]`, with the columns that the attack must leave alone."""
    keep = known.keep()
    for name in keep:
        if not any(_names_it(name, one) for one in _names(known)):
            near = UnknownNameError("column", name, _names(known))
            raise InputError(f"attack.keep names an {near.message}", hint=near.hint)
    return replace(known.features, immutable=(*known.features.immutable, *keep))


def _names_it(pattern: str, column: str) -> bool:
    return pattern == column or fnmatchcase(column, pattern)


def _names(known: Known) -> tuple[str, ...]:
    frame = known.seeds.inputs
    return frame.names if isinstance(frame, Frame) else ()


def shown(value: object) -> str:
    """Return a cell as people read it."""
    return f"{float(value):.6g}" if isinstance(value, float | np.floating) else str(value)[:200]


def equal(first: object, second: object) -> bool:
    """Tell whether two cells are the same; missing ones are."""
    return bool(first == second or (first != first and second != second))


def _plain(value: object) -> object:
    item = value.item() if isinstance(value, np.generic) else value
    if isinstance(item, float) and item != item:
        return None
    return item if isinstance(item, str | int | float | bool) or item is None else str(value)


def _row(path: Path) -> Frame:
    document = read_json(path)
    if not isinstance(document, dict) or not document:
        raise InputError(f"{path} holds no row")
    columns: list[Column] = []
    for name, cell in document.items():
        if not isinstance(cell, dict) or not {"value", "type"} <= cell.keys():
            raise InputError(f"{path}: {name!r} has no value and type")
        kind = np.dtype(cell["type"])
        value = np.nan if cell["value"] is None and kind.kind == "f" else cell["value"]
        column = np.empty(1, kind)
        column[0] = value
        columns.append(column)
    return Frame(tuple(document), tuple(columns))


TABLES = Tables()
