"""One worker: `python -m soak SEED FIRST COUNT` examines streams FIRST to FIRST + COUNT - 1.

With the name of a family of readers behind these, the streams are those of that family's soak.

A stream is made from the seed and its number alone, so a failure is replayed with COUNT = 1.
Prints one JSON object for each fault and one with the totals at the end; exits 1 on faults.

A stream is scanned as a file is, which asks the readers that its beginning leaves. Of the others
one in `ASKED` is asked too: who claims it reads it, and one in `REFUSED` reads it though it does
not.
"""

from __future__ import annotations

import codecs
import gc
import json
import pkgutil
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import modelwarden.artifacts
import modelwarden.formats
from modelwarden.artifacts import examine
from modelwarden.artifacts.catalog import RULES
from modelwarden.core import GapKind
from modelwarden.formats import (
    DamagedError,
    LimitExceededError,
    Limits,
    Source,
    View,
    identify,
    reader_of,
)
from modelwarden.formats.catalog import FORMATS

from .families import families, of_family, shared
from .guard import Guard, HangError, alarm, limit, peak
from .mutate import stream
from .seeds import FOLDERS, Seed, real, seeds

SECONDS = 5.0
"""CPU time that one stream (of at most 128 KiB) may take."""
MEMORY = 160 << 20
"""Bytes that one stream may add to what the process ever held."""
LIMITS = Limits(expanded=64 << 20, operations=2_000_000, seconds=60, memory=32 << 20)
ENCODINGS = (
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "latin-1",
    "ascii",
    "cp437",
    "cp850",
    "utf-8-sig",
    "unicode-escape",
    "raw-unicode-escape",
)
EXPECTED = (
    "jinja",
    "keras-config",
    "keras-layer",
    "page",
    "pickle",
    "tfjs-graph",
    "torch-pt2-program",
    "torch-tar-storages",
    "torch-tar-tensors",
)
"""Formats as which containers may have a member read, whatever it looks like."""
READERS = [(entry.id, reader_of(entry)) for entry in FORMATS if entry.of is None]
ASKED = 4
"""Of so many streams that a scan had no need to show to a reader, it is shown one."""
REFUSED = 32
"""Of so many streams that a reader refuses, it is made to read one; a multiple of `ASKED`."""


class Neighboured(Source):
    """A source with a file of any bytes beside it, whatever name is asked for."""

    __slots__ = ("neighbour",)
    neighbour: bytes

    def beside(self, name: str) -> Source | None:
        return Source(name, self.neighbour)


@dataclass(frozen=True, slots=True)
class Case:
    """One stream.

    Attributes:
        number: which it is.
        name: of the file.
        data: its bytes.
        beside: the bytes of any file beside it.
        expect: what loaders take it for; None when nobody says.
        turn: which readers read it though they refuse it, 0 to `REFUSED` - 1.
    """

    number: int
    name: str
    data: bytes
    beside: bytes
    expect: str | None
    turn: int

    def source(self) -> Source:
        source = Neighboured(self.name, self.data, expect=self.expect)
        source.neighbour = self.beside
        return source


def case(seed: int, number: int, pool: list[Seed], only: list[bytes]) -> Case:
    """Return stream `number`; the first ones are the seeds themselves, unchanged.

    Args:
        seed: root of all chance.
        number: 0 or more.
        pool: what is mutated.
        only: the bytes of the pool.
    """
    rng = random.Random(f"{seed}:{number}")
    name, first = pool[number % len(pool)]
    data = first if number < len(pool) else stream(only, first, rng)
    expect = rng.choice(EXPECTED) if rng.random() < 0.1 else None
    beside = rng.choice(only)
    if rng.random() < 0.1:
        name, beside = rng.choice(FOLDERS)
    return Case(number, name, data, stream(only, beside, rng), expect, rng.randrange(REFUSED))


def faults(one: Case, guard: Guard) -> Iterator[str]:
    """Examine a stream in every way; yield what must not be."""
    before, began = peak(), time.process_time()
    guard.arm()
    alarm(4 * SECONDS)
    try:
        result = examine(one.source(), LIMITS)
        yield from (f"failed: {g.why}" for g in result.gaps if g.kind is GapKind.FAILED)
        source = one.source()
        scanned = {entry.id for entry in identify(source, lambda _, __: None)}
        for place in range(one.turn % ASKED, len(READERS), ASKED):
            name, reader = READERS[place]
            if name not in scanned:
                force = place % REFUSED == one.turn
                yield from _alone(one, source, name, reader, force=force)
    except HangError as error:
        yield f"hang: {_where(error)}"
    finally:
        alarm(0)
        guard.disarm()
    took, grown = time.process_time() - began, peak() - before
    if took > SECONDS:
        yield f"slow: {took:.1f} s"
    if grown > MEMORY:
        yield f"memory: {grown >> 20} MiB"
    yield from (f"did: {met}" for met in guard.met)


def _alone(
    one: Case,
    source: Source,
    name: str,
    reader: modelwarden.formats.identify.Reader,
    *,
    force: bool,
) -> Iterator[str]:
    """Ask one reader, and let it read what it claims; with `force` also what it does not."""
    try:
        claims = reader.sniff(source)
    except Exception as error:  # noqa: BLE001 -- this is what is looked for
        yield f"{name} sniff: {error!r} {_where(error)}"
        return
    if not claims and not force:
        return
    try:
        view = reader.read(one.source(), LIMITS.fresh())
    except (DamagedError, LimitExceededError):
        return
    except Exception as error:  # noqa: BLE001 -- as above
        yield f"{name} read{'' if claims else ' of what it refuses'}: {error!r} {_where(error)}"
    else:
        if not isinstance(view, View):
            yield f"{name} read gave {type(view).__name__}"


def _where(error: BaseException) -> str:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join(places[-6:])


def prepared(family: str | None = None) -> list[Seed]:
    """Return what is mutated, when whatever a scan may import is imported.

    Of a family of readers these are the seeds that it reads, each real file three times.

    Nothing is left to import under the guard, and all that is there by now is no work for the
    collector of garbage any more.
    """
    pool = seeds(shared())
    if family is not None:
        pool = [*of_family(pool, family), *2 * of_family(real(shared()), family)]
        if not pool:
            sys.exit(f"nothing to change: the family {family} reads only what others hand to it")
        ids = {entry.id for entry in families()[family]}
        READERS[:] = [(name, reader) for name, reader in READERS if name in ids]
    for package in (modelwarden.artifacts, modelwarden.formats):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(found.name)
    for entry in RULES:
        entry.load()
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    for name, data in pool:
        examine(Source(name, data), LIMITS)
    gc.collect()
    gc.freeze()
    return pool


def work(pool: list[Seed], seed: int, first: int, count: int) -> int:
    """Examine some streams, and print what must not be; return 1 if anything was."""
    guard = Guard()
    limit(8 * MEMORY)
    only = [data for _, data in pool]
    slowest, bad = 0.0, 0
    for number in range(first, first + count):
        one = case(seed, number, pool, only)
        began = time.process_time()
        for fault in faults(one, guard):
            bad += 1
            _say(number=number, name=one.name, fault=fault)
        slowest = max(slowest, time.process_time() - began)
    _say(streams=count, faults=bad, slowest=slowest, peak=peak(), seeds=len(pool))
    return 1 if bad else 0


def _say(**facts: object) -> None:
    sys.stdout.write(f"{json.dumps(facts)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(work(prepared(*sys.argv[4:5]), *(int(word) for word in sys.argv[1:4])))
