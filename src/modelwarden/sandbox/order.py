"""What is left to a worker, worked out before it starts: files, calls, limits, environment."""

from __future__ import annotations

import base64
import errno
import json
import os
import platform
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.sandbox import landlock
from modelwarden.sandbox.seccomp import build_filter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelwarden.core import Json

_PATIENCE = 30  # seconds that an interpreter has to say where its parts lie
_TOLD = 1 << 20  # bytes of that
_SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}

# What libc, the dynamic linker and honest numerical libraries look at.
_SYSTEM_FILES = """
/usr /lib /lib32 /lib64 /bin /sbin /etc/ld.so.cache /etc/localtime /etc/timezone /etc/passwd
/etc/group /etc/nsswitch.conf /etc/hosts /etc/host.conf /etc/resolv.conf /etc/gai.conf
/etc/mime.types /etc/os-release /etc/ssl/certs /etc/ssl/openssl.cnf /etc/alternatives
/etc/fonts /etc/OpenCL /etc/magic /proc/self /proc/cpuinfo /proc/meminfo /proc/stat
/proc/filesystems /proc/version /proc/uptime /proc/loadavg /proc/sys /sys/devices/system
/sys/fs/cgroup /sys/kernel/mm /dev/null /dev/zero /dev/full /dev/random /dev/urandom
"""

# onnxruntime's telemetry is off before anything is imported; joblib does without processes. One
# thread: sums of floats must not depend on how many processors a machine has.
_QUIET = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "ORT_DISABLE_TELEMETRY": "1",
    "JOBLIB_MULTIPROCESSING": "0",
    "KMP_INIT_AT_FORK": "FALSE",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Memory that a batch used is kept for the next: given back, every page costs a fault again.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """What one worker may use.

    Attributes:
        memory: bytes. seconds: for one request. disk: bytes in its private folder.
        opening: seconds for a request that imports libraries and loads a model.
        output: bytes of what it prints that are kept; the rest is read and dropped.
        answer: bytes of one answer's message; arrays have their own room.
        files: open descriptors.
    """

    memory: int = 4 << 30
    seconds: float = 60.0
    opening: float = 300.0
    disk: int = 256 << 20
    output: int = 64 << 10
    answer: int = 1 << 20
    files: int = 512


_EXHAUSTED = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_FULL = "The machine, or a limit (ulimit), has no process, memory or file left for it."


def readable_files(python: str) -> tuple[str, ...]:
    """Return what a worker run by `python` may read besides the model: system and interpreter.

    A virtual environment's base interpreter is among it.

    Raises:
        InputError: it does not run, or is older than 3.8.
    """
    ask = (
        "import sys, sysconfig, json; print(json.dumps([list(sys.version_info[:2]), "
        "[sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable, "
        "*sysconfig.get_paths().values(), *sys.path]]))"
    )
    try:
        version, paths = json.loads(_answer_of([python, "-I", "-c", ask]))
        number = ".".join(str(int(part)) for part in version)
        too_old = tuple(version) < (3, 8)
        named = [os.fspath(path) for path in paths if path]
        resolved = [os.path.realpath(path) for path in named]
    except (OSError, TypeError, ValueError) as error:
        reason = "it is no Python"
        if isinstance(error, OSError):
            reason = error.strerror.lower() if error.strerror else str(error)
        raise InputError(
            f"[model] python = {python!r} does not run: {reason}",
            hint=_FULL
            if getattr(error, "errno", None) in _EXHAUSTED
            else "Name a Python interpreter.",
        ) from error
    if too_old:
        raise InputError(
            f"[model] python = {python!r} is Python {number}",
            hint="The sandbox needs Python 3.8 or later.",
        )
    return tuple(dict.fromkeys([*_SYSTEM_FILES.split(), *named, *resolved]))


def _answer_of(command: Sequence[str]) -> bytes:
    """Return the first line that a program prints, and leave nothing running that it started.

    Raises:
        OSError: it cannot be started, ends with an error, prints more than `_TOLD` bytes, or is
            not done after `_PATIENCE` seconds.
    """
    process = subprocess.Popen(  # noqa: S603 -- the interpreter is the user's own choice
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + _PATIENCE
    with process:
        try:
            told = _line_of(process.stdout, until)
            if process.wait(max(0.0, until - time.monotonic())):
                raise OSError(f"it ended with {process.returncode}")
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"it did not end in {_PATIENCE} seconds") from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return told


def _line_of(stream: IO[bytes] | None, until: float) -> bytes:
    told = b""
    while stream is not None and b"\n" not in told:
        left = max(0.0, until - time.monotonic())
        if not select.select([stream], [], [], left)[0]:
            raise TimeoutError(f"it said nothing in {_PATIENCE} seconds")
        piece = os.read(stream.fileno(), _TOLD)
        told += piece
        if not piece:
            break
        if len(told) > _TOLD:
            raise OSError(f"it printed more than {_TOLD} bytes")
    return told.partition(b"\n")[0]


def environment(private: str) -> dict[str, str]:
    """Return the environment of a worker: nothing of ours but the language, homes in `private`."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    homes = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "MPLCONFIGDIR"), private)
    return {"PATH": "/usr/bin:/bin", **kept, **homes, **_QUIET}


def order_for(
    pid: int,
    private: str,
    readable: tuple[str, ...],
    limits: SandboxLimits,
    devices: tuple[str, ...] = (),
    listed: tuple[str, ...] = (),
    *,
    allow_namespaces: bool,
) -> Mapping[str, Json]:
    """Return what `worker.py` is to have the kernel enforce, as plain numbers and paths."""
    machine = platform.machine()
    version = landlock.abi()
    supported = machine in _SECCOMP_CALL
    return {
        "private": private,
        "namespaces": allow_namespaces,
        "limits": {
            "DATA": limits.memory,
            "FSIZE": limits.disk,
            "NOFILE": limits.files,
            "CORE": 0,
        },
        "landlock": asdict(landlock.rights(version)) if version else None,
        "readable": list(readable),
        "writable": [private, "/dev/null"],
        "devices": list(devices),
        "listed": list(listed),
        "seccomp_call": _SECCOMP_CALL.get(machine, 0),
        "filter_cut": _filter(machine, pid, bool(devices), network_cut=True) if supported else "",
        "filter_uncut": (
            _filter(machine, pid, bool(devices), network_cut=False) if supported else ""
        ),
    }


def _filter(machine: str, pid: int, cards: bool, *, network_cut: bool) -> str:
    code = build_filter(machine, pid, network_cut=network_cut, notify=True, cards=cards)
    return base64.b64encode(code).decode()
