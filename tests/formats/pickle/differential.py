"""Compares what the reader sees in a stream with what CPython's machines do in it."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from modelwarden.core import UseKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle import streams
from modelwarden.formats.pickle.uses import Use

Events = list[tuple[list[list[object]], bool]]
Run = Callable[[Source, Limits], streams.Stream]
_BATCH = 64
_LONG_NUMBER = re.compile(r"\d{70}")  # shown as so many bits
_WORKER = Path(__file__).with_name("real_machines.py")


def real_events(data: Iterable[bytes]) -> Iterator[tuple[bytes, Events]]:
    """Yield each stream with the events of every machine, run in a process of their own."""
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-I", str(_WORKER)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        batch: list[bytes] = []
        for stream in data:
            worker.stdin.write(struct.pack("<I", len(stream)) + stream)
            batch.append(stream)
            if len(batch) == _BATCH:
                worker.stdin.flush()
                yield from [(one, json.loads(worker.stdout.readline())) for one in batch]
                batch = []
        worker.stdin.close()
        yield from [(one, json.loads(worker.stdout.readline())) for one in batch]


def misses(data: bytes, events: Events, run: Run = streams.run_stream) -> list[str]:
    """Return what some machine did in the stream and the reader, `run`, did not see."""
    found = run(Source("fuzz", data), Limits())
    if found.unread or found.over is not None:
        return []
    uses = [use for one in (found, *found.inner) for use in one.uses]
    pids = [pid for one in (found, *found.inner) for pid in range(one.persistent_count)]
    missed: list[str] = []
    for index, (machine, finished) in enumerate(events):
        missed += _missing_names(machine, uses)
        missed += _missing_calls(machine, uses)
        missed += _missing_texts(machine, uses, python=index == len(events) - 1)
        asked = sum(event[0] == "persistent" for event in machine)
        if asked > len(pids):
            missed.append(f"{asked} persistent ids, seen {len(pids)}")
        if finished and not found.finished:
            missed.append("it ends with STOP")
    return missed


def _names(use: Use) -> set[tuple[str, str]]:
    names = {(use.module, use.name)}
    if use.raw is not None:
        names.add(("", use.raw))
    return names


def _missing_names(machine: list[list[object]], uses: list[Use]) -> list[str]:
    seen = {name for use in uses for name in _names(use)}
    return [
        f"import of {event[1]}.{event[2]}"
        for event in machine
        if event[0] == "global"
        and (event[1], event[2]) not in seen
        and ("", f"{event[1]}.{event[2]}") not in seen
    ]


def _missing_calls(machine: list[list[object]], uses: list[Use]) -> list[str]:
    made: Counter[tuple[object, ...]] = Counter()
    called: Counter[tuple[object, ...]] = Counter()
    for use in uses:
        for module, name in _names(use):
            root = (f"{module}.{name}" if module else name, use.chain, use.method)
            made[root] += use.times * (use.kind is not UseKind.REFERENCED)
            called[root] += use.times * (use.kind is UseKind.CALLED or use.method is not None)
    real: Counter[tuple[object, ...]] = Counter()
    real_called: Counter[tuple[object, ...]] = Counter()
    for kind, module, name, depth, method, _ in machine:
        if kind not in {"global", "persistent"}:
            root = (f"{module}.{name}" if module else name, depth, method)
            real[root] += 1
            real_called[root] += kind != "new"
    return [
        f"{count} calls of {root}, seen {seen[root]}"
        for wanted, seen in ((real, made), (real_called, called))
        for root, count in wanted.items()
        if count > seen[root]
    ]


def _missing_texts(machine: list[list[object]], uses: list[Use], *, python: bool) -> list[str]:
    """Compare whole calls, where their text depends on the stream alone."""
    # Names of Python 2, and calls that are only counted, have another text in the reader; so has
    # what only Python's machine takes as arguments: anything that can be iterated.
    if any(use.raw or "[…]" in use.rendered for use in uses):
        return []
    if python and any(use.argument_count < 0 for use in uses):
        return []
    seen = {use.rendered for use in uses}
    return [
        f"the call {event[5]}"
        for event in machine
        if event[0] != "persistent"
        and isinstance(event[5], str)
        and len(event[5]) < 180
        and not _LONG_NUMBER.search(event[5])
        and event[5] not in seen
    ]
