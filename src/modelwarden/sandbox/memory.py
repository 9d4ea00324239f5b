"""Memory that we share with a worker for as long as it lives.

Its size is sealed. Of inputs, writing is ours alone: the worker cannot map it to write, nor write
to it by its descriptor. Whatever is read out of answers has to be copied before it is looked at.

Source: memfd_create(2), fcntl(2) on file seals.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import suppress

_SEAL_FUTURE_WRITE = 0x10  # F_SEAL_FUTURE_WRITE, Linux 5.1; Python names it from 3.13 on


class Region:
    """One piece of memory.

    Attributes:
        size: in bytes, for ever.
        descriptor: for the worker to map.
        memory: ours, mapped.
    """

    def __init__(self, size: int, *, ours: bool) -> None:
        """Make it; `ours` if the worker may only read."""
        self.size = size
        self.descriptor = os.memfd_create("modelwarden", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.truncate(self.descriptor, size)
        self.memory = mmap.mmap(self.descriptor, size)
        self._whole = memoryview(self.memory)
        if ours:
            with suppress(OSError):  # an older kernel: then the worker may spoil its own inputs
                fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, _SEAL_FUTURE_WRITE)
        seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Write at a place; it must fit."""
        self._whole[offset : offset + len(data)] = data

    def close(self) -> None:
        """Give our side of it up; may be repeated. Arrays that stand in it keep it as long."""
        self._whole.release()
        with suppress(BufferError):
            self.memory.close()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
