"""All containers together: nested in each other, mutated at random, and on real files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import sys
import tarfile
import time
import zlib
from pathlib import Path

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.containers import CONTAINERS
from sevenzips import CHAINS, Member
from sevenzips import archive as seven
from torchfiles import checkpoint, legacy, package
from ziptricks import HONESTY, PAYLOAD, TRICKS, Piece, Zip

FORBIDDEN = {
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "pickle.find_class",
    "socket.connect",
    "subprocess.Popen",
}
SECONDS = 5.0


def in_tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("é" * 120)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


WRAPPERS = {
    "zip": lambda data: Zip([Piece(b"m", data, method=8)]).build(),
    "tar": in_tar,
    "7z": lambda data: seven([Member("m", data)]),
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
}


def examined(data: bytes) -> Examined:
    return examine(Source("f", data), Limits(expanded=64 << 20, operations=2_000_000, seconds=20))


@pytest.mark.parametrize("outer", WRAPPERS)
@pytest.mark.parametrize("inner", WRAPPERS)
def test_a_payload_is_found_through_two_containers(outer: str, inner: str):
    result = examined(WRAPPERS[outer](WRAPPERS[inner](PAYLOAD)))

    assert result.coverage.format == outer
    assert "posix.system" in {item.name for item in result.inventory}
    assert [g for g in result.gaps if g.kind is not GapKind.UNEXAMINED_CODE] == []


def test_every_line_of_the_containers_has_a_reader_and_a_name():
    from modelwarden.formats.identify import reader_of

    for entry in CONTAINERS:
        assert entry.title
        if entry.of is None:
            reader = reader_of(entry)
            assert callable(reader.sniff)
            assert callable(reader.read)


def seeds() -> list[bytes]:
    found = [trick.build() for trick in TRICKS.values()]
    found += [build() for build in HONESTY.values()]
    found += [checkpoint(), legacy(), package({"a.py": b"x"}), in_tar(PAYLOAD)]
    found += [seven([Member("a", PAYLOAD)], c, encoded=e) for c in CHAINS for e in (False, True)]
    return found + [wrap(PAYLOAD * 20) for wrap in WRAPPERS.values()]


def mutated(data: bytes, pool: list[bytes], rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(5):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randint(1, 40)]
            case 2:
                other = rng.choice(pool)
                begin = rng.randrange(len(other))
                out[at:at] = other[begin : begin + rng.randint(1, 200)]
            case 3:
                out[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"])
            case _:
                out[at:at] = rng.randbytes(rng.randint(1, 16))
    return bytes(out)


def storm(count: int, seed: int) -> None:
    """Examine `count` mutants; none may fail, run anything, or take longer than `SECONDS`."""
    rng = random.Random(seed)
    pool = seeds()
    met: list[str] = []
    watching = True
    sys.addaudithook(
        lambda event, _: met.append(event) if watching and event in FORBIDDEN else None
    )
    try:
        for number in range(count):
            data = mutated(rng.choice(pool), pool, rng)
            began = time.process_time()
            result = examined(data)
            assert time.process_time() - began < SECONDS, f"mutant {number} of seed {seed}"
            assert [g.why for g in result.gaps if g.kind is GapKind.FAILED] == []
    finally:
        watching = False
    assert met == []


def test_mutants_of_every_container_are_examined_without_failure():
    storm(400, seed=1)


@pytest.mark.soak
def test_a_storm_of_mutants_is_examined_without_failure():
    storm(int(os.environ.get("MODELWARDEN_SOAK", "200000")), seed=2)


def test_real_torch_and_numpy_files_are_examined_without_gap_or_alarm(shared: Path):
    models = shared / "data" / "models"
    paths = [p for f in ("torch", "torchscript", "numpy") for p in sorted((models / f).rglob("*"))]

    for path in [p for p in paths if p.is_file() and p.suffix != ".yml"]:
        with Source.open(path, path.name) as source:
            result = examine(source, Limits())

        assert result.gaps == [], path.name
        assert [f.rule for f in result.findings if f.severity.rank <= 2] == [], path.name
        assert result.coverage.format in {"torch-legacy", "torchscript", "npz"}


def test_published_archives_with_tricks_are_caught_and_honest_ones_are_not(shared: Path):
    corpora = shared / "data" / "corpora"
    patterns = ("*.zip", "*.7z", "*.npy", "*.npz", "*.pt")
    paths = [p for pattern in patterns for p in sorted(corpora.rglob(pattern))]

    for path in paths:
        with Source.open(path, path.name) as source:
            result = examine(source, Limits())

        serious = [f.rule for f in result.findings if f.severity.rank <= 2]
        if path.name.startswith(("malicious", "dns", "path", "pytorch_magic")):
            assert serious, path.name
        elif path.name != "bad_pytorch.pt":
            assert serious == [], path.name
