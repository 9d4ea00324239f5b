"""The event loop: uvloop where it is installed, asyncio's own where it is not."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_FAST = {"uvloop": "uvloop", "pysimdjson": "simdjson"}
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of <malloc.h>


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run until the work is done.

    What lives as long as the process – modules, profiles – is taken out of the garbage collector's
    rounds: a full one over it takes longer than a thousand requests.
    """
    gc.collect()
    gc.freeze()
    _keep_memory()
    with asyncio.Runner(loop_factory=_factory()) as runner:
        runner.run(work)


def missing() -> list[str]:
    """Return which packages are not there that are only for speed."""
    return [name for name, module in _FAST.items() if find_spec(module) is None]


def _keep_memory() -> None:
    """Ask the C library not to give memory back between two large requests, only to get it anew."""
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, 64 << 20)
    except (OSError, AttributeError):
        return  # not every C library has it


def _factory() -> Any:
    try:
        return import_module("uvloop").new_event_loop
    except ImportError:
        return None
