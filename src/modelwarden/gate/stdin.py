"""What is given on stdin, spooled to a file that readers can seek in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from modelwarden.core import Gap, GapKind, InputError
from modelwarden.gate.walk import Found

STDIN = "-"
NAME = "stdin"

_BLOCK = 1 << 20


@contextmanager
def spooled(limit: int) -> Iterator[tuple[Found, tuple[Gap, ...]]]:
    """Copy stdin to a temporary file, which is gone when the context ends.

    Args:
        limit: bytes; what follows is a gap.

    Raises:
        InputError: stdin is closed or cannot be read, or there is no room for it.
    """
    import tempfile

    if sys.stdin is None:
        raise InputError("stdin is closed", hint="Pipe a file into the command, or name one.")
    try:
        with tempfile.NamedTemporaryFile(prefix="modelwarden-") as file:
            size = 0
            while block := sys.stdin.buffer.read(min(_BLOCK, limit + 1 - size)):
                file.write(block[: limit - size])
                size += len(block)
                if size > limit:
                    break
            file.flush()
            yield Found(path=file.name, name=NAME, named=True), _rest(size, limit)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read stdin: {reason}", hint="Name a file instead.") from error


def _rest(size: int, limit: int) -> tuple[Gap, ...]:
    if size <= limit:
        return ()
    why = f"only the first {limit} bytes were taken from stdin"
    return (Gap(what=NAME, why=why, kind=GapKind.OVER_LIMIT),)
