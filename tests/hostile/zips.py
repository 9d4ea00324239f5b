"""Zip files whose headers say other things to a scanner than to a loader.

Sources: the descriptions of CVE-2025-1944, 1945, 10155 and 10156, and the zip format.
"""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

from hostile.build import MEDIUM, NOT_CLEAN, Sample, archive, command

BAD = command()
GOOD = pickle.dumps({"weight": [0.5, 0.25]}, 2)


def _patched(data: bytes, signature: bytes, at: int, new: bytes, *, every: bool = False) -> bytes:
    """Overwrite bytes of the first (or every) record with this signature."""
    out = bytearray(data)
    start = out.find(signature)
    while start >= 0:
        out[start + at : start + at + len(new)] = new
        start = out.find(signature, start + 4) if every else -1
    return bytes(out)


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def _zip() -> bytes:
    return archive({"data.pkl": BAD})


def _flag(signature: bytes, bit: int) -> Callable[[], bytes]:
    at = 6 if signature == LOCAL else 8
    return lambda: _patched(_zip(), signature, at, struct.pack("<H", bit))


def _other_local_name() -> bytes:
    return _patched(_zip(), LOCAL, 30, b"note.txt")


def _bad_crc() -> bytes:
    return _patched(_patched(_zip(), LOCAL, 14, b"\0\1\2\3"), CENTRAL, 16, b"\0\1\2\3")


def _local_size_lies() -> bytes:
    return _patched(_zip(), LOCAL, 18, struct.pack("<II", 3, 3))


def _method_differs() -> bytes:
    return _patched(_zip(), CENTRAL, 10, struct.pack("<H", 8))


def _method_unknown() -> bytes:
    data = _patched(_zip(), CENTRAL, 10, struct.pack("<H", 97))
    return _patched(data, LOCAL, 8, struct.pack("<H", 97))


def _prefixed() -> bytes:
    return b"MZ" + bytes(510) + _zip()


def _appended() -> bytes:
    return archive({"data.pkl": GOOD}) + BAD


def _duplicate_names() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr("data.pkl", GOOD)
        target.writestr("data.pkx", BAD)
    return out.getvalue().replace(b"data.pkx", b"data.pkl")


def _two_ends() -> bytes:
    """A second end record in the comment of the first: readers disagree which one counts."""
    whole = _zip()
    harmless = archive({"data.pkl": GOOD})
    comment = harmless[harmless.find(CENTRAL) :]
    return whole[:-2] + struct.pack("<H", len(comment)) + comment


def _count_lies() -> bytes:
    data = archive({"a.txt": b"x", "data.pkl": BAD})
    return _patched(data, END, 8, struct.pack("<HH", 1, 1))


def _no_directory() -> bytes:
    data = _zip()
    return data[: data.find(CENTRAL)]


def _hidden_between() -> bytes:
    """A local record that no directory entry points to."""
    data = archive({"a.txt": b"x"})
    hidden = _zip()
    record = hidden[: hidden.find(CENTRAL)]
    at, end = data.find(CENTRAL), data.find(END)
    moved = struct.pack("<I", at + len(record))
    return data[:at] + record + data[at:end] + data[end : end + 16] + moved + data[end + 20 :]


def _null_in_name() -> bytes:
    return archive({"data.pklX.txt": BAD}).replace(b"data.pklX.txt", b"data.pkl\0.txt")


def _folder_with_bytes() -> bytes:
    return _zip().replace(b"data.pkl", b"archive/")


def _unicode_name() -> bytes:
    """An Info-ZIP unicode path that gives the member another name."""
    other = b"data.pkl"
    plain = b"safe.txt"
    extra = b"\x01" + struct.pack("<I", zlib.crc32(plain)) + other
    info = zipfile.ZipInfo("safe.txt", (1980, 1, 1, 0, 0, 0))
    info.extra = struct.pack("<HH", 0x7075, len(extra)) + extra
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr(info, BAD)
    return out.getvalue()


def _offset_past_end() -> bytes:
    return _patched(_zip(), CENTRAL, 42, struct.pack("<I", 0x7FFFFFFF))


def _tar_gz() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as target:
        info = tarfile.TarInfo("data.pkl")
        info.size = len(BAD)
        target.addfile(info, io.BytesIO(BAD))
    return out.getvalue()


_ZIPS: dict[str, Callable[[], bytes]] = {
    "plain": _zip,
    "deflated": lambda: archive({"data.pkl": BAD}, packed=True),
    "member without a telling name": lambda: archive({"notes.txt": BAD}),
    "local name differs from the directory's": _other_local_name,
    "encrypted bit in the directory": _flag(CENTRAL, 0x1),
    "encrypted bit in the local record": _flag(LOCAL, 0x1),
    "patched-data bit": _flag(CENTRAL, 0x20),
    "strong-encryption bit": _flag(CENTRAL, 0x40),
    "masked-header bit": _flag(CENTRAL, 0x2000),
    "data-descriptor bit without one": _flag(LOCAL, 0x8),
    "checksum is wrong": _bad_crc,
    "local sizes lie": _local_size_lies,
    "directory says deflated, record says stored": _method_differs,
    "method that nobody knows": _method_unknown,
    "program in front": _prefixed,
    "pickle behind the end record": _appended,
    "two members of one name": _duplicate_names,
    "two end records": _two_ends,
    "end record counts too few": _count_lies,
    "no directory": _no_directory,
    "record between the members": _hidden_between,
    "zero byte in the name": _null_in_name,
    "folder that holds bytes": _folder_with_bytes,
    "second name in an extra field": _unicode_name,
    "directory points past the end": _offset_past_end,
    "zip in a zip": lambda: archive({"inner.zip": _zip()}),
    "tar.gz in a zip": lambda: archive({"inner.tar.gz": _tar_gz()}),
}

# No loader gets at the member either.
_EXPECT = {"method that nobody knows": NOT_CLEAN}
_RUNS = "a loader that unpickles the member runs the call"

ZIPS: tuple[Sample, ...] = tuple(
    Sample(f"zip: {t}", "model.zip", b, _RUNS, _EXPECT.get(t, MEDIUM)) for t, b in _ZIPS.items()
)
