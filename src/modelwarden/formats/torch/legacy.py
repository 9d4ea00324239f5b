"""Torch files from before the zip layout: five pickles, then the raw storages, one by one.

The pickles are the magic number, the protocol, facts about the system, the object, and the sorted
keys of its storages. Each storage is a count of 8 bytes and its numbers, in the order of the keys.
Layout: `_legacy_save` and `_legacy_load` in `torch/serialization.py` of torch 2.13.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.pickle.reader import PickleStream, view_of
from modelwarden.formats.pickle.streams import run_stream
from modelwarden.formats.torch.storages import storages
from modelwarden.formats.view import Child, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.pickle.streams import Stream
    from modelwarden.formats.source import Source
    from modelwarden.formats.torch.storages import Storage

MAGIC = 0x1950A86A20F9469CFC6C
PICKLES = 5
_HEAD = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0a" + re.escape(MAGIC.to_bytes(10, "little")) + rb"\.",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchLegacy(PickleStream):
    """The five pickles as one view.

    Attributes:
        storages: that were skipped, each shown to be referenced with its very size.
    """

    storages: int = 0


def begins_like(source: Source) -> bool:
    """Tell whether the bytes begin with torch's magic number as `torch.save` writes it."""
    return _HEAD.match(source.head) is not None


def read_legacy(source: Source, limits: Limits) -> TorchLegacy | None:
    """Return the view; None when the five pickles are not all there, so that nothing is proven."""
    streams: list[Stream] = []
    at = 0
    for _ in range(PICKLES):
        stream = run_stream(source, limits, at)
        if not stream.finished or stream.crossings:
            return None
        streams.append(stream)
        at = stream.end
    wanted = storages(streams[3].persistent)
    found, end, why = _skipped(source, at, wanted, streams[4].result)
    base = view_of(source, streams)
    view = TorchLegacy(**{f.name: getattr(base, f.name) for f in fields(base)}, storages=found)
    return replace(
        view,
        format="torch-legacy",
        producer=Producer(name="torch"),
        trailing=source.size - end,
        gaps=(*view.gaps, *((gap(source, why, at=end),) if why else ())),
        children=(*view.children, *_leftover(source, end)),
    )


def _skipped(
    source: Source, at: int, wanted: dict[str, Storage], keys: object
) -> tuple[int, int, str | None]:
    """Step over the storages; return how many, where they end, and why not all of them."""
    listed = keys[:1000] if isinstance(keys, list) else [None]
    if any(not isinstance(key, str) or key not in wanted for key in listed):
        return 0, at, "its list of storages names some that no tensor of known type refers to"
    for number, key in enumerate(sorted(wanted)):
        storage = wanted[key]
        count = int.from_bytes(source.read(at, 8), "little")
        if count != storage.count:
            return number, at, f"storage {number} has {count} elements, {storage.count} are wanted"
        if at + 8 + storage.size > source.size:
            return number, at, f"storage {number} is cut off"
        at += 8 + storage.size
    return len(wanted), at, None


def _leftover(source: Source, end: int) -> tuple[Child, ...]:
    """Return what follows as a child: several files may have been saved into one."""
    if end >= source.size:
        return ()
    name = f"(bytes from {end})"
    return (Child(name, partial(source.part, end, source.size - end, name)),)
