"""Pure functions of constants, worked out within bounds: what hides a text is undone here.

Only what has no effect and a bounded result is here. A failure means that the value is unknown.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from modelwarden.formats.python.values import ITEMS, TEXT, Constant

FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    UnicodeError,
    EOFError,
    OSError,
    MemoryError,
)
_NUMBER = 1 << 256
_CODECS = frozenset(
    "utf-8 utf8 utf_8 ascii latin-1 latin1 latin_1 iso-8859-1 utf-16 utf16 utf-16-le utf-16-be "
    "utf-32 utf-7 utf_7 cp1252 unicode_escape unicode-escape raw_unicode_escape".split()
)
_TRANSFORMS = frozenset(
    "rot13 rot_13 rot-13 hex hex_codec base64 base64_codec base_64 zlib zip zlib_codec bz2 "
    "bz2_codec".split()
)
_WIDE = re.compile(r"\d{5}")
_FIELD = re.compile(r"\{[^{}]*[.\[!{]")


class UnknownError(Exception):
    """The result is not worked out."""


def checked(value: Any) -> Constant:
    """Return a result that is a constant within bounds.

    Raises:
        UnknownError: it is not.
    """
    if isinstance(value, bytearray):
        value = bytes(value)
    if isinstance(value, list):
        value = tuple(value)
    if isinstance(value, str | bytes):
        good = len(value) <= TEXT
    elif isinstance(value, tuple):
        good = len(value) <= ITEMS and all(_is_item(one) for one in value)
    elif isinstance(value, int):
        good = -_NUMBER < value < _NUMBER
    else:
        good = value is None or isinstance(value, float)
    if not good:
        raise UnknownError
    return value


def _is_item(value: object) -> bool:
    if isinstance(value, tuple):
        return len(value) <= ITEMS and all(isinstance(v, str | bytes | int | float) for v in value)
    return value is None or isinstance(value, str | bytes | int | float)


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Sub: operator.sub,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.FloorDiv: operator.floordiv,
    ast.RShift: operator.rshift,
}


def binary(kind: ast.operator, left: Any, right: Any) -> Constant:
    """Return the result of an operator on two constants."""
    if isinstance(kind, ast.Add):
        return checked(_add(left, right))
    if isinstance(kind, ast.Mult):
        return checked(_multiply(left, right))
    if isinstance(kind, ast.Mod):
        return checked(_percent(left, right))
    if isinstance(kind, ast.LShift) and 0 <= right < 64:
        return checked(left << right)
    if isinstance(kind, ast.Pow) and 0 <= right < 32 and abs(left) < 1 << 16:
        return checked(left**right)
    work = _BINARY.get(type(kind))
    if work is None or not isinstance(left, int) or not isinstance(right, int):
        raise UnknownError
    return checked(work(left, right))


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str | bytes | tuple) and len(left) + len(right) > TEXT:
        raise UnknownError
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for text, times in ((left, right), (right, left)):
        if isinstance(text, str | bytes | tuple):
            if not isinstance(times, int) or len(text) * max(times, 0) > TEXT:
                raise UnknownError
            return text * times
    return left * right


def _percent(left: Any, right: Any) -> Any:
    if isinstance(left, str | bytes):
        shown = left if isinstance(left, str) else left.decode("latin-1")
        if _WIDE.search(shown) or "*" in shown:
            raise UnknownError
    return left % right


def subscript(value: Any, index: Any) -> Constant:
    """Return an item, or a part for a slice."""
    if not isinstance(value, str | bytes | tuple):
        raise UnknownError
    return checked(value[index])


def _decode(data: Any, codec: str = "utf-8", *_: Any) -> Any:
    name = codec.lower()
    if name in _CODECS:
        return data.decode(name)
    return _transform(data, name)


def _encode(text: Any, codec: str = "utf-8", *_: Any) -> Any:
    name = codec.lower()
    if name in _CODECS:
        return text.encode(name)
    if name in {"rot13", "rot_13", "rot-13"}:
        return codecs.encode(text, "rot13")
    if name.startswith("hex"):
        return binascii.hexlify(text)
    if name.startswith("base"):
        return base64.encodebytes(text)
    raise UnknownError


def _transform(data: Any, name: str) -> Any:
    if name not in _TRANSFORMS:
        raise UnknownError
    if name.startswith("rot"):
        return codecs.decode(data, "rot13")
    if name.startswith("hex"):
        return binascii.unhexlify(data)
    if name.startswith("base"):
        return base64.decodebytes(data)
    return _bunzip(data) if name.startswith("bz2") else _inflate(data)


def _inflate(data: bytes, wbits: int = 47, *_: Any) -> bytes:
    import zlib

    machine = zlib.decompressobj(wbits)
    try:
        return _all(machine.decompress(data, TEXT + 1))
    except zlib.error as error:
        raise UnknownError from error


def _gunzip(data: bytes) -> bytes:
    return _inflate(data, 31)


def _bunzip(data: bytes) -> bytes:
    import bz2

    return _all(bz2.BZ2Decompressor().decompress(data, TEXT + 1))


def _unxz(data: bytes, *_: Any) -> bytes:
    import lzma

    try:
        return _all(lzma.LZMADecompressor(memlimit=64 << 20).decompress(data, TEXT + 1))
    except lzma.LZMAError as error:
        raise UnknownError from error


def _all(data: bytes) -> bytes:
    if len(data) > TEXT:
        raise UnknownError
    return data


def _as_bytes(text: Any) -> bytes:
    return text.encode("ascii") if isinstance(text, str) else text


def _bytes(value: Any = b"", codec: str = "", *_: Any) -> bytes:
    if isinstance(value, int):
        raise UnknownError
    return value.encode(codec) if codec in _CODECS else bytes(value)


def _range(*bounds: int) -> tuple[int, ...]:
    found = range(*bounds)
    if len(found) > ITEMS:
        raise UnknownError
    return tuple(found)


def _joined(first: str, *rest: str) -> str:
    return "/".join((first.rstrip("/"), *rest))


# Paths of functions that undo an encoding; their results count as decoded.
DECODERS: dict[str, Callable[..., Any]] = {
    "base64.b64decode": lambda d, *_: base64.b64decode(_as_bytes(d)),
    "base64.standard_b64decode": lambda d: base64.b64decode(_as_bytes(d)),
    "base64.urlsafe_b64decode": lambda d: base64.urlsafe_b64decode(_as_bytes(d)),
    "base64.b32decode": lambda d, *_: base64.b32decode(_as_bytes(d)),
    "base64.b16decode": lambda d, *_: base64.b16decode(_as_bytes(d), casefold=True),
    "base64.b85decode": lambda d: base64.b85decode(_as_bytes(d)),
    "base64.a85decode": lambda d, *_: base64.a85decode(_as_bytes(d)),
    "base64.decodebytes": base64.decodebytes,
    "base64.decodestring": base64.decodebytes,
    "binascii.a2b_base64": binascii.a2b_base64,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.unhexlify,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "zlib.decompress": _inflate,
    "gzip.decompress": _gunzip,
    "bz2.decompress": _bunzip,
    "lzma.decompress": _unxz,
    "codecs.decode": _decode,
    "codecs.encode": _encode,
}
# Paths of functions that only put together.
JOINERS: dict[str, Callable[..., Any]] = {
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.str": lambda value="", *codec: _decode(value, *codec) if codec else str(value),
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.int": lambda value=0, base=10: (
        int(value, base) if isinstance(value, str | bytes) else int(value)
    ),
    "builtins.hex": hex,
    "builtins.len": len,
    "builtins.list": lambda value=(): list(value),
    "builtins.tuple": lambda value=(): tuple(value),
    "builtins.sorted": lambda value: sorted(value),
    "builtins.reversed": lambda value: tuple(reversed(value)),
    "builtins.range": _range,
    "builtins.enumerate": lambda value: tuple(enumerate(value)),
    "builtins.zip": lambda *values: tuple(zip(*values, strict=False)),
    "os.path.join": _joined,
}


def function(path: str, args: Sequence[Constant]) -> Constant:
    """Return the result of a known pure function.

    Raises:
        UnknownError: it is none, or not worked out. And whatever the function raises.
    """
    work = DECODERS.get(path) or JOINERS.get(path)
    if work is None or any(isinstance(arg, float) for arg in args):
        raise UnknownError
    return checked(work(*args))


def spells(path: str, args: Sequence[Constant], result: Constant) -> bool:
    """Tell whether a function makes letters out of numbers: what is spelled so is hidden."""
    if path == "builtins.chr":
        return isinstance(result, str) and result.isalnum()
    made = path in ("builtins.bytes", "builtins.bytearray")
    return made and bool(args) and isinstance(args[0], tuple)


def _replace(text: Any, old: Any, new: Any, *count: Any) -> Any:
    if len(text) * (len(new) + 1) > 4 * TEXT:
        raise UnknownError
    return text.replace(old, new, *count)


def _join(text: Any, parts: Any) -> Any:
    if sum(len(part) for part in parts) + len(text) * len(parts) > TEXT:
        raise UnknownError
    return text.join(parts)


def _format(text: str, *args: Any) -> str:
    if _WIDE.search(text) or _FIELD.search(text):
        raise UnknownError
    return text.format(*args)


def _plain(name: str) -> Callable[..., Any]:
    return lambda text, *args: getattr(text, name)(*args)


METHODS: dict[str, Callable[..., Any]] = {
    **{
        name: _plain(name)
        for name in (
            "lower upper strip lstrip rstrip split rsplit partition rpartition title capitalize "
            "swapcase splitlines removeprefix removesuffix hex startswith endswith index find"
        ).split()
    },
    "decode": _decode,
    "encode": _encode,
    "replace": _replace,
    "join": _join,
    "format": _format,
    "fromhex": lambda _, text: bytes.fromhex(text),
    "to_bytes": lambda number, length, order="big": (
        number.to_bytes(length, order) if length < ITEMS else None
    ),
}


def method(value: Any, name: str, args: Sequence[Constant]) -> Constant:
    """Return the result of a method of a constant."""
    work = METHODS.get(name)
    if work is None or not isinstance(value, str | bytes | int):
        raise UnknownError
    return checked(work(value, *args))


def undoes(name: str, args: Sequence[Constant]) -> bool:
    """Tell whether a method takes an encoding off a text, other than one of characters."""
    if name == "fromhex":
        return True
    return name == "decode" and bool(args) and str(args[0]).lower() in _TRANSFORMS
