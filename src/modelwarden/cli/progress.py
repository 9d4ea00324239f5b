"""One line on stderr that counts, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY = 0.1  # seconds between two writes


Words = Callable[[int, int], str]


def as_files(done: int, total: int) -> str:
    """Say how many files were examined."""
    return f"examined {done} of {total} files"


def as_share(verb: str) -> Words:
    """Return what says how much of many bytes was done: `hashed 40 % of 12 GiB`."""

    def words(done: int, total: int) -> str:
        return f"{verb} {100 * done // max(total, 1)} % of {total / (1 << 20):,.0f} MiB"

    return words


@contextmanager
def stage_line() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function to be called with (stage that begins, done, all); None if nobody watches."""
    stream = sys.stderr
    if stream is None or not stream.isatty():
        yield None
        return

    def tell(stage: str, done: int, total: int) -> None:
        stream.write(f"\r\x1b[Kstage {done + 1} of {total}: {stage}")
        stream.flush()

    try:
        yield tell
    finally:
        stream.write("\r\x1b[K")
        stream.flush()


@contextmanager
def progress_line(words: Words = as_files) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function to be called with (done, all); None where nobody watches.

    The line appears after a moment, so a quick scan writes nothing, and it is wiped at the end.
    """
    stream = sys.stderr
    if stream is None or not stream.isatty():
        yield None
        return
    last = time.monotonic() + 0.2
    shown = False

    def tell(done: int, total: int) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if now - last >= _EVERY:
            last, shown = now, True
            stream.write(f"\r\x1b[K{words(done, total)}")
            stream.flush()

    try:
        yield tell
    finally:
        if shown:
            stream.write("\r\x1b[K")
            stream.flush()
