"""Ledgers and heads as whoever has the disk may leave them: found, told, and never waited for."""

from __future__ import annotations

import json
import os
import resource
import threading
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from cli.command import command
from ledger.keymaking import make_keys
from ledger.test_writer import numbers
from modelwarden.ledger import (
    HeadFile,
    LedgerAlteredError,
    LedgerError,
    LedgerWriteError,
    Options,
    ProblemKind,
    Retention,
    Writer,
    entries,
    heads_in,
    load_private,
    verify,
)
from modelwarden.ledger import verify as checking
from modelwarden.ledger.chain import GENESIS, OWN, line_of
from modelwarden.ledger.heads import kept_in
from modelwarden.ledger.ship import FileSink, OtlpSink, ShipError, Shipper, sink_of
from monitor.serving import Taker


def written(folder, count=30, **options):
    with Writer(folder, Options(segment_bytes=600, **options)) as writer:
        for number in range(count):
            writer.append({"number": number})
    return folder


def segments(folder):
    return sorted(folder.glob("*.log"))


@pytest.mark.parametrize("kind", ["pipe", "folder", "endless", "nowhere"])
def test_what_is_no_file_is_told_and_not_read(tmp_path, kind):
    folder = written(tmp_path / "l")
    place = folder / f"{len(segments(folder)) + 1:08d}.log"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/zero" if kind == "endless" else "nowhere")

    check = verify(folder)

    assert [p.kind for p in check.problems] == [ProblemKind.UNEXPECTED]
    assert numbers(folder) == list(range(30))
    assert Shipper(folder, FileSink(tmp_path / "copy"), tmp_path / "position").ship() > 30


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"type":"head","head":"x"}', b'{"type":"close","lines":1}', b'{"type":"open"}'],
)
def test_any_number_of_own_lines_costs_no_more_than_their_bytes(tmp_path, body):
    opening = {"type": "open", "ledger": "a", "segment": 1, "first": 0, "previous": "0" * 64}
    line, digest = line_of(GENESIS, OWN, json.dumps(opening).encode())
    lines = [line]
    for _ in range(30_000):  # took minutes when each was looked for from the beginning
        line, digest = line_of(digest, OWN, body)
        lines.append(line)
    (tmp_path / "00000001.log").write_bytes(b"".join(lines))

    check = verify(tmp_path)

    assert check.own == 30_001
    assert len(check.problems) <= 1_001
    assert bool(check.problems) == (body != b"{}")


@pytest.mark.parametrize("at", [0, 63, 64, 70])
def test_a_last_segment_whose_first_line_was_edited_is_no_interruption(tmp_path, at):
    folder = written(tmp_path / "l")
    last = segments(folder)[-1]
    data = bytearray(last.read_bytes())
    data[at] ^= 1
    last.write_bytes(data)

    with pytest.raises(LedgerAlteredError):
        Writer(folder)

    assert last.read_bytes() == data


@pytest.mark.parametrize("first", [b"-5", b"true", b"1e3", b'"1"'])
@pytest.mark.parametrize("previous", [b'"\\ud800"', b"1", b'"0"'])
def test_no_first_line_ends_a_writer_with_a_crash(tmp_path, first, previous):
    body = b'{"type":"open","ledger":"a","segment":1,"first":%s,"previous":%s}' % (first, previous)
    (tmp_path / "00000001.log").write_bytes(line_of(GENESIS, OWN, body)[0])

    with pytest.raises(LedgerAlteredError):
        Writer(tmp_path)


def test_a_ledger_whose_oldest_segments_go_meanwhile_is_checked_all_the_same(tmp_path, monkeypatch):
    folder = tmp_path / "l"
    kept = Options(segment_bytes=600, retention=Retention(total_bytes=2000))
    with Writer(folder, kept) as writer:
        for number in range(12):
            writer.append({"number": number})
        real, once = checking.__globals__["segments_of"], []

        def slow(place):
            found = real(place)
            if not once:
                once.append(1)
                for number in range(12, 60):
                    writer.append({"number": number})
            return found

        monkeypatch.setitem(checking.__globals__, "segments_of", slow)
        check = verify(folder)

    assert (check.problems, check.live) == ((), True)
    assert check.first > 0


def test_records_are_read_on_behind_segments_that_go_meanwhile(tmp_path):
    folder = written(tmp_path / "l")
    before = list(entries(folder))
    reading = entries(folder)
    next(reading)
    for gone in segments(folder)[1:3]:
        gone.unlink()

    after = list(reading)

    there = {e.segment for e in before} - {2, 3}
    assert [e for e in after if e.segment > 1] == [
        e for e in before if e.segment > 1 and e.segment in there
    ]


def test_what_follows_a_line_that_is_too_long_is_shown_still(tmp_path):
    folder = written(tmp_path / "l", count=3)
    first = segments(folder)[0]
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join([*lines[:2], b"x" * (5 << 20) + b"\n", *lines[2:]]))

    bodies = [entry.body for entry in entries(folder)]
    assert [f'{{"number":{n}}}' in bodies for n in range(3)] == [True] * 3
    assert verify(folder).problems


# heads ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys"))


class Hanging(HeadFile):
    """Keeps no head before it is let go."""

    def __init__(self, path, key):
        super().__init__(path, key)
        self.called, self.go = threading.Event(), threading.Event()

    def keep(self, text):
        self.called.set()
        self.go.wait(30)
        super().keep(text)


def test_records_go_on_while_the_disk_of_heads_hangs(tmp_path, keys):
    sink = Hanging(tmp_path / "heads", load_private(keys[0]))
    with Writer(tmp_path / "l", Options(head_seconds=0.0), heads=sink) as writer:
        writer.append({"number": 0}).result(timeout=10)
        assert sink.called.wait(10)
        for number in range(1, 20):  # each waited for that disk
            writer.append({"number": number}).result(timeout=10)
        sink.go.set()

    check = verify(tmp_path / "l", heads=heads_in(tmp_path / "heads"))
    assert (check.records, check.open_ends) == (20, ())


def test_a_head_that_could_not_be_kept_is_told_and_tried_again(tmp_path, keys):
    place = tmp_path / "elsewhere"
    sink = HeadFile(place / "heads", load_private(keys[0]))
    with Writer(tmp_path / "l", Options(head_seconds=0.0), heads=sink) as writer:
        writer.append({"number": 0}).result(timeout=10)
        writer.append({"number": 1}).result(timeout=10)
        while not writer.head_trouble:
            writer.append({"number": 2}).result(timeout=10)
        assert "no such file" in writer.head_trouble
        place.mkdir()

    assert writer.head_failures > 0
    assert writer.head_trouble == ""
    assert verify(tmp_path / "l", heads=heads_in(place / "heads")).open_ends == ()


def test_a_full_disk_leaves_no_part_of_a_head(tmp_path, keys, monkeypatch):
    sink = HeadFile(tmp_path / "heads", load_private(keys[0]))
    folder = tmp_path / "l"
    with Writer(folder, heads=sink) as writer:
        writer.append({"number": 1})
    whole = sink.path.read_bytes()

    def fail(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            sink.keep("{}")

    assert sink.path.read_bytes() == whole


def test_a_full_ledger_has_heads_kept_elsewhere_and_leaves_nothing_open(tmp_path, keys):
    heads, folder = tmp_path / "heads", tmp_path / "l"
    before = len(list(Path("/proc/self/fd").iterdir()))
    writer = Writer(folder, heads=HeadFile(heads, load_private(keys[0])))
    writer.append({"number": 1}).result(timeout=10)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = segments(folder)[0].stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(size, 400) + 40, hard))
    try:
        with pytest.raises(LedgerWriteError):
            writer.close()
        with pytest.raises(LedgerWriteError):
            Writer(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert verify(folder, heads=heads_in(heads)).records == 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_heads_behind_a_torn_one_are_read_and_the_torn_one_is_told(tmp_path, keys):
    heads, folder = tmp_path / "heads", tmp_path / "l"
    for number in range(2):
        with Writer(folder, heads=HeadFile(heads, load_private(keys[0]))) as writer:
            writer.append({"number": number})
        if not number:  # a power cut took the rest
            heads.write_bytes(heads.read_bytes()[:-40])

    kept, torn = kept_in(heads)
    ran = command("ledger", "verify", folder, "--key", keys[1], "--head", heads)

    assert (len(kept) > 0, torn) == (True, 1)
    assert ran.code == 3
    assert "1 line of the heads that were kept elsewhere cannot be read" in ran.out
    with pytest.raises(LedgerError):
        heads_in(heads)


def test_heads_of_years_are_read(tmp_path, keys):
    heads, folder = tmp_path / "heads", tmp_path / "l"
    with Writer(folder, heads=HeadFile(heads, None)) as writer:
        writer.append({"number": 1})
    line = heads.read_bytes().splitlines(keepends=True)[-1]
    blank = b" " * 60_000 + b"\n"
    heads.write_bytes(line + blank * 1_200 + line)  # 72 MB

    assert verify(folder, heads=heads_in(heads)).open_ends == ()


# shown, exported, shipped -----------------------------------------------------------------------

HOSTILE = [
    b"\xff\xfe" * 100,
    b'{"time":"\\ud800"}',
    b'{"time":"\\u0000"}',
    b'{"a":"\x1b[2J"}',
    b"[" * 400_000,
    b'{"time":"0001-01-01T00:00:00"}',
    b'{"time":"9999-12-31T23:59:59-23:59"}',
    b'{"time":' + b"9" * 5000 + b"}",
    b"\x01" * (1 << 20),
]


@pytest.fixture
def hostile(tmp_path):
    with Writer(tmp_path / "l") as writer:
        for record in HOSTILE:
            writer.append(record)
    return tmp_path / "l"


def test_hostile_records_become_a_table(hostile, tmp_path):
    duckdb = pytest.importorskip("duckdb")

    ran = command("ledger", "export", hostile, "--output", tmp_path / "o.parquet")

    assert (ran.code, ran.err) == (0, "")
    found = duckdb.sql(f"select count(*) from '{tmp_path / 'o.parquet'}'").fetchall()
    assert found == [(len(HOSTILE) + 2,)]


def test_a_number_beyond_all_counts_is_none_in_a_table(tmp_path):
    pytest.importorskip("duckdb")
    body = b'{"type":"open","ledger":"a","segment":3,"first":%d,"previous":"%064d"}' % (10**30, 0)
    folder = tmp_path / "l"
    folder.mkdir()
    (folder / "00000003.log").write_bytes(line_of(b"0" * 64, OWN, body)[0])

    assert command("ledger", "export", folder, "--output", tmp_path / "o.parquet").code == 1


def test_hostile_records_and_digests_are_shipped(hostile, tmp_path):
    first = segments(hostile)[0]
    first.write_bytes(first.read_bytes() + b"\xff" * 64 + b" {}\n")
    taker = Taker()
    with taker as url:
        sent = Shipper(hostile, OtlpSink(url), tmp_path / "position").ship()

    assert sent == len(HOSTILE) + 3


def test_a_full_disk_leaves_no_part_of_a_batch(tmp_path, monkeypatch):
    folder, copy = written(tmp_path / "l"), tmp_path / "copy"
    shipper = Shipper(folder, FileSink(copy), tmp_path / "position")

    def fail(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(ShipError):
            shipper.ship()
    shipper.ship()

    assert copy.read_bytes() == b"".join(p.read_bytes() for p in segments(folder))


def test_a_line_longer_than_any_of_a_ledger_is_told_and_not_passed_over(tmp_path):
    folder = written(tmp_path / "l", count=3)
    first = segments(folder)[0]
    first.write_bytes(first.read_bytes() + b"x" * (3 << 20) + b"\n")

    with pytest.raises(LedgerError, match="longer"):
        Shipper(folder, FileSink(tmp_path / "copy"), tmp_path / "position").ship()


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:99999/",
        "http://[::1",
        "https://",
        "http:///x",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "otlp+http://127.0.0.1:x",
        "s3+http://127.0.0.1:0/b",
        "https://user:pa55word@127.0.0.1/",
    ],
)
def test_an_address_that_cannot_be_asked_is_an_error_that_shows_nothing_of_it(to):
    with pytest.raises(LedgerError) as raised:
        sink_of(to, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})

    assert "127.0.0.1" not in str(raised.value)
    assert "pa55word" not in str(raised.value)


def test_a_token_with_an_end_of_line_is_sent_without_and_a_strange_one_not_shown(tmp_path):
    folder, taker = written(tmp_path / "l", count=1), Taker()
    with taker as url:
        Shipper(folder, sink_of(url, {"LEDGER_TOKEN": "t0ken\n"}), tmp_path / "position").ship()

    (_, headers, _), *_ = taker.asked
    assert {k.lower(): v for k, v in headers.items()}["authorization"] == "Bearer t0ken"
    with pytest.raises(LedgerError) as raised:
        sink_of("https://host/", {"LEDGER_TOKEN": "t0\nken"})
    assert "ken" not in str(raised.value).replace("LEDGER_TOKEN", "")
