"""The text of a Python file, decoded as Python itself would decode it (PEP 263)."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

SIZE = 4 << 20
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?\r?$")
_PLAIN = frozenset(
    "utf-8 utf-8-sig ascii latin-1 iso8859-1 iso8859-2 iso8859-5 iso8859-15 cp1250 cp1251 cp1252 "
    "cp1254 cp936 cp932 cp949 gbk gb2312 gb18030 big5 euc_jp euc_kr shift_jis koi8-r mac-roman "
    "iso2022_jp cp437 cp850 cp866".split()
)


def cookie_of(data: bytes) -> str | None:
    """Return the encoding that the first two lines name."""
    first, _, rest = data[:4096].partition(b"\n")
    found = _COOKIE.match(first)
    if found is None and _BLANK.match(first):
        found = _COOKIE.match(rest.partition(b"\n")[0])
    return found[1].decode("ascii", "replace") if found else None


def text_of(source: Source, limit: int = SIZE) -> tuple[str, str, bool]:
    """Return the text, its encoding, and whether that encoding hides what is written.

    Raises:
        LimitExceededError: it has more bytes than `limit`.
        DamagedError: Python would refuse it too.
    """
    if source.size > limit:
        raise LimitExceededError("bytes of one Python file", limit)
    data = source.read(0, source.size)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data, "utf-16"), "utf-16", False
    named = cookie_of(data.removeprefix(codecs.BOM_UTF8)) or "utf-8"
    try:
        codec = codecs.lookup(named)
    except (LookupError, ValueError) as error:
        # A codec that a program registers decides what the text is: nobody can tell from here.
        raise DamagedError(f"in the encoding {named[:40]!r}, which Python does not have") from error
    if not getattr(codec, "_is_text_encoding", True):
        raise DamagedError(f"in the encoding {named[:40]!r}, which is none of text")
    if data.startswith(codecs.BOM_UTF8):
        codec = codecs.lookup("utf-8-sig")
    plain = codecs.lookup(codec.name).name in _PLAIN
    text = _decoded(data, codec.name)
    if "\0" in text:
        raise DamagedError("zero bytes in Python source", data.find(b"\0"))
    return text.replace("\r\n", "\n").replace("\r", "\n"), codec.name, not plain


def _decoded(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DamagedError(f"not {codec} text: {error.reason}", error.start) from error
    except (UnicodeError, ValueError) as error:
        raise DamagedError(f"not {codec} text: {str(error)[:100]}") from error
