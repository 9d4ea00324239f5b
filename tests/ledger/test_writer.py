"""What was answered is there afterwards, whatever happens to the writer."""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import modelwarden.ledger.writer
from modelwarden.ledger import (
    LedgerAlteredError,
    LedgerError,
    LedgerLockedError,
    LedgerWriteError,
    Mark,
    Options,
    Retention,
    Writer,
    entries,
    verify,
)
from modelwarden.ledger.chain import segments_of

TESTS = Path(__file__).parent.parent


def numbers(folder):
    return [json.loads(e.body)["number"] for e in entries(folder) if not e.own]


def kinds(folder):
    return [json.loads(e.body)["type"] for e in entries(folder) if e.own]


def test_records_come_back_in_order_over_segments_and_openings(tmp_path):
    for start in (0, 50):
        with Writer(tmp_path / "l", Options(segment_bytes=2_000)) as writer:
            for number in range(start, start + 50):
                writer.append({"number": number})

    check = verify(tmp_path / "l")

    assert numbers(tmp_path / "l") == list(range(100))
    assert check.problems == ()
    assert (check.records, check.recovered, check.torn) == (100, 0, 0)
    assert check.segments > 3


def test_a_record_is_with_the_kernel_when_append_returns_and_synced_when_its_future_is_done(
    tmp_path,
):
    with Writer(tmp_path) as writer:
        future = writer.append(b'{"number":1}')
        there = numbers(tmp_path)
        mark = future.result(timeout=10)

    assert there == [1]
    assert mark.lines >= 2


def test_many_threads_write_one_chain(tmp_path):
    with Writer(tmp_path, Options(segment_bytes=5_000)) as writer:

        def work(start):
            for number in range(start, start + 100):
                writer.append({"number": number}).result()

        threads = [threading.Thread(target=work, args=(1000 * i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert verify(tmp_path).problems == ()
    assert sorted(numbers(tmp_path)) == [1000 * i + n for i in range(4) for n in range(100)]


def test_futures_are_awaited_and_a_waiter_that_gives_up_takes_none_away(tmp_path):
    async def work(writer):
        first = asyncio.wrap_future(writer.append({"number": 1}))
        first.cancel()
        return await asyncio.wrap_future(writer.append({"number": 2}))

    with Writer(tmp_path) as writer:
        mark = asyncio.run(work(writer))

    assert isinstance(mark, Mark)
    assert numbers(tmp_path) == [1, 2]


def test_a_second_writer_is_refused_until_the_first_is_closed(tmp_path):
    with Writer(tmp_path), pytest.raises(LedgerLockedError):
        Writer(tmp_path)
    Writer(tmp_path).close()


def test_a_second_writer_is_refused_though_somebody_removed_the_lock(tmp_path):
    with Writer(tmp_path) as first:
        first.append({"number": 1})
        (tmp_path / "lock").unlink()
        with pytest.raises(LedgerLockedError):
            Writer(tmp_path)

    Writer(tmp_path).close()
    assert verify(tmp_path).problems == ()


def test_a_writer_begins_though_a_check_looks_for_one_at_that_moment(tmp_path):
    Writer(tmp_path).close()
    looking = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    done = threading.Timer(0.03, os.close, (looking,))
    done.start()

    Writer(tmp_path).close()

    done.join()


@pytest.mark.parametrize("record", [b"a\nb", b"a\0b", {"x": float("nan")}, {"x": object()}])
def test_what_is_no_record_is_refused_and_leaves_nothing(tmp_path, record):
    with Writer(tmp_path) as writer:
        before = writer.mark
        with pytest.raises(LedgerError):
            writer.extend([{"number": 1}, record])
        assert writer.mark == before
    assert numbers(tmp_path) == []


def test_a_closed_ledger_takes_no_record(tmp_path):
    writer = Writer(tmp_path)
    writer.close()
    writer.close()

    with pytest.raises(LedgerError, match="closed"):
        writer.append({"number": 1})


def test_a_full_disk_loses_the_record_that_is_refused_and_no_other(tmp_path):
    with Writer(tmp_path) as writer:
        writer.append({"number": 1})
        size = (tmp_path / "00000001.log").stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, hard))
        try:
            with pytest.raises(LedgerWriteError):
                writer.append({"number": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.append({"number": 3})

    assert numbers(tmp_path) == [1, 3]
    assert verify(tmp_path).problems == ()


def test_a_disk_that_fails_to_sync_is_told_and_ends_the_writing(tmp_path, monkeypatch):
    writer = Writer(tmp_path)

    def fail(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(LedgerWriteError, match="did not reach the disk"):
        writer.append({"number": 1}).result(timeout=10)
    with pytest.raises(LedgerWriteError):
        writer.append({"number": 2})
    writer.close()


def test_a_pause_between_syncs_saves_calls_and_ends_with_the_writer(tmp_path, monkeypatch):
    calls, real = [], os.fdatasync

    def counted(descriptor):
        calls.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)
    writer = Writer(tmp_path, Options(sync_seconds=30.0))
    first = writer.append({"number": 0}).result(timeout=10)
    later = [writer.append({"number": n}) for n in range(1, 200)]
    paused = len(calls)
    began = time.monotonic()
    writer.close()

    assert first.lines == 2
    assert paused <= 4  # of the first segment, and of the first record
    assert later[-1].result(timeout=0).lines == 201  # close brought it to the disk …
    assert time.monotonic() - began < 10  # … and did not wait for the pause to end
    assert numbers(tmp_path) == list(range(200))


def test_a_segment_is_closed_for_its_age(tmp_path):
    with Writer(tmp_path, Options(segment_seconds=0.0)) as writer:
        writer.append({"number": 1})
        writer.append({"number": 2})

    assert kinds(tmp_path).count("open") == 3
    assert verify(tmp_path).problems == ()


def test_old_segments_go_with_a_record_that_says_so(tmp_path):
    options = Options(segment_bytes=1_500, retention=Retention(total_bytes=5_000))
    with Writer(tmp_path, options) as writer:
        for number in range(200):
            writer.append({"number": number})
        reached = writer.mark.lines

    check = verify(tmp_path)

    assert check.problems == ()
    assert check.retired > 50
    assert check.lines == reached + 1
    assert numbers(tmp_path)[-1] == 199
    assert sum(p.stat().st_size for p in tmp_path.glob("*.log")) < 9_000


def test_age_alone_retires_as_well(tmp_path):
    options = Options(segment_bytes=1_500, retention=Retention(seconds=-1))
    with Writer(tmp_path, options) as writer:
        for number in range(50):
            writer.append({"number": number})

    assert len(list(tmp_path.glob("*.log"))) == 1
    assert verify(tmp_path).problems == ()


def test_a_clock_that_was_set_forward_removes_nothing_before_its_time(tmp_path, monkeypatch):
    class Jumped(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + dt.timedelta(days=400)

    options = Options(segment_bytes=1_500, retention=Retention(seconds=86_400))
    with Writer(tmp_path, options) as writer:
        for number in range(25):
            writer.append({"number": number})
        monkeypatch.setattr(modelwarden.ledger.writer.dt, "datetime", Jumped)
        for number in range(25, 50):
            writer.append({"number": number})

    assert numbers(tmp_path) == list(range(50))
    assert verify(tmp_path).problems == ()


def test_what_is_too_old_goes_also_while_nothing_is_written(tmp_path):
    options = Options(segment_seconds=0.05, retention=Retention(seconds=0.1))
    with Writer(tmp_path, options) as writer:
        writer.append({"number": 1}).result(timeout=10)
        deadline = time.monotonic() + 20
        while numbers(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.02)
        left = numbers(tmp_path)

    assert left == []
    assert verify(tmp_path).problems == ()


def test_a_disk_that_has_no_room_for_another_segment_is_tried_again(tmp_path, monkeypatch):
    real, refused = os.open, []

    def opened(path, flags, *more, **rest):
        if str(path).endswith("00000002.log") and len(refused) < 3:
            refused.append(path)
            raise OSError(28, "No space left on device")
        return real(path, flags, *more, **rest)

    monkeypatch.setattr(os, "open", opened)
    place = tmp_path / "heads"
    heads = modelwarden.ledger.HeadFile(place, None)
    written, lost = [], 0
    options = Options(segment_bytes=1_500, head_seconds=0.0)
    with Writer(tmp_path / "l", options, heads=heads) as writer:
        for number in range(60):
            try:
                writer.append({"number": number}).result(timeout=10)
                written.append(number)
            except LedgerWriteError:
                lost += 1

    assert lost == 2  # the first try was of a record that stood already
    assert numbers(tmp_path / "l") == written
    assert verify(tmp_path / "l").problems == ()


def unclosed(folder, count=6, **options):
    """Write records, and leave the folder as a killed writer does; return the synced size."""
    writer = Writer(folder, Options(**options))
    for number in range(count // 2):
        writer.append({"number": number})
    writer.append({"number": count // 2}).result()
    segment = max(folder.glob("*.log"))
    size = segment.stat().st_size
    for number in range(count // 2 + 1, count):
        writer.append({"number": number})
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    writer.close()
    return copy, copy / segment.name, size


def test_cut_anywhere_behind_the_last_sync_everything_synced_is_kept(tmp_path):
    copy, segment, synced = unclosed(tmp_path / "l")
    whole = segment.read_bytes()

    for size in range(synced, len(whole) + 1):
        segment.write_bytes(whole[:size])
        for torn in copy.glob("*.torn"):
            torn.unlink()
        at_line = whole[:size].endswith(b"\n")
        before = verify(copy)
        Writer(copy).close()

        after = verify(copy)
        kept = numbers(copy)
        assert kept == list(range(len(kept)))
        assert len(kept) >= 4
        assert (before.problems, after.problems) == ((), ())
        assert bool(before.torn) is not at_line
        assert (after.recovered, after.torn) == (1, 0)
        assert [*copy.glob("*.torn")] == [] if at_line else [segment.with_suffix(".torn")]
        facts = [json.loads(e.body) for e in entries(copy) if e.own]
        (recovered,) = [f for f in facts if f["type"] == "recovered"]
        assert recovered["bytes"] == size - recovered["offset"]


def test_blocks_that_a_power_cut_left_empty_are_cut_with_what_follows(tmp_path):
    copy, segment, synced = unclosed(tmp_path / "l", 40)
    whole = bytearray(segment.read_bytes())
    whole[synced : synced + 300] = bytes(300)
    segment.write_bytes(whole)

    Writer(copy).close()

    assert numbers(copy) == list(range(21))
    assert verify(copy).problems == ()


@pytest.mark.parametrize("cut", [0, 1, 30, 200])
def test_a_segment_whose_first_line_is_torn_is_begun_again(tmp_path, cut):
    with Writer(tmp_path, Options(segment_bytes=1)) as writer:
        writer.append({"number": 1})
    last = max(tmp_path.glob("*.log"))
    last.write_bytes(last.read_bytes()[:cut])

    with Writer(tmp_path) as writer:
        writer.append({"number": 2})

    assert numbers(tmp_path) == [1, 2]
    assert verify(tmp_path).problems == ()
    assert verify(tmp_path).recovered == 1


def test_nothing_is_added_to_a_ledger_that_was_altered(tmp_path):
    copy, segment, _ = unclosed(tmp_path / "l")
    segment.write_bytes(segment.read_bytes().replace(b'"number":2', b'"number":7'))
    before = segment.read_bytes()

    with pytest.raises(LedgerAlteredError):
        Writer(copy)

    assert segment.read_bytes() == before
    with pytest.raises(LedgerAlteredError):  # the lock was given back
        Writer(copy)


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "l").write_text("")

    with pytest.raises(LedgerError):
        Writer(tmp_path / "l")


def killed(folder, rng, start):
    """Run a writer and kill it; return the last record that it was told to be on the disk."""
    child = subprocess.Popen(
        [sys.executable, "-m", "ledger.appending", folder, str(start)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        text=True,
    )
    last = int(child.stdout.readline())
    time.sleep(rng.random() * 0.2)
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().splitlines()
    child.wait()
    child.stdout.close()
    whole = [int(line) for line in rest if line]
    return whole[-1] if whole else last


def check_kills(folder, kills, seed):
    rng = random.Random(seed)
    start = interrupted = 0
    for _ in range(kills):
        acknowledged = killed(folder, rng, start)
        check = verify(folder)
        assert check.problems == ()
        # A kill right between two segments leaves a closed one and nothing to be recovered, unless
        # the next one is there already, without its first line.
        begun = segments_of(folder)[0][-1].path.stat().st_size == 0
        interrupted += not (check.torn == 0 and kinds(folder)[-1] == "close" and not begun)
        Writer(folder).close()
        there = numbers(folder)
        assert there == list(range(len(there)))
        assert there[-1] >= acknowledged
        start = len(there)
    assert verify(folder).recovered == interrupted > kills / 2


def test_a_killed_writer_loses_nothing_acknowledged(tmp_path):
    check_kills(tmp_path / "l", 5, 1)


@pytest.mark.soak
def test_a_hundred_killed_writers_lose_nothing_acknowledged(tmp_path):
    check_kills(tmp_path / "l", 100, 2)
