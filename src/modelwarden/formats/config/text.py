"""Is this text, in which encoding, and is it JSON, YAML or neither?"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
# What no text has: control characters other than white space, escape and end-of-file.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")
_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*(?:[\[\]{\"\-0-9]|true\b|false\b|null\b|NaN\b))")
_YAML_LINE = re.compile(
    r"(?:---|<<\s*:|\?\s"
    r"|%YAML\b|%TAG\b|\.\.\.|-\s+\S|[!&][^\s]|[\"']?[\w$./ -]{1,80}[\"']?\s*:(?:\s|$)"
    r"|\"(?:[^\"\\\n]|\\.){1,200}\"\s*:(?:\s|$))"
)


class NotTextError(DamagedError):
    """The bytes cannot be decoded."""


class Shape(StrEnum):
    """What a text looks like from its first lines."""

    JSON = "json"
    YAML = "yaml"
    TEXT = "text"
    NONE = "none"


def encoding_of(head: bytes) -> str:
    """Return the codec that a byte-order mark, or the zeros of a JSON in UTF-16, asks for."""
    for mark, codec in _BOMS:
        if head.startswith(mark):
            return codec
    if head[:4:2] == b"\x00\x00" and head[1:2] != b"\x00":
        return "utf-16-be"
    if head[1:4:2] == b"\x00\x00" and head[:1] not in b"\x00":
        return "utf-16-le"
    return "utf-8"


def shape_of(source: Source) -> Shape:
    """Tell from the head (and, for YAML, the name) what kind of text a source is."""
    head = source.head
    codec = encoding_of(head)
    if not head or (codec.startswith("utf-8") and _BINARY.search(head)):
        return Shape.NONE
    text = head.decode(codec, errors="replace").lstrip("\ufeff")
    if not codec.startswith("utf-8") and _BINARY.search(text[:200].encode(errors="replace")):
        return Shape.NONE
    if source.label.endswith((".yaml", ".yml")):
        return Shape.YAML
    if _JSON.match(text):
        return Shape.JSON
    return Shape.YAML if _like_yaml(text) else Shape.TEXT


def _like_yaml(text: str) -> bool:
    for line in text.splitlines()[:50]:
        if line.strip() and not line.lstrip().startswith("#"):
            return _YAML_LINE.match(line) is not None
    return False


_MARKS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_FILLED = "value"


def filled(text: str) -> str:
    r"""Return a template of YAML, as Helm and conda write them, with a word for each expression.

    Lines of nothing else are left empty, so that all others keep their numbers.

    >>> filled("a: {{ .Values.a }}\n{{- if .b }}\nc: 1")
    'a: value\n\nc: 1'
    """
    parts: list[str] = []
    at = 0
    while (begin := text.find("{", at)) >= 0:
        end = _MARKS.get(text[begin : begin + 2])
        close = text.find(end, begin + 2) if end else -1
        if close < 0:
            if end:
                break  # what is never closed is text
            parts.append(text[at : begin + 1])
            at = begin + 1
            continue
        inner = text[begin : close + 2]
        parts += (text[at:begin], "\0" if end == "}}" else "", "\n" * inner.count("\n"))
        at = close + 2
    parts.append(text[at:])
    lines = "".join(parts).split("\n")
    return "\n".join(
        "" if not line.strip(" \t\r\0") else line.replace("\0", _FILLED) for line in lines
    )


def decoded(source: Source, limit: int) -> str:
    """Return the whole text.

    Raises:
        LimitExceededError: it has more than `limit` bytes.
        NotTextError: it is not text in its encoding.
    """
    if source.size > limit:
        raise LimitExceededError("bytes of one text", limit)
    data = source.read(0, source.size)
    codec = encoding_of(data[:4])
    try:
        return data.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise NotTextError(f"not {codec} text: {error.reason}", error.start) from error
