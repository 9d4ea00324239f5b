"""What a folder holds, for `init`: model files told by content, data files with their columns.

Nothing is run and nothing unpickled; Python files are only looked at for the names they define.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from modelwarden.core import Coverage
from modelwarden.core.values import dataclass
from modelwarden.gate.project import FILE

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})
_DEEP, _MOST_FILES, _LARGEST_CODE = 5, 5_000, 1 << 20
_MOST_MODELS, _LARGEST_MODEL = 20, 2 << 30
TABLES = (".parquet", ".csv", ".csv.gz", ".jsonl")
_SAMPLE = 200_000
_MEMORY = "2GB"  # that one table is looked at with
_VALUES = 12
_MOST_COLUMNS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A file or folder that holds a model.

    Attributes:
        path: relative to the folder. format, producer: as the scan tells them.
        adapter: that opens such a model; None when none is known.
        step: the class of a step before a model, such as a vectoriser, if it holds nothing else.
        beside: files that it keeps tensors in, relative to the folder.
    """

    path: str
    format: str
    producer: str | None
    adapter: str | None
    step: str | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, from its first rows.

    Attributes:
        kind: `number`, `integer`, `boolean`, `text` or `other`.
        distinct: how many values. values: of few, all of them with how often they occur.
        low, high: of numbers. length: mean length of texts.
    """

    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    values: tuple[tuple[str | int | float | bool, int], ...] = ()
    low: float | None = None
    high: float | None = None
    length: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A data file: its columns, or the shape of its arrays."""

    path: str
    rows: int
    columns: tuple[Column, ...] = ()
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a folder holds.

    Attributes:
        entries: `file.py:name` of functions that look like a model's answer.
        cards: model cards. unread: data files that could not be read, with the reason.
    """

    models: tuple[Model, ...]
    tables: tuple[Table, ...]
    entries: tuple[str, ...]
    cards: tuple[str, ...]
    unread: tuple[tuple[str, str], ...]


def look(folder: Path) -> Seen:
    """Return what `folder` holds, hidden and installed things left out."""
    files = list(_files(folder))
    tables: list[Table] = []
    unread: list[tuple[str, str]] = []
    others: list[str] = []
    for name in files:
        place = folder / name
        if name.lower().endswith(TABLES) or name.lower().endswith(".npz"):
            try:
                found = read(place, name)
            except Exception as error:  # noqa: BLE001 -- any file may be broken in any way
                unread.append((name, " ".join(str(error).split())[:120] or type(error).__name__))
                continue
            if found is not None:
                tables.append(found)
                continue
        others.append(name)
    return Seen(
        models=tuple(_models(folder, others)),
        tables=tuple(tables),
        entries=tuple(_entries(folder, files)),
        cards=tuple(_cards(files)),
        unread=tuple(unread),
    )


def _files(folder: Path) -> Iterator[str]:
    met = 0
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(
            f
            for f in folders
            if not f.startswith(".")
            and f not in _SKIPPED
            and depth < _DEEP
            and not (Path(place) / f / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or name == FILE or path.is_symlink() or not path.is_file():
                continue
            met += 1
            if met > _MOST_FILES:
                return
            yield path.relative_to(folder).as_posix()


_PLAIN = (".py", ".md", ".toml", ".txt.gz", ".html", ".yaml", ".yml", ".cfg", ".ini", ".lock")


def _models(folder: Path, names: list[str]) -> Iterator[Model]:
    """Yield the models, folders of MLflow first, then files by size, the largest first."""
    from modelwarden.gate.scan import scan
    from modelwarden.gate.unit import Options

    folders = {str(Path(n).parent) for n in names if Path(n).name == "MLmodel"}
    for name in sorted(folders):
        yield Model(path=name, format="mlflow", producer=None, adapter="mlflow")
    inside = tuple(f"{name}/" for name in folders if name != ".")
    rest = [n for n in names if not n.startswith(inside) and not n.lower().endswith(_PLAIN)]
    sized = sorted(((folder / n).stat().st_size, n) for n in rest)
    told = 0
    for size, name in reversed(sized):
        if told >= _MOST_MODELS or not 0 < size <= _LARGEST_MODEL:
            continue
        report = scan([folder / name], options=Options(hashing=False, dependencies=False))
        line = report.coverage[0] if report.coverage else None
        if line is not None and line.format is not None:
            imports = [item.name for item in report.inventory if item.kind == "import"]
            adapter = adapter_of(line) or _compressed(line, imports)
            if adapter is not None or line.format in _MODELS:
                told += 1
                producer = line.producer.name if line.producer else None
                yield Model(
                    path=name,
                    format=line.format,
                    producer=producer,
                    adapter=adapter,
                    step=step_in(imports),
                    beside=_beside(folder, name) if adapter == "onnx" else (),
                )


def _beside(folder: Path, name: str) -> tuple[str, ...]:
    """Return the files beside an ONNX model that it keeps tensors in."""
    from modelwarden.targets.beside import tensor_files

    own = PurePosixPath(name).parent
    return tuple((own / other).as_posix() for other in tensor_files(folder / name))


_ADAPTERS = {
    "onnx": "onnx",
    "xgboost-binary": "xgboost",
    "xgboost-ubj": "xgboost",
    "xgboost-json": "xgboost",
    "lightgbm": "lightgbm",
    "lightgbm-json": "lightgbm",
    "catboost": "catboost",
    "catboost-json": "catboost",
    "keras-h5": "keras",
    "keras-v3": "keras",
    "torchscript": "torch",
    "torch-zip": "torch",
    "torch-legacy": "torch",
    "skops": "sklearn",
}
_MODELS = frozenset({"pickle", "safetensors", "tflite", "gguf"})
_PICKLED = frozenset({"scikit-learn", "xgboost", "lightgbm", "catboost", "joblib"})


def adapter_of(line: Coverage) -> str | None:
    """Return the adapter for a file of this format and producer; None when none is known."""
    if line.format == "pickle":
        known = line.producer is not None and line.producer.name.lower() in _PICKLED
        return "sklearn" if known else None
    return _ADAPTERS.get(line.format or "")


# What joblib unpacks by itself.
_CODECS = frozenset({"zlib", "gzip", "bzip2", "lzma", "xz", "lz4"})
_LIBRARIES = ("sklearn.", "xgboost.", "lightgbm.", "catboost.", "joblib.")


def _compressed(line: Coverage, imports: Iterable[str]) -> str | None:
    """Return the adapter for a pickle that was compressed, as `joblib.dump` does when asked to."""
    known = line.format in _CODECS and any(name.startswith(_LIBRARIES) for name in imports)
    return "sklearn" if known else None


_STEPS = re.compile(
    r"sklearn\.(feature_extraction|feature_selection|preprocessing|decomposition|impute|"
    r"random_projection|kernel_approximation|compose)\b"
)


def step_in(imports: Iterable[str]) -> str | None:
    """Return the class of a pickled step before a model; None where a model stands in it too."""
    own = [name for name in imports if name.startswith("sklearn.")]
    if not own or not all(_STEPS.match(name) for name in own):
        return None
    return own[0].rpartition(".")[2]


def _entries(folder: Path, names: list[str]) -> Iterator[str]:
    """Yield functions that look like a model's answer, by their names alone."""
    for name in names:
        if not name.endswith(".py"):
            continue
        try:
            text = (folder / name).read_bytes()[:_LARGEST_CODE]
            tree = ast.parse(text)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in {"predict", "predict_proba"}:
                yield f"{name}:{node.name}"


def _cards(names: list[str]) -> Iterator[str]:
    for name in names:
        last = Path(name).name.lower()
        if last in {"readme.md", "model_card.md", "modelcard.md", "model_card.json", "bom.json"}:
            yield name


def read(place: Path, name: str) -> Table | None:
    """Return what a data file holds; None of an npz that is no data set.

    Raises:
        Exception: it cannot be read, for any reason that its reader has.
    """
    if name.lower().endswith(".npz"):
        return _arrays(place, name)
    return _table(place, name)


def _arrays(place: Path, name: str) -> Table | None:
    from modelwarden.targets.reading.arrays import read_arrays

    found = read_arrays(place)
    x = np.column_stack(found.frame.columns) if found.array is None else found.array
    if found.y is None:
        return None
    columns = (_summary("y", found.y),)
    shape = tuple(int(s) for s in x.shape[1:])
    return Table(path=name, rows=len(found.y), columns=columns, shape=shape)


def _summary(name: str, values: npt.NDArray[np.generic]) -> Column:
    distinct, counts = np.unique(values, return_counts=True)
    kind = {"i": "integer", "u": "integer", "b": "boolean", "f": "number"}.get(
        values.dtype.kind, "text"
    )
    few = len(distinct) <= _VALUES
    return Column(
        name=name,
        kind=kind,
        rows=len(values),
        missing=0,
        distinct=len(distinct),
        values=tuple(zip(distinct.tolist(), counts.tolist(), strict=True)) if few else (),
    )


def _table(place: Path, name: str) -> Table:
    from modelwarden.targets.reading.dialect import csv_source, dialect_of
    from modelwarden.targets.reading.tables import check_unpacked, confined

    check_unpacked(place)
    kind = place.suffix.lower()
    with confined(place, memory=_MEMORY) as (connection, descriptor, given):
        reader = {".parquet": "read_parquet", ".jsonl": "read_json"}.get(kind)
        plain = ", compression='none'" if kind == ".jsonl" else ""
        source = (
            csv_source(dialect_of(descriptor), f"'{given}'", times=True)
            if reader is None
            else f"{reader}('{given}'{plain})"
        )
        connection.execute(f"CREATE TEMP VIEW seen AS SELECT * FROM {source}")  # noqa: S608 -- a descriptor
        connection.execute(f"CREATE TEMP TABLE part AS SELECT * FROM seen LIMIT {_SAMPLE}")  # noqa: S608 -- a number
        counted = connection.execute("SELECT count(*) FROM seen").fetchone()
        described = connection.execute("DESCRIBE part").fetchall()
        columns = tuple(_column(connection, row[0], row[1]) for row in _looked_at(described))
    return Table(path=name, rows=int(counted[0]) if counted else 0, columns=columns)


def _looked_at(columns: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the columns that are looked at: of very many the first, and the last."""
    few = len(columns) <= _MOST_COLUMNS
    return columns if few else columns[: _MOST_COLUMNS - 1] + columns[-1:]


def _column(connection: object, name: str, kind: str) -> Column:
    """Summarise one column with the database's own functions."""
    from modelwarden.targets.reading.tables import are_flags

    run = connection.execute  # type: ignore[attr-defined]
    at = '"' + name.replace('"', '""') + '"'
    told = _kind(kind)
    numeric = told in {"number", "integer"}
    ends = f"min({at})::DOUBLE, max({at})::DOUBLE" if numeric else "NULL, NULL"
    long = f"avg(length({at}))" if told == "text" else "0"
    whole = f"SELECT count(*), count({at}), count(DISTINCT {at}), {ends}, {long} FROM part"  # noqa: S608 -- quoted
    rows, known, distinct, low, high, length = run(whole).fetchone()
    values: tuple[tuple[str | int | float | bool, int], ...] = ()
    if distinct <= _VALUES and told != "other":
        grouped = f"SELECT {at}, count(*) FROM part WHERE {at} IS NOT NULL GROUP BY 1 ORDER BY 1"  # noqa: S608 -- quoted
        values = tuple((value, int(count)) for value, count in run(grouped).fetchall())
    if are_flags([value for value, _ in values]):  # of a CSV, which has no types
        told, values = "boolean", tuple((str(v).lower() == "true", count) for v, count in values)
    return Column(
        name=name,
        kind=told,
        rows=rows,
        missing=rows - known,
        distinct=distinct,
        values=values,
        low=low,
        high=high,
        length=float(length or 0),
    )


def _kind(kind: str) -> str:
    if kind in {"DOUBLE", "FLOAT"} or kind.startswith("DECIMAL"):
        return "number"
    if kind.endswith("INT") or kind in {"INTEGER", "HUGEINT"}:
        return "integer"
    return {"BOOLEAN": "boolean", "VARCHAR": "text"}.get(kind, "other")
