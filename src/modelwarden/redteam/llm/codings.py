"""What a text may say once it is read as a person would who was told how it is written."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from urllib.parse import unquote

_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
# A code that is cut into lines, each of them code alone, quoted or not.
_LINES = re.compile(r"(?:^[ \t>]*[A-Za-z0-9+/_-]{2,}={0,2}[ \t\r]*(?:\n|\Z)){2,}", re.MULTILINE)
_LISTED = re.compile(r"^\s*(?:\d+\s*[.):\]-]|[-*•+])\s*", re.MULTILINE)
_HEX = re.compile(r"(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,]{0,2}){8,}")
_DECIMAL = re.compile(r"(?:\d{2,3}[\s,;]{1,3}){7,}\d{2,3}")
_ESCAPED = re.compile(r"\\u\{?([0-9a-fA-F]{4,5})\}?")
_RUNS = 50  # of one kind that are read
_DEEP = 2  # codes within codes
_LONGEST = 40_000  # characters of all readings together that are read further


def readings(text: str) -> list[str]:
    """Return a text and what it says in usual codes, also in one code within another.

    >>> any("kettle" in one for one in readings("a2V0dGxlIG5vdw=="))
    True
    """
    found = {unicodedata.normalize("NFKC", text): None, text: None}
    fresh = list(found)
    for _ in range(_DEEP):
        made = [read for one in fresh if len(one) <= _LONGEST for read in _read(one)]
        fresh = [one for one in dict.fromkeys(made) if one and one not in found]
        found |= dict.fromkeys(fresh)
        if sum(map(len, found)) > _LONGEST:
            break
    return list(found)


def _read(text: str) -> list[str]:
    """Return what a text says in one code each."""
    out = [_LISTED.sub("", text), codecs.decode(text, "rot13"), unquote(text), html.unescape(text)]
    out.append(_ESCAPED.sub(lambda m: chr(int(m[1], 16)), text))
    runs = [re.sub(r"[\s>]", "", run) for run in _LINES.findall(text)[:_RUNS]]
    out += map(_of_base64, runs + _RUN.findall(text)[:_RUNS])
    for run in _HEX.findall(text)[:_RUNS]:
        digits = re.sub(r"0x|\\x|[\s:,]", "", run)
        out.append(bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "ignore"))
    for run in _DECIMAL.findall(text)[:_RUNS]:
        out.append("".join(chr(int(number)) for number in re.findall(r"\d+", run)))
    return out


def _of_base64(run: str) -> str:
    plain = run.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "ignore")
    except (binascii.Error, ValueError):
        return ""
