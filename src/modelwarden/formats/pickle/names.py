"""Names as Python 3 would import them, and strings that a pickle computes harmlessly."""

from __future__ import annotations

import base64
import binascii
import codecs
from typing import TYPE_CHECKING, Final

from modelwarden.formats.pickle.values import Global, Items

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT: Final = frozenset(
    {
        *("ascii", "latin1", "latin-1", "latin_1", "iso-8859-1", "iso8859-1"),
        *("utf-8", "utf8", "utf_8", "utf-16", "utf16", "utf-16-le", "utf-16-be", "utf-32"),
        *("raw-unicode-escape", "raw_unicode_escape", "unicode-escape", "unicode_escape"),
    }
)
_BINARY: Final = {
    "rot13": "rot13",
    "rot-13": "rot13",
    "rot_13": "rot13",
    "hex": "hex",
    "hex_codec": "hex",
    "base64": "base64",
    "base64_codec": "base64",
}
FOLDED = 1 << 16


def global_of(module: str, name: str, at: int, proto: int) -> Global:
    """Return what `find_class` looks up; below protocol 3 names of Python 2 are mapped."""
    if proto >= 3:
        return Global(module, name, at)
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    mapped = NAME_MAPPING.get((module, name))
    if mapped is None:
        mapped = IMPORT_MAPPING.get(module, module), name
    raw = None if mapped == (module, name) else f"{module}.{name}"
    return Global(mapped[0], mapped[1], at, raw)


def fold(target: Global, args: object) -> str | bytes | None:
    """Return the result of a pure string function on constants, or None.

    Only codecs of text, Base64, hexadecimal digits and joining: nothing that could grow, search
    for a codec or touch anything. What is folded is still reported as a call.
    """
    make = _FOLDS.get((target.module, target.name))
    if make is None or not isinstance(args, tuple):
        return None
    plain = tuple(_plain(arg) for arg in args)
    if any(isinstance(arg, str | bytes) and len(arg) > FOLDED for arg in plain):
        return None
    try:
        return make(*plain)
    except (TypeError, ValueError, AttributeError, binascii.Error, LookupError):
        return None


def _plain(value: object) -> object:
    if isinstance(value, Items) and value.kind == "bytearray" and len(value.items) == 1:
        return value.items[0]
    return value


def _encode(value: object, codec: object = "utf-8", errors: object = "strict") -> str | bytes:
    return _recode(value, codec, errors, codecs.encode)


def _decode(value: object, codec: object = "utf-8", errors: object = "strict") -> str | bytes:
    return _recode(value, codec, errors, codecs.decode)


def _recode(
    value: object, codec: object, errors: object, work: Callable[[str | bytes, str, str], object]
) -> str | bytes:
    if not isinstance(value, str | bytes) or not isinstance(codec, str):
        raise TypeError
    wanted = codec.lower()
    wanted = _BINARY.get(wanted, wanted)
    if wanted not in _TEXT and wanted not in _BINARY.values():
        raise LookupError(codec)
    if "escape" in wanted and not isinstance(errors, str):
        raise TypeError
    made = work(value, wanted, str(errors))
    if not isinstance(made, str | bytes):
        raise TypeError
    return made


def _join(glue: object, parts: object) -> str | bytes:
    if isinstance(glue, str) and isinstance(parts, list | tuple):
        return glue.join([part for part in parts if _is_str(part)])
    raise TypeError


def _is_str(part: object) -> bool:
    if not isinstance(part, str):
        raise TypeError
    return True


def _b64decode(value: object) -> bytes:
    if isinstance(value, str | bytes):
        return base64.b64decode(value)
    raise TypeError


def _unhex(value: object) -> bytes:
    if isinstance(value, str | bytes):
        return binascii.unhexlify(value)
    raise TypeError


def _bytes(value: object = b"", codec: object = None, errors: object = "strict") -> bytes:
    if isinstance(value, str):
        made = _encode(value, codec, errors)
        if isinstance(made, bytes):
            return made
    elif isinstance(value, list | tuple) and codec is None:
        return bytes([part for part in value if _is_byte(part)])
    elif isinstance(value, bytes) and codec is None:
        return value
    raise TypeError


def _is_byte(part: object) -> bool:
    if not isinstance(part, int):
        raise TypeError
    return True


def _str(value: object = "", codec: object = None, errors: object = "strict") -> str:
    if isinstance(value, str) and codec is None:
        return value
    if isinstance(value, bytes) and isinstance(codec, str):
        made = _decode(value, codec, errors)
        if isinstance(made, str):
            return made
    raise TypeError


def _chr(value: object) -> str:
    if isinstance(value, int):
        return chr(value)
    raise TypeError


_FOLDS: Final[dict[tuple[str, str], Callable[..., str | bytes]]] = {
    ("_codecs", "encode"): _encode,
    ("codecs", "encode"): _encode,
    ("_codecs", "decode"): _decode,
    ("codecs", "decode"): _decode,
    ("base64", "b64decode"): _b64decode,
    ("base64", "decodebytes"): _b64decode,
    ("base64", "standard_b64decode"): _b64decode,
    ("binascii", "a2b_base64"): _b64decode,
    ("binascii", "unhexlify"): _unhex,
    ("binascii", "a2b_hex"): _unhex,
    ("builtins", "str.join"): _join,
    ("builtins", "bytes"): _bytes,
    ("builtins", "str"): _str,
    ("builtins", "str.encode"): _encode,
    ("builtins", "bytes.decode"): _decode,
    ("builtins", "bytes.fromhex"): _unhex,
    ("builtins", "chr"): _chr,
}
FOLDING: Final = frozenset(module for module, _ in _FOLDS)
"""Modules with a function that `fold` knows."""
