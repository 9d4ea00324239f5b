"""Pickles inside constants: raw, as hexadecimal digits, as Base64, or compressed."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from functools import cache
from typing import TYPE_CHECKING, Final

from modelwarden.formats.pickle.values import Items, Span

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

LARGEST = 64 << 20
ARCHIVE: Final = b"PK\x03\x04"
_ZLIB: Final = frozenset((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"))
_XZ: Final = b"\xfd7zXZ\x00"
_ROUNDS = 3
_TEXT_PICKLE: Final = rb"[ci][A-Za-z_][\w.]*\n[A-Za-z_]\w*\n"

# Where one of these stands in a window, its strings are looked at one by one: a pickle from
# protocol 2 on in UTF-8, a text pickle, and either in Base64 or hexadecimal digits. One by one
# they are sought by what they begin with, ten times as fast as all of them together.
_SUSPECT: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rb"\xc2\x80[\x02-\x05]",
        rb"gA[I-X][A-Za-z0-9+/_-]{6}",
        rb"Y[23][A-Za-z0-9+/]{8}",
        rb"K[CGHIKMSXYZa-f0-9][A-Za-z0-9+/]{10}",
        rb"80 ?0[2-5] ?[0-9a-fA-F]{2}",
        rb"63[67][0-9a-f][67][0-9a-f]",
        re.escape(ARCHIVE),
    )
)
_TEXT: Final = re.compile(_TEXT_PICKLE)
_SECOND_LINE: Final = re.compile(rb"\n[A-Za-z_]\w*\n")  # which is rare, and found at once
_BEGINNING: Final = (*_SUSPECT, _TEXT, re.compile(rb"[(c]" + _TEXT_PICKLE))
_FIRST: Final = frozenset(bytes([byte]) for byte in b"\xc2cigYK86P(\x80")  # what those begin with
# Where none of these stands there is no such string.
_SECRETS: Final = (
    *(b"hf_", b"ghp_", b"gho_", b"ghs_", b"github_pat_", b"glpat-", b"AKIA", b"ASIA", b"AIza"),
    *(b"xoxb", b"xoxp", b"sk-", b"sk_live", b"eyJ", b"PRIVATE KEY", b"npm_", b"pypi-Ag", b"nvapi-"),
    *(b"gsk_", b"dapi", b"hooks.slack", b"AccountKey=", b"passw", b"api_key", b"secret", b"_token"),
    *(b"access_key", b"api_org_", b"dckr_pat_", b"shpat_", b"dop_v1_"),
)
_DIGITS: Final = re.compile(rb"[0-9a-fA-F\s]+\Z")
_BASE32: Final = re.compile(rb"\s*QA[BC](?:[A-Z2-7]|\s)+={0,6}\s*\Z")
_ESCAPED: Final = re.compile(rb"\s*(?:b['\"])?\\x80\\x0[2-5]")
_ESCAPE: Final = re.compile(rb"\\x([0-9a-fA-F]{2})")
_EIGHTY_FIVE: Final = re.compile(rb"\s*(?:<~)?(?:fC|c[$%]|AB|J-|G[ab]|\+,|Fc)[!-~]{6}")
_Z85: Final = bytes.maketrans(
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_\-\s]+={0,2}\s*\Z")


def suspicious(window: bytes) -> bool:
    """Tell whether a string within these bytes may hold a pickle."""
    return any(pattern.search(window) for pattern in _SUSPECT) or (
        _SECOND_LINE.search(window) is not None and _TEXT.search(window) is not None
    )


def telling(data: bytes) -> bool:
    """Tell quickly whether some of these bytes may be a secret."""
    return _pattern().search(data) is not None  # half the time of a look for each, or less


@cache
def _pattern() -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, _SECRETS)))


def payload(source: Source, value: object) -> bytes | None:
    """Return the bytes of a constant, or None for anything else or one that is too long."""
    if isinstance(value, Items) and value.kind == "bytearray" and value.items:
        value = value.items[0]
    if isinstance(value, Span):
        if value.size > LARGEST:
            return None
        data = source.read(value.at, value.size)
        return _latin(data, escaped=value.escaped) if value.latin else data
    if isinstance(value, str):
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else None


def head(source: Source, value: bytes | Span) -> bytes:
    """Return the first bytes of a constant of bytes."""
    if isinstance(value, bytes):
        return value
    data = source.read(value.at, min(value.size, 64))
    return (_latin(data, escaped=value.escaped) if value.latin else data)[:32]


def _latin(data: bytes, *, escaped: bool) -> bytes:
    """Return the Latin-1 bytes of a text: how protocols 0 to 2 write bytes."""
    if escaped:
        return data.decode("raw-unicode-escape", "replace").encode("latin-1", "replace")
    return data.decode("utf-8", "replace").encode("latin-1", "replace")


def may_hold_pickle(head: bytes) -> bool:
    """Tell cheaply whether a constant that begins with `head` is worth a closer look."""
    if head[:1] not in _FIRST:
        return False
    return (len(head) > 3 and any(pattern.match(head) for pattern in _BEGINNING)) or _binary(head)


def _binary(head: bytes) -> bool:
    return (len(head) > 3 and head[0] == 0x80 and 1 < head[1] < 6) or head.startswith(ARCHIVE)


def decoded(data: bytes) -> list[tuple[str, bytes]]:
    """Return `data` and what it decodes to, with the name of each step, as `base64`."""
    found = [("", data)]
    name = ""
    for _ in range(_ROUNDS):
        step = _decode(data)
        if step is None:
            break
        data = step[1]
        name = f"{name}.{step[0]}" if name else step[0]
        found.append((name, data))
    return found


def _decode(data: bytes) -> tuple[str, bytes] | None:
    if len(data) < 8:
        return None
    if data[:3] == b"\x1f\x8b\x08" or data[:2] in _ZLIB:
        try:
            return "zlib", zlib.decompressobj(47).decompress(data, LARGEST)
        except zlib.error:
            return None
    if data[:3] == b"BZh" or data[:6] == _XZ:
        return _unpacked(data)
    if _BASE32.match(data):
        plain = b"".join(data.split()).rstrip(b"=")
        return "base32", base64.b32decode(plain + b"=" * (-len(plain) % 8))
    if _ESCAPED.match(data):
        body = data.strip()[2:-1] if data.lstrip()[:1] == b"b" else data.strip()
        return "escapes", _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), body)
    if _DIGITS.match(data):
        digits = b"".join(data.split())
        return ("hex", bytes.fromhex(digits.decode())) if len(digits) % 2 == 0 else None
    if _BASE64.match(data):
        plain = b"".join(data.split()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        try:
            return "base64", base64.b64decode(plain + b"=" * (-len(plain) % 4))
        except binascii.Error:
            return None
    return _eighty_five(data) if _EIGHTY_FIVE.match(data) else None


def _eighty_five(data: bytes) -> tuple[str, bytes] | None:
    """Undo the alphabets of 85 letters, where a pickle, or something compressed, comes out."""
    data = b"".join(data.split())
    bare = data.removeprefix(b"<~").removesuffix(b"~>")
    for name, plain in (("base85", data), ("ascii85", bare), ("z85", data.translate(_Z85))):
        try:
            made = base64.a85decode(plain) if name == "ascii85" else base64.b85decode(plain)
        except ValueError:
            continue
        if _binary(made[:4]) or made[:3] == b"\x1f\x8b\x08" or made[:2] in _ZLIB:
            return name, made
    return None


def _unpacked(data: bytes) -> tuple[str, bytes] | None:
    """Undo bzip2 and xz, which few files have: their modules are imported when they are met."""
    import bz2
    import lzma

    try:
        if data[:3] == b"BZh":
            return "bzip2", bz2.BZ2Decompressor().decompress(data, LARGEST)
        return "xz", lzma.LZMADecompressor().decompress(data, LARGEST)
    except (OSError, EOFError, ValueError, lzma.LZMAError):
        return None
