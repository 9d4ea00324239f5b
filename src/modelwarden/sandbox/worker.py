"""The confined process: gives up its rights for good, then opens a model and answers for it.

One file, standard library only, Python 3.8 or later: it is run by whatever interpreter the user
names, and imports nothing of Modelwarden. What to give up is worked out by the parent and arrives
as numbers; this file only has the kernel enforce it, before a byte of the model is touched. Once
`confine` has returned, nothing that runs here (Python, ctypes, machine code) can take it back,
so the rest of this file need not be trusted, and the parent does not trust it.

Messages are frames of a fixed head (magic, kind, length) and a JSON object; file descriptors
travel beside them. Arrays stand in memory that the parent made: inputs are sealed against
writing, outputs against growing and shrinking.

Sources: landlock(7), seccomp(2), namespaces(7), capabilities(7), memfd_create(2).
"""

from __future__ import annotations

import array
import base64
import ctypes
import importlib.util
import json
import os
import resource
import socket
import struct
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    # JSON from our own parent: its shape is the parent's promise.
    Order = dict[str, Any]

HEAD = struct.Struct("!4sBI")
MAGIC = b"MWS1"
REQUEST, ANSWER, ERROR = 1, 2, 3
LONGEST = 1 << 20

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 1 << 26, 1 << 27, 1 << 28, 1 << 30
_CAPABILITY_VERSION_3 = 0x20080522
_SECCOMP_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 3


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


# --- giving up rights -------------------------------------------------------------------------


def confine(order: Order) -> tuple[list[str], int]:
    """Give up every right that the parent's `order` does not leave; return what could not be had.

    Raises OSError only where going on would be unsafe.
    """
    libc = _libc()
    libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)
    os.chdir(order["private"])
    lacking = []
    alone = order["namespaces"] and _leave_namespaces(libc)
    if not alone:
        lacking.append("namespaces")
    for name, value in order["limits"].items():
        kind = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if order["landlock"] and not _restrict_files(libc, order):
        lacking.append("landlock")
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _check(libc.capset(header, bytes(24)), "capset")
    listener = -1
    program = order["filter_cut"] if alone else order["filter_uncut"]
    if order["filter_cut"]:
        listener = _filter_calls(libc, order["seccomp_call"], base64.b64decode(program))
        if listener < 0:
            lacking.append("seccomp")
    return lacking, listener


def _leave_namespaces(libc: ctypes.CDLL) -> bool:
    user, group = os.getuid(), os.getgid()
    rest = _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
    if libc.unshare(_CLONE_NEWUSER | rest) == 0:
        # Mapped onto ourselves: files keep their owner, capabilities are void outside.
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            try:
                Path("/proc/self", name).write_text(text, encoding="ascii")
            except OSError:
                # Root without capabilities may not map itself (Linux 5.12). Files know us all the
                # same: only what is called by a number has another one inside.
                break
        return True
    return bool(libc.unshare(rest) == 0)


def _restrict_files(libc: ctypes.CDLL, order: Order) -> bool:
    rules = order["landlock"]
    head = struct.pack("=QQQ", rules["handled"], rules["network"], rules["scoped"])
    size = 24 if rules["scoped"] else 16 if rules["network"] else 8
    ruleset = libc.syscall(444, head, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    granted = (
        ("readable", rules["read"]),
        ("writable", rules["read"] | rules["write"]),
        ("devices", rules["read"] | rules["device"]),
        ("listed", rules["names"]),
    )
    for name, access in granted:
        for path in order[name]:
            _allow_below(libc, ruleset, path, access, rules)
    done = bool(libc.syscall(446, ruleset, 0) == 0)
    os.close(ruleset)
    return done


def _allow_below(libc: ctypes.CDLL, ruleset: int, path: str, access: int, rules: Order) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there: nothing to allow
    if not Path(path).is_dir():
        access &= rules["files"]
    attribute = struct.pack("=Qi", access & rules["handled"], folder)
    _check(libc.syscall(445, ruleset, 1, attribute, 0), "landlock rule for " + path)
    os.close(folder)


def _filter_calls(libc: ctypes.CDLL, call: int, program: bytes) -> int:
    buffer = ctypes.create_string_buffer(program, len(program))
    argument = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    return int(libc.syscall(call, _SECCOMP_SET_MODE_FILTER, _NEW_LISTENER, argument))


# --- honest questions -------------------------------------------------------------------------

# What the standard library and common libraries ask other programs about the machine, and live
# without: its processor, cards, fonts, compilers. No program can be started in any case; these are
# not found before the kernel has to refuse them, which it would report as attempts.
_QUERIES = tuple(
    tuple(line.split())
    for line in """
    uname
    ldconfig -p
    file -b
    lscpu
    lspci
    getconf
    sysctl -n
    system_profiler
    nvidia-smi
    rocm-smi
    rocminfo
    nvcc --version
    git version
    which
    fc-list
    fc-match
    gcc -Wl,-t
    cc -Wl,-t
    gcc --version
    cc --version
    ld -t
    objdump -p
    """.splitlines()
    if line.strip()
)


def refuse_queries() -> None:
    """Let `subprocess` fail by itself where it would ask only about the machine."""
    import subprocess

    start = subprocess.Popen.__init__

    def checked(self: subprocess.Popen[bytes], args: Any, *more: Any, **named: Any) -> None:
        words = [args] if isinstance(args, (str, bytes)) else list(args)
        plain = [os.fsdecode(word) for word in words if isinstance(word, (str, bytes))]
        asked = (os.path.basename(plain[0]), *plain[1:]) if plain else ()  # noqa: PTH119 -- 3.8
        if any(asked[: len(query)] == query for query in _QUERIES) and not named.get("shell"):
            self._child_created = False  # type: ignore[attr-defined] # as its own failures leave it
            raise FileNotFoundError(2, "no program can be started here", plain[0])
        start(self, args, *more, **named)

    subprocess.Popen.__init__ = checked  # type: ignore[assignment, method-assign]


# --- messages ---------------------------------------------------------------------------------


class Channel:
    """Frames over one socket, with descriptors beside them; one that repeats is not made anew."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.received: tuple[bytes, Order] = (b"", {})
        self.sent: tuple[int, Order, bytes] = (0, {}, b"")

    def send(self, kind: int, body: Order, descriptors: Sequence[int] = ()) -> None:
        """Send one frame; text that is too long is cut by the caller, not here."""
        if (kind, body) != self.sent[:2]:
            data = json.dumps(body).encode()
            self.sent = kind, body, HEAD.pack(MAGIC, kind, len(data)) + data
        frame, sent = self.sent[2], 0
        if descriptors:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            sent = self.connection.sendmsg([frame], rights)
        self.connection.sendall(frame[sent:])

    def receive(self) -> tuple[int, Order, list[int]]:
        """Return (kind, body, descriptors) of the next frame; EOFError when the parent is gone."""
        data = bytearray()
        descriptors: list[int] = []
        kind, whole = 0, HEAD.size
        while len(data) < whole:
            # Mostly a frame comes in one piece; the parent asks nothing more until it is answered.
            part, ancillary, _, _ = self.connection.recvmsg(1 << 16, 256)
            if not part:
                raise EOFError
            data += part
            for level, sort, content in ancillary:
                if (level, sort) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors += array.array("i", content[: len(content) // 4 * 4])
            if whole == HEAD.size <= len(data):
                magic, kind, length = HEAD.unpack_from(data)
                if magic != MAGIC or length > LONGEST * 64:
                    raise EOFError
                whole += length
        if data != self.received[0]:
            self.received = bytes(data), json.loads(data[HEAD.size :].decode())
        return kind, self.received[1], descriptors


# --- answering --------------------------------------------------------------------------------


class Model:
    """What the worker has opened; grows an operation for each adapter."""

    def __init__(self) -> None:
        self.predict: Callable[[list[list[float]]], list[list[float]]] | None = None

    def load(self, body: Order, _descriptors: list[int]) -> Order:
        """Run the user's file and take the named callable out of it."""
        sys.path.insert(0, body["folder"])
        spec = importlib.util.spec_from_file_location("modelwarden_subject", body["file"])
        if spec is None or spec.loader is None:
            raise ImportError(f"{body['file']} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        self.predict = getattr(module, body["name"])
        return {}

    def call(self, body: Order, descriptors: list[int]) -> Order:
        """Answer for one batch: `rows` x `columns` float64 in, float64 out, in shared memory."""
        import mmap

        rows, columns, room = body["rows"], body["columns"], body["room"]
        with mmap.mmap(descriptors[0], rows * columns * 8, access=mmap.ACCESS_READ) as memory:
            values = array.array("d", memory.read())
        if self.predict is None:
            raise ValueError("nothing is loaded")
        batch = [list(values[i * columns : (i + 1) * columns]) for i in range(rows)]
        answer = [[float(v) for v in row] for row in self.predict(batch)]
        flat = array.array("d", [v for row in answer for v in row])
        if len(flat) * 8 > room:
            raise ValueError(f"the answer has {len(flat)} values, room is for {room // 8}")
        os.pwrite(descriptors[1], flat.tobytes(), 0)
        return {"rows": len(answer), "columns": len(answer[0]) if answer else 0}


def serve(channel: Channel) -> None:
    """Answer until the parent hangs up; an error of the model is an answer too."""
    model = Model()
    operations: dict[str, Callable[[Order, list[int]], Order]] = {}

    def program(body: Order, _descriptors: list[int]) -> Order:
        # Our parent's own text; by now it can do no more than the model that it is to open. A
        # later one may import it.
        module = sys.modules[body["name"]] = types.ModuleType(body["name"])
        exec(compile(body["text"], body["name"], "exec"), module.__dict__)  # noqa: S102
        operations.update(getattr(module, "operations", {}))
        return {}

    operations.update({"load": model.load, "call": model.call, "program": program})
    while True:
        try:
            _, body, descriptors = channel.receive()
        except EOFError:
            return
        try:
            channel.send(ANSWER, operations[body["operation"]](body, descriptors))
        except BaseException as error:  # noqa: BLE001 -- the model may raise anything, SystemExit too
            text = f"{error}"[:2000]
            channel.send(ERROR, {"type": type(error).__name__[:200], "message": text})
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def main() -> None:
    """Confine, say so, serve."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    _, order, _ = channel.receive()
    try:
        lacking, listener = confine(order)
    except OSError as error:
        channel.send(ERROR, {"type": "OSError", "message": str(error)[:2000]})
        return
    descriptors = [] if listener < 0 else [listener]
    channel.send(ANSWER, {"lacking": lacking}, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    refuse_queries()
    serve(channel)


if __name__ == "__main__":
    main()
