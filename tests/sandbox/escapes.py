"""Acts that no confined process may succeed in, each in several spellings.

Each is the body of `act()` in a hostile model. It raises or returns False when the act failed, and
returns True when it worked. `{folder}` is outside of the sandbox and holds `secret.txt`, `{parent}`
is our own process, `{port}` a server on loopback, `{socket}` a server on a path, `{abstract}` one
without. Harmless if they
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
        "link = os.getcwd() + '/link'\n"
        "call(88, b'{folder}/secret.txt', link.encode())\n"
        "return call(257, -100, link.encode(), 0) >= 0",
        None,
    ),
    Escape(
        "read a file outside through dots",
        "return bool(open(os.getcwd() + '/../' * 12 + '{folder}/secret.txt').read())",
        "path = os.getcwd() + '/../' * 12 + '{folder}/secret.txt'\n"
        "return call(257, -100, path.encode(), 0) >= 0",
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
        "return call(257, -100, b'{folder}', os.O_DIRECTORY) >= 0",
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
        "copy = (os.getcwd() + '/copy').encode()\n"
        "call(265, -100, b'{folder}/secret.txt', -100, copy, 0)\n"
        "return call(257, -100, copy, 0) >= 0",
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
        "return call(280, -100, b'{folder}/secret.txt', struct.pack('4q', 1, 0, 1, 0), 0) == 0",
        None,
    ),
    Escape(
        "plant code in the interpreter",
        "import sysconfig\n"
        "open(sysconfig.get_paths()['purelib'] + '/planted.pth', 'w').close()\nreturn True",
        "import sysconfig\n"
        "path = (sysconfig.get_paths()['purelib'] + '/planted.pth').encode()\n"
        "return call(257, -100, path, 0o101, 0o600) >= 0",
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
        "import socket\nfd = call(41, 2, 2, 0)\n"
        "address = struct.pack('=HH4s8x', 2, socket.htons({port}), bytes([127, 0, 0, 1]))\n"
        "return call(44, fd, b'x', 1, 0, address, 16) == 1",
        "network",
    ),
    Escape(
        "connect to a server on a path",
        "import socket\nsocket.socket(socket.AF_UNIX).connect('{socket}')\nreturn True",
        "fd = call(41, 1, 1, 0)\naddress = struct.pack('=H', 1) + b'{socket}' + bytes(1)\n"
        "return call(42, fd, address, len(address)) == 0",
        "network",
    ),
    Escape(
        "send a datagram to a server on a path",
        "import socket\nsocket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)"
        ".sendto(b'x', '{socket}')\nreturn True",
        "fd = call(41, 1, 2, 0)\naddress = struct.pack('=H', 1) + b'{socket}' + bytes(1)\n"
        "return call(44, fd, b'x', 1, 0, address, len(address)) == 1",
        None,
        control=False,
    ),
    Escape(
        "send a datagram out of a pair",
        "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "a.sendto(b'x', '{socket}')\nreturn True",
        "both = (ctypes.c_int * 2)()\ncall(53, 1, 2, 0, both)\n"
        "address = struct.pack('=H', 1) + b'{socket}' + bytes(1)\n"
        "return call(44, both[0], b'x', 1, 0, address, len(address)) == 1",
        None,
        control=False,
    ),
    Escape(
        "open a socket to the host of a virtual machine",
        "import socket\nsocket.socket(40, socket.SOCK_STREAM)\nreturn True",
        "return call(41, 40, 1, 0) >= 0",
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
    Escape(
        "change the root",
        "os.chroot('{folder}')\nreturn True",
        "return call(161, b'{folder}') == 0",
        "kernel",
        control=False,
    ),
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
        "return call(302, 0, 2, struct.pack('QQ', 1 << 63, 1 << 63), None) == 0",
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
        "return call(133, (os.getcwd() + '/disk').encode(), 0o060600, os.makedev(8, 0)) == 0",
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
        "make a program in memory",
        "return os.memfd_create('program') >= 0",
        "return call(319, b'kworker', 1) >= 0",
        "exec",
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
        "return call(257, -100, b'/dev/tty', 1) >= 0",
        None,
        control=False,
    ),
    Escape(
        "find a descriptor left open",
        "left = [os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd')"
        " if os.path.exists('/proc/self/fd/' + n)]\n"
        "return any('{folder}' in name for name in left)",
        "room = ctypes.create_string_buffer(4096)\n"
        "for fd in range(1024):\n"
        "    try:\n        call(89, b'/proc/self/fd/%d' % fd, room, 4095)\n"
        "    except OSError:\n        continue\n"
        "    if b'{folder}' in room.value:\n        return True\n",
        None,
        control=False,
    ),
    Escape(
        "change the parent's limits",
        "import resource\nresource.prlimit({parent}, resource.RLIMIT_CORE, (0, 0))\nreturn True",
        "return call(302, {parent}, 4, struct.pack('QQ', 0, 0), None) == 0",
        "ptrace",
        control=False,
    ),
    Escape(
        "read the parent's limits",
        None,
        "return call(302, {parent}, 4, None, bytes(16)) == 0",
        "ptrace",
    ),
    Escape(
        "move the parent to other processors",
        "os.sched_setaffinity({parent}, os.sched_getaffinity(0))\nreturn True",
        "return call(203, {parent}, 8, struct.pack('Q', 3)) == 0",
        "ptrace",
    ),
    Escape(
        "slow the parent down",
        "os.setpriority(os.PRIO_PROCESS, {parent}, os.getpriority(os.PRIO_PROCESS, {parent}))\n"
        "return True",
        "return call(141, 0, {parent}, 0) == 0",
        "ptrace",
    ),
    Escape(
        "have a signal sent to the parent by a pipe",
        "import fcntl\nfcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, {parent})\nreturn True",
        "return call(72, os.pipe()[0], 15, struct.pack('ii', 1, {parent})) == 0",
        None,
    ),
    Escape(
        "outlive the parent",
        None,
        "return call(157, 1, 0, 0, 0, 0) == 0",
        None,
    ),
    Escape(
        "hide from a parent without privileges",
        None,
        "return call(157, 4, 0, 0, 0, 0) == 0",
        "kernel",
    ),
    Escape(
        "type into the terminal of the parent",
        "import fcntl, termios\n"
        "return any(fcntl.ioctl(fd, termios.TIOCSTI, b'x') == 0 for fd in (0, 1, 2))",
        "return any(call(16, fd, 0x5412, b'x') == 0 for fd in (0, 1, 2))",
        None,
        control=False,
    ),
    Escape(
        "take a descriptor of the parent",
        None,
        "return call(438, call(434, {parent}, 0), 0, 0) >= 0",
        None,
        control=False,
    ),
    Escape(
        "compare itself with the parent",
        None,
        "return call(312, os.getpid(), {parent}, 0, 0, 0) >= 0",
        "ptrace",
        control=False,
    ),
    Escape(
        "write the parent's memory",
        "return bool(open('/proc/{parent}/mem', 'r+b'))",
        "buffer = ctypes.create_string_buffer(8)\n"
        "vector = struct.pack('PQ', ctypes.addressof(buffer), 8)\n"
        "return call(311, {parent}, vector, 1, vector, 1, 0) >= 0",
        None,
        control=False,
    ),
    Escape(
        "enter the namespaces of the parent",
        None,
        "return call(308, call(434, {parent}, 0), 0x40000000) == 0",
        None,
        control=False,
    ),
    Escape(
        "enter namespaces by their file",
        "return bool(open('/proc/{parent}/ns/net'))",
        "return call(308, 0, 0x40000000) == 0",
        None,
        control=False,
    ),
    Escape(
        "handle page faults",
        None,
        "return call(323, 0) >= 0",
        "kernel",
        control=False,
    ),
    Escape(
        "open a file by its handle",
        None,
        "handle = bytes(128)\ncall(303, -100, b'{folder}/secret.txt', handle, bytes(8), 0)\n"
        "return call(304, -100, handle, 0) >= 0",
        None,
        control=False,
    ),
    Escape(
        "load a module into the kernel",
        None,
        "return call(175, b'', 0, b'') == 0",
        "kernel",
        control=False,
    ),
    Escape(
        "read the log of the kernel",
        None,
        "return call(103, 3, ctypes.create_string_buffer(4096), 4096) > 0",
        "kernel",
        control=False,
    ),
    Escape(
        "set the clock",
        "import time\ntime.clock_settime(time.CLOCK_REALTIME, time.time())\nreturn True",
        "return call(227, 0, struct.pack('qq', 1, 0)) == 0",
        None,
        control=False,
    ),
    Escape(
        "name the machine",
        "import socket\nsocket.sethostname('x')\nreturn True",
        "return call(170, b'x', 1) == 0",
        None,
        control=False,
    ),
    Escape(
        "reach for ports of the machine",
        None,
        "return call(172, 3) == 0",
        None,
        control=False,
    ),
    Escape(
        "make a queue that others can read",
        None,
        "return call(68, 42, 0o1666) >= 0 or call(240, b'x', 0o102, 0o666, None) >= 0",
        None,
        control=False,
    ),
    Escape(
        "make a semaphore that others can take",
        None,
        "return call(64, 42, 1, 0o1666) >= 0",
        None,
        control=False,
    ),
    Escape(
        "connect to an abstract socket",
        "import socket\nsocket.socket(socket.AF_UNIX).connect(chr(0) + '{abstract}')\nreturn True",
        "fd = call(41, 1, 1, 0)\naddress = struct.pack('=Hx', 1) + b'{abstract}'\n"
        "return call(42, fd, address, len(address)) == 0",
        "network",
    ),
    Escape(
        "ask the kernel about its network",
        "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\nreturn True",
        "return call(41, 16, 3, 0) >= 0",
        None,
    ),
    Escape(
        "read packets off the wire",
        "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)\nreturn True",
        "return call(41, 17, 3, 0) >= 0",
        "network",
        control=False,
    ),
    Escape(
        "reach the crypto of the kernel",
        "import socket\nsocket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0)\nreturn True",
        "return call(41, 38, 5, 0) >= 0",
        "network",
        control=False,
    ),
    Escape(
        "write through a folder of the system",
        "open('/dev/shm/modelwarden-marker', 'w').close()\nreturn True",
        "return call(257, -100, b'/dev/shm/modelwarden-marker', 0o101, 0o600) >= 0",
        None,
        control=False,
    ),
    Escape(
        "write to the temporary folder of all",
        "open('/tmp/modelwarden-marker', 'w').close()\nreturn True",
        "return call(257, -100, b'/tmp/modelwarden-marker', 0o101, 0o600) >= 0",
        "write",
        control=False,
    ),
    Escape(
        "change the settings of the kernel",
        "open('/proc/sys/kernel/core_pattern', 'w').write('x')\nreturn True",
        "return call(257, -100, b'/proc/sys/kernel/core_pattern', 1) >= 0",
        "write",
        control=False,
    ),
    Escape(
        "run code of the 32-bit kind",
        None,
        "return call(0x40000000 + 57) >= 0",
        None,
        control=False,
    ),
    Escape(
        "take off the filter",
        None,
        "return call(317, 0, 0, None) == 0 or call(157, 22, 0, 0, 0, 0) == 0",
        None,
        control=False,
    ),
    Escape(
        "change who may read a file",
        "os.chmod('{folder}/secret.txt', 0o644)\nreturn True",
        "return call(90, b'{folder}/secret.txt', 0o644) == 0",
        "write",
    ),
    Escape(
        "change the times of a file",
        "os.utime('{folder}/secret.txt', (1, 1))\nreturn True",
        "return call(280, -100, b'{folder}/secret.txt', None, 0) == 0",
        "write",
    ),
    Escape(
        "change the flags of a file that it may only read",
        None,
        "return call(16, os.open(__file__, 0), 0x40086602, bytes(8)) == 0",
        None,
        control=False,
    ),
    Escape(
        "hold up who writes to a file that it may only read",
        "import fcntl\nreturn fcntl.fcntl(os.open(__file__, 0), fcntl.F_SETLEASE, 0) == 0",
        "return call(72, os.open(__file__, 0), 1024, 0) == 0",
        None,
        control=False,
    ),
    Escape(
        "be told what others do in a folder",
        "import fcntl\nreturn fcntl.fcntl(os.open('/usr', 0), fcntl.F_NOTIFY, 1) == 0",
        "return call(72, os.open('/usr', 0), 1026, 1) == 0",
        None,
    ),
    Escape(
        "blind the observer by an address where nothing is",
        None,
        "try:\n    call(2, -1, 0)\nexcept OSError:\n    pass\n"
        "address = struct.pack('=H', 2) + struct.pack('!H4B8x', {port}, 127, 0, 0, 1)\n"
        "return call(42, call(41, 2, 1, 0), address, 16) == 0",
        "network",
    ),
    Escape(
        "have its own filter answer before the kernel reports",
        None,
        "code = b''.join(struct.pack('=HBBI', *i) for i in"
        " ((32, 0, 0, 0), (21, 0, 1, 42), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)))\n"
        "kept = ctypes.create_string_buffer(code)\n"
        "program = struct.pack('=H6xQ', 4, ctypes.addressof(kept))\n"
        "return call(157, 22, 2, program) == 0",
        "kernel",
        control=False,
    ),
    Escape(
        "call the kernel in the 32-bit way",
        None,
        "import mmap\nroom = mmap.mmap(-1, 4096, prot=7)\n"
        "room.write(bytes.fromhex('b814000000cd80c3'))\n"
        "at = ctypes.addressof(ctypes.c_char.from_buffer(room))\n"
        "return ctypes.CFUNCTYPE(ctypes.c_int)(at)() > 0",
        "kernel",
        control=False,
    ),
)
