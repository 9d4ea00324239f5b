"""Acts that no confined process may succeed in, each in several spellings.

Each is the body of `act()` in a hostile model. It raises or returns False when the act failed, and
returns True when it worked. `{folder}` is outside of the sandbox and holds `secret.txt`, `{parent}`
is our own process, `{port}` a server on loopback, `{socket}` a server on a path. Harmless if they
worked: they touch markers, read a made-up secret, or signal 0.
"""

from dataclasses import dataclass

# `call(number, …)` is a raw system call through libc, which no hook of Python sees.
PRELUDE = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    libc.syscall.restype = ctypes.c_long
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def wait(pid):
    return os.waitpid(pid, 0)[1] == 0
"""


@dataclass(frozen=True)
class Escape:
    """One act: how it is spelt in Python, through libc, and as what it must be reported.

    `control`: it works outside of the sandbox, and harmlessly, so that a test can show that the
    act is well spelt; False where it needs privileges, a terminal, or would disturb the machine.
    """

    name: str
    python: str | None
    native: str | None
    reported: str | None
    control: bool = True


ESCAPES = (
    Escape(
        "run a shell command",
        "return os.system('touch {folder}/marker') == 0",
        "return libc.system(b'touch {folder}/marker') == 0",
        "process",
    ),
    Escape(
        "replace the process",
        "os.execv('/bin/true', ['true'])",
        "arguments = (ctypes.c_char_p * 2)(b'true', None)\ncall(59, b'/bin/true', arguments, None)",
        "exec",
        control=False,
    ),
    Escape(
        "start a program",
        "import subprocess\nreturn subprocess.run(['/bin/true']).returncode == 0",
        "pid = ctypes.c_int()\narguments = (ctypes.c_char_p * 2)(b'true', None)\n"
        "return libc.posix_spawn(ctypes.byref(pid), b'/bin/true', 0, 0, arguments, None) == 0",
        "process",
    ),
    Escape(
        "run a program from memory",
        None,
        "descriptor = call(319, b'x', 0)\nreturn True",
        None,
    ),
    Escape(
        "fork",
        "pid = os.fork()\nif pid == 0: os._exit(0)\nreturn wait(pid)",
        "pid = call(57)\nif pid == 0: os._exit(0)\nreturn wait(pid)",
        "process",
    ),
    Escape(
        "clone a process",
        None,
        "pid = call(56, 17, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\nreturn wait(pid)",
        "process",
    ),
    Escape(
        "clone a process the new way",
        None,
        "pid = call(435, struct.pack('11Q', 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88)\n"
        "if pid == 0: os._exit(0)\nreturn wait(pid)",
        None,
        control=False,
    ),
    Escape(
        "trace the parent",
        None,
        "return call(101, 0x4206, {parent}, 0, 0) == 0",
        "ptrace",
        control=False,
    ),
    Escape(
        "read the parent's memory",
        "return bool(open('/proc/{parent}/mem', 'rb'))",
        "buffer = ctypes.create_string_buffer(8)\n"
        "vector = struct.pack('PQ', ctypes.addressof(buffer), 8)\n"
        "return call(310, {parent}, vector, 1, vector, 1, 0) >= 0",
        None,
        control=False,
    ),
    Escape(
        "read the parent's environment",
        "return bool(open('/proc/{parent}/environ', 'rb').read())",
        "return call(257, -100, b'/proc/{parent}/environ', 0) >= 0",
        "read",
    ),
    Escape(
        "signal the parent",
        "os.kill({parent}, 0)\nreturn True",
        "return call(62, {parent}, 0) == 0",
        "signal",
    ),
    Escape(
        "signal a thread of the parent",
        None,
        "return call(234, {parent}, {parent}, 0) == 0",
        "signal",
    ),
    Escape(
        "signal the parent through a descriptor",
        "import signal\nsignal.pidfd_send_signal(os.pidfd_open({parent}), 0)\nreturn True",
        "return call(424, call(434, {parent}, 0), 0, 0, 0) == 0",
        None,
    ),
    Escape(
        "signal every process",
        None,
        "return call(62, ctypes.c_long(-1), 0) == 0",
        "signal",
        control=False,
    ),
    Escape(
        "read a file outside",
        "return bool(open('{folder}/secret.txt').read())",
        "return call(257, -100, b'{folder}/secret.txt', 0) >= 0",
        "read",
    ),
    Escape(
        "read a file outside by the old call",
        None,
        "return call(2, b'{folder}/secret.txt', 0) >= 0",
        "read",
    ),
    Escape(
        "read a file outside through a link",
        "link = os.getcwd() + '/link'\n"
        "os.symlink('{folder}/secret.txt', link)\nreturn bool(open(link).read())",
        None,
        None,
    ),
    Escape(
        "read a file outside through dots",
        "return bool(open(os.getcwd() + '/../' * 12 + '{folder}/secret.txt').read())",
        None,
        "read",
    ),
    Escape(
        "read a file outside with openat2",
        None,
        "how = struct.pack('QQQ', 0, 0, 0)\n"
        "return call(437, -100, b'{folder}/secret.txt', how, 24) >= 0",
        None,
    ),
    Escape(
        "read the shadow file",
        "return bool(open('/etc/shadow').read())",
        "return call(257, -100, b'/etc/shadow', 0) >= 0",
        "read",
        control=False,
    ),
    Escape(
        "list a folder outside",
        "return bool(os.listdir('{folder}'))",
        None,
        "read",
    ),
    Escape(
        "write a file outside",
        "open('{folder}/marker', 'w').close()\nreturn True",
        "return call(257, -100, b'{folder}/marker', 0o101, 0o600) >= 0",
        "write",
    ),
    Escape(
        "change a file outside",
        "open('{folder}/secret.txt', 'a').write('x')\nreturn True",
        "return call(76, b'{folder}/secret.txt', 0) == 0",
        "write",
    ),
    Escape(
        "delete a file outside",
        "os.unlink('{folder}/secret.txt')\nreturn True",
        "return call(87, b'{folder}/secret.txt') == 0",
        "write",
    ),
    Escape(
        "rename a file outside",
        "os.rename('{folder}/secret.txt', '{folder}/marker')\nreturn True",
        "return call(316, -100, b'{folder}/secret.txt', -100, b'{folder}/marker', 0) == 0",
        "write",
    ),
    Escape(
        "make a folder outside",
        "os.mkdir('{folder}/marker')\nreturn True",
        "return call(83, b'{folder}/marker', 0o700) == 0",
        "write",
    ),
    Escape(
        "link a file outside into the private folder",
        "os.link('{folder}/secret.txt', os.getcwd() + '/copy')\n"
        "return bool(open(os.getcwd() + '/copy').read())",
        None,
        None,
    ),
    Escape(
        "change the mode of a file outside",
        "os.chmod('{folder}/secret.txt', 0o777)\nreturn True",
        "return call(90, b'{folder}/secret.txt', 0o777) == 0",
        None,
        control=False,
    ),
    Escape(
        "change the times of a file outside",
        "os.utime('{folder}/secret.txt', (1, 1))\nreturn True",
        None,
        None,
    ),
    Escape(
        "plant code in the interpreter",
        "import sysconfig\n"
        "open(sysconfig.get_paths()['purelib'] + '/planted.pth', 'w').close()\nreturn True",
        None,
        "write",
        control=False,
    ),
    Escape(
        "connect to a server on loopback",
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)\nreturn True",
        "import socket\nfd = call(41, 2, 1, 0)\n"
        "address = struct.pack('=HH4s8x', 2, socket.htons({port}), bytes([127, 0, 0, 1]))\n"
        "return call(42, fd, address, 16) == 0",
        "network",
    ),
    Escape(
        "send a datagram",
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ".sendto(b'x', ('127.0.0.1', {port}))\nreturn True",
        None,
        "network",
    ),
    Escape(
        "connect to a server on a path",
        "import socket\nsocket.socket(socket.AF_UNIX).connect('{socket}')\nreturn True",
        None,
        "network",
    ),
    Escape(
        "send a datagram to a server on a path",
        "import socket\nsocket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)"
        ".sendto(b'x', '{socket}')\nreturn True",
        None,
        None,
        control=False,
    ),
    Escape(
        "send a datagram out of a pair",
        "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "a.sendto(b'x', '{socket}')\nreturn True",
        None,
        None,
        control=False,
    ),
    Escape(
        "open a socket to the host of a virtual machine",
        "import socket\nsocket.socket(40, socket.SOCK_STREAM)\nreturn True",
        None,
        "network",
        control=False,
    ),
    Escape(
        "become somebody in a new namespace",
        None,
        "return call(272, 0x10020000) == 0",
        "kernel",
        control=False,
    ),
    Escape(
        "mount over the file system",
        None,
        "return call(165, b'none', b'{folder}', b'tmpfs', 0, 0) == 0",
        "kernel",
        control=False,
    ),
    Escape("change the root", "os.chroot('{folder}')\nreturn True", None, "kernel", control=False),
    Escape(
        "take back capabilities",
        None,
        "header = struct.pack('=Ii', 0x20080522, 0)\nreturn call(126, header, b'\\xff' * 24) == 0",
        None,
        control=False,
    ),
    Escape(
        "become root again",
        "os.setuid(0)\nreturn True",
        "return call(105, 0) == 0",
        None,
        control=False,
    ),
    Escape(
        "raise its own limits",
        "import resource\nresource.setrlimit(resource.RLIMIT_DATA, (-1, -1))\nreturn True",
        None,
        None,
        control=False,
    ),
    Escape(
        "load a BPF program",
        None,
        "return call(321, 0, bytes(64), 64) >= 0",
        "kernel",
        control=False,
    ),
    Escape(
        "start an io_uring", None, "return call(425, 8, bytes(120)) >= 0", "kernel", control=False
    ),
    Escape("read a kernel key", None, "return call(250, 0, -3, 0) >= 0", "kernel", control=False),
    Escape(
        "make a device",
        "os.mknod(os.getcwd() + '/disk', 0o060600, os.makedev(8, 0))\nreturn True",
        None,
        "kernel",
        control=False,
    ),
    Escape(
        "watch the machine",
        None,
        "return call(298, bytes(128), 0, -1, -1, 0) >= 0",
        "kernel",
        control=False,
    ),
    Escape(
        "share memory with others",
        None,
        "return call(29, 42, 4096, 0o1666) >= 0",
        None,
        control=False,
    ),
    Escape(
        "write to the terminal of the parent",
        "open('/dev/tty', 'w').write('x')\nreturn True",
        None,
        None,
        control=False,
    ),
    Escape(
        "find a descriptor left open",
        "left = [os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd')"
        " if os.path.exists('/proc/self/fd/' + n)]\n"
        "return any('{folder}' in name for name in left)",
        None,
        None,
        control=False,
    ),
)
