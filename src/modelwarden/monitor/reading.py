"""What is held against each other: a file of rows, or the records of a ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from modelwarden.core import UnknownNameError, digest_of_tree, sha256_of
from modelwarden.core.values import dataclass
from modelwarden.ledger import entries
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame, Inputs
from modelwarden.targets.reading.raw import DataError, Raw, column_of
from modelwarden.targets.reading.read import images_of, read_file, told_of_absent

_GUESSED = {
    "label": ("label", "target", "y"),
    "prediction": ("prediction", "y_pred", "predicted"),
    "id": ("id", "row_id", "request_id"),
}
# Of the firewall's records: who asked, when, and what is told in words. None is distributed as
# anything that could drift.
_NOT_COMPARED = frozenset(("time", "kind", "client", "request_id", "detail", "mode", "model"))
_MOST_RECORDS = 2_000_000
_PICTURE = 8  # pixels of either side, from which on a table of numbers a row is a picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which column is what; None takes the usual names where a file has one of them.

    Attributes:
        label: the truth. prediction: the model's answer. id: identifies rows.
        drop: columns that are not compared.
        cluster: names whom a row stands for, where several rows stand for one; never compared.
    """

    label: str | None = None
    prediction: str | None = None
    id: str | None = None
    drop: tuple[str, ...] = ()
    cluster: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Rows of one time.

    Attributes:
        data: features, and labels where there are any.
        said: (n,) what the model answered; None where nothing tells.
        roles: the columns that were taken.
        form: of the file.
        left_out: what of it was not read; empty where all was.
    """

    data: DataSet
    said: Column | None
    roles: Roles
    form: str
    left_out: str = ""


def read_sample(name: str, path: Path, roles: Roles) -> Sample:
    """Read one side of a comparison.

    Args:
        name: `reference` or `current`.
        path: parquet, csv, csv.gz, npz (x, y), jsonl, or the folder of a ledger.
        roles: which column is what; a column that is named must be there.

    Raises:
        DataError: it cannot be read, or a named column is not there.
        LedgerError: it is a folder, and no ledger.
        MissingExtraError: what reads this form is not installed.
    """
    try:
        if path.is_dir():
            form = "ledger"
            raw, left_out = _ledger(path)
            digest = _folder_digest(path)
        else:
            raw, left_out = read_file(path), ""
            form = _form(path)
            with path.open("rb") as stream:
                digest = f"sha256:{sha256_of(stream)}"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DataError(
            f"cannot read {path}: {why}", hint="Check --reference and --current."
        ) from (error)
    return replace(_sample(name, raw, roles, path, (form, digest)), left_out=left_out)


def _form(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(64)
    for start, form in ((b"PAR1", "parquet"), (b"PK", "npz"), (b"\x1f\x8b", "csv.gz")):
        if head.startswith(start):
            return form
    return "jsonl" if head.lstrip()[:1] == b"{" else "csv"


def _sample(name: str, raw: Raw, roles: Roles, path: Path, known: tuple[str, str]) -> Sample:
    form, digest = known
    found = {key: _column(raw, key, getattr(roles, key), path) for key in _GUESSED}
    guessed = tuple(
        f"column {column!r} is taken as the {key}; --{key} names another"
        for key, column in found.items()
        if column is not None and getattr(roles, key) is None
    )
    taken = [column for column in found.values() if column is not None]
    clusters = None
    if roles.cluster is not None:
        where = _column(raw, "cluster", roles.cluster, path)
        clusters = None if where is None else raw.frame[where]
        taken.append(roles.cluster)
    inputs, notes = _inputs(raw, [*taken, *roles.drop], path)
    label, said = found["label"], found["prediction"]
    data = DataSet(
        name=name,
        inputs=inputs,
        y=raw.frame[label] if label is not None else raw.y,
        context=Frame((), ()),
        ids=None if found["id"] is None else raw.frame[found["id"]],
        source=str(path),
        digest=digest,
        notes=(*raw.notes, *notes, *guessed, *told_of_absent(raw.frame, roles.drop, "--drop")),
        clusters=clusters,
        clustered_by=roles.cluster or "",
    )
    chosen = Roles(
        label=label, prediction=said, id=found["id"], drop=roles.drop, cluster=roles.cluster
    )
    return Sample(data, None if said is None else raw.frame[said], chosen, form)


def _column(raw: Raw, key: str, name: str | None, path: Path) -> str | None:
    names = raw.frame.names
    if name is None:
        guesses = () if key == "label" and raw.y is not None else _GUESSED[key]
        return next((guess for guess in guesses if guess in names), None)
    if name in names:
        return name
    if key == "label" and raw.y is not None and name == "y":
        return None
    near = UnknownNameError("column", name, names)
    raise DataError(f"{path} has no column {name!r}, which --{key} names", hint=near.hint)


def _inputs(raw: Raw, left_out: Sequence[str], path: Path) -> tuple[Inputs, tuple[str, ...]]:
    if raw.array is None:
        return raw.frame.without(left_out), ()
    x = raw.array
    if x.dtype.kind == "O":
        return np.asarray(x.reshape(len(x)), np.object_), ()
    if x.ndim == 4 or (x.ndim == 3 and min(x.shape[1:]) >= _PICTURE):
        return images_of(x, str(path))
    return x.reshape(len(x), -1), ()


def _ledger(folder: Path) -> tuple[Raw, str]:
    """Return the records of a ledger as a table, and what of it was left out.

    A record's columns are its plain values, and those of one object within.
    """
    rows: list[dict[str, object]] = []
    names: dict[str, None] = {}
    left_out = ""
    for entry in entries(folder):
        if entry.own:
            continue
        if len(rows) == _MOST_RECORDS:
            left_out = f"only the first {_MOST_RECORDS} records were read"
            break
        row = dict(_plain(entry.body))
        names |= dict.fromkeys(row)
        rows.append(row)
    columns = (column_of([row.get(name) for row in rows], repr(name)) for name in names)
    return Raw(Frame(tuple(names), tuple(columns))), left_out


def _plain(body: str) -> Iterator[tuple[str, object]]:
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        return
    for name, value in record.items() if isinstance(record, dict) else ():
        if name in _NOT_COMPARED and name != "request_id":
            continue
        if isinstance(value, dict):
            yield from (
                (f"{name}.{key}", part)
                for key, part in value.items()
                if not isinstance(part, list | dict)
            )
        elif not isinstance(value, list):
            yield name, value


def _folder_digest(folder: Path) -> str:
    pairs = []
    for path in sorted(folder.glob("*.log")):
        with path.open("rb") as stream:
            pairs.append((path.name, sha256_of(stream)))
    return digest_of_tree(pairs)
