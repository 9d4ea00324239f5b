"""Random and mutated bytes through every reader: no crash, no hang, nothing executed.

`MODELWARDEN_SOAK_COUNT` and `MODELWARDEN_SOAK_SEED` choose how many and which. A fault names its
stream; `python -m soak SEED NUMBER 1`, with `tests` on `PYTHONPATH`, examines it again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelwarden.formats import Limits, Source, identify, reader_of
from modelwarden.formats.catalog import FORMATS

from .guard import Guard
from .seeds import seeds

TESTS = Path(__file__).parent.parent
QUICK = 1500
COUNT = int(os.environ.get("MODELWARDEN_SOAK_COUNT", "10000000"))
SEED = int(os.environ.get("MODELWARDEN_SOAK_SEED", "2026"))
BATCH = 20_000
"""Streams of one process: short enough that what a process keeps does not add up."""
# Files of these formats are told by what stands beside them in a folder.
COMPANIONS = {"tensorflow-checkpoint-data", "tfjs-weights", "openvino-weights", "onnx-data"}
# Members are read as these where the container around them says so; a makefile goes by its name.
EXPECTED = {
    "keras-layer",
    "makefile",
    "notebook-code",
    "tfjs-graph",
    "torch-pt2-program",
    "torch-tar-storages",
    "torch-tar-tensors",
}


def run(seed: int, first: int, count: int, *, shared: str | None = None) -> list[str]:
    """Return the faults of streams `first` to `first + count - 1`, from a process of their own."""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    if shared is not None:
        environment["MODELWARDEN_SHARED"] = shared
    done = subprocess.run(
        [sys.executable, "-m", "soak", str(seed), str(first), str(count)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120 + count,
        check=False,
    )
    *faults, totals = done.stdout.splitlines() or [""]
    if not totals.startswith("{") or json.loads(totals).get("streams") != count:
        return [*faults, totals, f"the worker ended with {done.returncode}: {done.stderr[-500:]}"]
    return faults


def test_seeds_and_mutants_are_read_without_a_fault(tmp_path: Path):
    known = len(seeds(None))

    assert run(SEED, 0, known + QUICK, shared=str(tmp_path / "absent")) == []


@pytest.mark.soak
def test_very_many_mutants_are_read_without_a_fault():
    batches = [(at, min(BATCH, COUNT - at)) for at in range(0, COUNT, BATCH)]

    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for faults in workers.map(lambda batch: run(SEED, *batch), batches):
            assert faults == [], f"MODELWARDEN_SOAK_SEED={SEED}"


def test_every_format_of_the_catalogue_has_a_seed():
    met: set[str] = set()
    for name, data in seeds(None):
        for entry in identify(source := Source(name, data)):
            met |= {entry.id, reader_of(entry).read(source, Limits()).format}

    assert {entry.id for entry in FORMATS} - met == COMPANIONS | EXPECTED


@pytest.mark.parametrize(
    "act",
    [
        lambda: exec("pass"),
        lambda: os.system("true"),
        lambda: Path(__file__).read_bytes(),
        lambda: __import__("this_module_is_not_there"),
        lambda: subprocess.run(["true"], check=True),
    ],
    ids=["exec", "system", "open", "import", "subprocess"],
)
def test_what_a_reader_must_not_do_is_noted(act):
    guard = Guard()

    guard.arm()
    try:
        act()
    except ImportError:
        pass
    finally:
        guard.disarm()

    assert guard.met
