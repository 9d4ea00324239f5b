"""TorchServe's `/predictions/NAME`: what a handler is handed, in the forms that handlers share.

A handler sees whatever stands in the body. Four forms are common, and only they are let through: a
bare list, `{"data": …}`, `{"instances": […]}` of its JSON envelope, and one object of columns; for
a model of texts also the text itself, as text/plain.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.profile import Kind, Profile
from modelwarden.firewall.reading import array_in, columns_of, records
from modelwarden.protocols.tensors import Array

_WRAPPED = ("data", "instances")


def takes_text(profile: Profile) -> bool:
    """Tell whether a model is asked for one text alone, so that a body may be just that."""
    return len(profile.inputs) == 1 and profile.inputs[0].kind is Kind.TEXT


def torch_values(document: Any, profile: Profile) -> dict[str, Array]:
    """Return what a body in JSON asks, by the names of the profile's inputs.

    Raises:
        RefusedError: it has none of the common forms, or is not what the model takes.
    """
    names = {spec.name for spec in profile.inputs}
    if isinstance(document, dict) and profile.table and set(document) == names:
        return _record(document, profile)
    many = False
    if isinstance(document, dict):
        given = [key for key in _WRAPPED if key in document]
        if len(document) != 1 or len(given) != 1:
            raise RefusedError(Reason.SCHEMA, "none of the forms that handlers share")
        document, many = document[given[0]], given[0] == "instances"
        if many and not isinstance(document, list):
            raise RefusedError(Reason.SCHEMA, "instances are no list")
    if not profile.table:
        return {profile.inputs[0].name: _rows(document, profile.inputs[0].shape, many=many)}
    if isinstance(document, dict):
        return _record(document, profile)
    if takes_text(profile):
        words = document if isinstance(document, list) else [document]
        if words and not isinstance(words[0], dict):
            return columns_of({profile.inputs[0].name: words}, profile)
    return records(document, profile)


def text_values(body: bytes | bytearray, profile: Profile) -> dict[str, Array]:
    """Return the one text that a body is.

    Raises:
        RefusedError: it is no UTF-8.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise RefusedError(Reason.SYNTAX, "not UTF-8") from error
    words = np.empty(1, np.object_)
    words[0] = text
    return {profile.inputs[0].name: words}


def _record(row: dict[str, Any], profile: Profile) -> dict[str, Array]:
    if any(isinstance(value, list | dict) for value in row.values()):
        raise RefusedError(Reason.SHAPE, "a column of one row holds several values")
    return records([row], profile)


def _rows(data: Any, shape: tuple[int, ...], *, many: bool) -> Array:
    """Return rows of a shape; one of them may stand alone where no list of rows is promised."""
    array = array_in(data if isinstance(data, list) else [data])
    if array.shape == shape and not many:
        return array[None]
    if array.shape[1:] != shape:
        raise RefusedError(Reason.SHAPE, "another shape than the model's")
    return array
