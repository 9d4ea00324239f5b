"""Formats with a magic number, or a header that nothing else has."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.formats.identified.kind import Kind, producer

if TYPE_CHECKING:
    from modelwarden.core import Producer
    from modelwarden.formats.source import Source

_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_MX_ARRAYS = {0xF993FAC8, 0xF993FAC9, 0xF993FACA}
_FAISS = re.compile(
    rb"I(?:x[F2MPpV][I2lTpoqqrLQ]|xHe|xPq|xPo|xSQ|xSq|xFI|xF2|xFl|wFl|wFd|wPQ|wSq|wQR|wSh|wPf|vFl|vPQ"
    rb"|vSQ|HNf|HNp|HNs|H2l|HNc|NSf|NSp|NSs|Bx[FHM2]|Bwf|Bwh|wLS|xRQ|xLS|xRP|mRQ)"
)
_XGB_NAMES = re.compile(rb"[a-z]+:[a-z_]+|[a-z_]+")
_FLAX = re.compile(rb"[\xc7-\xc9].{1,4}?\x01\x93[\x90-\x9f\xdc]", re.DOTALL)
_MSGPACK_KEY = re.compile(
    rb"[\x81-\x8f\xde](?:[\xa1-\xbf]|\xd9.|..[\xa1-\xbf]|..\xd9.)[\w/.]", re.DOTALL
)


def _starts(*magics: bytes, at: int = 0) -> Callable[[Source], bool]:
    return lambda source: source.head.startswith(magics, at)


def _named(name: str) -> Callable[[Source], Producer | None]:
    return lambda _: producer(name)


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


# --- flatbuffers ----------------------------------------------------------------------------------


def _flat_string(source: Source, slot: int) -> str | None:
    """Return a string field of the root table, by its slot in the schema."""
    root = _u32(source.head, 0)
    table = source.read(root, 4)
    vtable = root - struct.unpack("<i", table)[0] if len(table) == 4 else -1
    entry = source.read(vtable + 4 + 2 * slot, 2)
    size = int.from_bytes(source.read(vtable, 2), "little")
    offset = int.from_bytes(entry, "little")
    if len(entry) < 2 or not offset or 4 + 2 * slot >= size:
        return None
    at = root + offset
    at += _u32(source.read(at, 4), 0)
    length = _u32(source.read(at, 4), 0)
    return source.read(at + 4, min(length, 200)).decode("utf-8", "replace")


def _tflite(source: Source) -> Producer | None:
    """Only the converter's own description names a producer; others are free text."""
    return producer("tensorflow-lite" if "Converted" in (_flat_string(source, 3) or "") else "")


# --- boosted trees --------------------------------------------------------------------------------


def _is_xgboost(source: Source) -> bool:
    """A parameter block of 136 bytes, then the names of the objective and of the booster."""
    head = source.head.removeprefix(b"binf")
    size = _u64(head, 136)
    if len(head) < 160 or not 0 < size <= 64 or not _XGB_NAMES.fullmatch(head[144 : 144 + size]):
        return False
    at = 144 + size
    return head[at + 8 : at + 8 + _u64(head, at)] in (b"gbtree", b"gblinear", b"dart")


def _xgboost(source: Source) -> Producer | None:
    block = source.head.removeprefix(b"binf")
    if len(block) < 28:
        return producer("xgboost")
    major, minor = struct.unpack_from("<II", block, 20)
    return producer("xgboost", f"{major}.{minor}" if 0 < major < 100 and minor < 100 else None)


# --- tensors --------------------------------------------------------------------------------------


def _is_checkpoint(source: Source) -> bool:
    """A table whose first key is empty: the header of a tensor bundle."""
    return source.size > 48 and source.tail.endswith(_TABLE_MAGIC) and source.head[:2] == b"\0\0"


def _is_mlpackage_weights(source: Source) -> bool:
    return _u32(source.head, 4) == 2 and source.head[64:68] == b"\xef\xbe\xad\xde"


def _is_paddle_params(source: Source) -> bool:
    """A version, no levels of detail, a version, and a small description of the first tensor."""
    head = source.head
    return head[:16] == bytes(16) and 2 <= _u32(head, 16) <= 256 and head[20:21] == b"\x08"


def _is_mxnet_params(source: Source) -> bool:
    head = source.head
    return _u64(head, 0) == 0x112 and not _u64(head, 8) and _u32(head, 24) in _MX_ARRAYS


def _is_faiss(source: Source) -> bool:
    size = _u32(source.head, 4)
    return _FAISS.match(source.head) is not None and 0 < size < 1 << 24


def _is_flax(source: Source) -> bool:
    return bool(_MSGPACK_KEY.match(source.head)) and bool(_FLAX.search(source.head))


# --- languages ------------------------------------------------------------------------------------


def _is_r(source: Source) -> bool:
    head = source.head.removeprefix(b"RDX2\n").removeprefix(b"RDX3\n")
    if head.startswith(b"X\n"):
        return int.from_bytes(head[2:6], "big") in (2, 3)
    if head.startswith(b"B\n"):
        return _u32(head, 2) in (2, 3)
    return re.match(rb"(?:RDA[23]\n)?A\n[23]\n\d{6}\n", source.head) is not None


def _r(source: Source) -> Producer | None:
    head = source.head
    head = head[5:] if head.startswith((b"RDX", b"RDA")) else head
    if head.startswith(b"A\n"):
        found = re.match(rb"A\n[23]\n(\d{6})\n", head)
        number = int(found[1]) if found else 0
    else:
        number = int.from_bytes(head[6:10], "big" if head.startswith(b"X") else "little")
    return producer("R", f"{number >> 16}.{number >> 8 & 255}.{number & 255}")


def _is_torch7(source: Source) -> bool:
    head = source.head
    binary = head[:4] == b"\x04\0\0\0" and head[8:15] == b"\x03\0\0\0V 1"
    return binary or re.match(rb"4\n\d+\n3\nV 1\n", head) is not None


GGML = Kind("ggml", "a GGML model", _starts(b"lmgg", b"fmgg", b"tjgg", b"algg"))
TFLITE = Kind("tflite", "a TensorFlow Lite model", _starts(b"TFL3", at=4), _tflite)
EXECUTORCH = Kind(
    "executorch",
    "an ExecuTorch program",
    lambda source: re.fullmatch(rb"ET\d\d", source.head[4:8]) is not None,
    _named("executorch"),
)
ORT = Kind(
    "onnxruntime-ort", "an ONNX Runtime model", _starts(b"ORTM", at=4), _named("onnxruntime")
)
XGBOOST = Kind("xgboost-binary", "an XGBoost legacy binary model", _is_xgboost, _xgboost)
CHECKPOINT = Kind(
    "tensorflow-checkpoint", "a TensorFlow checkpoint index", _is_checkpoint, _named("tensorflow")
)
MLPACKAGE_WEIGHTS = Kind(
    "coreml-weights",
    "the weights of a Core ML package",
    _is_mlpackage_weights,
    _named("coremltools"),
)
PADDLE_PARAMS = Kind(
    "paddle-parameters", "PaddlePaddle parameters", _is_paddle_params, _named("paddlepaddle")
)
MXNET_PARAMS = Kind("mxnet-parameters", "MXNet parameters", _is_mxnet_params, _named("mxnet"))
FAISS = Kind("faiss", "a Faiss index", _is_faiss, _named("faiss"))
FLAX = Kind("flax-msgpack", "a Flax checkpoint", _is_flax, _named("flax"))
R_DATA = Kind("r-data", "R serialised data", _is_r, _r, code=True)
TORCH7 = Kind("torch7", "a Torch7 file", _is_torch7, _named("torch7"))
CNTK_V1 = Kind("cntk-v1", "a CNTK v1 model", _starts(b"B\0C\0N\0"), _named("cntk"))
OCDBT = Kind(
    "ocdbt",
    "an OCDBT store (Orbax, TensorStore)",
    _starts(b"\x0c\xdb\x3a\x2a", b"\x0c\xdb\x20\xde", b"\x0c\xdb\x12\x34"),
    _named("tensorstore"),
)
TVM_PARAMS = Kind(
    "tvm-parameters",
    "TVM parameters",
    _starts(b"\xb7\x9c\x04\x05\x4f\x8d\xe5\xf7"),
    _named("tvm"),
)
CRFSUITE = Kind("crfsuite", "a CRFsuite model", _starts(b"lCRF"), _named("crfsuite"))
KENLM = Kind(
    "kenlm", "a KenLM model", _starts(b"mmap lm http://kheafield.com/code"), _named("kenlm")
)
