"""HDF5 files, and which of them Keras wrote: told by the attributes that Keras leaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwarden.formats.identified.kind import Kind, producer

if TYPE_CHECKING:
    from modelwarden.core import Producer
    from modelwarden.formats.source import Source

_MAGIC = b"\x89HDF\r\n\x1a\n"
_SEARCHED = 1 << 20
_KERAS = re.compile(rb"\x00(?:keras_version|model_config|layer_names|weight_names)\x00")
_VERSION = re.compile(rb"\x0e\x00(..)(..)keras_version\x00\x00\x00", re.DOTALL)
_DOTTED = re.compile(rb"\d{1,3}\.\d{1,3}(?:\.\d{1,3})?[-.\w]{0,16}")


def superblock(source: Source) -> int | None:
    """Return where the superblock stands: at 0, or behind a user block of 512 × 2ⁿ bytes."""
    if source.head.startswith(_MAGIC):
        return 0
    at = 512
    while at < min(source.size, 1 << 24):
        if source.read(at, 8) == _MAGIC:
            return at
        at *= 2
    return None


def _edges(source: Source) -> bytes:
    first = source.read(0, _SEARCHED)
    return first + source.read(max(len(first), source.size - _SEARCHED), _SEARCHED)


def _is_keras(source: Source) -> bool:
    known = source.memo.get("hdf5.keras")
    if not isinstance(known, bool):
        known = superblock(source) is not None and _KERAS.search(_edges(source)) is not None
        source.memo["hdf5.keras"] = known
    return known


def _keras(source: Source) -> Producer | None:
    data = _edges(source)
    for found in _VERSION.finditer(data):
        datatype, dataspace = (int.from_bytes(part, "little") for part in found.groups())
        at = found.end() + -(-datatype // 8) * 8 + -(-dataspace // 8) * 8
        value = data[at : at + 16]
        if plain := _DOTTED.match(value):
            return producer("keras", plain[0].decode())
        if text := _heap_string(source, value):
            return producer("keras", text)
    return producer("keras")


def _heap_string(source: Source, reference: bytes) -> str | None:
    """Follow the reference of a variable-length string: length, heap address, object number."""
    length, address = int.from_bytes(reference[:4], "little"), reference[4:12]
    number = int.from_bytes(reference[12:16], "little")
    heap = source.read(int.from_bytes(address, "little"), 4096)
    if not heap.startswith(b"GCOL") or not 0 < length <= 40:
        return None
    at = 16
    while at + 16 <= len(heap):
        size = int.from_bytes(heap[at + 8 : at + 16], "little")
        if int.from_bytes(heap[at : at + 2], "little") == number:
            found = _DOTTED.fullmatch(heap[at + 16 : at + 16 + length].rstrip(b"\x00"))
            return found[0].decode() if found else None
        at += 16 + -(-size // 8) * 8
    return None


KERAS_H5 = Kind("keras-h5", "a Keras HDF5 file", _is_keras, _keras)
HDF5 = Kind(
    "hdf5",
    "an HDF5 file",
    lambda source: superblock(source) is not None and not _is_keras(source),
)
