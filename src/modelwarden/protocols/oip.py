"""Open Inference Protocol, version 2, over REST: KServe, MLServer, Triton, Seldon, OpenVINO.

Source: the protocol's specification, `rest/openapi` and `required_api.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.protocols.documents import dumped, object_of
from modelwarden.protocols.tensors import Array, Tensor, WireError, array_of, plain

# The protocol's word to ours; what is missing here (FP16, BF16) has no JSON form.
DATATYPES: dict[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP32": np.float32,
    "FP64": np.float64,
}
_TEXT = "BYTES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input or output as a server's metadata describes it.

    Attributes:
        shape: without the batch axis; -1 is any length.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


def route(path: str, model: str | None) -> str:
    """Return the path that predictions are asked at, from the path that the user wrote.

    Raises:
        WireError: no model is named.
    """
    if path.endswith("/infer"):
        return path
    if "/models/" in path:
        return f"{path.rstrip('/')}/infer"
    if model is None:
        raise WireError(
            f"the address {path or '/'} names no model",
            hint="Write [model] url = 'http://host:port/v2/models/NAME', or give name = 'NAME'.",
        )
    base = path.rstrip("/")
    return (
        f"{base}/models/{model}/infer"
        if base.endswith("/v2")
        else f"{base}/v2/models/{model}/infer"
    )


def describe(body: bytes) -> tuple[Field, ...]:
    """Return the inputs of a model from the answer of its metadata route; empty if it lists none.

    Raises:
        WireError: the answer is no metadata.
    """
    inputs = object_of(body).get("inputs") or []
    if not isinstance(inputs, list):
        raise WireError("inputs in the model's metadata is not an array")
    return tuple(_field(entry) for entry in inputs)


def _field(entry: object) -> Field:
    if not isinstance(entry, dict):
        raise WireError("an input in the model's metadata is not an object")
    name, datatype, shape = entry.get("name"), entry.get("datatype"), entry.get("shape")
    if not isinstance(name, str) or not isinstance(datatype, str) or not isinstance(shape, list):
        raise WireError("an input in the model's metadata lacks name, datatype or shape")
    if any(type(size) is not int for size in shape):
        raise WireError(
            f"the shape of {name!r} in the model's metadata is no list of whole numbers"
        )
    return Field(name=name, datatype=datatype, shape=tuple(shape[1:]))


def encode(batch: Sequence[Tensor], fields: Sequence[Field] = ()) -> bytes:
    """Return the body of one request.

    Args:
        batch: one array of all inputs, or the columns of a table.
        fields: as the server describes its inputs; their datatypes are kept.

    Raises:
        WireError: a value is missing or not finite, or does not fit the server's datatype.
    """
    known = {field.name: field for field in fields}
    document: dict[str, Any] = {"inputs": [_input(t, known.get(t.name)) for t in batch]}
    if len(batch) > 1 and not fields:
        # Read by servers that make a data frame of the columns; ignored by others.
        document["parameters"] = {"content_type": "pd"}
    return dumped(document)


def _input(tensor: Tensor, field: Field | None) -> dict[str, Any]:
    values = tensor.values
    if field is not None and field.datatype != _TEXT:
        values = _cast(values, field)
    shape = [*values.shape] if values.ndim > 1 else [len(values), 1]
    entry: dict[str, Any] = {
        "name": tensor.name,
        "shape": shape,
        "datatype": _datatype(values),
        "data": plain(values.ravel(), f"input {tensor.name!r}", missing=False),
    }
    if entry["datatype"] == _TEXT:
        entry["parameters"] = {"content_type": "str"}
    return entry


def _cast(values: Array, field: Field) -> Array:
    wanted = DATATYPES.get(field.datatype)
    if wanted is None:
        raise WireError(
            f"input {field.name!r} has datatype {field.datatype}, which is not supported"
        )
    if values.dtype.kind == "O":
        raise WireError(f"input {field.name!r} takes {field.datatype}, the data hold text")
    cast = values.astype(wanted)
    if np.issubdtype(wanted, np.integer) and not np.array_equal(cast, values):
        raise WireError(f"input {field.name!r} takes {field.datatype}, the data do not fit")
    return cast


def _datatype(values: Array) -> str:
    if values.dtype.kind in "OM":
        return _TEXT
    return next(name for name, kind in DATATYPES.items() if values.dtype == kind)


def decode(body: bytes, rows: int) -> tuple[Tensor, ...]:
    """Return the outputs of one answer.

    Raises:
        WireError: it is no answer to a request of so many rows.
    """
    outputs = object_of(body).get("outputs")
    if not isinstance(outputs, list) or not outputs:
        raise WireError("the answer has no outputs")
    return tuple(_output(entry, rows) for entry in outputs)


def _output(entry: object, rows: int) -> Tensor:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise WireError("an output has no name")
    what = f"output {entry['name']!r}"
    shape = entry.get("shape")
    if not isinstance(shape, list) or any(type(size) is not int or size < 0 for size in shape):
        raise WireError(f"{what} has no shape")
    values = array_of(entry.get("data"), what)
    if not shape or shape[0] != rows:
        raise WireError(f"{what} has shape {shape} for {rows} rows")
    if math.prod(shape) != values.size:
        raise WireError(f"{what} has shape {shape} and {values.size} values")
    return Tensor(entry["name"], values.reshape(shape))


def complaint(body: bytes) -> str:
    """Return what an error of the server says; empty if it says nothing in the protocol's form."""
    said = object_of(body).get("error")
    return said if isinstance(said, str) else ""
