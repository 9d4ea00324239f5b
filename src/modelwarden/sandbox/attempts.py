"""What the confined process tried that no honest model needs, told from refused system calls.

The kernel has refused by the time anything here is read, or Landlock decides after it: what is
read from the worker's memory serves the report alone, so that it does not matter if the worker
changes it meanwhile.
"""

from __future__ import annotations

import os
import re
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.sandbox.syscalls import INTERNET, SET_DUMPABLE

if TYPE_CHECKING:
    from collections.abc import Callable

READ_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_WHAT = {
    "execve": "exec",
    "execveat": "exec",
    "fork": "process",
    "vfork": "process",
    "clone": "process",
    "kill": "signal",
    "tkill": "signal",
    "tgkill": "signal",
    "pidfd_send_signal": "signal",
    "rt_sigqueueinfo": "signal",
    "rt_tgsigqueueinfo": "signal",
    "ptrace": "ptrace",
    "process_vm_readv": "ptrace",
    "process_vm_writev": "ptrace",
    "kcmp": "ptrace",
    "pidfd_getfd": "ptrace",
    "bind": "network",
    "connect": "network",
    "sendto": "network",
    "sendmmsg": "network",
    "socket": "network",
}

# name: index of the argument that names a process.
_NAMES_A_PROCESS = {"prlimit64": 0, "sched_setaffinity": 0, "setpriority": 1}

# As compilers of machine code call the file in memory that some of them write it to.
_COMPILERS = ("xbyak", "libffi", "vmem", "asmjit", "jit", "doublemapper")
# A filter that answers before ours would keep what follows from being reported; a process that is
# not dumpable hides from a parent without privileges what it asks for and what it keeps open.
_OWN_FILTER = "a filter of its own for system calls"
_HIDING = "its memory and files hidden from who watches it"

# name: index of the path argument; those with a folder descriptor before it are marked.
_PATHS = {
    "open": 0,
    "creat": 0,
    "truncate": 0,
    "rename": 1,
    "mkdir": 0,
    "rmdir": 0,
    "link": 1,
    "unlink": 0,
    "symlink": 1,
    "openat": 1,
    "renameat": 3,
    "renameat2": 3,
    "mkdirat": 1,
    "linkat": 3,
    "unlinkat": 1,
    "symlinkat": 2,
    "chmod": 0,
    "fchmodat": 1,
    "chown": 0,
    "lchown": 0,
    "fchownat": 1,
    "setxattr": 0,
    "utimensat": 1,
}
_FOLDER_BEFORE = (
    "openat",
    "renameat",
    "renameat2",
    "mkdirat",
    "linkat",
    "unlinkat",
    "symlinkat",
    "fchmodat",
    "fchownat",
    "utimensat",
)

# Folders where honest libraries look for settings and devices that they can do without.
_SYSTEM = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/snap",
    "/sys",
    "/usr",
    "/var",
)
_SECRETS = tuple(
    """
    /etc/shadow /etc/gshadow /etc/sudoers /etc/sudoers.d /etc/ssh /etc/ssl/private /etc/krb5.keytab
    /etc/kubernetes /run/secrets /var/run/secrets /run/credentials /var/lib/kubelet /var/spool/cron
    """.split()
)
# In whose home it may be; asked for where nothing is, too, which tells the same of who asks.
_KEYS = re.compile(
    r"/(\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker|\.password-store)/"
    r"|/(\.netrc|\.pgpass|\.pypirc|\.git-credentials|\.vault-token)$"
)
# Sockets that libc asks on its own, for users, hosts and logs.
_LIBC_SOCKETS = ("/var/run/nscd/", "/run/nscd/", "/run/systemd/", "/dev/log", "/var/run/dbus/")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One refused act.

    Attributes:
        what: `exec`, `process`, `signal`, `ptrace` (reaching for another process otherwise),
            `network`, `write`, `read`, `kernel` (calls that change namespaces, mounts, keys or the
            kernel), `memory`, `disk`, `time`.
        call: the system call, or the limit that was hit.
        detail: the path, address or process, bounded and escaped; empty when it says nothing.
    """

    what: str
    call: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is needed to understand a call of one worker.

    Attributes:
        readable: folders and files that it may read. writable: its own folder. listed: folders
            of which it may read the names of what lies there, and not all of that.
        text: reads a NUL-terminated string from the worker's memory.
        raw: reads bytes from there.
        folder: path of an open folder descriptor of the worker, or of its working folder.
    """

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    text: Callable[[int], str] = field(repr=False)
    raw: Callable[[int, int], bytes] = field(repr=False)
    folder: Callable[[int], str] = field(repr=False)
    listed: tuple[str, ...] = ()


def judge_call(name: str, arguments: tuple[int, ...], scene: Scene) -> Attempt | None:
    """Return the attempt that a reported call is, or None when honest code makes it as well."""
    if name in _PATHS:
        return _judge_path(name, arguments, scene)
    if name in ("execve", "execveat"):
        return Attempt("exec", name, _show(scene.text(arguments[name == "execveat"])))
    if name in ("socket", "bind", "connect", "sendto"):
        return _judge_network(name, arguments, scene)
    if name in ("kill", "tkill", "tgkill"):
        sent = arguments[2 if name == "tgkill" else 1]
        return Attempt("signal", name, f"signal {_int(sent)} to process {_int(arguments[0])}")
    if name in _NAMES_A_PROCESS:
        return Attempt("ptrace", name, f"process {_int(arguments[_NAMES_A_PROCESS[name]])}")
    if name in ("prctl", "seccomp"):
        hides = name == "prctl" and _int(arguments[0]) == SET_DUMPABLE
        return Attempt("kernel", name, _HIDING if hides else _OWN_FILTER)
    if name == "memfd_create":
        named = scene.text(arguments[0]).strip()
        # Compilers of machine code look for memory to write it to, and go on with another kind.
        compiling = named.startswith(_COMPILERS)
        return None if compiling else Attempt("exec", name, _show(f"a file in memory, {named!r}"))
    return Attempt(_WHAT.get(name, "kernel"), name)


def _judge_network(name: str, arguments: tuple[int, ...], scene: Scene) -> Attempt | None:
    if name == "socket":
        internet = arguments[0] in INTERNET
        return None if internet else Attempt("network", name, f"family {arguments[0]}")
    at, size = (4, 5) if name == "sendto" else (1, 2)
    raw = scene.raw(arguments[at], min(arguments[size], 128))
    if name == "bind" and int.from_bytes(raw[:2], "little") in INTERNET:
        return None  # as libraries try whether there is such a network
    address = describe_address(raw)
    if address.startswith(_LIBC_SOCKETS):
        return None
    return Attempt("network", name, _show(address))


def empties(name: str, arguments: tuple[int, ...]) -> bool:
    """Tell whether a call opens a file only to read, and empties it: honest code never does.

    Before Linux 6.2 Landlock takes it for reading.
    """
    if name not in ("open", "openat"):
        return False
    flags = arguments[_PATHS[name] + 1]
    return flags & (os.O_ACCMODE | os.O_TRUNC) == os.O_RDONLY | os.O_TRUNC


def _int(word: int) -> int:
    """Return what the kernel makes of a word that it takes for a C `int`."""
    return ((word & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000


def _judge_path(name: str, arguments: tuple[int, ...], scene: Scene) -> Attempt | None:
    index = _PATHS[name]
    if not arguments[index]:
        return None  # of the open file itself, or a mistake
    path = scene.text(arguments[index])
    if not path.startswith("/"):
        anchor = arguments[index - 1] if name in _FOLDER_BEFORE else -100
        path = f"{scene.folder(anchor)}/{path}"
    path = os.path.normpath(path)
    writes = name not in ("open", "openat") or bool(arguments[index + 1] & READ_FLAGS)
    if writes:
        return _judge_write(name, path, scene)
    return _judge_read(name, path, scene)


def _judge_write(name: str, path: str, scene: Scene) -> Attempt | None:
    if _below(path, scene.writable):
        return None
    # Byte-code caches, locks of OpenMP and the like: refused, but honest.
    if "__pycache__" in path or path.startswith(("/dev/", "/proc/self/")):
        return None
    return Attempt("write", name, _show(path))


def _judge_read(name: str, path: str, scene: Scene) -> Attempt | None:
    if path in scene.listed or _below(path, (*scene.readable, *scene.writable)):
        return None
    if _below(path, _SECRETS) or _KEYS.search(path) or _of_another_process(path):
        return Attempt("read", name, _show(path))
    if path == "/" or _below(path, _SYSTEM) or not os.path.exists(path):  # noqa: PTH110 -- a str
        return None
    return Attempt("read", name, _show(path))


def _of_another_process(path: str) -> bool:
    parts = path.split("/")
    return len(parts) > 2 and parts[1] == "proc" and parts[2].isdigit()


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def describe_address(raw: bytes) -> str:
    """Return a socket address in words.

    >>> describe_address(bytes([2, 0, 0, 80, 127, 0, 0, 1]))
    '127.0.0.1 port 80'
    """
    import ipaddress

    family = int.from_bytes(raw[:2], "little")
    if family == 1:
        return raw[2:].split(b"\0", 1)[0].decode(errors="replace") or "an abstract socket"
    if family == 2 and len(raw) >= 8:
        return f"{ipaddress.ip_address(raw[4:8])} port {int.from_bytes(raw[2:4], 'big')}"
    if family == 10 and len(raw) >= 24:
        return f"{ipaddress.ip_address(raw[8:24])} port {int.from_bytes(raw[2:4], 'big')}"
    return f"address family {family}"


def _show(text: str) -> str:
    return text[:300].encode("unicode_escape").decode()
