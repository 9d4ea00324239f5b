"""Random and mutated bytes through every reader: no crash, no hang, nothing executed.

Many more of them are examined by `make soak`, run after run. A fault names its stream; `python -m
soak SEED NUMBER 1`, with `tests` on `PYTHONPATH`, examines it again.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from modelwarden.formats import Limits, Source, identify, reader_of
from modelwarden.formats.catalog import FORMATS

from . import repeats
from .constructs import Construct, looked_at, mutant, outcome
from .families import families, read_by
from .guard import Guard
from .progress import BATCH, Progress
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
    "page",
    "settings",
    "tfjs-graph",
    "torch-pt2-program",
    "torch-tar-storages",
    "torch-tar-tensors",
}


TESTS = Path(__file__).resolve().parent.parent


def soaking(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the soak on the seeds that the tests make."""
    nothing = {"PYTHONPATH": str(TESTS), "MODELWARDEN_SHARED": str(folder / "absent")}
    return subprocess.run(
        [sys.executable, *command],
        env=os.environ | nothing,
        capture_output=True,
        text=True,
        check=False,
    )


def test_seeds_and_mutants_are_read_without_a_fault(tmp_path: Path):
    streams = len(seeds(None)) + QUICK

    done = soaking(tmp_path, "-m", "soak", str(SEED), "0", str(streams))

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["streams"] == streams


def test_a_family_is_soaked_alone(tmp_path: Path):
    done = soaking(tmp_path, "-m", "soak", "7", "0", "40", "gguf")

    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["streams"] == 40
    assert 0 < said["seeds"] < len(seeds(None)) / 10


def test_families_share_out_the_formats():
    found = families()

    assert sorted(e.id for entries in found.values() for e in entries) == sorted(
        entry.id for entry in FORMATS
    )
    assert read_by(("a.pkl", b"cos\nsystem\n)R.")) == {"pickle"}
    assert read_by(("a.gguf", b"GGUF\3\0\0\0" + bytes(16))) == {"gguf"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"cposix\nsystem\n(S'true'\ntR.", "caught"),
        (b"cposix\nsystem\n(S'true'\ntR", "caught"),
        (b"\x80\4\x8c\5posix\x8c\6system", "gap"),
        (b"words: posix system", "clean"),
    ],
)
def test_what_a_scan_makes_of_a_mutant_is_told(data: bytes, expected: str):
    assert outcome(looked_at("a.pkl", data, {})) == expected


def test_mutants_of_a_construct_are_small_changes_that_can_be_made_again():
    one = Construct("a", bytes(range(256)) * 8, {}, frozenset(), (700,))

    made = [mutant(one, random.Random(f"7:{number}")) for number in range(50)]

    assert made == [mutant(one, random.Random(f"7:{number}")) for number in range(50)]
    assert all(abs(len(data) - len(one.data)) <= 40 for data in made)
    assert sum(data == one.data for data in made) < 5


FORKING = """
import os
from soak.__main__ import prepared
from soak.progress import batch
pool = prepared()
print([batch(pool, 7, first, 5) for first in (9000, 9005)])
print(batch([], 7, 0, 5))
import soak.progress
soak.progress.work = lambda *_: os._exit(0)
print(batch(pool, 7, 0, 5))
"""


def test_batches_are_forked_and_one_that_ends_early_is_a_fault(tmp_path: Path):
    done = soaking(tmp_path, "-c", FORKING)

    sound, broken, gone = done.stdout.splitlines()
    assert sound == "[[], []]", done.stderr
    assert "ZeroDivisionError" in broken
    assert "the worker ended" in gone


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


def test_a_part_of_a_sample_is_repeated_in_its_place():
    for number in range(30):
        made = repeats.repeated(b"one\ntwo\nthree", 1_000, random.Random(number))

        assert 900 < len(made) < 1_100
        assert made.startswith(b"one"[:1])
        assert made.endswith(b"e")


def test_what_takes_long_or_fails_is_told(monkeypatch):
    assert repeats.trouble("a.json", b'{"a": ' * 20_000) == ""

    monkeypatch.setattr(repeats, "SECONDS", -1.0)
    assert repeats.trouble("a.json", b"{}").endswith(" s")


def test_scripts_of_repeated_words_are_of_the_rules_and_of_the_size_asked_for():
    made = [repeats.script(2_000, random.Random(number)) for number in range(400)]

    assert all(1_000 < len(one) < 3_000 for one in made)
    assert sum(b"curl" in one or b"ssh" in one or b"wget" in one for one in made) > 1
