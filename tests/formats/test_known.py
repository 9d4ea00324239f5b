"""Programs, other data and empty files: recognised by their first bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import Limits, Source, empty, identify, knowndata, native, reader_of
from modelwarden.formats.catalog import FORMATS
from modelwarden.formats.entry import Tier
from modelwarden.formats.identified.kind import Kind
from modelwarden.formats.jsondata import DIALECTS

ASKED = [entry for entry in FORMATS if not entry.of]
PROGRAMS = {
    "elf": b"\x7fELF\x02\x01\x01" + bytes(50),
    "pe": b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\x00\x00",
    "macho": b"\xcf\xfa\xed\xfe\x07\x00\x00\x01" + bytes(20),
    "wasm": b"\x00asm\x01\x00\x00\x00",
    "java-class": b"\xca\xfe\xba\xbe\x00\x00\x004" + bytes(20),
    "python-bytecode": b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(20),
    "llamafile": b"MZqFpD='\n" + bytes(20),
    "lua-bytecode": b"\x1bLua\x53" + bytes(20),
    "llvm-bitcode": b"BC\xc0\xde" + bytes(20),
    "dex": b"dex\n035\0" + bytes(20),
    "static-library": b"!<arch>\n" + bytes(20),
    "cuda-fatbin": b"\x50\xed\x55\xba" + bytes(20),
    "spirv": b"\x03\x02\x23\x07" + bytes(20),
    "tensorrt": b"ftrt" + bytes(40),
    "hailo": b"\x01HEF" + bytes(40),
    "rknn": b"RKNN" + bytes(40),
    "tflite-edgetpu": b"DWN1" + bytes(40),
}
OTHERS = {
    "a fat Mach-O file of 64 bits": ("macho", b"\xca\xfe\xba\xbf\0\0\0\2" + bytes(40)),
    "LuaJIT": ("lua-bytecode", b"\x1bLJ\2" + bytes(20)),
    "an older TensorRT": ("tensorrt", b"ptrt" + bytes(40)),
    "APE without Windows": ("llamafile", b"jartsr='\n" + bytes(40)),
    "DOS": ("pe", b"MZ\x20\0\1\0\0\0\2\0" + bytes(54)),
    "16 bits of Windows": ("pe", b"MZ" + bytes(58) + struct.pack("<I", 64) + b"NE" + bytes(20)),
    "a shortcut": (
        "windows-shortcut",
        b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F\x9b\0\0\0" + bytes(60),
    ),
    "a task": ("windows-task", b"\x00\x0a\1\0" + bytes(16) + b"\x46\0\x9a\0" + bytes(60)),
    "optimised Android code": ("dex", b"dey\n036\0" + bytes(20)),
}
DATA = {
    "pdf": b"%PDF-1.7\n",
    "wav": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    "parquet": b"PAR1" + bytes(20) + b"PAR1",
    "sqlite": b"SQLite format 3\x00" + bytes(100),
    "mp4": b"\x00\x00\x00\x18ftypmp42",
    "truetype": b"\x00\x01\x00\x00\x00\x0f\x00\x80\x00\x03\x00\x70OS/2" + bytes(20),
}


@pytest.mark.parametrize(("kind", "data"), PROGRAMS.items())
def test_a_program_is_recognised_under_any_name(kind: str, data: bytes):
    (entry,) = identify(Source("weights.bin", data))

    assert entry.id == "native"
    assert reader_of(entry).read(Source("weights.bin", data), Limits()).format == kind


@pytest.mark.parametrize(("kind", "data"), OTHERS.values(), ids=OTHERS)
def test_rarer_programs_are_recognised(kind: str, data: bytes):
    (entry,) = identify(Source("weights.bin", data))

    assert reader_of(entry).read(Source("weights.bin", data), Limits()).format == kind


@pytest.mark.parametrize(
    ("kind", "machine", "title"),
    [(2, 62, "an ELF program for x86-64"), (3, 183, "an ELF library or program for AArch64")],
)
def test_an_elf_file_is_named_by_kind_and_machine(kind: int, machine: int, title: str):
    data = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", kind, machine)

    assert native.read(Source("x", data + bytes(44)), Limits()).title == title


@pytest.mark.parametrize(("kind", "data"), DATA.items())
def test_other_data_is_recognised(kind: str, data: bytes):
    (entry,) = identify(Source("x", data))

    view = reader_of(entry).read(Source("x", data), Limits())

    assert (view.format, view.gaps) == (kind, ())


@pytest.mark.parametrize("data", [b"MZ is text", b"PAR1" + bytes(30), b"\xa7\r\n\r"])
def test_a_magic_alone_is_not_enough_where_more_is_needed(data: bytes):
    assert not native.sniff(Source("x", data))
    assert not knowndata.sniff(Source("x", data))


@pytest.mark.parametrize(
    ("name", "gaps"), [("model.pkl", 1), ("weights.safetensors", 1), ("__init__.py", 0)]
)
def test_an_empty_file_is_a_gap_where_a_model_should_be(name: str, gaps: int):
    source = Source(name, b"")

    assert [entry.id for entry in identify(source)] == ["empty"]
    assert len(empty.read(source, Limits()).gaps) == gaps


def test_every_line_of_the_catalogue_has_its_own_id_and_a_reader():
    ids = [entry.id for entry in FORMATS]

    assert len(ids) == len(set(ids))
    for entry in ASKED:
        reader = reader_of(entry)
        assert callable(reader.sniff)
        assert callable(reader.read)


def test_every_family_is_a_line_of_its_own():
    assert {entry.of for entry in FORMATS} - {None} <= {entry.id for entry in FORMATS}


def test_what_is_only_named_stands_in_its_tier():
    tiers = {entry.id: entry.tier for entry in FORMATS}
    kinds = [entry for entry in ASKED if isinstance(reader_of(entry), Kind)]

    assert len(kinds) > 5
    assert {entry.tier for entry in kinds} == {Tier.IDENTIFIED}
    for dialect in DIALECTS:
        assert (tiers[dialect.id] is Tier.IDENTIFIED) is bool(dialect.title), dialect.id


@given(st.binary(max_size=200), st.sampled_from(ASKED))
def test_no_sniffer_and_no_reader_fails_on_any_bytes_behind_its_mark(data: bytes, entry):
    mark = entry.marks[0] if entry.marks else None
    if mark is not None:
        place = max(mark.at, 0)
        data = data[:place].ljust(place, b"\x00") + mark.magic + data[place:]
    source = Source("x", data)

    if reader_of(entry).sniff(source):
        assert reader_of(entry).read(source, Limits()).source is source
