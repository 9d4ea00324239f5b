"""The messages of the Open Inference Protocol over gRPC, and the same requests as REST has them.

What is judged is the form that REST has (`judged`), so that both ways in get the same verdicts;
what goes on is the message itself, written anew. A message of which two servers could understand
different things is an error: the same tensor typed and raw, values of another kind than the
datatype, bytes that are cut.

Source: the protocol's specification, `grpc_predict_v2.proto`.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.wire import (
    Kind,
    MessageError,
    Numbers,
    Part,
    Table,
    Values,
    read,
    written,
)
from modelwarden.protocols.oip import DATATYPES

SERVICE = "/inference.GRPCInferenceService/"
INFER = f"{SERVICE}ModelInfer"
_MODEL = f"{SERVICE}Model"
_VERSION = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_NAME = 256
_ELEMENTS = 1 << 17  # texts of one raw tensor
_TEXT = "BYTES"
_HALVES = {"FP16": np.float16, "BF16": np.uint16}  # these come raw only

_PARAMETER: Table = {
    1: Part("bool_param", Kind.BOOL),
    2: Part("int64_param", Kind.INT64),
    3: Part("string_param", Kind.TEXT),
    4: Part("double_param", Kind.DOUBLE),
    5: Part("uint64_param", Kind.UINT64),
}
_ENTRY: Table = {1: Part("key", Kind.TEXT), 2: Part("value", Kind.MESSAGE, table=_PARAMETER)}
CONTENTS: Table = {
    1: Part("bool_contents", Kind.BOOL, repeated=True),
    2: Part("int_contents", Kind.INT32, repeated=True),
    3: Part("int64_contents", Kind.INT64, repeated=True),
    4: Part("uint_contents", Kind.UINT32, repeated=True),
    5: Part("uint64_contents", Kind.UINT64, repeated=True),
    6: Part("fp32_contents", Kind.FLOAT, repeated=True),
    7: Part("fp64_contents", Kind.DOUBLE, repeated=True),
    8: Part("bytes_contents", Kind.BYTES, repeated=True),
}
_TYPED = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    _TEXT: "bytes_contents",
}


def _parameters() -> Part:
    return Part("parameters", Kind.MESSAGE, repeated=True, table=_ENTRY, keyed=True)


_TENSOR: Table = {
    1: Part("name", Kind.TEXT),
    2: Part("datatype", Kind.TEXT),
    3: Part("shape", Kind.INT64, repeated=True),
    4: _parameters(),
    5: Part("contents", Kind.MESSAGE, table=CONTENTS),
}
_WANTED: Table = {1: Part("name", Kind.TEXT), 2: _parameters()}
_HEAD: Table = {
    1: Part("model_name", Kind.TEXT),
    2: Part("model_version", Kind.TEXT),
    3: Part("id", Kind.TEXT),
    4: _parameters(),
}
REQUEST: Table = {
    **_HEAD,
    5: Part("inputs", Kind.MESSAGE, repeated=True, table=_TENSOR),
    6: Part("outputs", Kind.MESSAGE, repeated=True, table=_WANTED),
    7: Part("raw_input_contents", Kind.BYTES, repeated=True),
}
RESPONSE: Table = {
    **_HEAD,
    5: Part("outputs", Kind.MESSAGE, repeated=True, table=_TENSOR),
    6: Part("raw_output_contents", Kind.BYTES, repeated=True),
}
_NAMED: Table = {1: Part("name", Kind.TEXT), 2: Part("version", Kind.TEXT)}
_NOTHING: Table = {}
# Paths that REST asks the same at; {} is the model.
_READS: Mapping[str, tuple[Table, str]] = {
    f"{SERVICE}ServerLive": (_NOTHING, "/v2/health/live"),
    f"{SERVICE}ServerReady": (_NOTHING, "/v2/health/ready"),
    f"{SERVICE}ServerMetadata": (_NOTHING, "/v2"),
    f"{_MODEL}Ready": (_NAMED, "{}/ready"),
    f"{_MODEL}Metadata": (_NAMED, "{}"),
}
METHODS = frozenset((INFER, *_READS))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A message that was read.

    Attributes:
        method: that REST asks the same with.
        path: likewise; "/" where REST has none.
        body: likewise; None of a message that is too large to be judged.
        values: what was read.
        table: of them.
    """

    method: str
    path: str
    body: bytes | None
    values: Values
    table: Table

    @property
    def onward(self) -> bytes:
        """The message written anew."""
        return written(self.values, self.table)


def asked(method: str, message: bytes, most: int, numbers: int) -> Asked:
    """Read what one method is asked.

    Args:
        method: one of `METHODS`.
        message: as it came.
        most: bytes of the largest body.
        numbers: that the largest request of any model has, texts included.

    Raises:
        MessageError: two servers could read it differently, or it is none of this method's.
    """
    if method == INFER:
        request = read(message, REQUEST)
        path = _path(request.get("model_name", ""), request.get("model_version", ""))
        body = judged(request, numbers)
        if len(message) > most:
            body = None
        return Asked("POST", f"{path}/infer" if path else "/", body, request, REQUEST)
    table, form = _READS[method]
    request = read(message, table)
    path = _path(request.get("name", ""), request.get("version", ""))
    place = form.format(path) if path or "{" not in form else "/"
    return Asked("GET", place, b"", request, table)


def _path(name: str, version: str) -> str:
    """Return where REST has a model; "" where nowhere, as for names that would be other paths."""
    if not 0 < len(name) <= _LONGEST_NAME or "/" in name:
        return ""
    if version and not (len(version) <= _LONGEST_NAME and _VERSION.fullmatch(version)):
        return ""
    return f"/v2/models/{name}" + (f"/versions/{version}" if version else "")


def judged(request: Values, numbers: int) -> bytes | None:
    """Return a request as REST has it, with every number as it is; None where it has too many.

    What JSON has no word for (NaN, bytes that are no text) becomes what REST's reader refuses.

    Raises:
        MessageError: two servers could read it differently.
    """
    if len(request.get("inputs", ())) > numbers:
        return None
    document = _document(request, "inputs", "raw_input_contents")
    if request.get("outputs"):
        document["outputs"] = [_named(entry) for entry in request["outputs"]]
    if sum(len(entry["data"]) for entry in document["inputs"]) > numbers:
        return None
    return _dumped(document)


def answered(message: bytes) -> bytes:
    """Return an answer as REST has it.

    Raises:
        MessageError: it is no answer.
    """
    response = read(message, RESPONSE, known=False)
    if not response.get("outputs"):
        raise MessageError("an answer without outputs")
    document = _document(response, "outputs", "raw_output_contents")
    for entry in document["outputs"]:
        if entry["datatype"] in (*DATATYPES, *_HALVES, _TEXT) and (
            any(size < 0 for size in entry["shape"])
            or math.prod(entry["shape"]) != len(entry["data"])
        ):
            raise MessageError("an output that is not of its shape")
    for key in ("model_name", "model_version"):
        document[key] = response.get(key, "")
    return _dumped(document)


def _dumped(document: Values) -> bytes:
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=_listed)
    return text.encode("utf-8", "surrogateescape")


def _listed(values: Numbers) -> list[Any]:
    return list(values.tolist())


def _document(message: Values, tensors: str, raws: str) -> Values:
    document: Values = {"id": message["id"]} if message.get("id") else {}
    if "parameters" in message:
        document["parameters"] = _plain(message["parameters"])
    given, raw = message.get(tensors, []), message.get(raws)
    if raw is not None and len(raw) != len(given):
        raise MessageError("another number of raw contents than of tensors")
    document[tensors] = [
        _tensor(entry, None if raw is None else raw[at]) for at, entry in enumerate(given)
    ]
    return document


def _named(entry: Values) -> Values:
    found: Values = {"name": entry.get("name", "")}
    if "parameters" in entry:
        found["parameters"] = _plain(entry["parameters"])
    return found


def _plain(entries: list[Values]) -> Values:
    found: Values = {}
    for entry in entries:
        choice = list(entry.get("value", {}).values())
        if len(choice) != 1:
            raise MessageError("a parameter of no one value")
        found[entry.get("key", "")] = choice[0]
    return found


def _tensor(entry: Values, raw: bytes | None) -> Values:
    found = _named(entry)
    datatype = entry.get("datatype", "")
    found["shape"] = entry["shape"].tolist() if "shape" in entry else []
    found["datatype"] = datatype
    contents = {k: v for k, v in entry.get("contents", {}).items() if len(v)}
    if raw is None:
        found["data"] = _typed(datatype, contents)
    elif contents:
        raise MessageError("a tensor that is both typed and raw")
    else:
        found["data"] = _raw(datatype, raw)
    entry.pop("contents", None)
    if contents:
        entry["contents"] = contents
    return found


def _typed(datatype: str, contents: Values) -> list[Any] | Numbers:
    if not contents:
        return []
    if set(contents) != {_TYPED.get(datatype)}:
        raise MessageError("contents of another kind than the datatype")
    values: Numbers
    ((_, values),) = contents.items()
    if datatype == _TEXT:
        return [_text(value) for value in values]
    wanted = DATATYPES[datatype]
    if values.dtype != wanted and not np.array_equal(values.astype(wanted), values):
        raise MessageError("a whole number that its datatype does not hold")
    return values


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _raw(datatype: str, raw: bytes) -> list[Any] | Numbers:
    if datatype == _TEXT:
        return _texts(raw)
    number = DATATYPES.get(datatype) or _HALVES.get(datatype)
    if number is None:
        return []  # the datatype itself is refused
    kind = np.dtype(np.uint8 if datatype == "BOOL" else number).newbyteorder("<")
    if len(raw) % kind.itemsize:
        raise MessageError("raw contents of which the last number is cut")
    values: Numbers = np.frombuffer(raw, kind)
    if datatype == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    if datatype == "BOOL":
        if bool((values > 1).any()):
            raise MessageError("a truth value that is neither 0 nor 1")
        values = values.astype(np.bool_)
    return values


def _texts(raw: bytes) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(raw):
        if at + 4 > len(raw) or len(found) >= _ELEMENTS:
            raise MessageError("raw texts of which the last length is cut, or too many")
        (size,) = struct.unpack_from("<I", raw, at)
        at += 4
        if size > len(raw) - at:
            raise MessageError("a raw text that is cut")
        found.append(_text(raw[at : at + size]))
        at += size
    return found


def readable(message: bytes) -> None:
    """Look whether an answer that nothing is judged of is a message at all.

    Raises:
        MessageError: it is none.
    """
    read(message, _NOTHING, known=False)
