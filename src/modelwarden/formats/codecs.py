"""Decompressors of the standard library and the codecs extra, with one bounded way to run them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

PIECE = 1 << 18
_DICTIONARY = 256 << 20  # the most that an xz or LZMA dictionary may take


class MissingCodecError(DamagedError):
    """The codecs extra that could read these bytes is not installed."""


class Decompressor(Protocol):
    """What the objects of `bz2`, `lzma`, `lz4` and `zstd` have in common."""

    @property
    def eof(self) -> bool:
        """The end marker of the stream was met."""

    @property
    def needs_input(self) -> bool:
        """More input is needed before more output comes."""

    @property
    def unused_data(self) -> bytes | None:
        """Input behind the end of the stream; LZ4 says None when there is none."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return at most `max_length` bytes."""


class _Zlib:
    """`zlib`'s object with the interface of the others; `bits` as `zlib.decompressobj` takes it."""

    __slots__ = ("_object",)

    def __init__(self, bits: int) -> None:
        import zlib

        self._object = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, max(max_length, 0))


def deflate() -> Decompressor:
    """Raw deflate."""
    return _Zlib(-15)


def zlib() -> Decompressor:
    """Deflate between a zlib header and a checksum."""
    return _Zlib(15)


def gzip() -> Decompressor:
    """One gzip member."""
    return _Zlib(31)


def bzip2() -> Decompressor:
    """One bzip2 stream."""
    import bz2

    return bz2.BZ2Decompressor()


def xz() -> Decompressor:
    """One xz or `.lzma` stream."""
    import lzma

    return lzma.LZMADecompressor(memlimit=_DICTIONARY + (8 << 20))


def raw_lzma(filters: list[dict[str, int]]) -> Decompressor:
    """LZMA without a container; the caller bounds the dictionary that the filters name."""
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def zstandard() -> Decompressor:
    """One Zstandard frame; windows over 128 MiB are refused."""
    return cast(
        "Decompressor",
        _optional("Zstandard", "compression.zstd", "backports.zstd").ZstdDecompressor(),
    )


def lz4() -> Decompressor:
    """One LZ4 frame."""
    return cast("Decompressor", _optional("LZ4", "lz4.frame").LZ4FrameDecompressor())


@cache  # the look for what is not there goes through all folders of the path
def _optional(title: str, *names: str) -> ModuleType:
    from importlib import import_module

    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise MissingCodecError(f"{title} needs the codecs extra: pip install 'modelwarden[codecs]'")


def decompressed(
    source: Source,
    offset: int,
    packed: int,
    make: Callable[[], Decompressor],
    limits: Limits,
    *,
    size: int | None = None,
) -> Iterator[bytes]:
    """Yield what one stream in `source[offset:offset + packed]` expands to, in bounded pieces.

    Args:
        source: where it stands.
        offset: of its first byte.
        packed: bytes that it may take.
        make: gives a fresh decompressor.
        limits: the account that pays.
        size: bytes that it expands to, for streams without an end marker.

    Raises:
        DamagedError: the stream breaks or ends early; what came before was yielded.
        LimitExceededError: a bound was reached.
    """
    return Run(source, offset, packed, make, limits, size).pieces()


class Run:
    """One stream being decompressed, keeping account of where it stands.

    Attributes:
        consumed: bytes of input that the stream was made of, exact once it has ended.
        produced: bytes of output so far.
    """

    __slots__ = (
        "_enough",
        "_limits",
        "_make",
        "_offset",
        "_size",
        "_source",
        "consumed",
        "produced",
    )

    def __init__(
        self,
        source: Source,
        offset: int,
        size: int,
        make: Callable[[], Decompressor],
        limits: Limits,
        end: int | None = None,
    ) -> None:
        """Prepare; nothing is read before `pieces` is iterated; `end` is a size known before."""
        self._enough = float("inf") if end is None else end
        self._source, self._offset, self._size = source, offset, size
        self._make, self._limits = make, limits
        self.consumed = 0
        self.produced = 0

    def pieces(self) -> Iterator[bytes]:
        """Yield the output; see `decompressed`."""
        machine = self._made()
        data, fed = b"", 0
        while True:
            if machine.needs_input and not data:
                data = self._source.read(self._offset + fed, min(PIECE, self._size - fed))
                if not data:
                    raise DamagedError("the compressed stream ends early", self._offset + fed)
                fed += len(data)
            piece = self._step(machine, data, fed)
            data = b""
            if piece:
                self.produced += len(piece)
                self._limits.spend(expanded=len(piece))
                self._limits.check_ratio(fed, self.produced)
                yield piece
            if machine.eof or self.produced >= self._enough:
                self.consumed = fed - len(machine.unused_data or b"")
                return

    def _made(self) -> Decompressor:
        import lzma

        try:
            return self._make()
        except (ValueError, lzma.LZMAError, MemoryError) as error:
            raise DamagedError(f"no decompressor for this: {error}", self._offset) from None

    def _step(self, machine: Decompressor, data: bytes, fed: int) -> bytes:
        try:
            return machine.decompress(data, PIECE)
        except MissingCodecError:
            raise
        except Exception as error:  # noqa: BLE001 -- each codec raises classes of its own
            raise DamagedError(
                f"the compressed stream is damaged ({str(error)[:100]})", self._offset + fed
            ) from None


def lzma_filters(properties: bytes, size: int) -> dict[str, int]:
    """Return the filter for five bytes of LZMA1 properties, for a stream of `size` bytes out.

    A dictionary larger than the output is of no use, so that it is cut down: a header of five
    bytes does not make us allocate 4 GiB.

    Raises:
        DamagedError: the properties are not legal, or the dictionary needed is over 256 MiB.
    """
    import lzma

    code, dictionary = properties[0], int.from_bytes(properties[1:5], "little")
    if code >= 225:
        raise DamagedError("illegal LZMA properties")
    return {
        "id": lzma.FILTER_LZMA1,
        "lc": code % 9,
        "lp": code // 9 % 5,
        "pb": code // 45,
        "dict_size": dictionary_for(dictionary, size),
    }


def dictionary_for(asked: int, size: int) -> int:
    """Return the LZMA dictionary to use when `asked` bytes are named for `size` bytes of output.

    Raises:
        DamagedError: more than 256 MiB would be needed.
    """
    needed = max(4096, min(asked, size))
    if needed > _DICTIONARY:
        raise DamagedError(f"an LZMA dictionary of {needed} bytes, over the limit of {_DICTIONARY}")
    return needed
