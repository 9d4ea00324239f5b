"""Bodies of requests, read strictly into arrays by name.

Parsers differ in what they make of a key that is given twice, of NaN, of huge numbers and of deep
nesting, and an attacker may live in the difference. So all of that is refused, and what goes to
the model is `Request.body`, written anew from what was read.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.chat import chat_values
from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.http import Head
from modelwarden.firewall.json_form import form_values
from modelwarden.firewall.profile import Input, Profile, Protocol
from modelwarden.firewall.quick import Quick, document_of
from modelwarden.firewall.reading import (
    array_in,
    is_word,
    only,
    parameters,
    plain,
    records,
    split,
)
from modelwarden.firewall.torch_form import text_values, torch_values
from modelwarden.protocols.documents import dumped
from modelwarden.protocols.tensors import Array

_LONGEST_NUMBER = 40
_BYTES = "BYTES"
_ELSEWHERE = ("shared_memory", "binary_data_size")
"""How parameters begin that say where the values are instead: a server would take those."""
_RAW = "binary_data"
"""How parameters begin that ask for answers as bytes, which nothing here could look at."""
_LIMITS: dict[str, tuple[float, float]] = {
    **{f"INT{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 16, 32, 64)},
    **{f"UINT{n}": (0, 2**n - 1) for n in (8, 16, 32, 64)},
    **{f"FP{np.finfo(t).bits}": (float(np.finfo(t).min), float(np.finfo(t).max)) for t in "efd"},
    "BOOL": (0, 1),
    _BYTES: (0, 0),
}


@dataclass(slots=True, eq=False)  # not frozen: made for each request, which takes a quarter as long
class Arrival:
    """A request as it came.

    Attributes:
        body: in JSON, or one text.
        client: who asks.
        request_id: that the client gave.
        text: whether the body is one text.
        head: of the request, where it came over HTTP.
        at: when it came, by a clock that never goes back.
        wait: seconds that the client would have to wait, where that is known; else it is counted.
        unpacked: whether the body came compressed, and is plain by now.
    """

    body: bytes | bytearray
    client: str = ""
    request_id: str | None = None
    text: bool = False
    head: Head | None = None
    at: float = 0.0
    wait: float | None = None
    unpacked: bool = False


@dataclass(slots=True, eq=False)  # not frozen: as above
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
    written: bytes | bytearray | None
    read: Any

    @property
    def body(self) -> bytes | bytearray:
        """The request written anew, numerically the same."""
        if self.written is not None:
            return self.written
        return dumped(self.read)

    @property
    def document(self) -> Any:
        """The request as it reads; an object, or a list where the protocol has such."""
        return self.read if self.read is not None else json.loads(self.body)


class Requests:
    """Reads the bodies of one model."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._reader = reader_of(profile)
        self._quick = Quick(profile, _parameters, _outputs)
        self._name = profile.inputs[0].name

    def read(self, body: bytes | bytearray, *, text: bool = False) -> Request:
        """Return what a body asks; with `text` the body is one text, not JSON.

        Raises:
            RefusedError: it is too large, no JSON that every parser reads alike, or not what the
                protocol and the profile's inputs ask for.
        """
        (found,) = self.read_all([Arrival(body, text=text)])
        if isinstance(found, Exception):
            raise found
        return found

    def read_all(self, asked: Sequence[Arrival]) -> list[Request | Exception]:
        """Return what each request asks, or why it is refused."""
        limit, name = self._profile.limits.body, self._name
        quick = self._quick.read_all([a.body if len(a.body) <= limit else b"" for a in asked])
        found: list[Request | Exception] = []
        for one, numbers in zip(asked, quick, strict=True):
            if numbers is not None:
                values = {name: numbers.values}
                rows = len(numbers.values)
                found.append(Request(values, rows, numbers.id, True, numbers.body, None))
                continue
            try:
                if one.text:
                    found.append(read_text(one.body, self._profile))
                else:
                    found.append(read(one.body, self._profile, self._reader))
            except Exception as error:  # noqa: BLE001 - of one request: whoever judges it tells it
                found.append(error)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """How documents of one profile are read.

    Attributes:
        values: of a document, by the names of the inputs.
        listed: whether a document may be a list.
    """

    values: Callable[[Any, Profile], dict[str, Array]]
    listed: bool


def reader_of(profile: Profile) -> Reader:
    """Return how documents of a profile are read."""
    if profile.form is not None:
        template = profile.form.template(profile.inputs)
        return Reader(functools.partial(form_values, template), template.listed)
    return Reader(_READERS[profile.protocol], profile.protocol is Protocol.TORCHSERVE)


def read(body: bytes | bytearray, profile: Profile, reader: Reader | None = None) -> Request:
    """Return what a body asks, slowly; what this refuses is refused.

    Args:
        body: of the request.
        profile: of the model.
        reader: of the profile; None makes one.

    Raises:
        RefusedError: it is too large, no JSON that every parser reads alike, or not what the
            protocol and the profile's inputs ask for.
    """
    if len(body) > profile.limits.body:
        raise RefusedError(Reason.SIZE, f"{len(body)} bytes, {profile.limits.body} are allowed")
    reader = reader or reader_of(profile)
    document = document_of(body) or _document(body, lists=reader.listed)
    values = reader.values(document, profile)
    given = document.get("id") if isinstance(document, dict) else None
    name = given if isinstance(given, str) else None
    return Request(
        values, _counted(values, profile), name, checked=False, written=None, read=document
    )


def read_text(body: bytes | bytearray, profile: Profile) -> Request:
    """Return what a body that is one text asks.

    Raises:
        RefusedError: it is too large, or no text.
    """
    if len(body) > profile.limits.body:
        raise RefusedError(Reason.SIZE, f"{len(body)} bytes, {profile.limits.body} are allowed")
    values = text_values(body, profile)
    return Request(values, 1, None, checked=False, written=bytes(body), read=None)


def _counted(values: dict[str, Array], profile: Profile) -> int:
    """Return how many rows there are; refuse too many, none, or inputs that differ."""
    rows = {len(array) for array in values.values()}
    if len(rows) != 1:
        raise RefusedError(Reason.SHAPE, "the inputs differ in rows")
    (count,) = rows
    if not 1 <= count <= profile.limits.rows:
        raise RefusedError(Reason.SIZE, f"{count} rows, 1 to {profile.limits.rows} are allowed")
    return count


def _document(body: bytes | bytearray, *, lists: bool) -> Any:
    try:
        document = json.loads(
            body.decode(), object_pairs_hook=_once, parse_constant=_constant, parse_int=_whole
        )
    except UnicodeDecodeError as error:
        raise RefusedError(Reason.SYNTAX, "not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(Reason.SYNTAX, "not JSON") from error
    if not isinstance(document, list | dict if lists else dict):
        raise RefusedError(Reason.SYNTAX, "not a JSON object")
    if b"\\u" in body and not _is_text(document):
        raise RefusedError(Reason.SYNTAX, "half a character, which no text has")
    return document


def _is_text(document: Any) -> bool:
    """Tell whether every string can be written in UTF-8: parsers differ in halves of pairs."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


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


# Open Inference Protocol -------------------------------------------------------------------------


def _oip(document: dict[str, Any], profile: Profile) -> dict[str, Array]:
    only(document, ("id", "parameters", "inputs", "outputs"))
    _parameters(document.get("parameters"))
    given = document.get("id", "")
    if not is_word(given):
        raise RefusedError(Reason.SCHEMA, "id is no short text")
    _outputs(document.get("outputs", []))
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != len(profile.inputs):
        raise RefusedError(Reason.SCHEMA, "not the inputs that the model has")
    specs = {spec.name: spec for spec in profile.inputs}
    values: dict[str, Array] = {}
    for entry in inputs:
        name = entry.get("name") if isinstance(entry, dict) else None
        if len(specs) == 1 and "" in specs and is_word(name):
            name = ""
        if not isinstance(name, str) or name not in specs or name in values:
            raise RefusedError(Reason.SCHEMA, "not the inputs that the model has")
        values[name] = _oip_input(entry, specs[name])
    return values


def _parameters(value: object) -> None:
    """Let plain parameters through, but none that lead a server to values we have not seen."""
    parameters(value)
    if not isinstance(value, dict):
        return
    if any(key.startswith(_ELSEWHERE) for key in value):
        raise RefusedError(Reason.SCHEMA, "values that are somewhere else")
    if any(said is not False for key, said in value.items() if key.startswith(_RAW)):
        raise RefusedError(Reason.SCHEMA, "an answer in another form than JSON")


def _outputs(outputs: object) -> None:
    if not isinstance(outputs, list) or len(outputs) > 64:
        raise RefusedError(Reason.SCHEMA, "outputs is no short list")
    for entry in outputs:
        if not isinstance(entry, dict) or not is_word(entry.get("name")):
            raise RefusedError(Reason.SCHEMA, "an output has no name")
        only(entry, ("name", "parameters"))
        _parameters(entry.get("parameters"))


def _oip_input(entry: dict[str, Any], spec: Input) -> Array:
    only(entry, ("name", "shape", "datatype", "parameters", "data"))
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
    array = array_in(entry.get("data"))
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
    only(document, (*forms, "params"))
    parameters(document.get("params"))
    given = [form for form in forms if form in document]
    if len(given) != 1:
        raise RefusedError(Reason.SCHEMA, f"{len(given)} forms of input, one is allowed")
    (form,) = given
    data = document[form]
    if form == "dataframe_split":
        return split(data, profile)
    if form == "dataframe_records":
        return records(data, profile)
    return plain(data, profile)


def _tf_serving(document: dict[str, Any], profile: Profile) -> dict[str, Array]:
    only(document, ("signature_name", "instances", "inputs"))
    signature = document.get("signature_name", "")
    if not is_word(signature):
        raise RefusedError(Reason.SCHEMA, "signature_name is no short text")
    given = [form for form in ("instances", "inputs") if form in document]
    if len(given) != 1:
        raise RefusedError(Reason.SCHEMA, f"{len(given)} forms of input, one is allowed")
    return plain(document[given[0]], profile)


_READERS: dict[Protocol, Callable[[dict[str, Any], Profile], dict[str, Array]]] = {
    Protocol.OIP: _oip,
    Protocol.MLFLOW: _mlflow,
    Protocol.TF_SERVING: _tf_serving,
    Protocol.TORCHSERVE: torch_values,
    Protocol.OPENAI: chat_values,
}
