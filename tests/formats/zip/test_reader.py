import io
import pickle
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import DamagedError, LimitExceededError, Limits, Source
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.zip.reader import read, sniff
from ziptricks import HONESTY, PAYLOAD, READ, REFUSED, TRICKS, UNSEEN, Piece, Zip


def view_of(data: bytes, limits: Limits | None = None) -> ArchiveView:
    view = read(Source("x.zip", data), limits or Limits())
    assert isinstance(view, ArchiveView)
    return view


def contents(view: ArchiveView) -> list[bytes]:
    found = []
    for child in view.children:
        source = child.open()
        found.append(source.read(0, source.size))
    return found


def judged_by_zipfile(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if name not in archive.namelist():
                return UNSEEN
            try:
                return READ if archive.read(name) == PAYLOAD else "zipfile reads the last"
            except Exception:  # noqa: BLE001 -- whatever it raises, it refuses
                return REFUSED
    except zipfile.BadZipFile:
        return "zipfile refuses the archive"


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_is_told_and_the_payload_is_examined_all_the_same(name: str):
    trick = TRICKS[name]
    data = trick.build()

    view = view_of(data)

    assert {a.kind.value for a in view.anomalies} == set(trick.oddities)
    seen = any(PAYLOAD in piece for piece in contents(view))
    assert seen or view.gaps, "the payload is neither a child nor a gap"
    assert sniff(Source("x.zip", data))


@pytest.mark.parametrize("name", TRICKS)
def test_what_zipfile_makes_of_a_trick_is_as_the_table_says(name: str):
    trick = TRICKS[name]

    found = judged_by_zipfile(trick.build(), trick.name)

    assert trick.zipfile in {found, "either"}


def test_there_are_more_than_26_tricks():
    assert len(TRICKS) > 26


@pytest.mark.parametrize("name", HONESTY)
def test_an_honest_archive_has_no_anomaly_and_no_gap(name: str):
    view = view_of(HONESTY[name]())

    assert view.anomalies == ()
    assert view.gaps == ()
    assert any(PAYLOAD in piece for piece in contents(view))


def test_what_zipfile_writes_has_no_anomaly(tmp_path):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            archive.writestr("grüße.txt", "hello" * 1000)
            archive.mkdir("folder")
            with archive.open("wide.bin", "w", force_zip64=True) as member:
                member.write(bytes(5000))

        view = view_of(out.getvalue())

        assert (view.anomalies, view.gaps) == ((), ())
        assert contents(view)[:1] == [b"hello" * 1000]


def test_what_zipfile_writes_to_a_stream_has_no_anomaly():
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"hello" * 100)
        archive.writestr("b.txt", b"hello" * 100)

    view = view_of(pipe.data)

    assert (view.anomalies, view.gaps) == ((), ())


def test_what_numpy_writes_has_no_anomaly():
    for write in (np.savez, np.savez_compressed):
        out = io.BytesIO()
        write(out, a=np.arange(100), b=np.zeros((3, 4)))

        view = view_of(out.getvalue())

        assert (view.anomalies, view.gaps) == ((), ())


def test_an_archive_without_its_end_is_walked_and_has_a_gap():
    data = Zip([Piece(b"data.pkl", PAYLOAD), Piece(b"more.bin", b"y" * 1000)]).build()

    view = view_of(data[:700])

    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE]
    assert PAYLOAD in contents(view)


@pytest.mark.parametrize("method", [1, 6, 9, 98, 99, 4711])
def test_a_method_that_is_not_read_is_a_gap(method: int):
    view = view_of(Zip([Piece(b"data.pkl", PAYLOAD, method=method)]).build())

    assert [g.kind for g in view.gaps] == [GapKind.UNSUPPORTED]
    with pytest.raises(DamagedError):
        view.children[0].open().read(0, 10)


def test_an_encrypted_member_is_a_gap():
    view = view_of(Zip([Piece(b"a.txt", b"x" * 15, flags=1, raw=b"\x93" * 27)]).build())

    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE]
    assert view.children == ()


def test_a_bomb_is_told_before_it_is_opened():
    data = Zip([Piece(b"zeros.pkl", bytes(20 << 20), method=8)]).build()

    view = view_of(data)

    assert [a.kind.value for a in view.anomalies] == ["bomb"]
    with pytest.raises(LimitExceededError):
        view.children[0].open()


def test_more_members_than_allowed_are_a_gap_and_a_finding():
    data = Zip([Piece(b"%d" % n, b"") for n in range(20)]).build()

    view = view_of(data, Limits(members=10))

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]
    assert [a.kind.value for a in view.anomalies] == ["bomb"]


def test_a_tar_that_ends_in_a_zip_is_left_to_the_tar_reader():
    data = bytes(257) + b"ustar" + bytes(250) + Zip([Piece(b"a", b"b")]).build()

    assert not sniff(Source("x.tar", data))


def drained(data: bytes) -> None:
    limits = Limits(expanded=1 << 20, members=100)
    source = Source("x.zip", data)
    try:
        if not sniff(source):
            return
        view = read(source, limits)
        for child in view.children:
            try:
                nested = child.open()
                nested.read(0, 1 << 16)
            except DamagedError:
                continue
    except LimitExceededError:
        return


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_after_a_signature_survive(data: bytes):
    drained(b"PK\x03\x04" + data)
    drained(data + b"PK\x05\x06" + bytes(18))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(TRICKS)),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_mutated_archives_survive(name: str, changes: list[tuple[int, int]]):
    data = bytearray(TRICKS[name].build())
    for at, byte in changes:
        data[at % len(data)] = byte

    drained(bytes(data))


def test_the_metadata_of_a_tensorflow_lite_model_are_a_zip_behind_it():
    buffer = io.BytesIO(b"\x1c\x00\x00\x00TFL3" + b"model" * 20)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")

    view = view_of(buffer.getvalue())

    assert (view.anomalies, view.gaps) == ((), ())
    assert contents(view) == [b"cat\ndog\n"]


def test_members_that_share_one_stream_end_at_the_limit_and_all_are_gaps_or_children():
    bomb = Piece(b"a0", bytes(1 << 20), method=8)
    shared = [replace(bomb, name=b"a%d" % n, local_name=b"a0", offset=0) for n in range(50)]

    view = view_of(Zip(shared).build(), Limits(expanded=8 << 20))

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]
    assert len(view.children) >= 50


def test_entries_over_one_stretch_of_bytes_are_told_and_examined_once():
    whole = Zip([Piece(b"a0", bytes(1 << 20), method=8)]).build()
    start, end = whole.find(b"PK\x01\x02"), whole.find(b"PK\x05\x06")
    count, entry = 500, whole[start:end]
    tail = struct.pack("<HHIIH", count, count, len(entry) * count, start, 0)

    view = view_of(whole[:start] + entry * count + b"PK\x05\x06" + bytes(4) + tail)

    assert "bomb" in {a.kind.value for a in view.anomalies}
    assert (len(view.children), view.gaps) == (1, ())


def test_a_prefix_that_is_no_python_launcher_is_told():
    view = view_of(Zip([Piece(b"a", b"b")], prefix=b"#!/bin/sh -c true\n").build())

    assert [a.kind.value for a in view.anomalies] == ["appended"]


def test_a_zip_inside_a_pickle_is_no_anomaly():
    data = pickle.dumps({"state": Zip([Piece(b"data.pkl", PAYLOAD)]).build()})

    view = view_of(data)

    assert (view.anomalies, view.gaps) == ((), ())
    assert contents(view) == [PAYLOAD]
