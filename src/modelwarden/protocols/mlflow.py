"""MLflow's scoring server: `/invocations`.

Source: MLflow documentation, "Deploy MLflow Model to Production", inference server specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelwarden.protocols.documents import dumped, object_of
from modelwarden.protocols.rowwise import tensors_of
from modelwarden.protocols.tensors import Tensor, WireError, plain


def route(path: str, model: str | None) -> str:
    """Return the path that predictions are asked at, from the path that the user wrote."""
    del model  # a server has one
    return path if path.endswith("/invocations") else f"{path.rstrip('/')}/invocations"


def encode(batch: Sequence[Tensor], *, table: bool) -> bytes:
    """Return the body of one request: `dataframe_split` for tables, `inputs` for one array.

    Raises:
        WireError: a value has no form in JSON.
    """
    if not table:
        (tensor,) = batch
        return dumped({"inputs": plain(tensor.values, "the input", missing=False)})
    columns = [plain(t.values, f"column {t.name!r}", missing=True) for t in batch]
    split = {
        "columns": [t.name for t in batch],
        "data": [list(row) for row in zip(*columns, strict=True)],
    }
    return dumped({"dataframe_split": split})


def decode(body: bytes, rows: int) -> tuple[Tensor, ...]:
    """Return the predictions of one answer.

    Raises:
        WireError: it is no answer to a request of so many rows.
    """
    document = object_of(body)
    if "predictions" not in document:
        raise WireError("the answer has no predictions")
    return tensors_of(document["predictions"], rows)


def complaint(body: bytes) -> str:
    """Return what an error of the server says; empty if it says nothing in the protocol's form."""
    document: dict[str, Any] = object_of(body)
    said = document.get("message")
    return said if isinstance(said, str) else ""
