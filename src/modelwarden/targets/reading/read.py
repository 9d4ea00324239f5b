"""From a file to a data set: which column is the truth, which identifies rows, what is asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelwarden.core import digest_of_tree, sha256_of
from modelwarden.core.errors import UnknownNameError
from modelwarden.targets.config import DataConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame, Inputs
from modelwarden.targets.reading.arrays import read_arrays
from modelwarden.targets.reading.folders import read_images, read_pages
from modelwarden.targets.reading.lines import read_lines
from modelwarden.targets.reading.raw import DataError, Part, Raw, must_be_file
from modelwarden.targets.reading.tables import read_frame, read_table
from modelwarden.targets.spec import Modality, Task

_ZIP, _PARQUET, _GZIP = b"PK\x03\x04", b"PAR1", b"\x1f\x8b"
_WIDE = b"\xff\xfe", b"\xfe\xff"  # how UTF-16 begins
_CHANNELS = (1, 3), (4,)  # the usual numbers first


def read_data(
    name: str, path: str, data: DataConfig, project: ProjectConfig, root: Path
) -> DataSet:
    """Read one data set.

    Args:
        name: `train`, `test` or `current`.
        path: as the user wrote it.
        data: which column is what.
        project: its modality decides the form of the inputs.
        root: the folder of modelwarden.toml.

    Raises:
        DataError: the file cannot be read, or a named column is not there.
        MissingExtraError: what reads this form is not installed.
    """
    place = root / path
    try:
        raw = _raw(place, data, project)
        digest = _digest(place)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"[data] {name} = {path!r} cannot be read: {reason}") from error
    shown = f"[data] {name} = {path!r}"
    return _data_set(name, raw, data, project, shown, source=path, digest=digest)


def data_of_frame(name: str, table: object, data: DataConfig, project: ProjectConfig) -> DataSet:
    """Return a data frame that is in memory already as a data set.

    Args:
        name: `train`, `test` or `current`.
        table: of pandas, polars, pyarrow, or anything that gives an Arrow stream.
        data: which column is what.
        project: its modality decides the form of the inputs.

    Raises:
        DataError: it is no data frame, or a named column is not there.
        MissingExtraError: DuckDB is not installed.
    """
    shown = f"the frame {name!r}"
    raw = read_frame(table, shown)
    return _data_set(name, raw, data, project, shown, source="", digest=_frame_digest(raw.frame))


def _data_set(
    name: str,
    raw: Raw,
    data: DataConfig,
    project: ProjectConfig,
    shown: str,
    *,
    source: str,
    digest: str,
) -> DataSet:
    if name == "current":
        # Rows of production have no truth yet, and may be without the other columns beside it.
        there = raw.frame.names
        data = replace(
            data,
            label=data.label if data.label in there else None,
            id=data.id if data.id in there else None,
        )
    absent = name == "current" and data.cluster not in raw.frame.names
    clusters = None if absent else _named(raw.frame, data.cluster, "cluster", shown)
    if raw.y is not None and data.label in raw.others:
        raise DataError(
            f"the labels of {shown} are its array y, and [data] label = {data.label!r} names "
            "another",
            hint="Write the labels that you mean as y, or leave label out.",
        )
    if data.label in raw.rounded and project.task is not Task.REGRESSION:
        raise DataError(
            f"{shown}: the labels {data.label!r} are whole numbers beyond 2**53, of which floats "
            "cannot tell neighbours apart",
            hint="Write them as texts.",
        )
    y = raw.y if raw.y is not None else _named(raw.frame, data.label, "label", shown)
    ids = _named(raw.frame, data.id, "id", shown)
    inputs, notes = _inputs(raw, data, project, shown)
    given = inputs.names if isinstance(inputs, Frame) else _set(_text_column(data, project))
    context = raw.frame.without([*given, *_set(data.label, data.id)])
    return DataSet(
        name=name,
        inputs=inputs,
        y=y,
        context=context,
        ids=ids,
        source=source,
        digest=digest,
        notes=(
            *raw.notes,
            *notes,
            *told_of_absent(raw.frame, data.drop, "[data] drop"),
            *_told(raw.part),
            *_told_of_rounded(raw.rounded),
        ),
        part="" if raw.part is None else str(raw.part),
        clusters=clusters,
        clustered_by=data.cluster or "",
    )


def told_of_absent(frame: Frame, left_out: Sequence[str], key: str) -> tuple[str, ...]:
    """Return what the user must know of columns that are to be left out and are not there.

    Another set may have them, so this is no error; but a slip of the pen would give the column to
    the model.
    """
    absent = [name for name in left_out if frame.names and name not in frame.names]
    hints = [UnknownNameError("column", name, frame.names) for name in absent]
    return tuple(
        f"there is no column {error.name!r}, which {key} names"
        + (f"; did you mean {error.nearest!r}?" if error.nearest else "")
        for error in hints
    )


def _told(part: Part | None) -> tuple[str, ...]:
    """Return what the user must know of a part of a file."""
    if part is None:
        return ()
    return (
        f"the file has more rows than are read: {part}; row r here is row {part.every:,} r + "
        f"{part.first:,} of the file; [data] rows sets how many are read at most",
    )


def _told_of_rounded(names: Sequence[str]) -> tuple[str, ...]:
    """Return what the user must know of whole numbers that had to become floats."""
    if not names:
        return ()
    shown = ", ".join(repr(name) for name in names[:5]) + (" …" if len(names) > 5 else "")
    return (
        f"whole numbers beyond 2**53 in {shown} are read as floats, because some are missing or "
        "beyond 64 bits: those that lie close together become equal",
    )


def _set(*names: str | None) -> list[str]:
    return [name for name in names if name is not None]


def _raw(place: Path, data: DataConfig, project: ProjectConfig) -> Raw:
    if place.is_dir():
        if project.modality is Modality.IMAGE:
            return read_images(place, data.label)
        return read_pages(place, data.label)
    return read_file(place, most=data.rows or 0)


def read_file(place: Path, *, most: int | None = None) -> Raw:
    """Read a file of any form that a data set may have, before anybody knows which column is what.

    Args:
        place: of the file.
        most: rows of a table that are read at most, evenly spaced; 0 for as many as memory should
            hold, None for all.

    Raises:
        DataError: it cannot be read as any of them.
        MissingExtraError: what reads this form is not installed.
    """
    must_be_file(place)
    with place.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise DataError(f"{place.name} is empty: 0 bytes hold no rows")
    if head.startswith(_PARQUET):
        return read_table(place, "parquet", most=most)
    if head.startswith(_ZIP):
        return read_arrays(place)
    if head.lstrip()[:1] == b"{":
        return read_lines(place)
    if head.startswith(_WIDE):
        raise DataError(f"{place.name} is text in UTF-16", hint="Write it anew in UTF-8.")
    if b"\0" in head and not head.startswith(_GZIP):
        raise DataError(
            f"{place.name} is no data set of a known form",
            hint="Give parquet, csv, csv.gz, npz (x, y), jsonl, or a folder of images or pages.",
        )
    return read_table(place, "csv", most=most)


def _frame_digest(frame: Frame) -> str:
    """Return `sha256:` of names, types and values, whatever library held them."""
    found = hashlib.sha256()
    for name, column in zip(frame.names, frame.columns, strict=True):
        found.update(json.dumps([name, column.dtype.str]).encode())
        words = column.dtype.kind == "O"
        found.update(json.dumps(column.tolist()).encode() if words else column.tobytes())
    return f"sha256:{found.hexdigest()}"


def _digest(place: Path) -> str:
    if place.is_dir():
        files = sorted(p for p in place.rglob("*") if p.is_file() and not p.is_symlink())
        pairs = [(p.relative_to(place).as_posix(), _file_digest(p)) for p in files]
        return digest_of_tree(pairs)
    return f"sha256:{_file_digest(place)}"


def _file_digest(place: Path) -> str:
    with place.open("rb") as stream:
        return sha256_of(stream)


def _named(frame: Frame, name: str | None, key: str, shown: str) -> Column | None:
    if name is None:
        return None
    if name not in frame.names:
        near = UnknownNameError("column", name, frame.names)
        raise DataError(f"{shown} has no column {name!r}, which [data] {key} names", hint=near.hint)
    return frame[name]


def _inputs(
    raw: Raw, data: DataConfig, project: ProjectConfig, shown: str
) -> tuple[Inputs, tuple[str, ...]]:
    modality = project.modality
    if modality in (Modality.TEXT, Modality.HTML) or data.url is not None:
        return _texts(raw, _text_column(data, project), modality, shown), ()
    if modality is Modality.IMAGE:
        if raw.array is None:
            raise DataError(f"{shown} holds no images: give an npz with x, or a folder")
        return images_of(raw.array, shown)
    if raw.array is not None:
        return _vectors(raw.array, shown), ()
    features = raw.frame.without([*_set(data.label, data.id), *data.drop])
    if not features.names:
        raise DataError(f"{shown} has no column left for the model")
    if modality is Modality.VECTOR:
        return _matrix(features, shown), ()
    return features, ()


def _text_column(data: DataConfig, project: ProjectConfig) -> str | None:
    """Return the column that is the one input of a model of texts, pages or addresses."""
    named = {Modality.TEXT: data.text, Modality.HTML: data.html}.get(project.modality)
    return named or data.url


def _texts(raw: Raw, column: str | None, modality: Modality, shown: str) -> Column:
    if raw.array is not None and column is None:
        if raw.array.dtype.kind != "O":
            raise DataError(f"{shown} holds numbers where texts are due")
        return raw.array
    name = column or ("html" if modality is Modality.HTML else "text")
    key = "html" if modality is Modality.HTML else "text"
    found = _named(raw.frame, name, key, shown)
    if found is None or found.dtype.kind != "O":
        raise DataError(f"{shown}: column {name!r} holds no texts")
    texts = np.empty(len(found), np.object_)
    texts[:] = ["" if value is None else value for value in found.tolist()]
    return texts


def images_of(x: npt.NDArray[np.generic], shown: str) -> tuple[Inputs, tuple[str, ...]]:
    """Return images as (n, C, H, W) float32 in their own units, and what was assumed.

    Args:
        x: (n, H, W), (n, H, W, C) or (n, C, H, W).
        shown: names the data in errors.

    Raises:
        DataError: it is none of these.
    """
    if x.dtype.kind not in "biuf":
        raise DataError(f"{shown}: x holds no numbers")
    if x.ndim == 3:
        return x[:, None].astype(np.float32), ()
    if x.ndim != 4:
        raise DataError(f"{shown}: images have shape (n, H, W) or (n, H, W, C), not {x.shape}")
    first, last = next(
        (pair for some in _CHANNELS if any(pair := (x.shape[1] in some, x.shape[3] in some))),
        (False, False),
    )
    if last and not first:
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2), np.float32), ()
    notes = () if first and not last else (f"x {x.shape} is taken as (n, C, H, W)",)
    return x.astype(np.float32), notes


def _vectors(x: npt.NDArray[np.generic], shown: str) -> npt.NDArray[np.generic]:
    if x.dtype.kind == "O":
        raise DataError(f"{shown} holds texts where numbers are due")
    if x.ndim == 1:
        x = x[:, None]
    kept = x if x.dtype in (np.float32, np.float64) else x.astype(np.float64)
    return np.ascontiguousarray(kept.reshape(len(kept), -1) if kept.ndim > 2 else kept)


def _matrix(frame: Frame, shown: str) -> npt.NDArray[np.generic]:
    words = [
        n for n, c in zip(frame.names, frame.columns, strict=True) if c.dtype.kind not in "biuf"
    ]
    if words:
        raise DataError(
            f"{shown}: column {words[0]!r} holds no numbers, and the model is given vectors",
            hint='Set modality = "tabular", or leave the column out with [data] drop.',
        )
    return _stacked(frame.columns)


def _stacked(columns: Sequence[Column]) -> npt.NDArray[np.generic]:
    return np.column_stack([column.astype(np.float64) for column in columns])
