"""Readers of files that are one compressed stream, or several behind each other.

Loaders join the streams of one file (`gzip`, `bz2`, `lzma`, joblib's own files), so the child is
what all of them give together. Bytes behind the last stream are a child of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats import codecs
from modelwarden.formats.archive import Anomaly, ArchiveView, Oddity
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.streams import Expanding
from modelwarden.formats.view import Child, DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Gap, Json
    from modelwarden.formats.source import Source

CONTENT = "(decompressed)"
_TRIAL = 4096
_SKIPPABLE = rb"[\x50-\x5f]\x2a\x4d\x18"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed(ArchiveView):
    """A compressed file.

    Attributes:
        streams: how many follow each other.
        expanded: bytes that they give.
    """

    streams: int = 0
    expanded: int = 0


@dataclass(frozen=True, slots=True)
class Codec:
    """One format of compressed files, with `sniff` and `read` as readers have them.

    Attributes:
        begins: how a stream begins.
        tried: the beginning proves too little, so that some bytes are decompressed.
        header: what `begins` matches stands in front of the one stream.
        expect: format as which the only loader of these files reads the content.
    """

    id: str
    make: Callable[[], codecs.Decompressor]
    begins: re.Pattern[bytes]
    tried: bool = False
    header: bool = False
    expect: str | None = None

    def sniff(self, source: Source) -> bool:
        """Tell whether a stream of this format begins here."""
        if self.begins.match(source.head) is None:
            return False
        return not self.tried or self._works(source)

    def read(self, source: Source, limits: Limits) -> Compressed:
        """Decompress within the limits; what came before damage or a limit is kept."""
        state = _State(source.size, self._start(source))
        store = Expanding(self._pieces(source, limits, state))
        gaps: list[Gap] = []
        anomalies: list[Anomaly] = []
        try:
            store.fill()
        except LimitExceededError as over:
            gaps.append(gap(source, str(over), GapKind.OVER_LIMIT))
            anomalies.append(_bomb(source, store.ready))
        if store.damage is not None:
            missing = isinstance(store.damage, codecs.MissingCodecError)
            kind = GapKind.UNSUPPORTED if missing else GapKind.UNREADABLE
            gaps.append(gap(source, store.damage.why, kind, store.damage.offset))
        children = [
            Child(CONTENT, partial(_content, source, store, self.expect)),
            *([] if gaps else _behind(source, state.end, anomalies)),
        ]
        return Compressed(
            source=source,
            format=self.id,
            gaps=tuple(gaps),
            children=tuple(children if store.ready or not gaps else children[1:]),
            anomalies=tuple(anomalies),
            streams=state.streams,
            expanded=store.ready,
        )

    def _pieces(self, source: Source, limits: Limits, state: _State) -> Iterator[bytes]:
        produced = 0
        while state.end < source.size:
            first = state.streams == 0
            if not first and self._stream.match(source.read(state.end, 16)) is None:
                return
            run = codecs.Run(source, state.end, source.size - state.end, self.make, limits)
            for piece in run.pieces():
                produced += len(piece)
                limits.check_ratio(state.end + codecs.PIECE, produced)
                yield piece
            state.end += max(run.consumed, 1)
            state.streams += 1

    @property
    def _stream(self) -> re.Pattern[bytes]:
        """How a further stream begins: without the header, if there is one."""
        return re.compile(rb"(?!)") if self.header else self.begins

    def _works(self, source: Source) -> bool:
        start, limits = self._start(source), Limits(seconds=5.0)
        stream = codecs.decompressed(source.part(0, _TRIAL), start, _TRIAL, self.make, limits)
        try:
            if source.size > _TRIAL:
                return bool(next(stream, b""))
            for _ in stream:
                pass
        except (DamagedError, LimitExceededError):
            return False
        return True

    def _start(self, source: Source) -> int:
        match = self.begins.match(source.head)
        return match.end() if self.header and match is not None else 0


@dataclass(slots=True)
class _State:
    """How far the streams of a file were read: behind the last one that ended well."""

    size: int
    end: int
    streams: int = 0


def _content(source: Source, store: Expanding, expect: str | None) -> Source:
    return source.nested(store, CONTENT, size=store.ready, expect=expect)


def _behind(source: Source, at: int, anomalies: list[Anomaly]) -> list[Child]:
    """Return what stands behind the streams, unless it is padding."""
    size = source.size - at
    if size <= 0 or not any(
        source.read(offset, codecs.PIECE).strip(b"\0")
        for offset in range(at, source.size, codecs.PIECE)
    ):
        return []
    facts: dict[str, Json] = {"size": size, "begins": source.read(at, 16).hex()}
    text = f"{size} bytes stand behind the compressed stream"
    anomalies.append(Anomaly(Oddity.APPENDED, text, at=at, facts=facts))
    name = f"(bytes from {at})"
    return [Child(name, partial(source.part, at, size, name))]


def _bomb(source: Source, expanded: int) -> Anomaly:
    facts: dict[str, Json] = {"packed": source.size, "expanded": expanded}
    return Anomaly(
        Oddity.BOMB, f"{source.size} bytes expand to {expanded} and more", at=0, facts=facts
    )


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL)


GZIP = Codec("gzip", codecs.gzip, _pattern(rb"\x1f\x8b\x08"))
BZIP2 = Codec("bzip2", codecs.bzip2, _pattern(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"))
XZ = Codec("xz", codecs.xz, _pattern(rb"\xfd7zXZ\x00"))
# A size of 0 is left out: it holds nothing, and headers of other formats look so.
_LZMA = rb"[\x00-\xe0].{4}(?!\x00{8})(.{5}\x00{3}|\xff{8})"
LZMA = Codec("lzma", codecs.xz, _pattern(_LZMA), tried=True)
ZLIB = Codec(
    "zlib", codecs.zlib, _pattern(rb"[\x08\x18\x28\x38\x48\x58\x68\x78][\x00-\xff]"), tried=True
)
LZ4 = Codec("lz4", codecs.lz4, _pattern(rb"\x04\x22\x4d\x18|" + _SKIPPABLE))
ZSTD = Codec("zstd", codecs.zstandard, _pattern(rb"\x28\xb5\x2f\xfd|" + _SKIPPABLE))
# joblib before 0.10: a length in hexadecimal, padded to 19 characters, and one zlib stream.
JOBLIB_ZF = Codec(
    "joblib-zf",
    codecs.zlib,
    _pattern(rb"ZF0x[0-9a-f]{1,17}L? *(?=\x78)"),
    tried=True,
    header=True,
    expect="pickle",
)
