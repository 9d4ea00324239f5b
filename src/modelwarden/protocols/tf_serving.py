"""TensorFlow Serving's REST API: `:predict` in row and in column form.

Source: TensorFlow Serving documentation, "RESTful API", predict API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelwarden.protocols.documents import dumped, object_of
from modelwarden.protocols.rowwise import tensors_of
from modelwarden.protocols.tensors import Tensor, WireError, plain


def route(path: str, model: str | None) -> str:
    """Return the path that predictions are asked at, from the path that the user wrote.

    Raises:
        WireError: no model is named.
    """
    if path.endswith(":predict"):
        return path
    if "/models/" in path:
        return f"{path.rstrip('/')}:predict"
    if model is None:
        raise WireError(
            f"the address {path or '/'} names no model",
            hint="Write [model] url = 'http://host:port/v1/models/NAME', or give name = 'NAME'.",
        )
    base = path.rstrip("/")
    return (
        f"{base}/models/{model}:predict"
        if base.endswith("/v1")
        else f"{base}/v1/models/{model}:predict"
    )


def encode(batch: Sequence[Tensor], *, table: bool) -> bytes:
    """Return the body of one request: an instance a row, an object of columns for tables.

    Raises:
        WireError: a value is missing or not finite.
    """
    columns = [plain(t.values, f"input {t.name!r}", missing=False) for t in batch]
    if not table:
        return dumped({"instances": columns[0]})
    names = [t.name for t in batch]
    return dumped(
        {"instances": [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]}
    )


def decode(body: bytes, rows: int) -> tuple[Tensor, ...]:
    """Return the predictions of one answer.

    Raises:
        WireError: it is no answer to a request of so many rows.
    """
    document = object_of(body)
    for key in ("predictions", "outputs"):
        if key in document:
            return tensors_of(document[key], rows, key)
    raise WireError("the answer has no predictions")


def complaint(body: bytes) -> str:
    """Return what an error of the server says; empty if it says nothing in the protocol's form."""
    document: dict[str, Any] = object_of(body)
    said = document.get("error")
    return said if isinstance(said, str) else ""
