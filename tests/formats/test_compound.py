"""Compound files: what they hold is listed, and bad ones are gaps."""

from __future__ import annotations

import struct

import pytest

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source

MSI = bytes.fromhex("84100c0000000000c000000000000046")
FREE, END = 0xFFFFFFFF, 0xFFFFFFFE


def entry(name: str, kind: int, owner: bytes = bytes(16)) -> bytes:
    coded = (name + "\0").encode("utf-16-le")
    return (
        coded.ljust(64, b"\0")
        + struct.pack("<HBB3I", len(coded), kind, 1, FREE, FREE, FREE)
        + owner
        + bytes(20)
        + struct.pack("<IQ", 0, 0)
    )


def compound(*entries: bytes) -> bytes:
    """Return a file with sectors of 512 bytes: the allocation table, then the directory."""
    blocks = -(-len(entries) // 4)
    chain = [0xFFFFFFFD, *range(2, blocks + 1), END]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<5H6x2I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1)
    head += struct.pack("<6I", 1, 0, 4096, END, 0, END) + struct.pack("<I", 0)
    head += struct.pack("<109I", 0, *[FREE] * 108)
    return head + table + b"".join(entries).ljust(512 * blocks, b"\0")


def rules(data: bytes, name: str = "card.doc") -> list[str]:
    with Source(name, data) as source:
        return [finding.rule for finding in examine(source, Limits()).findings]


ROOT = entry("Root Entry", 5)
PLAIN = (ROOT, entry("WordDocument", 2), entry("1Table", 2), entry("\x05SummaryInformation", 2))


@pytest.mark.parametrize(
    "more",
    [
        (entry("Macros", 1), entry("_VBA_PROJECT", 2)),
        (entry("_VBA_PROJECT_CUR", 1),),
        (entry("ObjectPool", 1), entry("\x01Ole10Native", 2)),
    ],
)
def test_macros_and_packed_files_of_an_old_document_are_found(more):
    assert rules(compound(*PLAIN, *more)) == ["office-macro"]


def test_an_old_document_without_macros_is_data():
    with Source("card.doc", compound(*PLAIN)) as source:
        examined = examine(source, Limits())

    assert [*examined.findings, *examined.gaps] == []
    assert examined.coverage.format == "compound-document"


def test_an_installer_is_a_program():
    assert rules(compound(entry("Root Entry", 5, MSI)), "x.msi") == ["native-code"]


@pytest.mark.parametrize("size", [8, 511, 512, 1024])
def test_a_compound_file_that_breaks_off_is_a_gap(size):
    with Source("card.doc", compound(*PLAIN)[:size]) as source:
        assert examine(source, Limits()).gaps


def test_a_directory_that_goes_round_ends():
    data = bytearray(compound(*PLAIN, entry("x", 2)))
    data[512 + 8 : 512 + 12] = struct.pack("<I", 1)

    assert rules(bytes(data)) == []
