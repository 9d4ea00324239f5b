"""Bytes of a page as text and back, in the encoding that the page says it has.

A page is asked as text and stored as bytes. It is stored in the encoding that it declares, so that
a browser shows what was meant; a page that says none, or another than its own, begins with a mark
(U+FEFF) instead, and is stored in UTF-8. Labels mean what they mean to browsers.

Source: WHATWG Encoding, section 4.2 (labels), and HTML, section 13.2.3.2 (what decides).
"""

from __future__ import annotations

import codecs

from modelwarden.attacks.html.replay import encoding_of

_MARK = "\ufeff"
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8 = frozenset(("utf-8", "utf8", "unicode-1-1-utf-8", "utf-16", "utf-16le", "utf-16be"))
# Labels whose encoding in browsers is a wider one than the name says.
_WIDER = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "ascii", "us-ascii", "l1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gb_2312-80", "x-gbk", "gbk", "chinese"), "gbk"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji"), "cp932"),
    **dict.fromkeys(("windows-31j",), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "korean", "windows-949"), "cp949"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "windows-874"), "cp874"),
    "gb18030": "gb18030",
    "euc-jp": "euc_jp",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "macintosh": "mac_roman",
    **{f"windows-125{i}": f"cp125{i}" for i in range(9)},
    **{f"iso-8859-{i}": f"iso8859_{i}" for i in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}
_UNTOLD = "cp1252"  # what browsers take where nothing tells


def is_known(html: str) -> bool:
    """Tell whether it is certain which characters a browser finds in a page."""
    return html.startswith(_MARK) or encoding_of(html) in (*_UTF8, *_WIDER)


def decoded(data: bytes) -> str:
    """Return the text of a page; `encoded` brings back its bytes where a browser has to."""
    if data.startswith(_WIDE):
        return _MARK + data.decode("utf-16", "replace")
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8", "replace")
    label = encoding_of(data[:1024].decode("latin-1"))
    if label in _UTF8 or (label not in _WIDER and _is_utf8(data)):
        return data.decode("utf-8", "replace")
    codec = _WIDER.get(label or "", _UNTOLD)
    text = data.decode(codec, "replace")
    return text if label in _WIDER and _comes_back(text, codec, data) else _MARK + text


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _comes_back(text: str, codec: str, data: bytes) -> bool:
    """Tell whether a text is stored as it was; what browsers find must then be the same too."""
    try:
        return text.encode(codec) == data and encoding_of(text) == encoding_of(
            data[:1024].decode("latin-1")
        )
    except UnicodeEncodeError:
        return False


def encoded(text: str) -> bytes:
    """Return the bytes of a page in the encoding that it says it has."""
    codec = None if text.startswith(_MARK) else _WIDER.get(encoding_of(text) or "")
    if codec is not None:
        try:
            return text.encode(codec)
        except UnicodeEncodeError:  # a page that was never read from a file
            return text.encode("utf-8", "surrogatepass")
    return text.encode("utf-8", "surrogatepass")
