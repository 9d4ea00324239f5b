import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import examine
from modelwarden.core import GapKind
from modelwarden.formats import DamagedError, LimitExceededError, Limits, Source
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.sevenzip.reader import read, sniff
from sevenzips import CHAINS, Member, archive, coder, enclose, files, streams
from ziptricks import PAYLOAD

CODE = random.Random(0).randbytes(70_000) + b"\xe8\x01\x02\x03\x00" * 300


def view_of(data: bytes, limits: Limits | None = None) -> ArchiveView:
    return read(Source("a.7z", data), limits or Limits())


def contents(view: ArchiveView) -> dict[str, bytes]:
    return {c.name: (s := c.open()).read(0, s.size) for c in view.children}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("solid", [False, True], ids=["alone", "solid"])
@pytest.mark.parametrize("encoded", [False, True], ids=["plain header", "packed header"])
def test_members_of_every_chain_are_read(chain: str, solid: bool, encoded: bool):
    members = [Member("a/data.pkl", PAYLOAD), Member("code.bin", CODE), Member("é", b"x")]
    data = archive(members, chain, solid=solid, encoded=encoded)

    view = view_of(data)

    assert sniff(Source("a.7z", data))
    assert contents(view) == {m.name: m.data for m in members}
    assert (view.gaps, view.anomalies) == ((), ())


def test_a_payload_is_found_and_labelled_with_its_member():
    examined = examine(Source("a.7z", archive([Member("m.pkl", PAYLOAD)])), Limits())

    assert [f.location.member for f in examined.findings][:1] == ["m.pkl"]


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (b"\x03\x04\x01", "PPMd"),
        (b"\x06\xf1\x07\x01", "AES"),
        (b"\x04\x01\x09", "Deflate64"),
        (b"\x7f\x7f", "7f7f"),
    ],
)
def test_what_cannot_be_decoded_is_a_gap(method: bytes, words: str):
    header = b"\x01\x04" + streams([b"xxxx"], [[9]], [coder(method)]) + files([Member("a", b"")])

    view = view_of(enclose(b"xxxx", header + b"\0"))

    assert [g.kind for g in view.gaps] == [GapKind.UNSUPPORTED]
    assert words in view.gaps[0].why


def test_a_header_that_cannot_be_decoded_is_a_gap():
    header = b"\x17" + streams([b"xxxx"], [[9]], [coder(b"\x06\xf1\x07\x01")])

    view = view_of(enclose(b"xxxx", header))

    assert [g.kind for g in view.gaps] == [GapKind.UNSUPPORTED]
    assert view.children == ()


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        (Member("../x", b"1"), "escape"),
        (Member("C:\\x", b"1"), "escape"),
        (Member("link", b"../../etc/passwd", 0x8000 | 0o120777 << 16), "escape"),
    ],
)
def test_names_and_links_that_lead_outside_are_told(member: Member, kind: str):
    assert [a.kind.value for a in view_of(archive([member])).anomalies] == [kind]


def test_a_name_that_is_there_twice_is_told():
    view = view_of(archive([Member("a", b"1"), Member("a", b"2")]))

    assert [a.kind.value for a in view.anomalies] == ["duplicate"]


def test_bytes_behind_the_archive_are_opened_and_told():
    view = view_of(archive([Member("a", b"1")]) + PAYLOAD)

    assert [a.kind.value for a in view.anomalies] == ["appended"]
    assert PAYLOAD in contents(view).values()


def test_a_packed_stream_without_a_member_is_opened_and_told():
    packed = streams([PAYLOAD, b"x"], [[len(PAYLOAD)], [1]], [coder(b"\0")])
    header = b"\x01\x04" + packed + files([Member("a", b"")]) + b"\0"

    view = view_of(enclose(PAYLOAD + b"x", header))

    assert [a.kind.value for a in view.anomalies] == ["appended"]
    assert list(contents(view).values()) == [PAYLOAD, b"x"]


def test_a_bomb_is_told_and_not_opened():
    view = view_of(archive([Member("zeros", bytes(20 << 20))]))

    assert [a.kind.value for a in view.anomalies] == ["bomb"]
    with pytest.raises(LimitExceededError):
        view.children[0].open()


@pytest.mark.parametrize("cut", [5, 31, 40, 60])
def test_an_archive_that_is_cut_off_is_a_gap(cut: int):
    assert view_of(archive([Member("a.pkl", PAYLOAD)])[:cut]).gaps


def test_a_wrong_checksum_of_the_header_does_not_hide_the_members():
    data = bytearray(archive([Member("a.pkl", PAYLOAD)], "copy"))
    data[28] ^= 1

    view = view_of(bytes(data))

    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE] * 2
    assert contents(view) == {"a.pkl": PAYLOAD}


def test_a_header_that_promises_more_than_it_holds_costs_nothing():
    header = b"\x01\x05\xff" + (1 << 60).to_bytes(8, "little") + b"\0"

    assert len(view_of(enclose(b"", header)).gaps) == 1


SEVENZIP = shutil.which("7zz") or shutil.which("7z")
OPTIONS = {
    "default": [],
    "lzma": ["-m0=LZMA"],
    "bzip2": ["-m0=BZip2"],
    "deflate": ["-m0=Deflate"],
    "copy": ["-m0=Copy"],
    "not solid": ["-ms=off"],
    "plain header": ["-mhc=off"],
    "bcj": ["-m0=BCJ", "-m1=LZMA2"],
    "delta": ["-m0=Delta:4", "-m1=LZMA"],
    "ppmd": ["-m0=PPMd"],
    "deflate64": ["-m0=Deflate64"],
    "bcj2": ["-m0=BCJ2", "-m1=LZMA", "-m2=LZMA", "-m3=LZMA", "-mb0:1", "-mb0s1:2", "-mb0s2:3"],
    "encrypted": ["-psecret"],
    "encrypted header": ["-psecret", "-mhe=on"],
}
UNREAD = {"ppmd", "deflate64", "bcj2", "encrypted", "encrypted header"}


@pytest.mark.skipif(
    SEVENZIP is None and os.environ.get("MODELWARDEN_REQUIRE_TOOLS") != "1",
    reason="7zz (Debian package 7zip) is not installed",
)
@pytest.mark.parametrize("name", OPTIONS)
def test_what_7zip_writes_is_read_or_is_a_gap(name: str, tmp_path: Path):
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "data.pkl").write_bytes(PAYLOAD)
    (folder / "sub" / "code.bin").write_bytes(CODE)
    (folder / "empty.txt").write_bytes(b"")
    out = tmp_path / "a.7z"
    command = [str(SEVENZIP), "a", "-bd", "-y", *OPTIONS[name], str(out), "."]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    view = view_of(out.read_bytes())

    if name in UNREAD:
        assert {g.kind for g in view.gaps} == {GapKind.UNSUPPORTED}
        return
    assert (view.gaps, view.anomalies) == ((), ())
    assert contents(view) == {"data.pkl": PAYLOAD, "sub/code.bin": CODE}
    assert {e.name for e in view.entries} >= {"data.pkl", "sub/code.bin", "empty.txt"}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(CHAINS)),
    st.booleans(),
    st.lists(st.tuples(st.integers(12, 4000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_mutated_archives_survive(chain: str, encoded: bool, changes: list[tuple[int, int]]):
    members = [Member("a", PAYLOAD), Member("b", b"y" * 500)]
    data = bytearray(archive(members, chain, encoded=encoded))
    for at, byte in changes:
        data[12 + at % (len(data) - 12)] = byte
    limits = Limits(expanded=1 << 20, members=100)

    for child in view_of(bytes(data), limits).children:
        try:
            child.open().read(0, 100)
        except (DamagedError, LimitExceededError):
            continue


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_header_survives(header: bytes):
    view_of(enclose(b"", header))
