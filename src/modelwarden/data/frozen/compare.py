"""What differs between data as they were frozen and as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from modelwarden.data.frozen.digests import FileDigest, is_same
from modelwarden.data.frozen.manifest import Manifest

_ROWS = 20
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it was.

    Attributes:
        file: its name. kind: `changed`, `rows added`, `rows removed`, `rows reordered`,
            `column added`, `column removed`, `column type`, `rewritten`, `not frozen`, `missing` or
            `signature`.
        columns: that it touches. rows: how many. first: positions of the first of them, from 0; of
            removed rows those that they had.
        told: for people.
    """

    file: str
    kind: str
    told: str
    columns: tuple[str, ...] = ()
    rows: int | None = None
    first: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was found.

    Attributes:
        unchecked: files of the manifest that were not named now.
    """

    manifest: Manifest
    differences: tuple[Difference, ...]
    unchecked: tuple[str, ...]
    files: int


def compare(manifest: Manifest, files: Sequence[FileDigest], places: Sequence[str]) -> Compared:
    """Hold files against a manifest.

    Args:
        manifest: as it was frozen.
        files: as they are.
        places: that were named: what was frozen there, or below, and is no more, is missing.
    """
    found: list[Difference] = []
    if manifest.broken is not None:
        found.append(Difference(file="", kind="signature", told=manifest.broken))
    known = {file.name: file for file in manifest.files}
    used: set[str] = set()
    for file in files:
        name = _named(file.name, known, used)
        if name is None:
            told = "is not in the manifest"
            found.append(Difference(file=file.name, kind="not frozen", told=told))
            continue
        used.add(name)
        found += differences(known[name], file)
    left = [name for name in known if name not in used]
    for name in left:
        if any(f"{name}/".startswith(f"{place.rstrip('/')}/") for place in places):
            told = "was frozen and is not there any more"
            found.append(Difference(file=name, kind="missing", told=told))
    gone = {difference.file for difference in found if difference.kind == "missing"}
    return Compared(
        manifest=manifest,
        differences=tuple(found),
        unchecked=tuple(name for name in left if name not in gone),
        files=len(files),
    )


def _named(name: str, known: dict[str, FileDigest], used: set[str]) -> str | None:
    """Return the frozen name of a file: the same, else the only one that ends alike."""
    if name in known and name not in used:
        return name
    last = PurePosixPath(name).name
    alike = [other for other in known if PurePosixPath(other).name == last and other not in used]
    return alike[0] if len(alike) == 1 else None


def differences(before: FileDigest, after: FileDigest) -> Iterator[Difference]:
    """Yield what changed in one file, by column and rows as far as it can be told."""
    if is_same(before, after):
        return
    if before.rows is None or after.rows is None:
        told = f"other bytes: {before.size} before, {after.size} now"
        yield Difference(file=after.name, kind="changed", told=told)
        return
    shape = [*_columns(before, after)]
    yield from shape
    old = {column.name: column for column in before.columns}
    changed = tuple(
        column.name
        for column in after.columns
        if column.name in old and column.digest != old[column.name].digest
    )
    if not changed:
        if not shape:
            same = [c.name for c in before.columns] == [c.name for c in after.columns]
            told = "other bytes, and the same values" if same else "columns in another order"
            yield Difference(file=after.name, kind="rewritten", told=told)
        return
    yield from _rows(before, after, changed, comparable=not shape)


def _columns(before: FileDigest, after: FileDigest) -> Iterator[Difference]:
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in after.columns}
    for name in old:
        if name not in new:
            told = f"column {name} was removed"
            yield Difference(file=after.name, kind="column removed", told=told, columns=(name,))
    for name, column in new.items():
        if name not in old:
            told = f"column {name} was added"
            yield Difference(file=after.name, kind="column added", told=told, columns=(name,))
        elif column.type != old[name].type:
            told = f"column {name} holds {column.type}, {old[name].type} before"
            yield Difference(file=after.name, kind="column type", told=told, columns=(name,))


def _rows(
    before: FileDigest, after: FileDigest, changed: tuple[str, ...], *, comparable: bool
) -> Iterator[Difference]:
    """Yield how many rows were changed, added, removed or moved."""
    names = ", ".join(changed[:10]) + (", …" if len(changed) > 10 else "")
    one, two = before.marks, after.marks
    if one is None or two is None or not comparable or before.rows is None or after.rows is None:
        rows = "" if before.rows == after.rows else f"; {after.rows} rows, {before.rows} before"
        told = f"column {names} changed{rows}"
        yield Difference(file=after.name, kind="changed", told=told, columns=changed)
        return
    if len(one) == len(two):
        at = np.flatnonzero(one != two)
        if len(at) and np.array_equal(np.sort(one), np.sort(two)):
            told = f"{len(at)} of {len(two)} rows stand in another order{_places(at)}"
            yield _difference(after.name, "rows reordered", told, (), at)
            return
        told = f"{len(at)} of {len(two)} rows changed in column {names}{_places(at)}"
        yield _difference(after.name, "changed", told, changed, at)
        return
    yield from _added(after.name, one, two, changed)


def _added(
    name: str, one: np.ndarray, two: np.ndarray, changed: tuple[str, ...]
) -> Iterator[Difference]:
    new, gone = _beyond(two, one), _beyond(one, two)
    sizes = f"; {len(two)} rows now, {len(one)} before"
    if len(new):
        told = f"rows added or changed: {len(new)}{_places(new)}{sizes}"
        yield _difference(name, "rows added", told, (), new)
    if len(gone):
        told = f"rows removed or changed: {len(gone)}{_places(gone)}{sizes}"
        yield _difference(name, "rows removed", told, (), gone)
    if not len(new) and not len(gone):
        told = f"column {', '.join(changed[:10])} changed"
        yield Difference(file=name, kind="changed", told=told, columns=changed)


def _beyond(marks: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the positions of marks beyond those that are known, each as often as it is."""
    left = Counter(known.tolist())
    found = []
    for row, mark in enumerate(marks.tolist()):
        if left[mark]:
            left[mark] -= 1
        else:
            found.append(row)
    return np.array(found, np.int64)


def _places(rows: np.ndarray) -> str:
    """Return the first positions in words; nothing of none."""
    more = ", …" if len(rows) > _SHOWN else ""
    return f" (at {', '.join(map(str, rows[:_SHOWN].tolist()))}{more})" if len(rows) else ""


def _difference(
    name: str, kind: str, told: str, columns: tuple[str, ...], at: np.ndarray
) -> Difference:
    return Difference(
        file=name,
        kind=kind,
        told=told,
        columns=columns,
        rows=len(at),
        first=tuple(int(row) for row in at[:_ROWS]),
    )
