"""The records of torch's first layout, a tar of pickles with raw numbers between them.

`storages` is a count, then for each storage a pickled (key, location, class), a count of 8 bytes
and the numbers; a pickled list of views ends it. `tensors` is a count, then for each tensor a
pickled (key, storage, class), its dimensions, sizes, strides and offset. Layout: `legacy_load` in
`torch/serialization.py` of torch 2.13, which still reads it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.pickle.reader import PickleStream, view_of
from modelwarden.formats.pickle.streams import Stream, run_stream
from modelwarden.formats.torch.storages import width_of
from modelwarden.formats.view import Child, gap

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Records:
    """A reader of one of the two records: pickles with raw numbers between them."""

    raw: Callable[[Source, int, object], int | None]
    last: bool

    def sniff(self, source: Source) -> bool:
        """Never by content: only the archive around it knows."""
        return source.expect in {"torch-tar-storages", "torch-tar-tensors"}

    def read(self, source: Source, limits: Limits) -> PickleStream:
        """Run the pickles and step over the numbers; what does not fit is opened by itself."""
        streams = [run_stream(source, limits)]
        at, count = streams[0].end, streams[0].result
        whole = isinstance(count, int) and 0 <= count <= _MOST and streams[0].finished
        for _ in range(count if whole and isinstance(count, int) else 0):
            stream = run_stream(source, limits, at)
            streams.append(stream)
            end = self.raw(source, stream.end, stream.result) if stream.finished else None
            if end is None or end > source.size:
                whole = False
                break
            at = end
        if whole and self.last:
            streams.append(run_stream(source, limits, at))
            at = streams[-1].end
        return self._view(source, streams, at)

    def _view(self, source: Source, streams: list[Stream], at: int) -> PickleStream:
        view = view_of(source, streams)
        if at >= source.size:
            return view
        name = f"(bytes from {at})"
        rest = Child(name, partial(source.part, at, source.size - at, name, expect="pickle"))
        why = gap(source, "its records are not laid out as torch writes them", at=at)
        return replace(view, gaps=(*view.gaps, why), children=(*view.children, rest))


def _storage(source: Source, at: int, described: object) -> int | None:
    """Return where the numbers of a storage end."""
    if not isinstance(described, tuple) or len(described) != 3:
        return None
    width = width_of(described[2])
    count = int.from_bytes(source.read(at, 8), "little")
    return None if width is None else at + 8 + count * width


def _tensor(source: Source, at: int, described: object) -> int | None:
    """Return where sizes, strides and offset of a tensor end."""
    dimensions = int.from_bytes(source.read(at, 4), "little")
    if not isinstance(described, tuple) or dimensions > 64:
        return None
    return at + 8 + 16 * dimensions + 8


STORAGES = _Records(_storage, last=True)
TENSORS = _Records(_tensor, last=False)
