"""TorchScript sources: what they call. Torch's own interpreter runs them, not Python.

The language has no import of modules and no access to objects of Python, but its operators reach
the file system: `torch.save` writes a file of any name, `torch.from_file` maps one.
"""

from __future__ import annotations

import re

from modelwarden.core.patterns import lazily
from modelwarden.core.values import dataclass

_NOISE = lazily(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|#[^\n]*")
_CALL = lazily(r"\b((?:torch|ops|uninitialized|annotate)(?:\.\w+)+)\s*\(")
_IMPORT = lazily(r"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE)
_FILES = lazily(r"(?:torch|ops\.aten|torch\.ops\.aten)\.(?:save|load|from_file)\Z")
_BUILT_IN = ("ops.aten.", "ops.prim.", "ops.quantized.", "ops.prims.", "ops._caffe2.")


@dataclass(frozen=True, slots=True)
class Script:
    """One source file.

    Attributes:
        member: its name in the archive.
        calls: operators that it names in calls, sorted.
        files: those of them that read or write files.
        custom: those that a library outside torch has to bring.
        imports: modules that it names in import statements, sorted.
    """

    member: str
    calls: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    custom: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def script_of(member: str, data: bytes) -> Script | None:
    """Return what a source file calls; None when the bytes are no text."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    plain = _NOISE.sub("''", text)
    calls = tuple(sorted(set(_CALL.findall(plain))))
    return Script(
        member=member,
        calls=calls,
        files=tuple(c for c in calls if _FILES.match(c)),
        custom=tuple(c for c in calls if c.startswith("ops.") and not c.startswith(_BUILT_IN)),
        imports=tuple(sorted(set(_IMPORT.findall(plain)))),
    )
