"""The system-call filter of the sandbox, as a BPF program.

An allow-list: what is not named here is answered with ENOSYS, as on a kernel that lacks it. Calls
that no honest model needs are refused *and* handed to the parent as a notification, by the kernel
itself: hooks of the Python interpreter can be emptied by the code that they should watch, this
filter cannot. Opening and changing files is only observed here (the parent lets the call go on);
whether it succeeds is decided by Landlock. New threads are handed over too: the parent counts them.

Source: seccomp(2), seccomp_unotify(2); instruction format of the classic BPF, `linux/filter.h`.
"""

from __future__ import annotations

import errno
import struct

from modelwarden.sandbox import devices
from modelwarden.sandbox.syscalls import AUDIT_ARCH, INTERNET, SET_DUMPABLE, numbers

ALLOW = 0x7FFF_0000
NOTIFY = 0x7FC0_0000
KILL = 0x8000_0000
_ERRNO = 0x0005_0000

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JEQ = 0x15
_JSET = 0x45
_JGE = 0x35
_RETURN = 0x06
_AND = 0x54
_AND = 0x54

_ARGUMENTS = 16  # offset of args[0] in struct seccomp_data
CLONE_THREAD = 0x0001_0000
_X32_BIT = 0x4000_0000


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_HARMLESS = _words("""
read write close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
rt_sigreturn pread64 pwrite64 readv writev access pipe select sched_yield mremap msync mincore
madvise dup dup2 pause nanosleep getitimer alarm setitimer getpid sendfile accept recvfrom sendmsg
recvmsg shutdown bind listen getsockname getpeername setsockopt getsockopt exit wait4 uname flock
fsync fdatasync ftruncate getdents getcwd chdir fchdir readlink umask gettimeofday getrlimit
getrusage sysinfo times getuid getgid geteuid getegid getppid getpgrp getgroups getresuid getresgid
getpgid getsid capget rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack statfs fstatfs
getpriority sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min mlock
munlock arch_prctl gettid readahead getxattr time futex sched_getaffinity epoll_create getdents64
set_tid_address restart_syscall fadvise64 timer_create timer_settime timer_gettime timer_delete
clock_gettime clock_getres clock_nanosleep exit_group epoll_wait epoll_ctl mbind set_mempolicy
get_mempolicy waitid newfstatat readlinkat faccessat pselect6 ppoll set_robust_list get_robust_list
epoll_pwait timerfd_create eventfd fallocate timerfd_settime accept4 eventfd2 epoll_create1 dup3
pipe2 preadv pwritev getcpu sched_getattr getrandom membarrier mlock2 copy_file_range preadv2
pwritev2 pkey_mprotect statx rseq close_range faccessat2 futex_waitv
""")

# Refused, and the parent is told.
_REFUSED_AND_TOLD = _words("""
execve execveat fork vfork ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd
pidfd_send_signal connect sendmmsg unshare setns mount umount2 pivot_root chroot bpf io_uring_setup
userfaultfd perf_event_open add_key request_key keyctl init_module finit_module reboot
open_by_handle_at syslog rt_sigqueueinfo rt_tgsigqueueinfo mknod mknodat tkill seccomp memfd_create
""")

# Refused as well: Landlock does not decide about them (not about `truncate` before Linux 6.2);
# told where the path is another's.
_REFUSED_AND_JUDGED = _words("""
chmod fchmodat chown lchown fchownat setxattr utimensat truncate
""")

# The parent is told and lets them go on; Landlock decides.
TOLD = _words("""
open openat creat rename renameat renameat2 mkdir mkdirat rmdir link linkat unlink unlinkat
symlink symlinkat
""")

# Refused in silence: honest libraries try them and live without.
_REFUSED = _words("""
fchmod fchown shmget shmat setuid setgid
personality setrlimit pidfd_open sched_setscheduler sched_setattr setsid
inotify_init inotify_init1
""")

_QUIETLY_ABSENT = (16,)  # netlink: the resolver and psutil ask for it and live without
_UNIX, _STREAM, _SEQPACKET = 1, 1, 5
# Commands by which a process has signals sent to another one, holds up who writes to a file that it
# may only read, or is told what others do: F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY.
_REACHING_OUT = (8, 10, 15, 1024, 1026)
# What honest code asks of a descriptor: TCGETS, TIOCGPGRP, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX,
# FIOCLEX, TCGETS2, and of interfaces SIOCGIF- NAME CONF FLAGS ADDR HWADDR INDEX. Others type into
# terminals, send signals, or change flags of a file that was opened only for reading.
_DESCRIPTOR = (0x5401, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x802C_542A)
_INTERFACES = (0x8910, 0x8912, 0x8913, 0x8915, 0x8927, 0x8933)
_SET_DEATH_SIGNAL = 1  # without it a worker would outlive us
_SET_SECCOMP = 22  # a filter of its own would answer before ours reports


class _Program:
    """Instructions, each 8 bytes: code, jump if true, jump if false, constant."""

    def __init__(self) -> None:
        self.code = bytearray()

    def add(self, code: int, constant: int, true: int = 0, false: int = 0) -> None:
        """Append one instruction."""
        self.code += struct.pack("=HBBI", code, true, false, constant & 0xFFFF_FFFF)

    def when(self, number: int, block: _Program) -> None:
        """Run `block`, which must end in a return, for the call `number`."""
        self.add(_JEQ, number, 0, len(block.code) // 8)
        self.code += block.code

    def returns(self, value: int) -> _Program:
        """Append a return."""
        self.add(_RETURN, value)
        return self

    def argument(self, index: int, *, high: bool = False) -> None:
        """Load one half of a 64-bit argument (little-endian machines)."""
        self.add(_LOAD, _ARGUMENTS + 8 * index + (4 if high else 0))

    def unless_equal(self, constant: int, verdict: int) -> None:
        """Return `verdict` unless the loaded word is `constant`."""
        self.add(_JEQ, constant, 1, 0)
        self.add(_RETURN, verdict)

    def if_equal(self, constant: int, verdict: int) -> None:
        """Return `verdict` if the loaded word is `constant`."""
        self.add(_JEQ, constant, 0, 1)
        self.add(_RETURN, verdict)

    def if_below(self, constant: int, verdict: int) -> None:
        """Return `verdict` if the loaded word is less than `constant`."""
        self.add(_JGE, constant, 1, 0)
        self.add(_RETURN, verdict)

    def keep(self, mask: int) -> None:
        """Keep these bits of the loaded word."""
        self.add(_AND, mask)


def _refuse(number: int) -> int:
    return _ERRNO | number


def build_filter(
    machine: str, pid: int, *, network_cut: bool, notify: bool, cards: bool = False
) -> bytes:
    """Return the program for one worker.

    Args:
        machine: as `platform.machine()` says.
        pid: of the worker: it may signal itself, and nobody else.
        network_cut: the worker has a network namespace without interfaces, so that internet
            sockets may be created (honest libraries do so on import); else they are refused.
        notify: the kernel can report refused calls; without it they are refused in silence.
        cards: commands to graphics cards go on.

    Raises:
        KeyError: no table for this machine.
    """
    known = numbers(machine)
    told = NOTIFY if notify else _refuse(errno.EPERM)
    program = _Program()
    program.add(_LOAD, 4)
    program.unless_equal(AUDIT_ARCH[machine], KILL)
    program.add(_LOAD, 0)
    if machine == "x86_64":
        program.add(_JGE, _X32_BIT, 0, 1)
        program.add(_RETURN, _refuse(errno.ENOSYS))
    plain = dict.fromkeys(_HARMLESS, ALLOW)
    plain |= dict.fromkeys(_REFUSED_AND_TOLD, told)
    plain |= dict.fromkeys(TOLD, NOTIFY if notify else ALLOW)
    plain |= dict.fromkeys(_REFUSED_AND_JUDGED, told)
    plain |= dict.fromkeys(_REFUSED, _refuse(errno.EPERM))
    if not network_cut:  # names without a file would be seen by all of the machine
        plain["bind"] = told
    blocks = {name: _Program().returns(verdict) for name, verdict in plain.items()}
    blocks |= _conditional(pid, told, NOTIFY if notify else ALLOW, network_cut=network_cut)
    if cards:
        blocks["ioctl"] = _to_cards()
    for name, block in blocks.items():
        if name in known:
            program.when(known[name], block)
    # clone3 and openat2 keep their flags in memory, where a filter cannot look: ENOSYS makes libc
    # fall back to the calls that it can.
    return bytes(program.returns(_refuse(errno.ENOSYS)).code)


def _conditional(pid: int, told: int, threads: int, *, network_cut: bool) -> dict[str, _Program]:
    clone = _Program()
    clone.argument(0)
    clone.add(_JSET, CLONE_THREAD, 0, 1)
    clone.returns(threads).returns(told)

    kill = _Program()
    kill.argument(0)
    kill.if_equal(pid, ALLOW)
    kill.returns(told)

    # Those that name a process may name any of the user's: limits, priority, processors.
    own = _Program()
    own.argument(0)
    own.if_equal(0, ALLOW)
    own.if_equal(pid, ALLOW)
    own.returns(told)

    priority = _Program()
    priority.argument(0)
    priority.unless_equal(0, told)
    priority.argument(1)
    priority.if_equal(0, ALLOW)
    priority.if_equal(pid, ALLOW)
    priority.returns(told)

    prctl = _Program()
    prctl.argument(0)
    prctl.if_equal(_SET_SECCOMP, told)
    prctl.if_equal(_SET_DEATH_SIGNAL, _refuse(errno.EPERM))
    prctl.unless_equal(SET_DUMPABLE, ALLOW)
    prctl.argument(1)
    prctl.if_equal(1, ALLOW)
    prctl.returns(told)

    sendto = _Program()  # with an address it reaches out; without, the socket is connected
    sendto.argument(4)
    sendto.unless_equal(0, told)
    sendto.argument(4, high=True)
    sendto.unless_equal(0, told)
    sendto.returns(ALLOW)

    socket = _Program()
    socket.argument(0)
    for family in INTERNET:
        socket.if_equal(family, ALLOW if network_cut else told)
    for family in _QUIETLY_ABSENT:
        socket.if_equal(family, _refuse(errno.EAFNOSUPPORT))
    socket.unless_equal(_UNIX, told)
    _kind_of_unix_socket(socket, (_STREAM,))

    pair = _Program()
    pair.argument(0)
    pair.unless_equal(_UNIX, _refuse(errno.EAFNOSUPPORT))
    _kind_of_unix_socket(pair, (_STREAM, _SEQPACKET))
    return {
        "clone": clone,
        "kill": kill,
        "tgkill": kill,
        "prlimit64": own,
        "sched_setaffinity": own,
        "setpriority": priority,
        "fcntl": _without(1, _REACHING_OUT),
        "ioctl": _only(1, _DESCRIPTOR + _INTERFACES),
        "prctl": prctl,
        "sendto": sendto,
        "socket": socket,
        "socketpair": pair,
    }


def _without(index: int, commands: tuple[int, ...]) -> _Program:
    """Allow a call but for these values of one argument, which the kernel takes as 32 bits."""
    program = _Program()
    program.argument(index)
    for command in commands:
        program.if_equal(command, _refuse(errno.EPERM))
    return program.returns(ALLOW)


def _only(index: int, commands: tuple[int, ...]) -> _Program:
    """Allow a call for these values of one argument, and answer others as for an unknown one."""
    program = _Program()
    program.argument(index)
    for command in commands:
        program.if_equal(command, ALLOW)
    return program.returns(_refuse(errno.ENOTTY))


def _to_cards() -> _Program:
    program = _Program()
    program.argument(1)
    for command in (*_DESCRIPTOR, *_INTERFACES, *devices.MEMORY_COMMANDS):
        program.if_equal(command, ALLOW)
    program.if_below(devices.MEMORY_COMMANDS_BELOW, ALLOW)
    program.keep(0xFF00)
    program.if_equal(devices.COMMANDS, ALLOW)
    return program.returns(_refuse(errno.ENOTTY))


def _kind_of_unix_socket(program: _Program, kinds: tuple[int, ...]) -> None:
    # A datagram socket can address any other by path, also when it is one of a pair.
    program.argument(1)
    program.add(_AND, 0xF)
    for kind in kinds:
        program.if_equal(kind, ALLOW)
    program.returns(_refuse(errno.EPERM))
