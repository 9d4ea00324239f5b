"""JSON as a tree, for texts whose meaning lies in their nesting: bounded before it is parsed.

Libraries read such texts with Python's `json`, so we do, too: the last of two equal keys counts,
and what that parser refuses is refused here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SIZE = 8 << 20
_DEPTH = 300
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
