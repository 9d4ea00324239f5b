"""Pickle files: everything that loading one would import and call."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from modelwarden.core import GapKind, InventoryItem, ItemKind, UseKind
from modelwarden.core.values import dataclass
from modelwarden.formats.limits import Limits
from modelwarden.formats.pickle.children import nested_pickles
from modelwarden.formats.pickle.meant import meant
from modelwarden.formats.pickle.opcodes import LATEST_PROTOCOL, STARTERS
from modelwarden.formats.pickle.producers import producer_of
from modelwarden.formats.pickle.render import render
from modelwarden.formats.pickle.streams import run_streams
from modelwarden.formats.pickle.uses import NAMELESS, strongest
from modelwarden.formats.view import Child, View, gap

if TYPE_CHECKING:
    from modelwarden.core import Gap
    from modelwarden.formats.pickle.streams import Stream
    from modelwarden.formats.pickle.tokens import PickledToken
    from modelwarden.formats.pickle.uses import Use
    from modelwarden.formats.source import Source

SNIFFED = 1 << 16
_PADDING: Final = b"\0 \t\r\n"
MAGIC_BYTES: Final = bytes.fromhex("6cfc9c46f9206aa85019")  # what torch wrote before its zip layout
_PICKLE_NAMES: Final = (".pkl", ".pickle", ".p", ".joblib", ".dill", ".cloudpickle", ".pck")


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleStream(View):
    """All streams of one source.

    Attributes:
        uses: what loading would import and call, in order of the streams and their opcodes.
        protocol: the highest that is used.
        streams: how many pickles follow each other.
        end: offset behind the last STOP that was reached, or where the last stream broke.
        trailing: bytes behind `end`; a loader that reads one pickle never looks at them.
        persistent_ids: what `persistent_load` would be asked for, rendered, the first of them.
        persistent_count: all of them.
        lying_frames: arguments that reach over the end of their frame; `pickle.load` and
            `pickle.loads` read them differently, and both readings were followed.
        raw_arrays: arrays of joblib whose bytes stand in the streams.
        damaged: CPython would stop with an error in one of the streams.
        tokens: strings that may be secrets, at most a hundred of a stream.
    """

    uses: tuple[Use, ...] = ()
    protocol: int = 0
    streams: int = 0
    end: int = 0
    trailing: int = 0
    persistent_ids: tuple[str, ...] = ()
    persistent_count: int = 0
    lying_frames: int = 0
    raw_arrays: int = 0
    damaged: bool = False
    tokens: tuple[PickledToken, ...] = ()


_MOST_PADDING = 16 << 20
# Records whose own reader steps over the numbers between pickles, and opens what does not fit.
_MEASURED = ("torch-tar-storages", "torch-tar-tensors")


def sniff(source: Source) -> bool:
    """Tell whether CPython, reading from the first byte, would import or make something.

    From protocol 2 on a pickle begins with its mark. Older ones have none, or one that CPython
    never writes but takes: they must name a module that is plausible (and do something with it,
    or be named like a pickle), or end where the bytes end.
    """
    head = source.head
    if len(head) < 2 or head[0] not in STARTERS:
        return False
    if head[0] == 0x80 and head[1] >= 2:
        return head[1] <= LATEST_PROTOCOL and (len(head) < 3 or head[2] in _OPCODE_BYTES)
    part = source.part(0, SNIFFED)
    streams = run_streams(part, Limits(operations=SNIFFED * 4, seconds=5.0), search=False)
    named = source.name.lower().endswith(_PICKLE_NAMES) or source.expect == "pickle"
    if any(meant(use, sure=named) for stream in streams for use in stream.uses):
        return True
    last = streams[-1]
    return (last.finished and last.end == source.size) or (
        source.size > SNIFFED and last.damage is not None and last.end >= SNIFFED - 300
    )


def read(source: Source, limits: Limits) -> PickleStream:
    """Run the symbolic machine over every pickle in `source`, resuming after damage."""
    torn = False
    if MAGIC_BYTES in source.head[:32] and source.expect != "pickle":
        from modelwarden.formats.torch.legacy import begins_like, read_legacy

        torn = begins_like(source)
        if torn and (old := read_legacy(source, limits)) is not None:
            return old
    streams = streams_of(source, limits)
    view = view_of(source, streams)
    if torn and not view.gaps:
        # Cut exactly between two of its pickles, each of which is whole.
        why = "it begins as a torch file does, and not all of the file is there"
        view = replace(view, gaps=(gap(source, why, at=view.end),))
    if any(stream.over is not None for stream in streams):
        return view
    return replace(view, children=(*view.children, *_leftover(view)))


def leftover(view: PickleStream) -> bytes:
    """Return the first bytes behind the last pickle, from where they are more than padding.

    Padding of more than `_MOST_PADDING` bytes is none: what stands behind it was not looked at.
    """
    at, part = view.end, b""
    while at - view.end < _MOST_PADDING:
        if not (part := view.source.read(at, SNIFFED)):
            return b""
        if kept := part.lstrip(_PADDING):
            return kept
        at += len(part)
    return part


def _leftover(view: PickleStream) -> tuple[Child, ...]:
    """Return what stands behind the last pickle, unless it is padding: it may be anything."""
    source, at = view.source, view.end
    if view.damaged or not view.streams or source.expect in _MEASURED or not leftover(view):
        return ()
    name = f"(bytes from {at})"
    return (Child(name, partial(source.part, at, view.trailing, name)),)


def streams_of(source: Source, limits: Limits) -> list[Stream]:
    """Run the streams of `source` once, however many readers ask for them."""
    kept = source.memo.get(__name__)
    if isinstance(kept, list):
        return kept
    streams = run_streams(source, limits)
    source.memo[__name__] = streams
    return streams


def view_of(source: Source, streams: list[Stream]) -> PickleStream:
    """Return the view of streams that were run over `source`."""
    everything = [one for stream in streams for one in (stream, *stream.inner)]
    uses = tuple(use for stream in everything for use in stream.uses)
    end = max((stream.end for stream in streams), default=0)
    pids = [pid.pid for stream in streams for pid in stream.persistent[:1000]]
    children, child_gaps = nested_pickles(source, everything)
    return PickleStream(
        source=source,
        format="pickle",
        producer=producer_of(source, uses),
        uses=uses,
        protocol=max((stream.protocol for stream in streams), default=0),
        streams=len(streams),
        end=end,
        trailing=source.size - end,
        persistent_ids=tuple(render(pid, 200) for pid in pids[:1000]),
        persistent_count=sum(stream.persistent_count for stream in streams),
        lying_frames=sum(stream.crossings for stream in streams),
        raw_arrays=sum(stream.raw_arrays for stream in streams),
        damaged=any(stream.damage is not None for stream in streams),
        tokens=tuple(token for stream in everything for token in stream.tokens),
        gaps=(*_gaps(source, everything), *child_gaps),
        children=children,
        inventory=_imports(source, uses),
    )


def _gaps(source: Source, streams: list[Stream]) -> list[Gap]:
    gaps: list[Gap] = []
    for stream in streams:
        if stream.damage is not None:
            why = f"the pickle breaks off: {stream.damage.why}"
            gaps.append(gap(source, why, at=stream.end))
        if stream.over is not None:
            gaps.append(gap(source, str(stream.over), GapKind.OVER_LIMIT, at=stream.end))
        if stream.unread:
            why = "its frames can be read in more ways than were followed"
            gaps.append(gap(source, why, GapKind.OVER_LIMIT, at=stream.start))
        gaps += [gap(source, note, at=stream.start) for note in stream.notes]
        gaps += [
            gap(source, f"the name {use.name} is only known while loading", _CODE, at=use.at)
            for use in stream.uses
            if not use.resolved and use.name != NAMELESS.name
        ][:100]
    return gaps


def _imports(source: Source, uses: tuple[Use, ...]) -> tuple[InventoryItem, ...]:
    kinds: dict[str, list[UseKind]] = {}
    for use in uses:
        if use.module:
            kinds.setdefault(use.dotted, []).append(use.kind)
    return tuple(
        InventoryItem(
            kind=ItemKind.IMPORT,
            name=name,
            path=source.name,
            member=source.member,
            use=strongest(found),
        )
        for name, found in kinds.items()
    )


_CODE: Final = GapKind.UNEXAMINED_CODE
_OPCODE_BYTES: Final = frozenset(STARTERS | set(b"."))
