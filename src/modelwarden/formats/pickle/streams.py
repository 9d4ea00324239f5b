"""Streams in a file, one after another, and the search for the next one behind damage."""

from __future__ import annotations

import re
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Final

from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle.arrays import skip_array
from modelwarden.formats.pickle.machine import Machine
from modelwarden.formats.pickle.opcodes import STARTERS
from modelwarden.formats.pickle.tape import alternatives
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.pickle.tokens import PickledToken
    from modelwarden.formats.pickle.uses import Use
    from modelwarden.formats.pickle.values import Global, Persistent
    from modelwarden.formats.source import Source

READINGS = 16
STREAMS = 10_000
CANDIDATES = 2_000
SCANNED = 64 << 20
_WINDOW = 1 << 18
_OVERLAP = 512
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")
_STARTER_CLASS = b"[" + b"".join(b"\\x%02x" % code for code in sorted(STARTERS)) + b"]"
_CANDIDATE: Final = re.compile(
    rb"\x80[\x02-\x05]" + _STARTER_CLASS + rb"|[ci][A-Za-z_][\w.]{0,200}\n[A-Za-z_]\w{0,200}\n",
    re.DOTALL,
)


@dataclass(slots=True)
class Stream:
    """One stream that was run.

    Attributes:
        start: offset of its first byte.
        end: offset behind its STOP, or where it broke.
        protocol: the highest that its opcodes say.
        uses: what it imports and calls, in order.
        persistent: its persistent ids, the first of them; `persistent_count` is all.
        suspects: constants that may hold a pickle.
        tokens: strings that may be secrets.
        result: what STOP would return, symbolically; None when it was not reached.
        damage: why CPython stops with an error, or None.
        over: the bound that ended the run, or None.
        crossings: arguments that reach over the end of a frame: the machines read them apart.
        readings: how often the stream was run to follow each of them.
        unread: not all readings could be followed.
        nexts: where the next stream may begin.
        notes: why something in it could not be followed.
        raw_arrays: arrays of joblib that stand in it.
        inner: pickles of arrays of objects that stand in it.
        alone: it ends well, and does the same wherever it stands: nothing in it depends on memo,
            frames or settings of a stream around it.
    """

    start: int
    end: int = 0
    protocol: int = 0
    uses: list[Use] = field(default_factory=list)
    persistent: list[Persistent] = field(default_factory=list)
    persistent_count: int = 0
    suspects: list[tuple[int, object]] = field(default_factory=list)
    tokens: list[PickledToken] = field(default_factory=list)
    result: object = None
    finished: bool = False
    damage: DamagedError | None = None
    over: LimitExceededError | None = None
    crossings: int = 0
    readings: int = 0
    unread: bool = False
    nexts: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw_arrays: int = 0
    inner: list[Stream] = field(default_factory=list)
    alone: bool = False

    @property
    def plausible(self) -> bool:
        """Whether this was meant to be a pickle: it ends well, or imports something by a name."""
        return self.finished or any(_named(use) for use in self.uses)


def _named(use: Use) -> bool:
    """Tell whether a use imports by a name that a module could have."""
    return use.resolved and _NAME.match(use.module) is not None


def run_stream(
    source: Source,
    limits: Limits,
    start: int = 0,
    *,
    end: int | None = None,
    extensions: dict[int, Global] | None = None,
    arrays: bool = True,
    run: frozenset[int] = frozenset(),
) -> Stream:
    """Run one stream, in every way in which the machines of CPython would read it.

    Args:
        source: where it stands.
        limits: the account that pays.
        start: offset of its first byte.
        end: offset that it must not pass; the end of `source` when None.
        extensions: EXT codes that are known; what the stream registers is added.
        arrays: joblib may be the loader, and read arrays from the middle of the stream. The
            reading without is followed as well: what it would import by a plausible name counts.
        run: without `arrays`, where streams begin that were run and do the same in this one.
    """
    stream = Stream(start)
    pending: list[tuple[bool, ...]] = [()]
    while pending and stream.over is None:
        if stream.readings >= READINGS:
            stream.unread = True
            break
        choices = pending.pop(0)
        machine = Machine(
            source, limits, start=start, end=end, choices=choices, extensions=extensions
        )
        if arrays:
            machine.hook = partial(skip_array, objects=partial(_objects, stream), read={})
        elif run:
            machine.hook = partial(_end_at, run)
        _run(machine, stream, first=not choices)
        pending += alternatives(choices, machine.tape.crossings, READINGS)
        # Each crossing that was met has another reading; so many are not all followed.
        stream.unread |= machine.tape.crossings > READINGS
    if stream.raw_arrays and stream.over is None:
        alone = frozenset(inner.start for inner in stream.inner if inner.alone)
        plain = run_stream(
            source, limits, start, end=end, extensions=extensions, arrays=False, run=alone
        )
        known = {_identity(use) for use in stream.uses}
        stream.uses += [use for use in plain.uses if _identity(use) not in known and _named(use)]
    return stream


def _objects(stream: Stream, machine: Machine, at: int) -> int:
    """Run the pickle of an array of objects in the middle of `stream`; return where it ends."""
    tape = machine.tape
    inner = run_stream(tape.source, machine.limits, at, end=tape.end, arrays=False)
    stream.inner.append(inner)
    if inner.over is not None:
        raise inner.over
    inner.alone &= tape.source.read(at, 1) == b"\x80" and not inner.unread
    if not inner.finished:
        raise DamagedError("an array of objects whose pickle breaks off", inner.end)
    return inner.end


def _end_at(known: frozenset[int], machine: Machine, _: object) -> None:
    """End a stream where it would go on in one that is known, up to the STOP of that."""
    if machine.tape.at in known and not machine.tape.frames:
        machine.done = not machine.hooks and not machine.extensions


def _run(machine: Machine, stream: Stream, *, first: bool) -> None:
    damage: DamagedError | None = None
    try:
        machine.run()
    except DamagedError as error:
        damage = error
    except LimitExceededError as error:
        stream.over = error
    tape = machine.tape
    stream.readings += 1
    stream.crossings = max(stream.crossings, tape.crossings)
    uses = machine.uses.finish(tape.source, machine.start, tape.at)
    if first:
        stream.uses = uses
        stream.damage = damage
        stream.finished = machine.done
        stream.end = tape.at if damage is None else machine.op_at
        stream.result = machine.stack[-1] if machine.done else None
        stream.alone = machine.done and not machine.memoized and not machine.tape.crossings
    else:
        known = {_identity(use) for use in stream.uses}
        stream.uses += [use for use in uses if _identity(use) not in known]
        stream.finished |= machine.done
    stream.protocol = max(stream.protocol, machine.protocol)
    if machine.persistent_count > stream.persistent_count:
        stream.persistent = machine.persistent
        stream.persistent_count = machine.persistent_count
    stream.suspects += [s for s in machine.suspects if first or s not in stream.suspects]
    stream.tokens += [one for one in machine.tokens.values() if one not in stream.tokens]
    stream.notes += [note for note in machine.notes if note not in stream.notes]
    stream.raw_arrays = max(stream.raw_arrays, machine.raw_arrays)
    if machine.done:
        ends = [tape.at, *tape.frames]
        stream.nexts += [at for at in ends if at not in stream.nexts and at >= tape.at]


def _identity(use: Use) -> tuple[object, ...]:
    return use.module, use.name, use.kind, use.at, use.via, use.method, use.rendered


def run_streams(
    source: Source,
    limits: Limits,
    start: int = 0,
    *,
    count: int = STREAMS,
    end: int | None = None,
    arrays: bool = True,
    search: bool = True,
) -> list[Stream]:
    """Run up to `count` streams that follow each other from `start` on.

    Behind damage, and behind bytes that are no stream, the search goes on where a stream could
    begin, unless `search` is False.
    """
    stop = source.size if end is None else min(end, source.size)
    extensions: dict[int, Global] = {}
    streams: list[Stream] = []
    starts = [start]
    met: set[int] = set()
    budget = CANDIDATES
    scanned = 0
    while starts and len(streams) < count:
        at = starts.pop(0)
        if at in met or at >= stop:
            continue
        met.add(at)
        budget -= 1
        stream = run_stream(source, limits, at, end=end, extensions=extensions, arrays=arrays)
        if stream.plausible or not streams:
            streams.append(stream)
        if stream.over is not None:
            break
        if stream.nexts:
            starts = sorted({*starts, *stream.nexts})
        elif search and budget > 0 and not starts and scanned < SCANNED:
            behind = max(stream.end, at + 1) if stream.plausible else at + 1
            found = next(candidates(source, behind, min(stop, behind + SCANNED - scanned)), None)
            scanned += (stop if found is None else found) - behind
            if found is not None:
                starts.append(found)
    return streams


def candidates(source: Source, start: int, stop: int) -> Iterator[int]:
    """Yield the offsets from `start` on at which a stream could begin."""
    at = start
    while at < stop:
        data = source.read(at, min(_WINDOW + _OVERLAP, stop - at))
        for found in _CANDIDATE.finditer(data):
            if found.start() < _WINDOW:
                yield at + found.start()
        at += _WINDOW
        if not data:
            return
