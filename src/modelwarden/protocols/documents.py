"""Bodies of messages: strict JSON out, bounded and strictly read JSON in."""

from __future__ import annotations

import json
from typing import Any

from modelwarden.protocols.tensors import WireError


def dumped(document: dict[str, Any]) -> bytes:
    """Return a document as JSON, which has no NaN and no infinity."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def parsed(body: bytes) -> object:
    """Return what a body says.

    `NaN` and `Infinity` are no JSON, yet servers written in Python send them: they are read, so
    that the one who judges the numbers can say that they are not finite.

    Raises:
        WireError: it is not JSON, not UTF-8, nested too deeply, or gives one key twice.
    """
    try:
        return json.loads(body.decode(), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise WireError("the answer is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        shown = " ".join(body[:60].decode("utf-8", "replace").split())
        raise WireError(f"the answer is not JSON: {shown!r}") from error


def object_of(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds.

    Raises:
        WireError: as for `parsed`, or it holds something else.
    """
    document = parsed(body)
    if not isinstance(document, dict):
        raise WireError("the answer is not a JSON object")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document
