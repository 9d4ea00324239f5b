"""The parent's side: start a worker, watch it, ask it, and believe nothing that it says.

with Worker(python, readable=[model_folder]) as worker:
    worker.ask({"operation": "load", …})
    answer, rows, columns = worker.batch(x, …)
worker.attempts        what it tried, as the kernel reported it
worker.lacking         what this machine could not enforce
"""

from __future__ import annotations

import os
import re
import select
import signal
import stat
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import ModelwardenError
from modelwarden.sandbox.attempts import Attempt
from modelwarden.sandbox.channel import (
    ERROR,
    BrokenError,
    Channel,
    GoneError,
    LateError,
    sealed_memory,
)
from modelwarden.sandbox.devices import READABLE
from modelwarden.sandbox.hiding import apart
from modelwarden.sandbox.observer import Observer, observable
from modelwarden.sandbox.order import SandboxLimits, environment, order_for, readable_files
from modelwarden.sandbox.private import bytes_used, nameless_bytes, remove

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from modelwarden.core import Json

_MOST_ATTEMPTS = 200
_START_SECONDS = 30.0
_SIZES = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_HELD = ("VmRSS", "VmSwap", "VmPTE", "HugetlbPages")
# Memory that is shared and has no file: `start-end rw-s … /dev/zero (deleted)`.
_SHARED = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) ...s \S+ \S+ \d+ +/dev/zero\b", re.MULTILINE)


class Tier(StrEnum):
    """How well a worker is confined."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class WorkerError(ModelwardenError):
    """The confined process could not go on; the run has a gap, our own process has no harm.

    Attributes:
        late: it was ended because it did not answer in time.
    """

    hint = "Look at the sandbox's findings; raise [limits] if the model honestly needs more."
    late = False


class ModelError(ModelwardenError):
    """The model's own code raised; `kind` is the name of its exception."""

    hint = "Run the model outside Modelwarden, on the same rows, to see its own traceback."

    def __init__(self, kind: str, text: str) -> None:
        """Keep what the worker said, bounded."""
        self.kind = kind
        super().__init__(f"the model raised {kind}: {text}" if text else f"the model raised {kind}")


class Worker:
    """One confined process.

    Attributes:
        limits: what it may use.
        attempts: what it tried and was refused, in order, each distinct one once.
        lacking: protections that this machine could not give; empty for tier `full`.
        output: what it printed, cut at the limit.
    """

    def __init__(
        self,
        python: str,
        *,
        readable: Sequence[Path | str] = (),
        hidden: Sequence[Path | str] = (),
        limits: SandboxLimits | None = None,
        devices: Sequence[str] = (),
        allow_namespaces: bool = True,
    ) -> None:
        """Start `python` and have it confined before it sees anything of the model.

        Args:
            python: the interpreter that has what the model needs, 3.8 or later.
            readable: files and folders that the model needs; all else of the user's is hidden.
            hidden: files and folders that it may not read although they lie below one of these.
            limits: what it may use.
            devices: device files of graphics cards that it may open; the tier is then `partial`.
            allow_namespaces: False does without them, for the sake of tests.

        Raises:
            InputError: the interpreter cannot be used.
            WorkerError: it died or did not answer while it was being confined.
        """
        self.limits = limits or SandboxLimits()
        self.attempts: list[Attempt] = []
        self.lacking: tuple[str, ...] = ()
        self.output = b""
        self._peak: int | None = None
        named = (os.path.realpath(path) for path in readable)
        self._devices = tuple(devices)
        shown = READABLE if devices else ()
        everything = (*readable_files(python), *named, *shown, *devices)
        self._readable, self._listed = apart(everything, [os.path.realpath(p) for p in hidden])
        self._python, self._namespaces = python, allow_namespaces
        self._start()

    def restart(self) -> None:
        """Begin anew with a fresh process, confined as the first; what it tried stays known.

        Raises:
            WorkerError: as for the first.
        """
        self.close()
        self._start()

    def _start(self) -> None:
        self._killed: Attempt | None = None
        self._observer: Observer | None = None
        self._made = ExitStack()
        try:
            self._spawn()
            self._confine(allow_namespaces=self._namespaces)
        except BaseException:
            self.close()
            raise

    def _spawn(self) -> None:
        """Start the process; what is made for it is undone in turn, however far it comes."""
        self._private = tempfile.mkdtemp(prefix="modelwarden-")
        self._made.callback(remove, self._private)
        self._private = str(Path(self._private).resolve())
        self._channel = Channel(self.limits.answer)
        self._made.callback(self._channel.close)
        program = Path(__file__).with_name("worker.py").read_text(encoding="utf-8")
        theirs = self._channel.theirs
        self._inode = os.fstat(theirs.fileno()).st_ino
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._process = subprocess.Popen(  # noqa: S603 -- the user's interpreter, our own file
            [self._python, "-I", "-c", program, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            cwd=self._private,
            env=environment(self._private),
            start_new_session=True,
        )
        self._made.callback(self._end)
        theirs.close()
        self._watcher.start()

    @property
    def tier(self) -> Tier:
        """`full` when nothing is lacking, `none` when neither files nor calls are confined."""
        if not self.lacking:
            return Tier.FULL
        return Tier.NONE if {"landlock", "seccomp"} <= set(self.lacking) else Tier.PARTIAL

    @property
    def peak(self) -> int | None:
        """Most bytes of memory that the worker has held so far; None where that is not known."""
        with suppress(OSError, KeyError):  # a process that has ended holds none
            self._peak = max(self._peak or 0, _status(self._process.pid)["VmHWM"])
        return self._peak

    def ask(
        self,
        body: Mapping[str, Json],
        descriptors: Sequence[int] = (),
        *,
        seconds: float | None = None,
        opens: bool = False,
    ) -> Mapping[str, Json]:
        """Send one request and return its answer; one that repeats the last is the same object.

        Args:
            body: the request.
            descriptors: that go with it.
            seconds: to wait at most, where that is less than the limit; then a late answer is no
                attempt of the model's, since it was never told.
            opens: it is the request that opens the model, which has a limit of its own.

        Raises:
            ModelError: the model's code raised.
            WorkerError: the worker died, was stopped for its use of memory, disk or time, or said
                something that is no answer.
        """
        limit = self.limits.opening if opens else self.limits.seconds
        limit = limit if seconds is None else min(seconds, limit)
        kind, answer, extra = self._exchange(body, descriptors, limit, note=seconds is None)
        for descriptor in extra:
            os.close(descriptor)
        if kind == ERROR:
            raise ModelError(_text(answer.get("type")), _text(answer.get("message")))
        return answer

    def batch(self, data: bytes, rows: int, columns: int, *, room: int) -> tuple[bytes, int, int]:
        """Have the model answer for one batch.

        Args:
            data: float64 values, row after row.
            rows: of the batch.
            columns: of the batch.
            room: bytes that the answer may have at most.

        Returns:
            The answer's float64 values and its rows and columns, copied out of the shared memory
            before they were looked at; whether they mean anything is for the caller to check.

        Raises:
            ModelError: the model's code raised.
            WorkerError: the worker was lost, or claims more values than there is room for.
        """
        given = sealed_memory(len(data), data)
        taken = sealed_memory(room)
        try:
            sizes: dict[str, Json] = {"rows": rows, "columns": columns, "room": room}
            answer = self.ask({"operation": "call", **sizes}, (given, taken))
            high, wide = answer.get("rows"), answer.get("columns")
            if type(high) is not int or type(wide) is not int or min(high, wide) < 0:
                raise self._broken("an answer without a shape")
            if high * wide * 8 > room:
                raise self._broken(f"an answer of shape {high} × {wide}, more than was asked for")
            return os.pread(taken, high * wide * 8, 0), high, wide
        finally:
            os.close(given)
            os.close(taken)

    def leave(self, name: str, most: int) -> bytes:
        """Return a file of at most `most` bytes that the worker left in its folder.

        Raises:
            WorkerError: there is none, or it is larger or no plain file.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(Path(self._private, name), flags)
            with open(descriptor, "rb") as stream:  # noqa: PTH123 -- of a descriptor
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise OSError("no plain file")
                data = stream.read(most + 1)
        except OSError as error:
            raise WorkerError(f"the sandboxed process left no file {name}") from error
        if len(data) > most:
            raise WorkerError(f"the sandboxed process left more than {most} bytes in {name}")
        return data

    def close(self) -> None:
        """End the process and remove its folder; may be repeated."""
        self._made.close()

    def _end(self) -> None:
        _ = self.peak  # while it can still be told
        self._process.kill()
        self._process.wait()
        if self._watcher.is_alive():
            self._watcher.join(10)
        if self._observer is not None:
            self._observer.close()
            self._observer = None
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        """Use as a context manager."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _confine(self, *, allow_namespaces: bool) -> None:
        order = order_for(
            self._process.pid,
            self._private,
            self._readable,
            self.limits,
            self._devices,
            self._listed,
            allow_namespaces=allow_namespaces,
        )
        kind, answer, extra = self._exchange(order, (), _START_SECONDS)
        if kind == ERROR:
            raise self._broken(f"an error while it was confined: {_text(answer.get('message'))}")
        said = answer.get("lacking")
        lacking = {str(name) for name in said} if isinstance(said, list) else {"seccomp"}
        lacking |= {"landlock"} if order["landlock"] is None else set()
        lacking |= {"seccomp"} if not order["filter_cut"] or not extra else set()
        if "seccomp" not in lacking:
            # Without namespaces the filter refuses every internet socket: nothing is lost.
            lacking -= {"namespaces"}
        lacking |= {"cards"} if self._devices else set()
        lacking |= set() if observable(self._process.pid) else {"observation"}
        self.lacking = tuple(sorted(lacking))
        if extra:
            self._observer = Observer(
                extra[0],
                self._readable,
                (self._private, *self._devices),
                self._note,
                listed=self._listed,
                kernel_decides="landlock" not in lacking,
                sees="observation" not in lacking,
            )

    def _exchange(
        self,
        body: Mapping[str, Json],
        descriptors: Sequence[int],
        seconds: float,
        *,
        note: bool = True,
    ) -> tuple[int, Mapping[str, Json], list[int]]:
        try:
            return self._channel.exchange(body, descriptors, seconds)
        except LateError as error:
            late = Attempt("time", "seconds", f"over {seconds:g} s")
            self._stop(late, note=note)
            lost = self._lost()
            lost.late = True
            raise lost from error
        except GoneError as error:
            raise self._lost() from error
        except BrokenError as error:
            raise self._broken(str(error)) from error

    def _broken(self, what: str) -> WorkerError:
        self._stop(None)
        return WorkerError(f"the sandboxed process gave {what}")

    def _lost(self) -> WorkerError:
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return self._broken("no answer: it closed its end")
        if self._killed:
            what = f"{self._killed.what}, {self._killed.detail}"
            return WorkerError(f"the sandboxed process was stopped: {what}")
        if code == -signal.SIGSYS:
            self._note(Attempt("kernel", "a system call of another architecture", "SIGSYS"))
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return WorkerError(f"the sandboxed process ended by itself ({how})")

    def _note(self, attempt: Attempt | None) -> None:
        if attempt and attempt not in self.attempts and len(self.attempts) < _MOST_ATTEMPTS:
            self.attempts.append(attempt)

    def _watch(self) -> None:
        """Watch to the end; a worker that nobody watches does not go on."""
        try:
            self._look()
        except BaseException:
            self._process.kill()
            raise

    def _look(self) -> None:
        """Read what the worker prints; stop it when it uses too much memory or disk."""
        stream = self._process.stdout
        if stream is None:
            return
        kept = bytearray()
        looked, streams = 0.0, [stream]
        while True:
            if select.select(streams, [], [], 0.1)[0]:
                data = os.read(stream.fileno(), 1 << 16)
                if not data:
                    streams = []  # it may have closed its output, and go on
                kept += data[: max(0, self.limits.output - len(kept))]
                self.output = bytes(kept)
            elif self._process.poll() is not None:
                return
            if time.monotonic() - looked > 0.2:
                looked = time.monotonic()
                self._check_use()

    def _check_use(self) -> None:
        try:
            held = _held(self._process.pid, self.limits.memory)
        except (OSError, KeyError):
            return  # it has ended meanwhile
        if held > self.limits.memory:
            self._stop(Attempt("memory", "memory", f"over {self.limits.memory} bytes"))
        elif self._disk_used() > self.limits.disk:
            self._stop(Attempt("disk", "disk", f"over {self.limits.disk} bytes"))

    def _disk_used(self) -> int:
        most = self.limits.disk
        used = bytes_used(self._private, most)
        with suppress(OSError):  # it has ended meanwhile
            used += nameless_bytes(self._process.pid, self._private, self._inode, most)
            if self._channel.flooded():
                return most + 1
        return used

    def _stop(self, why: Attempt | None, *, note: bool = True) -> None:
        if why is not None and self._killed is None:
            self._killed = why
            self._note(why if note else None)
        self._process.kill()


def _status(pid: int) -> dict[str, int]:
    """Return the sizes in /proc/PID/status, in bytes."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return {key: int(size) << 10 for key, size in _SIZES.findall(text)}


def _held(pid: int, enough: int) -> int:
    """Return the memory that a process holds; looked at closely where it may be above `enough`.

    Pages of shared memory are held also where the process has let go of them (`MADV_DONTNEED`),
    and do not count as resident then: what is mapped of it counts. So do the tables of pages, which
    outgrow the pages where one in many is touched, and what was put aside to disk.
    """
    sizes = _status(pid)
    held = sum(sizes.get(name, 0) for name in _HELD)
    if sizes["VmSize"] <= enough or held > enough:
        return held
    maps = Path(f"/proc/{pid}/maps").read_bytes()
    shared = sum(int(end, 16) - int(start, 16) for start, end in _SHARED.findall(maps))
    return held + max(0, shared - sizes.get("RssShmem", 0))


def _text(value: Json) -> str:
    """Return what the model said in one line, without what a terminal would obey."""
    return " ".join(str(value)[:2000].split()).encode("unicode_escape").decode()
