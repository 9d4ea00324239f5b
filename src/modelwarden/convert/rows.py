"""Rows of numbers from a `.npy` file, without numpy."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modelwarden.convert.contents import Contents
from modelwarden.convert.errors import ConvertError
from modelwarden.convert.opening import contents_of
from modelwarden.convert.run import opened
from modelwarden.convert.tensor import pieces
from modelwarden.formats import Limits

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 64 << 20
_CODES = {
    "F64": "d",
    "F32": "f",
    "F16": "e",
    "I64": "q",
    "I32": "i",
    "I16": "h",
    "I8": "b",
    "U64": "Q",
    "U32": "I",
    "U16": "H",
    "U8": "B",
    "BOOL": "?",
}


def rows_of(path: Path) -> list[tuple[float, ...]]:
    """Return the rows of a two-dimensional array.

    Raises:
        ConvertError: the file is none, or far too large.
    """
    with opened(path) as source:
        found: Contents = contents_of(source, Limits())
        if found.format != "npy" or len(found.tensors) != 1:
            raise ConvertError(f"{path} is no .npy file of numbers")
        tensor = found.tensors[0]
        if len(tensor.shape) != 2 or tensor.dtype not in _CODES or tensor.size > _MOST:
            raise ConvertError(f"{path} must hold rows of numbers, of at most {_MOST >> 20} MiB")
        data = b"".join(pieces(tensor))
    rows, columns = tensor.shape
    values = struct.unpack(f"<{rows * columns}{_CODES[tensor.dtype]}", data)
    return [tuple(map(float, values[i * columns : (i + 1) * columns])) for i in range(rows)]
