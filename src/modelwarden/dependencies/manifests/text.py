"""Text and documents of manifests, within bounds."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping

from modelwarden.core import InputError

LARGEST = 32 << 20  # bytes of one manifest

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_STRINGS = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*"'
    r"|'''.*?'''|'[^'\n]*'",
    re.DOTALL,
)
_SECRETS = (
    (re.compile(r"://[^/\s]*@"), "://"),
    (re.compile(r"(://\S{1,200}?/t)/[^/\s]+"), r"\1"),  # where a channel of conda has its token
    (re.compile(r"(://[^\s?]*)\?[^\s'\"]*"), r"\1"),
)
_SHOWN = 120  # characters
_PARTS = 100  # of one dotted key; Python's own reader takes seconds for some thousands


def decoded(data: bytes) -> str:
    """Return the text of a manifest, with line feeds between its lines.

    Windows writes UTF-16 with a mark (PowerShell) and its own code page; the names and versions
    are ASCII in every code page, so what is not UTF-8 is read as one.

    Raises:
        InputError: it is too large, or no text.
    """
    if len(data) > LARGEST:
        raise InputError(f"larger than {LARGEST} bytes")
    codec = next((codec for mark, codec in _BOMS if data.startswith(mark)), None)
    try:
        text = data.decode(codec or "utf-8")
    except UnicodeDecodeError as error:
        if codec is not None:
            raise InputError(f"not {codec} text: {error.reason}") from error
        text = data.decode("cp1252", "replace")
    if "\0" in text:
        raise InputError("not a text: it holds zero bytes")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def short(text: str) -> str:
    """Return what reports show of a text: cut, printable, addresses without what they keep secret.

    >>> short("https://me:word@host/simple?key=1"), short("https://host/t/ab-1/main")
    ('https://host/simple', 'https://host/t/main')
    """
    shown = text[:2_000]
    for secret, left in _SECRETS:
        shown = secret.sub(left, shown)
    shown = shown if shown.isprintable() else ascii(shown)[1:-1]
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


def toml(text: str) -> Mapping[str, object]:
    """Return a TOML document.

    Raises:
        InputError: it is none.
    """
    import tomllib

    bare = _STRINGS.sub("q", text)
    if max(line.count(".") for line in bare.split("\n")) > _PARTS:
        raise InputError(f"a key of more than {_PARTS} parts")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"no TOML: {' '.join(str(error).split())[:200]}") from error


def json_document(text: str) -> object:
    """Return a JSON document.

    Raises:
        InputError: it is none.
    """
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"no JSON: {' '.join(str(error).split())[:200]}") from error
    return document


def table(value: object) -> Mapping[str, object]:
    """Return `value` when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def tables(value: object) -> Iterator[Mapping[str, object]]:
    """Yield the mappings of a list; nothing for what is no list."""
    if isinstance(value, list):
        yield from (part for part in value if isinstance(part, Mapping))


def texts(value: object) -> Iterator[str]:
    """Yield the strings of a list; nothing for what is no list."""
    if isinstance(value, list):
        yield from (part for part in value if isinstance(part, str))
