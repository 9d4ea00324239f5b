import os
import tempfile
from pathlib import Path

import pytest

from modelwarden.formats import DamagedError, LimitExceededError
from modelwarden.formats.streams import IN_MEMORY, Expanding, Spool


def test_a_small_spool_stays_in_memory_and_a_large_one_goes_to_a_file_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = Spool()
    spool.append(b"a" * 10)
    spool.append(b"b" * IN_MEMORY)
    spool.append(b"c" * 10)

    assert spool.size == IN_MEMORY + 20
    assert spool.read_at(8, 4) == b"aabb"
    assert spool.read_at(IN_MEMORY + 9, 100) == b"b" + b"c" * 10
    assert spool.read_at(IN_MEMORY + 100, 5) == b""

    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_a_spool_that_is_dropped_gives_its_file_back():
    spool = Spool()
    spool.append(bytes(IN_MEMORY + 1))
    descriptor = spool._descriptor

    del spool

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_only_what_is_asked_for_is_pulled():
    pulled = []

    def pieces():
        for number in range(10):
            pulled.append(number)
            yield bytes([number]) * 100

    store = Expanding(pieces())

    assert store.read_at(150, 20) == b"\1" * 20
    assert pulled == [0, 1]
    assert store.read_at(0, 1) == b"\0"
    assert store.fill() == 1000
    assert store.ended


def test_damage_ends_the_stream_and_is_kept():
    def pieces():
        yield b"abc"
        raise DamagedError("broken", 3)

    store = Expanding(pieces())

    assert store.read_at(0, 10) == b"abc"
    assert store.damage is not None
    assert (store.damage.why, store.ended) == ("broken", True)


def test_a_limit_is_raised_each_time_that_more_is_asked_for():
    def pieces():
        yield b"abc"
        raise LimitExceededError("decompressed bytes", 3)

    store = Expanding(pieces())

    for _ in range(2):
        with pytest.raises(LimitExceededError):
            store.read_at(0, 10)
    assert store.read_at(0, 3) == b"abc"
