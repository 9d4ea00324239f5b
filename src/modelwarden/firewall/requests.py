"""Bodies of requests, read strictly into arrays by name.

Parsers differ in what they make of a key that is given twice, of NaN, of huge numbers and of deep
nesting, and an attacker may live in the difference. So all of that is refused, and what goes to
the model is `Request.body`, written anew from what was read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.profile import Input, Kind, Profile, Protocol
from modelwarden.firewall.quick import Quick, document_of
from modelwarden.protocols.documents import dumped
from modelwarden.protocols.tensors import Array, WireError, array_of

_LONGEST_NUMBER = 40
_LONGEST_ID = 256
_BYTES = "BYTES"
_LIMITS: dict[str, tuple[float, float]] = {
    **{f"INT{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 16, 32, 64)},
    **{f"UINT{n}": (0, 2**n - 1) for n in (8, 16, 32, 64)},
    **{f"FP{np.finfo(t).bits}": (float(np.finfo(t).min), float(np.finfo(t).max)) for t in "efd"},
    "BOOL": (0, 1),
    _BYTES: (0, 0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What a client asks.

    Attributes:
        values: (rows, …) by the names of the profile's inputs; None and NaN are missing.
        rows: of each.
        id: the protocol's own; None where it gives none.
        checked: whether the values were held against the profile's inputs already.
    """

    values: dict[str, Array]
    rows: int
    id: str | None
    checked: bool
    written: bytes | None
    read: dict[str, Any] | None

    @property
    def body(self) -> bytes:
        """The request written anew, numerically the same."""
        if self.written is not None:
            return self.written
        return dumped(self.read or {})

    @property
    def document(self) -> dict[str, Any]:
        """The request as an object."""
        if self.read is not None:
            return self.read
        return dict(json.loads(self.body))


class Requests:
    """Reads the bodies of one model."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._quick = Quick(profile, _parameters, _outputs)
        self._name = profile.inputs[0].name

    def read(self, body: bytes | bytearray) -> Request:
        """Return what a body asks.

        Raises:
            RefusedError: it is too large, no JSON that every parser reads alike, or not what the
                protocol and the profile's inputs ask for.
        """
        limit = self._profile.limits.body
        if len(body) > limit:
            raise RefusedError(Reason.SIZE, f"{len(body)} bytes, {limit} are allowed")
        found = self._quick.read(body)
        if found is None:
            return read(body, self._profile)
        values = {self._name: found.values}
        return Request(
            values, len(found.values), found.id, checked=True, written=found.body, read=None
        )


def read(body: bytes | bytearray, profile: Profile) -> Request:
    """Return what a body asks, slowly; what this refuses is refused.

    Raises:
        RefusedError: it is too large, no JSON that every parser reads alike, or not what the
            protocol and the profile's inputs ask for.
    """
    if len(body) > profile.limits.body:
        raise RefusedError(Reason.SIZE, f"{len(body)} bytes, {profile.limits.body} are allowed")
    document = document_of(body) or _object(body)
    reader = _READERS[profile.protocol]
    values = reader(document, profile)
    rows = {len(array) for array in values.values()}
    if len(rows) != 1:
        raise RefusedError(Reason.SHAPE, "the inputs differ in rows")
    (count,) = rows
    if not 1 <= count <= profile.limits.rows:
        raise RefusedError(Reason.SIZE, f"{count} rows, 1 to {profile.limits.rows} are allowed")
    given = document.get("id")
    name = given if isinstance(given, str) else None
    return Request(values, count, name, checked=False, written=None, read=document)


def _object(body: bytes | bytearray) -> dict[str, Any]:
    try:
        document = json.loads(
            body.decode(), object_pairs_hook=_once, parse_constant=_constant, parse_int=_whole
        )
    except UnicodeDecodeError as error:
        raise RefusedError(Reason.SYNTAX, "not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(Reason.SYNTAX, "not JSON") from error
    if not isinstance(document, dict):
        raise RefusedError(Reason.SYNTAX, "not a JSON object")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise RefusedError(Reason.DUPLICATE_KEY, "a key is given twice")
    return document


def _constant(_: str) -> NoReturn:
    raise RefusedError(Reason.FINITE, "a number that JSON does not have")


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise RefusedError(Reason.RANGE, f"a whole number of {len(text)} digits")
    return int(text)


def _only(document: dict[str, Any], known: Sequence[str]) -> None:
    if any(key not in known for key in document):
        raise RefusedError(Reason.SCHEMA, "a key that this protocol does not have")


def _parameters(value: object) -> None:
    """Let parameters through that are plain: words and numbers under plain names."""
    if value is None:
        return
    if not isinstance(value, dict) or len(value) > 16:
        raise RefusedError(Reason.SCHEMA, "parameters are no small object")
    for part in value.values():
        if isinstance(part, list | dict) or (isinstance(part, float) and not math.isfinite(part)):
            raise RefusedError(Reason.SCHEMA, "a parameter is no plain value")
        if isinstance(part, str) and len(part) > _LONGEST_ID:
            raise RefusedError(Reason.SCHEMA, "a parameter is too long")


def _array(data: object) -> Array:
    try:
        return array_of(data, "the input")
    except WireError as error:
        ragged = "ragged" in error.message or "nested" in error.message
        raise RefusedError(Reason.SHAPE if ragged else Reason.TYPE, error.message) from error


# Open Inference Protocol -------------------------------------------------------------------------


def _oip(document: dict[str, Any], profile: Profile) -> dict[str, Array]:
    _only(document, ("id", "parameters", "inputs", "outputs"))
    _parameters(document.get("parameters"))
    given = document.get("id", "")
    if not isinstance(given, str) or len(given) > _LONGEST_ID:
        raise RefusedError(Reason.SCHEMA, "id is no short text")
    _outputs(document.get("outputs", []))
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != len(profile.inputs):
        raise RefusedError(Reason.SCHEMA, "not the inputs that the model has")
    specs = {spec.name: spec for spec in profile.inputs}
    values: dict[str, Array] = {}
    for entry in inputs:
        name = entry.get("name") if isinstance(entry, dict) else None
        if len(specs) == 1 and "" in specs and isinstance(name, str):
            name = ""
        if not isinstance(name, str) or name not in specs or name in values:
            raise RefusedError(Reason.SCHEMA, "not the inputs that the model has")
        values[name] = _oip_input(entry, specs[name])
    return values


def _outputs(outputs: object) -> None:
    if not isinstance(outputs, list) or len(outputs) > 64:
        raise RefusedError(Reason.SCHEMA, "outputs is no short list")
    for entry in outputs:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise RefusedError(Reason.SCHEMA, "an output has no name")
        _only(entry, ("name", "parameters"))
        _parameters(entry.get("parameters"))


def _oip_input(entry: dict[str, Any], spec: Input) -> Array:
    _only(entry, ("name", "shape", "datatype", "parameters", "data"))
    _parameters(entry.get("parameters"))
    datatype, shape = entry.get("datatype"), entry.get("shape")
    if not isinstance(datatype, str) or (spec.datatype and datatype != spec.datatype):
        raise RefusedError(Reason.TYPE, "another datatype than the model's")
    if (
        not isinstance(shape, list)
        or not 1 <= len(shape) <= 16
        or any(type(size) is not int or not 0 <= size < 1 << 40 for size in shape)
    ):
        raise RefusedError(Reason.SHAPE, "shape is no list of sizes")
    array = _array(entry.get("data"))
    flat = array.reshape(-1)
    if math.prod(shape) != flat.size or (array.ndim > 1 and list(array.shape) != shape):
        raise RefusedError(Reason.SHAPE, "the data are not of the shape that is given")
    _check_datatype(datatype, flat)
    row = shape[1:]
    if spec.shape == () and row == [1]:
        row = []
    if tuple(row) != spec.shape:
        raise RefusedError(Reason.SHAPE, "another shape than the model's")
    return flat.reshape(shape[0], *row)


def _check_datatype(datatype: str, flat: Array) -> None:
    """Refuse data that a server would have to convert."""
    kind = flat.dtype.kind
    wanted = {"BOOL": "b", _BYTES: "O"}.get(datatype)
    if wanted is None:
        wanted = "i" if datatype.startswith(("INT", "UINT")) else "if"
    if kind not in wanted:
        raise RefusedError(Reason.TYPE, "data of another kind than their datatype")
    limits = _LIMITS.get(datatype)
    if limits is None:
        raise RefusedError(Reason.TYPE, "a datatype that has no JSON form")
    low, high = limits
    # NaN, which a missing number has become, is left to the checks of values.
    if kind in "if" and bool(np.logical_or(np.less(flat, low), np.greater(flat, high)).any()):
        raise RefusedError(Reason.RANGE, "a number that its datatype does not hold")


# MLflow and TF Serving ---------------------------------------------------------------------------


def _mlflow(document: dict[str, Any], profile: Profile) -> dict[str, Array]:
    forms = ("dataframe_split", "dataframe_records", "inputs", "instances")
    _only(document, (*forms, "params"))
    _parameters(document.get("params"))
    given = [form for form in forms if form in document]
    if len(given) != 1:
        raise RefusedError(Reason.SCHEMA, f"{len(given)} forms of input, one is allowed")
    (form,) = given
    data = document[form]
    if form == "dataframe_split":
        return _split(data, profile)
    if form == "dataframe_records":
        return _records(data, profile)
    return _plain(data, profile)


def _split(data: object, profile: Profile) -> dict[str, Array]:
    if not isinstance(data, dict):
        raise RefusedError(Reason.SCHEMA, "a frame is no object")
    _only(data, ("columns", "data", "index"))
    columns, rows = data.get("columns"), data.get("data")
    if not isinstance(columns, list) or any(not isinstance(name, str) for name in columns):
        raise RefusedError(Reason.SCHEMA, "columns is no list of names")
    if not isinstance(rows, list) or any(
        not isinstance(row, list) or len(row) != len(columns) for row in rows
    ):
        raise RefusedError(Reason.SHAPE, "rows and columns of a frame differ")
    index = data.get("index")
    if index is not None and (
        not isinstance(index, list)
        or len(index) != len(rows)
        or any(type(part) not in (int, str) for part in index)
    ):
        raise RefusedError(Reason.SCHEMA, "index is no list of labels, one a row")
    if len(set(columns)) != len(columns):
        raise RefusedError(Reason.DUPLICATE_KEY, "a column is given twice")
    if not profile.table:
        return {profile.inputs[0].name: _tensor(rows, profile.inputs[0])}
    both = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return _columns(dict(zip(columns, map(list, both), strict=True)), profile)


def _records(data: object, profile: Profile) -> dict[str, Array]:
    if not isinstance(data, list) or any(not isinstance(row, dict) for row in data):
        raise RefusedError(Reason.SCHEMA, "records are no list of objects")
    names = [spec.name for spec in profile.inputs]
    if not profile.table or any(set(row) != set(names) for row in data):
        raise RefusedError(Reason.SCHEMA, "not the columns that the model has")
    return _columns({name: [row[name] for row in data] for name in names}, profile)


def _plain(data: object, profile: Profile) -> dict[str, Array]:
    """Read a list of rows, a list of objects, or an object of columns."""
    if isinstance(data, list) and data and isinstance(data[0], dict) and profile.table:
        return _records(data, profile)
    if isinstance(data, dict) and profile.table:
        return _columns(data, profile)
    if isinstance(data, dict) and set(data) == {profile.inputs[0].name}:
        data = data[profile.inputs[0].name]
    if profile.table:
        names = [spec.name for spec in profile.inputs]
        return _split({"columns": names, "data": data}, profile)
    return {profile.inputs[0].name: _tensor(data, profile.inputs[0])}


def _tensor(data: object, spec: Input) -> Array:
    array = _array(data)
    if array.shape[1:] != spec.shape:
        raise RefusedError(Reason.SHAPE, "another shape than the model's")
    return array


def _columns(columns: dict[str, Any], profile: Profile) -> dict[str, Array]:
    if set(columns) != {spec.name for spec in profile.inputs}:
        raise RefusedError(Reason.SCHEMA, "not the columns that the model has")
    return {spec.name: _column(columns[spec.name], spec) for spec in profile.inputs}


def _column(data: object, spec: Input) -> Array:
    if not isinstance(data, list):
        raise RefusedError(Reason.SCHEMA, "a column is no list")
    if (
        data
        and isinstance(data[0], list)
        and all(isinstance(part, list) and len(part) == 1 for part in data)
    ):
        data = [part[0] for part in data]
    if spec.kind in (Kind.CATEGORY, Kind.TEXT):
        if any(part is not None and not isinstance(part, str) for part in data):
            raise RefusedError(Reason.TYPE, f"column {spec.name!r} holds something else than text")
        words = np.empty(len(data), np.object_)
        words[:] = data
        return words
    if any(type(part) not in (int, float, bool, type(None)) for part in data):
        raise RefusedError(Reason.TYPE, f"column {spec.name!r} holds something else than numbers")
    if data and all(part is None for part in data):
        return np.full(len(data), np.nan)
    if any(part is None for part in data) and any(type(part) is bool for part in data):
        data = [float(part) if type(part) is bool else part for part in data]
    array = _array(data)
    if array.ndim != 1:
        raise RefusedError(Reason.SHAPE, f"column {spec.name!r} is nested")
    return array


def _tf_serving(document: dict[str, Any], profile: Profile) -> dict[str, Array]:
    _only(document, ("signature_name", "instances", "inputs"))
    signature = document.get("signature_name", "")
    if not isinstance(signature, str) or len(signature) > _LONGEST_ID:
        raise RefusedError(Reason.SCHEMA, "signature_name is no short text")
    given = [form for form in ("instances", "inputs") if form in document]
    if len(given) != 1:
        raise RefusedError(Reason.SCHEMA, f"{len(given)} forms of input, one is allowed")
    return _plain(document[given[0]], profile)


_READERS: dict[Protocol, Callable[[dict[str, Any], Profile], dict[str, Array]]] = {
    Protocol.OIP: _oip,
    Protocol.MLFLOW: _mlflow,
    Protocol.TF_SERVING: _tf_serving,
}
