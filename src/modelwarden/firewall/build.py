"""A profile from a reference: what its rows are, and how they are spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from modelwarden.core import InputError, sha256_of
from modelwarden.core.fields import Fields
from modelwarden.core.values import dataclass
from modelwarden.detectors.coding import Coder, Values, counts_of
from modelwarden.detectors.profile import Relations, Trigger
from modelwarden.detectors.relations import relations_of
from modelwarden.firewall.categories import more_will_come
from modelwarden.firewall.documents import fields_in
from modelwarden.firewall.errors import ProfileError
from modelwarden.firewall.features import matrix_of
from modelwarden.firewall.fitting import normal_of
from modelwarden.firewall.json_form import Wanted
from modelwarden.firewall.orders import orders_of
from modelwarden.firewall.profile import (
    SCHEMA,
    Counts,
    Input,
    Kind,
    Limits,
    Profile,
    Protocol,
    Watched,
)
from modelwarden.firewall.ranges import roomy
from modelwarden.firewall.text_signs import text_normal
from modelwarden.firewall.triggers import check_rare
from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Frame, Inputs
from modelwarden.targets.schema import Field, field_of
from modelwarden.targets.schema import Kind as Found

_FORM_HINT = "Give --protocol json and --form FILE.json together, or neither."
_ROWS = 1000
_ENOUGH = 1000  # numbers without a fraction, before the next one is expected to have none
_MESSAGES = 512  # of one chat
_CHAT_BODY = 1 << 20
_CHAT_TEXT = 32_000  # characters of one message, at the least
_LEAST_BODY = 1 << 16
_NUMBER_BYTES = 32  # of one number in JSON, with room to spare
_TEXT_ROOM = 4
_KEYS = ("name", "protocol", "input", "shape", "dtype", "low", "high", "columns", "version")
_DATATYPES = {
    "float32": "FP32",
    "float64": "FP64",
    "float16": "FP16",
    "bool": "BOOL",
    **{f"{u}int{n}": f"{u.upper()}INT{n}" for u in ("", "u") for n in (8, 16, 32, 64)},
}
_KINDS = {
    Found.NUMBER: Kind.NUMBER,
    Found.INTEGER: Kind.INTEGER,
    Found.BOOLEAN: Kind.BOOLEAN,
    Found.CATEGORY: Kind.CATEGORY,
    Found.TEXT: Kind.TEXT,
    Found.DATE: Kind.TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What a model's server is asked.

    Attributes:
        name: of the model.
        protocol: of the server.
        input: name of its tensor; "" takes any.
        shape: of one row; None takes the reference's.
        datatype: as the Open Inference Protocol spells it; "" takes any.
        low: no value is less; None is learnt from the reference, with room.
        high: likewise.
        columns: names of a table's columns; empty for a tensor.
        version: that answers must name; "" takes the first that they do.
        form: of requests, for the protocol `json`.
    """

    name: str
    protocol: Protocol
    input: str = ""
    shape: tuple[int, ...] | None = None
    datatype: str = ""
    low: float | None = None
    high: float | None = None
    columns: tuple[str, ...] = ()
    version: str = ""
    form: Wanted | None = None


def meta_of(path: Path) -> Meta:
    """Read a file of meta data.

    Raises:
        ProfileError: it cannot be read, or says what is not known.
    """
    return _meta(fields_in(path))


def _meta(fields: Fields) -> Meta:
    fields.only(_KEYS)
    protocol = fields.one_of(
        "protocol", fields.table.get("protocol"), "protocol", [p.value for p in Protocol]
    )
    name = fields.text("name")
    if name is None:
        raise fields.error("name", "is not there: name the model as the server's routes do")
    low, high = fields.number("low"), fields.number("high")
    if low is not None and high is not None and low > high:
        raise fields.error("low", "is greater than high")
    dtype = fields.text("dtype") or ""
    datatype = _DATATYPES.get(dtype.lower(), dtype.upper())
    if datatype and datatype not in {*_DATATYPES.values(), "BYTES"}:
        raise fields.error("dtype", f"is no known type: {dtype!r}")
    return Meta(
        name=name,
        protocol=Protocol(protocol),
        input=fields.text("input") or "",
        shape=_shape(fields),
        datatype=datatype,
        low=low,
        high=high,
        columns=_names(fields),
        version=fields.text("version") or "",
    )


def _shape(fields: Fields) -> tuple[int, ...] | None:
    sizes = fields.table.get("shape")
    if sizes is None:
        return None
    if not isinstance(sizes, list) or any(
        type(size) is not int or size < -1 or size == 0 for size in sizes
    ):
        raise fields.error("shape", "must be a list of sizes, -1 for the number of rows")
    return tuple(sizes)


def _names(fields: Fields) -> tuple[str, ...]:
    columns = fields.table.get("columns") or []
    if not isinstance(columns, list):
        raise fields.error("columns", "must be a list of names")
    names = [c.get("name") if isinstance(c, dict) else c for c in columns]
    if any(not isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise fields.error("columns", "must be a list of names, each once")
    return tuple(map(str, names))


def reference_of(path: Path) -> tuple[Array, str]:
    """Return `x` of an npz file and the digest of the file; nothing in it is unpickled.

    Raises:
        ProfileError: it cannot be read or holds no such array.
    """
    try:
        with path.open("rb") as stream:
            digest = sha256_of(stream)
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as found:
                if "x" not in found:
                    raise ProfileError(f"{path} holds no array x")
                return found["x"], f"sha256:{digest}"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ProfileError(f"cannot read {path}: {why}") from error
    except InputError:
        raise
    except Exception as error:  # numpy raises what zipfile, zlib and its own parser raise
        raise ProfileError(f"{path} is no npz file of plain arrays") from error


def profile_of(
    inputs: Inputs,
    meta: Meta,
    *,
    digest: str,
    version: str,
    watch: Sequence[Path] = (),
    triggers: Sequence[Trigger] = (),
    rate: float = 0.01,
    seed: int = 0,
) -> Profile:
    """Return what normal requests look like.

    Args:
        inputs: the reference, a row for each case.
        meta: what the server is asked.
        digest: of the reference.
        version: of the program.
        watch: files of the model that must stay as they are, and folders of such.
        triggers: that an assessment recovered from the model.
        rate: share of normal rows that may count as abnormal.
        seed: of the choice of rows.

    Raises:
        ProfileError: the reference is not what `meta` says, a watched file cannot be read, or a
            trigger is not of the inputs, or shown by normal rows.
    """
    if len(inputs) == 0:
        raise ProfileError("the reference has no rows")
    if (meta.protocol is Protocol.JSON) is not (meta.form is not None):
        raise ProfileError("a form of requests goes with the protocol 'json'", hint=_FORM_HINT)
    meta = _named(meta)
    inputs = _texts(inputs, meta)
    table = isinstance(inputs, Frame) or bool(meta.columns)
    specs, values = _table(inputs, meta) if table else _tensor(inputs, meta)
    chat = meta.protocol is Protocol.OPENAI
    specs = tuple(_told_texts(spec, values[spec.name], rate, chat=chat) for spec in specs)
    if chat and [spec.kind for spec in specs] != [Kind.TEXT]:
        raise ProfileError("the reference of a chat model is one column of texts")
    most = _MESSAGES if chat else _ROWS
    matrix = matrix_of(specs, values, len(inputs))
    counts = counts_of(specs, values)
    made = Profile(
        schema=SCHEMA,
        name=meta.name,
        protocol=meta.protocol,
        table=table,
        inputs=specs,
        limits=Limits(body=min(_body(specs), _CHAT_BODY) if chat else _body(specs), rows=most),
        normal=normal_of(matrix, rate=rate, seed=seed),
        counts=counts,
        relations=_related(specs, counts, values),
        orders=orders_of(specs, values) if table else (),
        watched=tuple(_watched(path) for path in _files(watch)),
        rows=len(inputs),
        reference=digest,
        version=version,
        model_version=meta.version,
        triggers=tuple(triggers),
        form=None if meta.form is None else meta.form.form(specs, table=table),
    )
    check_rare(made, values, rate)
    return made


def _told_texts(spec: Input, values: Array, rate: float, *, chat: bool) -> Input:
    """Return the input with what is usual of its texts."""
    if spec.kind is not Kind.TEXT:
        return spec
    known = [str(value) for value in values.tolist() if value is not None]
    if not known:
        return spec
    normal = text_normal(known, rate)
    # What a model said before, and is told again, may be nothing but calls of tools.
    return replace(spec, texts=replace(normal, blank=normal.blank or chat))


def _texts(inputs: Inputs, meta: Meta) -> Inputs:
    """Return an array of texts as a table of one column, named like the model's input."""
    if isinstance(inputs, Frame) or meta.columns or inputs.dtype.kind not in "UO":
        return inputs
    if inputs.ndim > 1 and inputs.shape[1:] != (1,):
        raise ProfileError(f"the texts of the reference have shape {inputs.shape[1:]} a row")
    return Frame((meta.input or "text",), (inputs.reshape(-1).astype(np.object_),))


def _tensor(inputs: Inputs, meta: Meta) -> tuple[tuple[Input, ...], dict[str, Array]]:
    if isinstance(inputs, Frame):
        raise TypeError("a frame is no tensor")
    if inputs.dtype.kind not in "biuf":
        raise ProfileError("the reference holds something else than numbers")
    shape = tuple(int(size) for size in inputs.shape[1:])
    if meta.shape is not None and meta.shape not in (shape, (-1, *shape)):
        asked = meta.shape[1:] if meta.shape[:1] == (-1,) else meta.shape
        if -1 in asked or int(np.prod(asked)) != int(np.prod(shape)):
            raise ProfileError(f"the rows of the reference have shape {shape}, not {meta.shape}")
        shape, inputs = asked, inputs.reshape(len(inputs), *asked)
    field = field_of(meta.input, inputs)
    kind = Kind.BOOLEAN if inputs.dtype.kind == "b" else Kind.NUMBER
    if meta.datatype.startswith(("INT", "UINT")):
        kind = Kind.INTEGER
    spec = _input(field, meta, kind, inputs, shape=shape, datatype=_datatype(meta))
    if kind is Kind.NUMBER and inputs.size >= _ENOUGH and bool((inputs % 1 == 0).all()):
        spec = replace(spec, fractions=False)
    return (spec,), {spec.name: inputs}


def _datatype(meta: Meta) -> str:
    return meta.datatype if meta.protocol is Protocol.OIP else ""


def _table(inputs: Inputs, meta: Meta) -> tuple[tuple[Input, ...], dict[str, Array]]:
    frame = inputs if isinstance(inputs, Frame) else _framed(inputs, meta.columns)
    if meta.columns and set(meta.columns) != set(frame.names):
        raise ProfileError("the columns of the reference are not those that are named")
    specs, values = [], {}
    for name, given in zip(frame.names, frame.columns, strict=True):
        column = given.astype(np.str_).astype(np.object_) if given.dtype.kind == "M" else given
        field = field_of(name, column)
        kind = _KINDS[field.kind]
        longest = None
        if kind is Kind.TEXT:
            lengths = [len(str(v)) for v in column.tolist() if v is not None]
            least = _CHAT_TEXT if meta.protocol is Protocol.OPENAI else 1000
            longest = max(least, _TEXT_ROOM * max(lengths, default=0))
        specs.append(_input(field, meta, kind, column, longest=longest))
        values[name] = column
    return tuple(specs), values


def _framed(inputs: Array, columns: tuple[str, ...]) -> Frame:
    if inputs.ndim != 2 or inputs.shape[1] != len(columns):
        raise ProfileError(f"the reference has no {len(columns)} columns: {inputs.shape}")
    return Frame(columns, tuple(inputs.T))


def _input(
    field: Field,
    meta: Meta,
    kind: Kind,
    values: Array,
    *,
    shape: tuple[int, ...] = (),
    datatype: str = "",
    longest: int | None = None,
) -> Input:
    low, high = field.low, field.high
    if low is not None and high is not None:
        low, high = roomy(values, low, high, field.name)
    numeric = kind in (Kind.NUMBER, Kind.INTEGER)
    return Input(
        name=field.name,
        kind=kind,
        shape=shape,
        datatype=datatype,
        low=(low if meta.low is None else meta.low) if numeric else None,
        high=(high if meta.high is None else meta.high) if numeric else None,
        categories=field.categories if kind is Kind.CATEGORY else (),
        longest=longest,
        missing=field.missing > 0,
        unlisted=kind is Kind.CATEGORY and more_will_come(values),
    )


def _body(specs: Sequence[Input]) -> int:
    """Return how large the body of a request of most rows may be."""
    row = sum(
        6 * spec.longest if spec.longest else _NUMBER_BYTES * int(np.prod(spec.shape or (1,)))
        for spec in specs
    ) + sum(len(spec.name) + 8 for spec in specs)
    return min(max(_LEAST_BODY, row * _ROWS), 64 << 20)


def _related(specs: Sequence[Input], counts: Sequence[Counts], values: Values) -> Relations | None:
    coder = Coder(specs, counts)
    rows = len(next(iter(values.values())))
    return relations_of(coder.names, coder.numbers(values, rows))


def _named(meta: Meta) -> Meta:
    """Return the meta data with the name of the only input, where the form alone tells it."""
    if meta.form is None or meta.input:
        return meta
    names = list(meta.form.inputs)
    return replace(meta, input=names[0] if len(names) == 1 else "x")


def values_of(inputs: Inputs, meta: Meta) -> dict[str, Array]:
    """Return a reference by the names of the profile's inputs.

    Raises:
        ProfileError: it is not what `meta` says.
    """
    meta = _named(meta)
    inputs = _texts(inputs, meta)
    table = isinstance(inputs, Frame) or bool(meta.columns)
    return (_table(inputs, meta) if table else _tensor(inputs, meta))[1]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file())
        else:
            yield path


def _watched(path: Path) -> Watched:
    try:
        with path.open("rb") as stream:
            return Watched(str(path), sha256_of(stream))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ProfileError(f"cannot read the watched file {path}: {why}") from error
