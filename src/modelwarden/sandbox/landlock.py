"""Which folders the worker may read and write, as Landlock rights.

Landlock is asked for by system call: files in /sys do not tell whether it can be used. The numbers
here go to the worker, which has the kernel enforce them before it touches anything of the model.

Source: landlock(7), `linux/landlock.h`.
"""

from __future__ import annotations

import ctypes

from modelwarden.core.values import dataclass

_CREATE_RULESET = 444
_VERSION_FLAG = 1

_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_COMMAND = 1 << 15  # ioctl on a device, from ABI 5
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | _COMMAND
_NETWORK = 3  # bind and connect over TCP, from ABI 4
_SCOPES = 3  # abstract sockets and signals, from ABI 6


@dataclass(frozen=True, slots=True)
class Rights:
    """What the worker is told to ask the kernel for.

    Attributes:
        handled: file rights that are refused everywhere unless a rule grants them.
        read: granted below readable folders. write: below writable ones. device: of device files.
        names: of folders whose names alone may be read.
        files: the part of a right that applies to a file which is not a folder.
        scoped: from ABI 6, signals and abstract sockets do not leave the process.
    """

    handled: int
    network: int
    scoped: int
    read: int
    write: int
    device: int
    names: int
    files: int


def abi() -> int:
    """Return the version of Landlock that this kernel offers, 0 when it has none."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(0, int(version))


def rights(version: int) -> Rights:
    """Return the rights for a kernel with Landlock `version` (at least 1)."""
    handled = _ALL_BY_ABI[max(known for known in _ALL_BY_ABI if known <= version)]
    return Rights(
        handled=handled,
        network=_NETWORK if version >= 4 else 0,
        scoped=_SCOPES if version >= 6 else 0,
        read=_EXECUTE | _READ_FILE | _READ_DIR,
        write=handled & ~_EXECUTE & ~_COMMAND,
        device=handled & (_READ_FILE | _WRITE_FILE | _COMMAND),
        names=_READ_DIR,
        files=handled & _FILE_ONLY,
    )
