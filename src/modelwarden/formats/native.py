"""Programs and libraries: machine code or byte code, recognised and never run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelwarden.formats.view import View

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MAGICS: tuple[tuple[str, str, bytes], ...] = (
    ("elf", "an ELF program or library", b"\x7fELF"),
    ("llamafile", "a program for several systems (an APE file)", b"MZqFpD"),
    ("macho", "a Mach-O program or library", b"\xfe\xed\xfa\xce"),
    ("macho", "a Mach-O program or library", b"\xfe\xed\xfa\xcf"),
    ("macho", "a Mach-O program or library", b"\xce\xfa\xed\xfe"),
    ("macho", "a Mach-O program or library", b"\xcf\xfa\xed\xfe"),
    ("wasm", "a WebAssembly module", b"\x00asm"),
    ("llvm-bitcode", "LLVM bit code", b"BC\xc0\xde"),
    ("dex", "Android byte code", b"dex\n0"),
    ("static-library", "a static library", b"!<arch>\n"),
    ("cuda-fatbin", "CUDA device code", b"\x50\xed\x55\xba"),
    ("spirv", "a SPIR-V module", b"\x03\x02\x23\x07"),
    ("lua-bytecode", "Lua byte code", b"\x1bLua"),
)
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
            return kind, title
    if head[:4] == b"\xca\xfe\xba\xbe":
        fat = int.from_bytes(head[4:8], "big") <= _FAT_ARCHITECTURES
        return ("macho", "a Mach-O program") if fat else ("java-class", "a Java class")
    if head[:2] == b"MZ":
        at = int.from_bytes(head[60:64], "little")
        if source.read(at, 4) == b"PE\x00\x00":
            return "pe", "a Windows program or library"
    if _is_pyc(head):
        return "python-bytecode", "compiled Python"
    return None


def _is_pyc(head: bytes) -> bool:
    """A magic number with a line end, then 4 to 12 bytes, then a marshalled code object."""
    number = int.from_bytes(head[:2], "little")
    known = 3000 <= number <= 4000 or 20_000 <= number <= 63_000
    return (
        known
        and head[2:4] == b"\r\n"
        and any(head[at : at + 1] in (b"c", b"\xe3") for at in (8, 12, 16))
    )
