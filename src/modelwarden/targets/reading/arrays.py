"""NumPy archives: `x` (n, …) and `y` (n,), read without ever unpickling."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelwarden.targets.frames import Column, Frame
from modelwarden.targets.reading.raw import DataError, Raw

_LARGEST = 8 << 30  # bytes of all arrays
_WORKBOOK = "xl/workbook.xml"
_INPUTS, _LABELS, _NAMES = ("x", "X"), ("y", "Y"), "columns"


def read_arrays(path: Path) -> Raw:
    """Read an npz file; `columns`, where it has them, names the columns of a two-dimensional `x`.

    Raises:
        DataError: it is no such file, lacks `x`, holds objects, or `y` has another length.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
            if _WORKBOOK in archive.namelist():
                raise DataError(
                    f"{path.name} is a workbook of Excel",
                    hint="Save the sheet as CSV (UTF-8), and name that file.",
                )
        if total > _LARGEST:
            raise DataError(f"{path.name} unpacks to {total} bytes, more than {_LARGEST}")
        with np.load(path, allow_pickle=False) as found:
            names = {name: name for name in found.files}
            x = _array(found, next((n for n in _INPUTS if n in names), None), path)
            label = next((n for n in _LABELS if n in names), None)
            y = None if label is None else _column(found[label])
            others = tuple(n for n in names if n != label)
            titles = [str(n) for n in found[_NAMES].tolist()] if _NAMES in names else []
    except DataError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path.name} cannot be read as npz: {reason}") from error
    if y is not None and y.shape != (len(x),):
        raise DataError(f"{path.name}: x has {len(x)} rows, y has shape {y.shape}")
    if titles:
        if x.ndim != 2 or x.shape[1] != len(titles):
            raise DataError(f"{path.name}: {len(titles)} columns do not go with x {x.shape}")
        frame = Frame(tuple(titles), tuple(np.ascontiguousarray(c) for c in x.T))
        return Raw(frame, y=y, others=(*others, *titles))
    return Raw(Frame((), ()), array=x, y=y, others=others)


def _array(found: np.lib.npyio.NpzFile, name: str | None, path: Path) -> npt.NDArray[np.generic]:
    if name is None:
        raise DataError(f"{path.name} holds no array x; it has: {', '.join(found.files[:10])}")
    x = found[name]
    if x.ndim < 1 or x.dtype.kind not in "biufUS":
        raise DataError(f"{path.name}: x has shape {x.shape} and type {x.dtype}")
    if len(x) and not x.size:
        raise DataError(f"{path.name}: x has shape {x.shape}, rows of no value")
    if x.dtype.kind in "US":
        return _texts(x)
    return np.asarray(x)


def _column(values: npt.NDArray[np.generic]) -> Column:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dtype.kind in "US":
        return _texts(values)
    if values.dtype.kind in "iu":
        large = values.dtype.kind == "u" and values.max(initial=0) > np.iinfo(np.int64).max
        return _large(values) if large else values.astype(np.int64)
    return values.astype(np.float64) if values.dtype.kind == "f" else values


def _large(values: npt.NDArray[np.generic]) -> Column:
    """Return whole numbers that no int64 holds: as floats, or as words where those would meet."""
    real = values.astype(np.float64)
    return real if len(np.unique(real)) == len(np.unique(values)) else _texts(values.astype(str))


def _texts(values: npt.NDArray[np.generic]) -> Column:
    texts = np.empty(values.shape, np.object_)
    flat = [
        v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values.ravel().tolist()
    ]
    texts.ravel()[:] = flat
    return texts
