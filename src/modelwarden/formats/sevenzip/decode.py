"""From the packed bytes of a 7z folder to those of its members, with decoders that we have.

Filters (BCJ, delta) are liblzma's. It applies them only before LZMA, so that what they get is
framed as LZMA2 chunks that hold plain bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from modelwarden.formats import codecs
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.sevenzip.header import Coder, Folder
    from modelwarden.formats.source import Source

COPY = b"\x00"
LZMA, LZMA2 = b"\x03\x01\x01", b"\x21"
_CODECS: dict[bytes, Callable[[], codecs.Decompressor]] = {
    b"\x04\x01\x08": codecs.deflate,
    b"\x04\x02\x02": codecs.bzip2,
    b"\x04\xf7\x11\x01": codecs.zstandard,
    b"\x04\xf7\x11\x04": codecs.lz4,
}
# Methods of BCJ filters, as older and newer archives name them, with liblzma's numbers.
_BRANCH = {
    b"\x04": 4,
    b"\x05": 5,
    b"\x06": 6,
    b"\x07": 7,
    b"\x08": 8,
    b"\x09": 9,
    b"\x03\x03\x01\x03": 4,
    b"\x03\x03\x02\x05": 5,
    b"\x03\x03\x04\x01": 6,
    b"\x03\x03\x05\x01": 7,
    b"\x03\x03\x07\x01": 8,
    b"\x03\x03\x08\x05": 9,
}
_DELTA, _DELTA_FILTER, _LZMA2_FILTER = b"\x03", 3, 0x21
_NAMES = {
    b"\x03\x04\x01": "PPMd",
    b"\x04\x01\x09": "Deflate64",
    b"\x06\xf1\x07\x01": "AES",
    b"\x03\x03\x01\x1b": "BCJ2",
    b"\x0a": "the ARM64 filter",
}
_CHUNK = 1 << 16


class UnsupportedCoderError(DamagedError):
    """A folder is packed or encrypted in a way that is not read here."""


def unpacked(source: Source, folder: Folder, limits: Limits) -> Iterator[bytes]:
    """Yield the bytes of all members of a folder, one behind the other.

    Raises:
        UnsupportedCoderError: a decoder of its chain is missing here, or they form no chain.
        DamagedError: the packed bytes are damaged.
        LimitExceededError: a bound was reached.
    """
    if not folder.order:
        raise UnsupportedCoderError(f"packed with {_named(folder)}, which is not read")
    first, *rest = folder.order
    stream = _first(source, folder, folder.coders[first], folder.sizes[first], limits)
    for index in rest:
        stream = _filtered(stream, _filter(folder.coders[index]))
    return stream


def _named(folder: Folder) -> str:
    names = [_NAMES.get(coder.method, coder.method.hex()) for coder in folder.coders]
    return " and ".join(names)


def _first(
    source: Source, folder: Folder, coder: Coder, size: int, limits: Limits
) -> Iterator[bytes]:
    at, packed = folder.packed
    if coder.method == COPY:
        return _copied(source, at, packed)
    return codecs.decompressed(source, at, packed, _maker(coder, size), limits, size=size)


def _copied(source: Source, at: int, size: int) -> Iterator[bytes]:
    for offset in range(at, at + size, codecs.PIECE):
        if not (piece := source.read(offset, min(codecs.PIECE, at + size - offset))):
            raise DamagedError("the archive is cut off", offset)
        yield piece


def _maker(coder: Coder, size: int) -> Callable[[], codecs.Decompressor]:
    if coder.method == LZMA:
        if len(coder.properties) != 5:
            raise DamagedError("no LZMA properties where they have to be")
        lzma = codecs.lzma_filters(coder.properties, size)
        return lambda: codecs.raw_lzma([lzma])
    if coder.method == LZMA2:
        lzma2 = _lzma2(coder.properties, size)
        return lambda: codecs.raw_lzma([lzma2])
    if coder.method not in _CODECS:
        name = _NAMES.get(coder.method, f"method {coder.method.hex()}")
        raise UnsupportedCoderError(f"packed with {name}, which is not read")
    return _CODECS[coder.method]


def _lzma2(properties: bytes, size: int) -> dict[str, int]:
    if len(properties) != 1 or properties[0] > 40:
        raise DamagedError("illegal LZMA2 properties")
    bits = properties[0]
    asked = 0xFFFF_FFFF if bits == 40 else (2 | bits & 1) << (bits // 2 + 11)
    return {"id": _LZMA2_FILTER, "dict_size": codecs.dictionary_for(asked, size)}


def _filter(coder: Coder) -> dict[str, int]:
    if coder.method == _DELTA and len(coder.properties) == 1:
        return {"id": _DELTA_FILTER, "dist": coder.properties[0] + 1}
    if coder.method in _BRANCH and not coder.properties:
        return {"id": _BRANCH[coder.method]}
    name = _NAMES.get(coder.method, f"method {coder.method.hex()}")
    raise UnsupportedCoderError(f"packed with {name}, which is not read")


def _filtered(stream: Iterator[bytes], wanted: dict[str, int]) -> Iterator[bytes]:
    chunks = {"id": _LZMA2_FILTER, "dict_size": _CHUNK}
    machine = codecs.raw_lzma([wanted, chunks])
    control = b"\x01"
    for piece in stream:
        for at in range(0, len(piece), _CHUNK):
            chunk = piece[at : at + _CHUNK]
            size = (len(chunk) - 1).to_bytes(2, "big")
            if plain := machine.decompress(control + size + chunk):
                yield plain
            control = b"\x02"
    if plain := machine.decompress(b"\x00"):
        yield plain
