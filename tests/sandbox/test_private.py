"""What a worker keeps on disk without a name, seen from outside."""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
from pathlib import Path

import pytest

from modelwarden.sandbox.private import nameless_bytes

MEBIBYTE = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path)


def test_a_mapped_file_without_a_name_is_counted_also_between_memory_and_named_files(folder: str):
    before = nameless_bytes(os.getpid(), folder, -1, 1 << 30)
    shared = mmap.mmap(-1, MEBIBYTE)
    named = Path(folder, "ends like one (deleted)")
    named.write_bytes(bytes(MEBIBYTE))
    with named.open("rb") as stream:
        seen = mmap.mmap(stream.fileno(), MEBIBYTE, access=mmap.ACCESS_READ)

    with tempfile.TemporaryFile(dir=folder) as stream:
        stream.write(bytes(range(256)) * (3 * MEBIBYTE // 256))
        stream.flush()
        hidden = mmap.mmap(stream.fileno(), 3 * MEBIBYTE)
    found = nameless_bytes(os.getpid(), folder, -1, 1 << 30) - before

    hidden.close()
    seen.close()
    shared.close()
    assert 3 * MEBIBYTE <= found <= 4 * MEBIBYTE  # a file system rounds up to blocks of its own
    assert nameless_bytes(os.getpid(), folder, -1, 1 << 30) == before


def test_a_library_with_many_mapped_files_costs_no_close_look(folder: str, monkeypatch):
    from modelwarden.sandbox import private

    looked: list[bytes] = []

    class Counting:
        def fullmatch(self, line: bytes) -> None:
            looked.append(line)

    monkeypatch.setattr(private, "_DELETED", Counting())
    with tempfile.TemporaryFile(dir=folder) as stream:
        stream.write(bytes(mmap.PAGESIZE))
        stream.flush()
        hidden = mmap.mmap(stream.fileno(), mmap.PAGESIZE)
    nameless_bytes(os.getpid(), folder, -1, 1 << 30)

    hidden.close()
    mapped = Path("/proc/self/maps").read_bytes().count(b"\n")
    assert looked
    assert len(looked) < mapped / 4
    assert all(line.endswith(b" (deleted)") for line in looked)


def test_a_mapped_file_that_may_not_be_looked_at_is_too_much(folder: str, monkeypatch):
    from modelwarden.sandbox import private

    def refused(*_: object) -> int:
        raise PermissionError(1, "only a privileged process may look")

    monkeypatch.setattr(private, "_mapped", refused)
    path = Path(folder, "x")
    path.write_bytes(bytes(MEBIBYTE))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    descriptor = os.open(path, os.O_RDWR)
    # As libc maps it: Python keeps a descriptor of what it maps.
    at = libc.mmap(None, ctypes.c_size_t(4096), 1, mmap.MAP_SHARED, descriptor, ctypes.c_long(0))
    path.unlink()
    kept_open = nameless_bytes(os.getpid(), folder, -1, 1 << 30)
    os.close(descriptor)
    closed = nameless_bytes(os.getpid(), folder, -1, 1 << 30)
    libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(4096))

    assert kept_open <= 2 * MEBIBYTE
    assert closed > 1 << 30
