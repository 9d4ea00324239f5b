"""The reader against CPython's own machines: nothing that any of them does may be missed."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwarden.formats.pickle import streams

from . import differential, fuzz
from .mutants import MUTANTS, Mutant

SEED = 2026
STREAMS = 4000
RESULTS = 50
SOAK = int(os.environ.get("MODELWARDEN_SOAK_STREAMS", "200000"))
SOAK_SEED = int(os.environ.get("MODELWARDEN_SOAK_SEED", "2027"))
PACKAGE = Path(streams.__file__).parent

Case = tuple[bytes, differential.Events]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(differential.real_events([*fuzz.streams(SEED, STREAMS), *fuzz.results(RESULTS)]))


def test_nothing_that_cpython_imports_or_calls_is_missed(cases: list[Case]):
    missed = [
        (data, found) for data, events in cases if (found := differential.misses(data, events))
    ]

    assert missed == []


def test_the_streams_reach_every_opcode_and_make_the_machines_do_something(cases: list[Case]):
    events = sum(len(machine) for _, run in cases for machine, _ in run)
    finished = sum(any(done for _, done in run) for _, run in cases)

    assert all(any(code in data for data, _ in cases) for code in fuzz.CODES.values())
    assert events > 5 * STREAMS
    assert finished > STREAMS / 20


def test_real_pickles_with_changes_are_followed_too(shared: Path):
    files = sorted((shared / "data" / "corpora").rglob("*.pkl"))
    extra = [path.read_bytes() for path in files if path.stat().st_size < 3000]

    for data, events in differential.real_events([*extra, *fuzz.streams(7, 600, extra * 4)]):
        assert differential.misses(data, events) == [], data


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_planted_in_the_reader_is_caught(
    mutant: Mutant, cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = _planted(mutant, tmp_path, monkeypatch)

    assert any(_caught(data, events, run) for data, events in cases)


def _caught(data: bytes, events: differential.Events, run: differential.Run) -> bool:
    try:
        return bool(differential.misses(data, events, run))
    except Exception:  # noqa: BLE001 -- a crash of the reader is caught as well
        return True


def _planted(mutant: Mutant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> differential.Run:
    """Return `run_stream` of a copy of the reader with the mutation in it."""
    name = "mutant_" + mutant.name.replace("-", "_")
    (folder / name).mkdir()
    for path in PACKAGE.glob("*.py"):
        text = path.read_text()
        if path.name == mutant.file:
            assert text.count(mutant.old) == 1, "the text to change is not there once"
            text = text.replace(mutant.old, mutant.new)
        (folder / name / path.name).write_text(text.replace("modelwarden.formats.pickle", name))
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(f"{name}.streams").run_stream
    finally:
        for module in [known for known in sys.modules if known.split(".")[0] == name]:
            monkeypatch.delitem(sys.modules, module)


@pytest.mark.soak
def test_nothing_is_missed_in_very_many_streams(shared: Path):
    files = sorted((shared / "data" / "corpora").rglob("*.pkl"))
    extra = [path.read_bytes() for path in files if path.stat().st_size < 3000]

    done = 0
    for data, events in _soaked(extra):
        done += 1
        assert differential.misses(data, events) == [], data
    assert done == SOAK


def _soaked(extra: list[bytes]) -> Iterator[Case]:
    return differential.real_events(fuzz.streams(SOAK_SEED, SOAK, extra))
