"""The chain of a record: each line carries a digest of itself and of all lines before it.

Who edits, moves, adds or leaves out a line breaks it there. It holds no secret: who works out
anew what follows is not found by it, so a record is worth as much as the folder that it lies in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from modelwarden.core import Json

FIRST = ""
_FIELD = "chain"
_LETTERS = 32  # of a digest


def chained(event: Mapping[str, Json], before: str) -> tuple[bytes, str]:
    """Return an event as a line that follows on `before`, and what the next one follows on."""
    text = _text({key: value for key, value in event.items() if key != _FIELD})
    digest = hashlib.sha256(f"{before}\n".encode() + text).hexdigest()[:_LETTERS]
    comma = b"," if len(text) > len(b"{}") else b""
    return text[:-1] + comma + f'"{_FIELD}":"{digest}"}}\n'.encode(), digest


def after(event: Mapping[str, Json], before: str) -> str | None:
    """Return what the next event follows on; None where this one does not follow on `before`.

    >>> line, one = chained({"event": "begin"}, FIRST)
    >>> after(json.loads(line), FIRST) == one, after({"event": "end", "chain": one}, FIRST)
    (True, None)
    """
    digest = chained(event, before)[1]
    return digest if event.get(_FIELD) == digest else None


def _text(event: Mapping[str, Json]) -> bytes:
    # Half a character, as an endpoint may answer, stands there as JSON escapes it.
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")
