"""JSON as a tree, for texts whose meaning lies in their nesting: bounded before it is parsed.

Libraries read such texts with Python's `json`, so we do, too: the last of two equal keys counts,
and what that parser refuses is refused here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SIZE = 8 << 20
_DEPTH = 300
_PIECE = 1 << 20
_LONGEST = 400
_AROUND = b"\xff\xfe \t\r\n"
_ESCAPED = re.compile(rb"\\u00([4-7][0-9a-fA-F])")
_PLAIN = bytes(sorted(set(range(256)) - set(b"{[]}")))


def tree(source: Source, limits: Limits, what: str) -> object:
    """Return the JSON tree of `what`, which names it in errors.

    Raises:
        LimitExceededError: too long or nested too deep.
        DamagedError: not JSON.
    """
    bound = min(_SIZE, limits.memory // 8)
    if source.size > bound:
        raise LimitExceededError(f"bytes of {what}", bound)
    data = source.read(0, source.size)
    depth = deepest = 0
    for byte in data.translate(None, _PLAIN):
        depth += 1 if byte in b"{[" else -1
        deepest = max(deepest, depth)
    if deepest > _DEPTH:
        raise LimitExceededError(f"nesting of {what}", _DEPTH)
    try:
        return cast("object", json.loads(data))
    except json.JSONDecodeError as error:
        raise DamagedError(f"not JSON: {error.msg}", error.pos) from error
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"not JSON: {str(error)[:100]}") from error


def has_keys(source: Source, *keys: bytes) -> bool:
    """Tell whether a text that begins like a JSON object has all of some keys anywhere in it.

    Keys may be written with escapes, and the text may be UTF-16: Python reads that, too.
    """
    start = source.head.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").strip(_AROUND)
    if not start.startswith(b"{") or source.size > 8 * _SIZE:
        return False
    left = set(keys)
    for at in range(0, source.size, _PIECE):
        piece = source.read(at, _PIECE + _LONGEST)
        if b"\x00" in piece:
            piece = piece.replace(b"\x00", b"")
        if b"\\u00" in piece:
            piece = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), piece)
        left = {key for key in left if b'"%b"' % key not in piece}
        if not left:
            return True
    return False
