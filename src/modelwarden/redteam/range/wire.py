"""The server's side of two protocols: bodies of requests to inputs, scores to bodies of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from modelwarden.protocols.documents import dumped, object_of
from modelwarden.protocols.oip import DATATYPES
from modelwarden.protocols.tensors import Array, WireError, array_of
from modelwarden.redteam.range.served import Served
from modelwarden.targets.frames import Floats, Frame, Inputs

MOST_ROWS = 4096


def metadata(model: Served) -> bytes:
    """Return what the Open Inference Protocol tells of a model."""
    inputs = [
        {"name": f.name, "datatype": f.datatype, "shape": [-1, *f.shape]} for f in model.fields
    ]
    scores = {"name": "scores", "datatype": "FP64", "shape": [-1, len(model.classes)]}
    said = {"name": model.name, "platform": "range", "inputs": inputs, "outputs": [scores]}
    return dumped({**said, "parameters": {"classes": list(model.classes)}})


def asked_by_oip(body: bytes, model: Served) -> Inputs:
    """Return the inputs of a request in the Open Inference Protocol.

    Raises:
        WireError: it is none that this model takes.
    """
    entries = object_of(body).get("inputs")
    if not isinstance(entries, list) or len(entries) != len(model.fields):
        raise WireError(f"the model takes {len(model.fields)} inputs")
    found = {str(e.get("name")): e for e in entries if isinstance(e, dict)}
    if len(model.fields) == 1 and len(found) == 1:
        # A single tensor goes by any name, as common servers have it.
        found = {model.fields[0].name: next(iter(found.values()))}
    columns = []
    for field in model.fields:
        if field.name not in found:
            raise WireError(f"input {field.name!r} is missing")
        columns.append(_tensor(found[field.name], field.name))
    return _fitting(dict(zip([f.name for f in model.fields], columns, strict=True)), model)


def _tensor(entry: Mapping[str, Any], name: str) -> Array:
    shape = entry.get("shape")
    if not isinstance(shape, list) or any(type(size) is not int or size < 0 for size in shape):
        raise WireError(f"input {name!r} has no shape")
    if entry.get("datatype") not in {*DATATYPES, "BYTES"}:
        raise WireError(f"input {name!r} has an unknown datatype")
    values = array_of(entry.get("data"), f"input {name!r}").ravel()
    size = 1
    for part in shape:
        size *= part
    if not shape or size != values.size:
        raise WireError(f"input {name!r} has shape {shape} and {values.size} values")
    return values.reshape(shape)


def asked_by_mlflow(body: bytes, model: Served) -> Inputs:
    """Return the inputs of a request to MLflow's scoring server.

    Raises:
        WireError: it is none that this model takes.
    """
    document = object_of(body)
    if "dataframe_split" in document:
        split = document["dataframe_split"]
        names = split.get("columns") if isinstance(split, dict) else None
        rows = split.get("data") if isinstance(split, dict) else None
        if not isinstance(names, list) or not isinstance(rows, list):
            raise WireError("dataframe_split holds no columns and data")
        if any(not isinstance(row, list) or len(row) != len(names) for row in rows):
            raise WireError("a row of data has another length than columns")
        records = [dict(zip(map(str, names), row, strict=True)) for row in rows]
    elif "dataframe_records" in document:
        records = document["dataframe_records"]
        if not isinstance(records, list) or any(not isinstance(r, dict) for r in records):
            raise WireError("dataframe_records is no array of objects")
    else:
        given = document.get("inputs", document.get("instances"))
        return _fitting({model.fields[0].name: array_of(given, "inputs")}, model)
    columns = {}
    for field in model.fields:
        if any(field.name not in record for record in records):
            raise WireError(f"column {field.name!r} is missing")
        columns[field.name] = array_of([r[field.name] for r in records], field.name)
    return _fitting(columns, model)


def _fitting(columns: Mapping[str, Array], model: Served) -> Inputs:
    """Hold inputs against what the model takes."""
    made = []
    for field in model.fields:
        if field.name not in columns:
            raise WireError(f"the model takes columns by name: {field.name!r} is missing")
        values, words = columns[field.name], field.datatype == "BYTES"
        if not 1 <= len(values) <= MOST_ROWS:
            raise WireError(f"{len(values)} rows: the range answers 1 to {MOST_ROWS} at once")
        if (values.dtype.kind == "O") != words or any(v is None for v in values.ravel()[:1]):
            raise WireError(f"input {field.name!r} takes {'text' if words else 'numbers'}")
        shape = () if field.shape == (1,) else field.shape
        if values.size != len(values) * int(np.prod(shape or (1,))):
            raise WireError(f"a row of input {field.name!r} has another shape")
        values = values.reshape(len(values), *shape)
        if not words and not bool(np.isfinite(values.astype(np.float64)).all()):
            raise WireError(f"input {field.name!r} holds no finite number")
        made.append(values)
    if len({len(values) for values in made}) != 1:
        raise WireError("the inputs differ in rows")
    if not model.table:
        return made[0]
    return Frame(tuple(f.name for f in model.fields), tuple(made))


def said_by_oip(scores: Floats, model: Served) -> bytes:
    """Return the answer in the Open Inference Protocol."""
    flat = scores.ravel().tolist()
    output = {"name": "scores", "shape": [*scores.shape], "datatype": "FP64", "data": flat}
    return dumped({"model_name": model.name, "outputs": [output]})


def said_by_mlflow(scores: Floats) -> bytes:
    """Return the answer as MLflow's scoring server gives it."""
    return dumped({"predictions": scores.tolist()})
