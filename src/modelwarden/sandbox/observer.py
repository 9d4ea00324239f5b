"""Hear from the kernel what a worker tried: its refused calls, one notification each.

Source: seccomp_unotify(2).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import select
import socket
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.sandbox.attempts import Attempt, Scene, empties, judge_call
from modelwarden.sandbox.seccomp import CLONE_THREAD, TOLD
from modelwarden.sandbox.syscalls import INTERNET, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")
_RECEIVE, _SEND, _GIVE = 0xC050_2100, 0xC018_2101, 0x4018_2103
_GIFT = struct.Struct("=QIIII")
_ANSWERS = 2  # SECCOMP_ADDFD_FLAG_SEND, Linux 5.14
_CONTINUE = 1
_EPERM, _EAGAIN = -1, -11
MOST_THREADS = 1024
_HERE = -100  # AT_FDCWD


def observable(pid: int) -> bool:
    """Tell whether we may read a worker's memory: where the path stands that it asks for."""
    try:
        os.close(os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


class Observer:
    """Answers one worker's notifications, in a thread, until the worker is gone."""

    def __init__(
        self,
        listener: int,
        readable: tuple[str, ...],
        writable: tuple[str, ...],
        note: Callable[[Attempt | None], None],
        *,
        listed: tuple[str, ...] = (),
        kernel_decides: bool = True,
        sees: bool = True,
    ) -> None:
        """Own the descriptor `listener`; `note` is told of each attempt, from our thread.

        Without Landlock nobody decides about files: then `kernel_decides` is False, and what is
        judged an attempt is refused here. A second thread of the worker can change a path after it
        was read, so that this stops the clumsy only; the tier is `partial`. Where the worker's
        memory could be looked at when it began (`sees`), one that cannot any more is hiding.
        """
        self._sees = sees
        self._kernel_decides = kernel_decides
        self._listener = listener
        self._readable = readable
        self._writable = writable
        self._listed = listed
        self._note = note
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for the last notification of a worker that has ended."""
        self._thread.join(10)
        os.close(self._listener)

    def _listen(self) -> None:
        names = {number: name for name, number in numbers(platform.machine()).items()}
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while True:
            events = poll.poll()
            if not events or events[0][1] & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                return
            buffer = bytearray(_NOTIFICATION.size)
            try:
                fcntl.ioctl(self._listener, _RECEIVE, buffer, True)
                self._answer(names, bytes(buffer))
            except OSError:
                continue  # the call was interrupted, or its process died: nothing to answer

    def _answer(self, names: dict[int, str], notification: bytes) -> None:
        ident, pid, _, number, _, _, *arguments = _NOTIFICATION.unpack(notification)
        name = names.get(number, str(number))
        if name == "socket" and arguments[0] in INTERNET and self._gave_socket(ident):
            return
        if name == "clone" and arguments[0] & CLONE_THREAD:
            error = self._counted(pid)
        elif name == "sched_setaffinity" and Path(f"/proc/{pid}/task/{arguments[0]}").exists():
            error = 0  # of a thread of its own
        else:
            error = self._judged(name, tuple(arguments), pid)
        reply = _RESPONSE.pack(ident, 0, error, 0 if error else _CONTINUE)
        fcntl.ioctl(self._listener, _SEND, bytearray(reply), True)

    def _judged(self, name: str, arguments: tuple[int, ...], pid: int) -> int:
        """Note what a call is; return the error that it is answered with, 0 to let it go on."""
        told = name in TOLD and not empties(name, arguments)
        try:
            attempt = judge_call(name, arguments, self._scene(pid))
        except (OSError, ValueError, OverflowError) as error:
            # Its memory could not be read, or there is none at that address: told without detail.
            told = told and not (self._sees and isinstance(error, PermissionError))
            attempt = None if told else Attempt("kernel", name)
        self._note(attempt)
        return 0 if told and (self._kernel_decides or attempt is None) else _EPERM

    def _gave_socket(self, ident: int) -> bool:
        """Answer who asks for an internet socket with one that leads nowhere; False if we cannot.

        So it goes on as where namespaces cut the network, and what it wants to reach is told.
        """
        with socket.socket(socket.AF_UNIX) as nowhere:
            gift = _GIFT.pack(ident, _ANSWERS, nowhere.fileno(), 0, os.O_CLOEXEC)
            try:
                fcntl.ioctl(self._listener, _GIVE, bytearray(gift), True)
            except OSError:
                return False
        return True

    def _counted(self, pid: int) -> int:
        """Let a new thread start unless there are too many: they would use up the machine's."""
        try:
            threads = len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 -- names are counted
        except OSError:
            threads = 0
        if threads < MOST_THREADS:
            return 0
        self._note(Attempt("process", "clone", f"more than {MOST_THREADS} threads"))
        return _EAGAIN

    def _scene(self, pid: int) -> Scene:
        def raw(address: int, size: int) -> bytes:
            descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.pread(descriptor, size, address)
            finally:
                os.close(descriptor)

        def text(address: int) -> str:
            page = 4096 - address % 4096
            data = raw(address, page)
            if b"\0" not in data:
                data += raw(address + page, 4096)
            return os.fsdecode(data.split(b"\0", 1)[0])

        def folder(descriptor: int) -> str:
            signed = ctypes.c_int(descriptor & 0xFFFF_FFFF).value
            inside = "cwd" if signed == _HERE else f"fd/{signed}"
            return str(Path(f"/proc/{pid}/{inside}").readlink())

        return Scene(
            readable=self._readable,
            writable=self._writable,
            listed=self._listed,
            text=text,
            raw=raw,
            folder=folder,
        )
