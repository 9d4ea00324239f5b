"""Programs and libraries: machine code or byte code, recognised and never run."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.compound import MAGIC, is_installer
from modelwarden.formats.view import View

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MAGICS: tuple[tuple[str, str, bytes], ...] = (
    ("elf", "an ELF program or library", b"\x7fELF"),
    ("llamafile", "a program for several systems (an APE file)", b"MZqFpD"),
    ("llamafile", "a program for several systems (an APE file)", b"jartsr='"),
    ("llamafile", "a program for several systems (an APE file)", b"APEDBG='"),
    ("macho", "a Mach-O program or library", b"\xfe\xed\xfa\xce"),
    ("macho", "a Mach-O program or library", b"\xfe\xed\xfa\xcf"),
    ("macho", "a Mach-O program or library", b"\xce\xfa\xed\xfe"),
    ("macho", "a Mach-O program or library", b"\xcf\xfa\xed\xfe"),
    ("wasm", "a WebAssembly module", b"\x00asm"),
    ("llvm-bitcode", "LLVM bit code", b"BC\xc0\xde"),
    ("dex", "Android byte code", b"dex\n0"),
    ("static-library", "a static library", b"!<arch>\n"),
    ("spirv", "a SPIR-V module", b"\x03\x02\x23\x07"),
    ("lua-bytecode", "Lua byte code", b"\x1bLua"),
    ("lua-bytecode", "LuaJIT byte code", b"\x1bLJ"),
    ("dex", "Android byte code", b"dey\n0"),
    ("tensorrt", "a TensorRT engine", b"ftrt"),
    ("tensorrt", "a TensorRT engine", b"ptrt"),
    ("hailo", "a program for Hailo's accelerators", b"\x01HEF"),
    ("rknn", "a program for Rockchip's accelerators", b"RKNN"),
    ("tflite-edgetpu", "a program for Edge TPUs", b"DWN1"),
    (
        "windows-shortcut",
        "a shortcut of Windows, which starts a program",
        b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F",
    ),
    ("cuda-fatbin", "CUDA device code", b"\x50\xed\x55\xba"),
)
# A code object of a module as `marshal` writes it: no arguments, a small stack, flags, byte code.
_MARSHALLED = re.compile(
    rb"[c\xe3]\0{8}(?:\0{4})?(?:\0{4})?[\x01-\xff][\0-\x0f]\0\0[\0-\xff][\0-\x0f]\0\0[s\xf3]",
    re.DOTALL,
)
_ELF_KINDS = {1: "object file", 2: "program", 3: "library or program", 4: "memory image"}
_MACHINES = {3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 190: "CUDA", 224: "AMD GPU"}
_MACHINES |= {243: "RISC-V", 247: "BPF"}
_WINDOWS = frozenset((0x400, 0x500, 0x501, 0x600, 0x601, 0x602, 0x603, 0xA00))
_FAT_ARCHITECTURES = 20  # a Java class file has a version of 45 or more in that place


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeCode(View):
    """A program, a library or byte code.

    Attributes:
        title: what it is, for people.
    """

    title: str


def sniff(source: Source) -> bool:
    """Tell whether the first bytes are those of a program."""
    return _kind(source) is not None


def read(source: Source, limits: Limits) -> NativeCode:
    """Name the kind of code; what it does is not looked at."""
    limits.check_time()
    kind, title = _kind(source) or ("native", "a program")
    return NativeCode(source=source, format=kind, title=title)


def _kind(source: Source) -> tuple[str, str] | None:
    head = source.head
    for kind, title, magic in _MAGICS:
        if head.startswith(magic):
            return kind, _elf(head) if kind == "elf" else title
    if head[:4] in (b"\xbe\xba\xfe\xca", b"\xca\xfe\xba\xbf", b"\xbf\xba\xfe\xca"):
        return "macho", "a Mach-O program"
    if head[:4] == b"\xca\xfe\xba\xbe":
        fat = int.from_bytes(head[4:8], "big") <= _FAT_ARCHITECTURES
        return ("macho", "a Mach-O program") if fat else ("java-class", "a Java class")
    if head[:2] == b"MZ":
        at = int.from_bytes(head[60:64], "little")
        mark = source.read(at, 4)
        if mark == b"PE\x00\x00":
            return "pe", "a Windows program or library"
        if mark[:2] in (b"NE", b"LE", b"LX") or _is_dos(head, source.size):
            return "pe", "a program for DOS or old Windows"
    return _by_structure(source, head)


def _by_structure(source: Source, head: bytes) -> tuple[str, str] | None:
    """Return what is told by more than a few bytes in their places."""
    if _is_pyc(head) or _MARSHALLED.match(head):
        return "python-bytecode", "compiled Python"
    if _is_task(head):
        return "windows-task", "a task for the scheduler of Windows"
    if head.startswith(MAGIC) and is_installer(source):
        return "windows-installer", "an installer of Windows"
    return None


def _elf(head: bytes) -> str:
    """Say what kind of ELF file it is, and for which machine."""
    if len(head) < 20:
        return "an ELF program or library"
    kind_at, machine_at = struct.unpack_from(">HH" if head[5:6] == b"\x02" else "<HH", head, 16)
    kind = _ELF_KINDS.get(kind_at, "program or library")
    machine = _MACHINES.get(machine_at)
    return f"an ELF {kind}" + (f" for {machine}" if machine else "")


def _is_dos(head: bytes, size: int) -> bool:
    """Tell whether the numbers behind `MZ` are those of a program: pages, header, relocations."""
    if len(head) < 28 or (head[2:24].isascii() and b"\x00" not in head[2:24]):
        return False
    last, pages, _, paragraphs = (
        int.from_bytes(head[at : at + 2], "little") for at in (2, 4, 6, 8)
    )
    length = 512 * (pages - 1) + (last or 512)
    return pages > 0 and last < 512 and paragraphs >= 2 and 16 * paragraphs <= length <= size


def _is_task(head: bytes) -> bool:
    """Tell the fixed part of a `.job` file: Windows' version, its own, where its texts begin."""
    windows = int.from_bytes(head[:2], "little")
    return (
        windows in _WINDOWS
        and head[2:4] == b"\x01\x00"
        and head[20:22] == b"\x46\x00"
        and 0x46 < int.from_bytes(head[22:24], "little") < 1 << 15
    )


def _is_pyc(head: bytes) -> bool:
    """A magic number with a line end, then 4 to 12 bytes, then a marshalled code object."""
    number = int.from_bytes(head[:2], "little")
    known = 3000 <= number <= 4000 or 20_000 <= number <= 63_000
    return (
        known
        and head[2:4] == b"\r\n"
        and any(head[at : at + 1] in (b"c", b"\xe3") for at in (8, 12, 16))
    )
