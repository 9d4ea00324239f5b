"""Random and mutated bytes through every reader: no crash, no hang, nothing executed.

Many more of them are examined by `make soak`, run after run. A fault names its stream; `python -m
soak SEED NUMBER 1`, with `tests` on `PYTHONPATH`, examines it again.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from modelwarden.formats import Limits, Source, identify, reader_of
from modelwarden.formats.catalog import FORMATS

from .guard import Guard
from .progress import BATCH, Progress, batch
from .seeds import seeds

QUICK = 700
SEED = 2026
# Files of these formats are told by what stands beside them in a folder.
COMPANIONS = {"tensorflow-checkpoint-data", "tfjs-weights", "openvino-weights", "onnx-data"}
# Members are read as these where the container or the text around them says so.
EXPECTED = {
    "instructions",
    "keras-layer",
    "notebook-code",
    "settings",
    "tfjs-graph",
    "torch-pt2-program",
    "torch-tar-storages",
    "torch-tar-tensors",
}


def test_seeds_and_mutants_are_read_without_a_fault(tmp_path: Path):
    known = len(seeds(None))

    assert batch(SEED, 0, known + QUICK, shared=str(tmp_path / "absent")) == []


def test_a_soak_goes_on_where_it_ended_and_shards_never_meet(tmp_path: Path):
    state = tmp_path / "soak.json"
    done: list[int] = []
    for shard in (0, 1, 0, 1, 0):
        progress = Progress(state)
        done.append(progress.next(7, shard, 2))
        progress.add(7, shard, 2, [{"number": 3, "fault": "slow"}] if shard else [])

    assert done == [0, BATCH, 2 * BATCH, 3 * BATCH, 4 * BATCH]
    assert Progress(state).streams == 5 * BATCH
    assert str(Progress(state)).endswith(f"{5 * BATCH:,} streams, 2 faults")


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
