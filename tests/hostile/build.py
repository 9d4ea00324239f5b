"""What a sample is, and the small assemblers with which the samples are built.

Every payload is harmless: it runs `true`, names a file that is not there or an address that does
not resolve. Nothing here is ever loaded; the bytes are only scanned.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MEDIUM = "medium"
"""A finding at medium or above."""

NOT_CLEAN = "not clean"
"""A finding at medium or above, or an incomplete verdict."""

Files = Mapping[str, bytes]
Builder = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample.

    Attributes:
        name: unique, in words.
        file: name under which the bytes are scanned.
        build: gives the bytes.
        loader: what a victim's loader would do.
        expect: `MEDIUM` or `NOT_CLEAN`; for harmless samples it is not read.
        beside: files that stand in its folder.
    """

    name: str
    file: str
    build: Builder
    loader: str
    expect: str = MEDIUM
    beside: Files = field(default_factory=dict)


def constant(data: bytes) -> Builder:
    """Return a builder of bytes that are there already."""
    return lambda: data


STOP, MARK, REDUCE = b".", b"(", b"R"


def value(thing: object, protocol: int = 2) -> bytes:
    """Return the opcodes that push `thing`, without header and STOP, leaving no memo behind."""
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol)
    pickler.fast = True
    pickler.dump(thing)
    body = out.getvalue()[:-1]
    return body[2:] if protocol >= 2 else body


def name(module: str, attribute: str) -> bytes:
    """Return a GLOBAL."""
    return f"c{module}\n{attribute}\n".encode()


def text(word: str) -> bytes:
    """Return SHORT_BINUNICODE."""
    data = word.encode()
    return b"\x8c" + bytes([len(data)]) + data


def stack_name(module: str, attribute: str) -> bytes:
    """Return a STACK_GLOBAL with its two names."""
    return text(module) + text(attribute) + b"\x93"


def call(module: str, attribute: str, *arguments: object, protocol: int = 2) -> bytes:
    """Return a whole pickle that calls a global with plain arguments."""
    header = b"\x80" + bytes([protocol])
    named = stack_name(module, attribute) if protocol >= 4 else name(module, attribute)
    return header + named + value(tuple(arguments)) + REDUCE + STOP


def command() -> bytes:
    """Return the plainest harmful pickle: `os.system('true')`, protocol 2."""
    return call("os", "system", "true")


def inner(payload: bytes) -> bytes:
    """Return a pickle's opcodes without its header and STOP."""
    return payload[2:-1]


def archive(members: Mapping[str, bytes], *, packed: bool = False) -> bytes:
    """Return a zip with fixed dates."""
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as target:
        for member, data in members.items():
            info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            target.writestr(info, data)
    return out.getvalue()


def torch_zip(
    data_pkl: bytes, extra: Mapping[str, bytes] | None = None, *, storage: bytes = bytes(16)
) -> bytes:
    """Return a torch checkpoint around a pickle, with one storage: by default of four floats."""
    members = {"archive/data.pkl": data_pkl, "archive/data/0": storage}
    return archive(members | {"archive/version": b"3\n"} | dict(extra or {}))


def npy(header: str, body: bytes, version: int = 1) -> bytes:
    """Return an npy file with this header text."""
    layout = "<H" if version == 1 else "<I"
    fixed = 8 + struct.calcsize(layout)
    padded = header + " " * (-(fixed + len(header) + 1) % 64) + "\n"
    size = struct.pack(layout, len(padded.encode()))
    return b"\x93NUMPY" + bytes([version, 0]) + size + padded.encode() + body


def safetensors(header: str | bytes, body: bytes = b"") -> bytes:
    """Return a safetensors file with this header text."""
    data = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(data)) + data + body


def varint(number: int) -> bytes:
    """Return a protobuf varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, data: bytes | str | int) -> bytes:
    """Return a protobuf field: a varint for an integer, else bytes with their length."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    raw = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(raw)) + raw
