"""Writes tensors as safetensors or npz, piece by piece, and reads back what was written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from modelwarden.convert.dtypes import NUMPY
from modelwarden.convert.errors import ConvertError, UnequalError
from modelwarden.convert.tensor import Tensor, pieces, row_major
from modelwarden.formats.archive import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

Progress = Callable[[int], None]
_HEADER = 100_000_000
# Widest first, so that every tensor stands aligned; the order of the reference library.
_RANKS = {"C64": 8, "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4}
_STAMP = (1980, 1, 1, 0, 0, 0)


def safetensors_order(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the tensors in the order in which they are written."""
    return sorted(tensors, key=lambda t: (-_RANKS.get(t.dtype, t.width), t.name))


def check_safetensors(tensors: Sequence[Tensor]) -> None:
    """Refuse what the format cannot hold.

    Raises:
        ConvertError: a name or type that it does not know.
    """
    for tensor in tensors:
        if tensor.name == "__metadata__" or not _is_text(tensor.name):
            raise ConvertError(f"{printable(tensor.name)!r} is no name for a tensor in safetensors")
        if tensor.dtype == "C128":
            raise ConvertError(
                f"{printable(tensor.name)} is complex128, which safetensors does not know",
                hint="Write .npz instead.",
            )


def write_safetensors(
    out: BinaryIO, tensors: Sequence[Tensor], metadata: Mapping[str, str], tell: Progress
) -> None:
    """Write a whole file."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for tensor in safetensors_order(tensors):
        header[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [at, at + tensor.size],
        }
        at += tensor.size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _HEADER:
        raise ConvertError(f"the names of the tensors take {len(text)} bytes, over {_HEADER}")
    out.write(len(text).to_bytes(8, "little"))
    out.write(text)
    for tensor in safetensors_order(tensors):
        for piece in pieces(tensor):
            out.write(piece)
            tell(len(piece))


def check_npz(tensors: Sequence[Tensor]) -> None:
    """Refuse what the format cannot hold.

    Raises:
        ConvertError: a name or type that it does not know.
    """
    for tensor in tensors:
        if tensor.dtype not in NUMPY:
            raise ConvertError(
                f"{printable(tensor.name)} is {tensor.dtype}, which numpy does not know",
                hint="Write .safetensors instead.",
            )
        name = tensor.name
        parts = name.split("/")
        if not _is_text(name) or "\\" in name or any(part in {"", ".", ".."} for part in parts):
            raise ConvertError(f"{printable(name)!r} is no name for an array in an npz file")


def write_npz(
    out: BinaryIO, tensors: Sequence[Tensor], metadata: Mapping[str, str], tell: Progress
) -> None:
    """Write a whole file; there is no place for metadata in it."""
    del metadata
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for tensor in tensors:
            info = zipfile.ZipInfo(f"{tensor.name}.npy", _STAMP)
            info.external_attr = 0o600 << 16
            header = npy_header(tensor)
            info.file_size = len(header) + tensor.size
            with archive.open(info, "w", force_zip64=info.file_size >= 1 << 31) as member:
                member.write(header)
                for piece in pieces(tensor):
                    member.write(piece)
                    tell(len(piece))


def npy_header(tensor: Tensor) -> bytes:
    """Return what stands before the numbers in a `.npy` of version 1 or 2."""
    code = NUMPY[tensor.dtype]
    order = "|" if tensor.width == 1 else "<"
    shape = ", ".join(map(str, tensor.shape)) + ("," if len(tensor.shape) == 1 else "")
    text = f"{{'descr': '{order}{code}', 'fortran_order': False, 'shape': ({shape}), }}"
    wide = len(text) > 65_000
    start = 12 if wide else 10
    text += " " * (-(start + len(text) + 1) % 64) + "\n"
    length = len(text).to_bytes(4 if wide else 2, "little")
    return b"\x93NUMPY" + (b"\x02\x00" if wide else b"\x01\x00") + length + text.encode()


def compare(
    written: Source,
    limits: Limits,
    tensors: Sequence[Tensor],
    metadata: Mapping[str, str],
    tell: Progress,
) -> None:
    """Read a written file with our own strict readers and compare every bit with the source.

    Raises:
        UnequalError: something is not as it was read.
    """
    from modelwarden.convert.opening import contents_of

    found = contents_of(written, limits)
    if found.refused or found.lost:
        raise UnequalError("the written file holds something that is no tensor")
    if found.format == "safetensors" and {**found.kept, "format": found.framework} != {
        "format": "np",
        **metadata,
    }:
        raise UnequalError("the metadata of the written file is another")
    by_name = {tensor.name: tensor for tensor in found.tensors}
    if len(by_name) != len(tensors) or len(found.tensors) != len(tensors):
        raise UnequalError(f"{len(found.tensors)} tensors were written, not {len(tensors)}")
    for tensor in tensors:
        copy = by_name.get(tensor.name)
        if copy is None or (copy.dtype, copy.shape) != (tensor.dtype, tensor.shape):
            raise UnequalError(f"{printable(tensor.name)} has another type or shape than before")
        if copy.strides != row_major(copy.shape, copy.width) or copy.swapped:
            raise UnequalError(f"{printable(tensor.name)} was not written in order")
        _equal(tensor, copy, tell)


def _equal(tensor: Tensor, copy: Tensor, tell: Progress) -> None:
    at = copy.offset
    for piece in pieces(tensor):
        if copy.source.read(at, len(piece)) != piece:
            raise UnequalError(f"{printable(tensor.name)} was not written as it was read")
        at += len(piece)
        tell(len(piece))
    if at != copy.offset + copy.size:
        raise UnequalError(f"{printable(tensor.name)} was not written whole")


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return bool(name) and "\0" not in name


def tied(tensors: Sequence[Tensor]) -> Iterator[tuple[str, str]]:
    """Yield pairs of tensors that are windows on the same bytes: the second, and the first."""
    seen: dict[tuple[int, int, tuple[int, ...], tuple[int, ...]], str] = {}
    for tensor in tensors:
        key = (id(tensor.source), tensor.offset, tensor.shape, tensor.strides)
        if tensor.size and key in seen:
            yield tensor.name, seen[key]
        seen.setdefault(key, tensor.name)
