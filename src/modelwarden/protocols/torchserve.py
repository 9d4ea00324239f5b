"""TorchServe's inference API: one case a request, whatever the handler makes of its body.

A handler sees the body as `data` or `body`; the common forms are a JSON array (a tensor), text, or
an encoded image. We send JSON for tables and arrays and plain text for texts, one case a request:
the only form that every handler understands.

Source: TorchServe documentation, "Inference API" and "Default handlers".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelwarden.protocols.documents import dumped, object_of, parsed
from modelwarden.protocols.rowwise import tensors_of
from modelwarden.protocols.tensors import Tensor, WireError, plain

# Handlers may answer a bare word, which is no JSON: a class, not a page.
_LONGEST = 256


def route(path: str, model: str | None) -> str:
    """Return the path that predictions are asked at, from the path that the user wrote.

    Raises:
        WireError: no model is named.
    """
    if "/predictions/" in path:
        return path
    if model is None:
        raise WireError(
            f"the address {path or '/'} names no model",
            hint="Write [model] url = 'http://host:port/predictions/NAME', or give name = 'NAME'.",
        )
    return f"{path.rstrip('/')}/predictions/{model}"


def encode(batch: Sequence[Tensor], *, table: bool) -> tuple[bytes, str]:
    """Return the body of one request for one row, and its content type.

    Raises:
        WireError: a value has no form in JSON.
    """
    (first, *rest) = batch
    if len(first) != 1:
        raise ValueError("TorchServe is asked one row at a time")
    if table:
        columns = {
            t.name: plain(t.values, f"column {t.name!r}", missing=True)[0] for t in (first, *rest)
        }
        return dumped(columns), "application/json"
    row = plain(first.values, "the input", missing=False)[0]
    if isinstance(row, str):
        return row.encode(), "text/plain; charset=utf-8"
    return dumped({"data": row}), "application/json"


def decode(bodies: Sequence[bytes]) -> tuple[Tensor, ...]:
    """Return the predictions of the answers to one row each.

    Raises:
        WireError: an answer is neither JSON nor text.
    """
    return tensors_of([_single(body) for body in bodies], len(bodies))


def _single(body: bytes) -> object:
    try:
        answer = parsed(body)
    except WireError:
        word = body.decode("utf-8", "replace").strip()
        if len(word) > _LONGEST or not word[:1].isalpha() or "\ufffd" in word:
            raise
        return word
    # Handlers answer a batch, here of one.
    return answer[0] if isinstance(answer, list) and len(answer) == 1 else answer


def complaint(body: bytes) -> str:
    """Return what an error of the server says; empty if it says nothing in the protocol's form."""
    document: dict[str, Any] = object_of(body)
    said = document.get("message")
    return said if isinstance(said, str) else ""
