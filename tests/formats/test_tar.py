import io
import pickle
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.tar import read, sniff
from torchfiles import integer
from ziptricks import PAYLOAD

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar(*members: tuple[tarfile.TarInfo, bytes], layout: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=layout) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def view_of(data: bytes) -> ArchiveView:
    return read(Source("a.tar", data), Limits())


def contents(view: ArchiveView) -> dict[str, bytes]:
    return {c.name: c.open().read(0, 1 << 20) for c in view.children}


def kinds(view: ArchiveView) -> list[str]:
    return [a.kind.value for a in view.anomalies]


@pytest.mark.parametrize("layout", FORMATS)
def test_members_of_every_layout_are_read(layout: int):
    long = "folder/" * 12 + "model.pkl"
    data = tar(member("a.pkl", PAYLOAD), member(long, b"x" * 700), layout=layout)

    view = view_of(data)

    assert sniff(Source("a.tar", data))
    assert contents(view) == {"a.pkl": PAYLOAD, long: b"x" * 700}
    assert (view.anomalies, view.gaps) == ((), ())


@pytest.mark.parametrize("layout", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_that_are_too_long_for_the_header_are_read(layout: int):
    long = "é" * 300

    assert list(contents(view_of(tar(member(long, b"x"), layout=layout)))) == [long]


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "C:\\x", "..\\x"])
def test_a_name_that_leads_outside_is_told(name: str):
    assert kinds(view_of(tar(member(name, b"x")))) == ["escape"]


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../../x"),
        (tarfile.LNKTYPE, "../x"),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.CHRTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_links_that_lead_outside_and_devices_are_told(kind: bytes, target: str):
    assert kinds(view_of(tar(member("a/b", type=kind, linkname=target)))) == ["escape"]


def test_links_that_stay_inside_are_no_anomaly():
    data = tar(
        member("a/b", b"x"),
        member("a/c", type=tarfile.SYMTYPE, linkname="../a/b"),
        member("d", type=tarfile.LNKTYPE, linkname="a/b"),
        member("e", type=tarfile.DIRTYPE),
    )

    view = view_of(data)

    assert kinds(view) == []
    assert [e.kind for e in view.entries] == ["file", "symlink", "hardlink", "folder"]


def test_a_name_that_is_there_twice_is_told_and_both_are_opened():
    view = view_of(tar(member("a", b"1"), member("a", b"2")))

    assert kinds(view) == ["duplicate"]
    assert len(view.children) == 2


def test_bytes_behind_the_end_are_opened_and_told():
    view = view_of(tar(member("a", b"1")) + PAYLOAD)

    assert kinds(view) == ["appended"]
    assert any(data.startswith(PAYLOAD) for data in contents(view).values())


def test_a_second_archive_behind_the_first_is_examined():
    examined = examine(
        Source("a.tar", tar(member("a", b"1")) + tar(member("b", PAYLOAD))), Limits()
    )

    assert "posix.system" in {i.name for i in examined.inventory}


def test_a_member_that_is_cut_off_is_a_gap_and_what_is_there_is_opened():
    view = view_of(tar(member("a", PAYLOAD + b"x" * 2000))[:1000])

    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE]
    assert contents(view)["a"].startswith(PAYLOAD)


def test_a_broken_header_is_a_gap_and_the_rest_is_opened():
    data = bytearray(tar(member("a", b"1"), member("b", PAYLOAD)))
    data[1024 + 5] ^= 1

    view = view_of(bytes(data))

    assert len(view.gaps) == 1
    assert any(PAYLOAD in data for data in contents(view).values())


def test_more_members_than_allowed_are_a_gap():
    data = tar(*(member(str(n)) for n in range(50)))

    view = read(Source("a.tar", data), Limits(members=10))

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]


def test_the_size_in_a_pax_header_counts_as_for_tarfile():
    data = bytearray(tar(member("a", PAYLOAD + b"y" * 600, pax_headers={"size": "5"})))

    view = view_of(bytes(data))

    assert contents(view)["a"] == PAYLOAD[:5]
    assert view.gaps
    assert any(PAYLOAD[5:] in piece or b"yyy" in piece for piece in contents(view).values())


def legacy_torch(body: bytes = b"\x80\x02N.") -> bytes:
    described = b"\x80\x02(X\x01\x00\x00\x000X\x03\x00\x00\x00cpuctorch\nFloatStorage\nt."
    storages = b"\x80\x02K\x01." + described + (4).to_bytes(8, "little") + bytes(16)
    storages += pickle.dumps([], 2)
    tensor = b"\x80\x02(X\x01\x00\x00\x001X\x01\x00\x00\x000ctorch\nFloatTensor\nt."
    tensors = b"\x80\x02" + integer(1) + b"." + tensor
    tensors += (1).to_bytes(4, "little") + bytes(4) + bytes(8) * 3
    return tar(
        member("sys_info", pickle.dumps({"little_endian": True}, 2)),
        member("pickle", body),
        member("storages", storages),
        member("tensors", tensors),
    )


def test_torchs_first_layout_is_read_to_its_end():
    examined = examine(Source("m.pt", legacy_torch()), Limits())

    assert examined.coverage.format == "torch-tar"
    assert examined.gaps == []


def test_a_payload_in_torchs_first_layout_is_found():
    examined = examine(Source("m.pt", legacy_torch(PAYLOAD)), Limits())

    assert "posix.system" in {i.name for i in examined.inventory}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=8))
def test_mutated_archives_survive(changes: list[tuple[int, int]]):
    data = bytearray(tar(member("é" * 120, PAYLOAD), member("b", b"x" * 600)))
    for at, byte in changes:
        data[at % len(data)] = byte
    source = Source("a.tar", bytes(data))
    sniff(source)

    for child in read(source, Limits()).children:
        child.open().read(0, 100)
